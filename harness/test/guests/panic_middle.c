// SPDX-License-Identifier: GPL-2.0-only
/*
 * panic_middle.c - the kernel panics in the middle of a test: splat
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..2\n# start one\n    KTAP version 1\n    1..1\n");
	liar_panic();
}
