/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - the clock behind jiffies
 *
 * By default a timeout costs nothing: who waits for one lets the clock jump there,
 * so a test of a driver that never answers takes no time. A test whose threads
 * really answer sets a pace: then a jiffy lasts that long.
 */
#ifndef _KIT_TEST_CLOCK_H
#define _KIT_TEST_CLOCK_H

void clock_jump(void);
void clock_pace(unsigned long nanoseconds_per_jiffy);
unsigned long clock_paced(void);
void clock_advance(unsigned long by);

#endif
