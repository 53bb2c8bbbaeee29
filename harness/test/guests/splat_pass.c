// SPDX-License-Identifier: GPL-2.0-only
/*
 * splat_pass.c - the kernel complains, and everything is reported as passed: splat
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    KTAP version 1\n    1..1\n");
	liar_kmsg(
		"WARNING: CPU: 0 PID: 1 at drivers/liar.c:42 liar_pin+0x10/0x20");
	liar_kmsg("Call Trace:");
	liar_kmsg(" liar_pin+0x10/0x20");
	liar_kmsg(" ? liar_guess+0x1/0x2");
	liar_kmsg(" liar_ioctl+0x30/0x40 [liar]");
	liar_kmsg("---[ end trace 0000000000000000 ]---");
	liar_say("    ok 1 case\nok 1 one\n# mdevkit end 0\n");
	liar_power_off();
}
