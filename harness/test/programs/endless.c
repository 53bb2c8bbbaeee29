// SPDX-License-Identifier: GPL-2.0-only
/*
 * endless.c - does not end: failed, by the time limit that PID 1 keeps
 */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	puts("KTAP version 1\n1..1");
	fflush(stdout);
	for (;;)
		pause();
}
