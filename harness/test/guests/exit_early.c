// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_early.c - PID 1 announces two tests and switches off after the first: failed
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..2\n# start one\n    KTAP version 1\n    1..1\n"
		"    ok 1 case\nok 1 one\n");
	liar_power_off();
}
