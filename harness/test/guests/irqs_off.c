// SPDX-License-Identifier: GPL-2.0-only
/*
 * irqs_off.c - every CPU spins with its interrupts off: hung
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "liar.h"

int main(void)
{
	int fd;

	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start one\n    KTAP version 1\n    1..1\n");
	/* Its init function does not return. */
	fd = open("/irqs_off.ko", O_RDONLY | O_CLOEXEC);
	if (syscall(SYS_finit_module, fd, "", 0))
		liar_say("Bail out! irqs_off.ko does not load\n");
	liar_power_off();
}
