// SPDX-License-Identifier: GPL-2.0-only
/*
 * chatter.c - a test that talks for ever and never ends: hung, by the limit of the test
 */
#include <time.h>

#include "liar.h"

int main(void)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };

	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    KTAP version 1\n    1..1\n");
	for (unsigned int i = 0;; i++) {
		liar_say("    # stat t=%u ops=%u\n", i, i);
		/* Slow enough not to be a flood. */
		nanosleep(&pause, NULL);
	}
}
