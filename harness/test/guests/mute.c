// SPDX-License-Identifier: GPL-2.0-only
/*
 * mute.c - PID 1 starts a test and falls silent: hung
 */
#include <unistd.h>

#include "liar.h"

int main(void)
{
	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    KTAP version 1\n    1..1\n");
	for (;;)
		pause();
}
