// SPDX-License-Identifier: GPL-2.0-only
/*
 * crash.c - dies of a signal behind its last result: failed
 */
#include <signal.h>
#include <stdio.h>

int main(void)
{
	puts("KTAP version 1\n1..1\nok 1 one");
	fflush(stdout);
	raise(SIGSEGV);
	return 0;
}
