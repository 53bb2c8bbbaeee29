// SPDX-License-Identifier: GPL-2.0-only
/*
 * exit_silent.c - PID 1 switches off without a word: died before init
 */
#include "liar.h"

int main(void)
{
	liar_setup();
	liar_power_off();
}
