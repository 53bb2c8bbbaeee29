// SPDX-License-Identifier: GPL-2.0-only
/*
 * splat_late.c - the kernel complains after the closing line: splat
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    1..1\n    ok 1 case\nok 1 one\n"
		"# mdevkit end 0\n");
	liar_kmsg("BUG: KASAN: slab-use-after-free in liar_close+0x10/0x20");
	liar_power_off();
}
