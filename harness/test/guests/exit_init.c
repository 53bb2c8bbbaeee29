// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_init.c - PID 1 returns after its first test, which kills the kernel: splat
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    1..1\n    ok 1 case\nok 1 one\n");
	return 0;
}
