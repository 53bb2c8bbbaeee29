// SPDX-License-Identifier: GPL-2.0-only
/*
 * miscount.c - the closing line says passed, a test says failed: failed
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    1..1\n    not ok 1 case # it broke\n"
		"not ok 1 one # exit 1\n# mdevkit end 0\n");
	liar_power_off();
}
