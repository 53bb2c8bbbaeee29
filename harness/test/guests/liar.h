/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * liar.h - what the guests that lie have in common
 *
 * Each of them is PID 1 of a guest of its own and breaks one rule of the
 * protocol that harness/guest/init.c keeps. They share no code with it: what
 * they say is written out in each of them.
 */
#ifndef _KIT_TEST_GUESTS_LIAR_H
#define _KIT_TEST_GUESTS_LIAR_H

#include <stdbool.h>

/* Mount /dev, /proc and /sys, and open the results port. Without it, nothing can be said. */
void liar_setup(void);

/* Say something on the results port. */
void liar_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Make the kernel print a line, with its time stamp. */
void liar_kmsg(const char *text);

/* The end that an honest guest takes. */
__attribute__((noreturn)) void liar_power_off(void);

/* Crash the kernel through SysRq. */
__attribute__((noreturn)) void liar_panic(void);

#endif /* _KIT_TEST_GUESTS_LIAR_H */
