// SPDX-License-Identifier: GPL-2.0-only
/*
 * talker.c - a program, not the kernel, prints words of alarm on the console: passed
 */
#include <stdio.h>

#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say("KTAP version 1\n1..1\n# start one\n    1..1\n");
	dprintf(2, "BUG: this is the text of a program\nWARNING: so is this\n");
	liar_say("    ok 1 case\nok 1 one\n# mdevkit end 0\n");
	liar_power_off();
}
