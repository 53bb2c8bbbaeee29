// SPDX-License-Identifier: GPL-2.0-only
/*
 * garbage.c - the results port carries something else: failed
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say("KTAP version 1\n1..1\n# start one\n    1..1\n    ok 1 case\n"
		 "all is well, believe me\nok 1 one\n# mdevkit end 0\n");
	liar_power_off();
}
