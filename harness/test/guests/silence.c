// SPDX-License-Identifier: GPL-2.0-only
/*
 * silence.c - PID 1 lives and never says a word: died before init
 */
#include <unistd.h>

#include "liar.h"

int main(void)
{
	liar_setup();
	for (;;)
		pause();
}
