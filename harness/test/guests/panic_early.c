// SPDX-License-Identifier: GPL-2.0-only
/*
 * panic_early.c - the kernel panics before PID 1 says a word: died before init
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_panic();
}
