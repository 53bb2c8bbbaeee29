// SPDX-License-Identifier: GPL-2.0-only
/*
 * stays.c - everything passed, but the guest does not switch off: hung
 */
#include <unistd.h>

#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    1..1\n    ok 1 case\nok 1 one\n"
		"# mdevkit end 0\n");
	for (;;)
		pause();
}
