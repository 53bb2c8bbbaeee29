// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood.c - two megabytes on the console with a complaint in the middle: splat
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "liar.h"

#define LINES 16384

static void flood(unsigned int lines)
{
	char line[65];

	memset(line, 0x2e, sizeof(line) - 1);
	line[sizeof(line) - 1] = 0;
	for (unsigned int i = 0; i < lines; i++)
		dprintf(2, "%s\n", line);
}

int main(void)
{
	liar_setup();
	liar_say("KTAP version 1\n1..1\n# start one\n    1..1\n");
	flood(LINES);
	liar_kmsg("BUG: KFENCE: use-after-free read in liar_find+0x1/0x2");
	flood(LINES);
	liar_say("    ok 1 case\nok 1 one\n# mdevkit end 0\n");
	liar_power_off();
}
