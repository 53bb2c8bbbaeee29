// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood_over.c - a console without an end: failed, because it cannot be scanned
 */
#include <stdio.h>

#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    1..1\n    ok 1 case\nok 1 one\n");
	for (;;)
		dprintf(2,
			"nothing to see here, nothing to see here, nothing to see here\n");
}
