// SPDX-License-Identifier: GPL-2.0-only
/* clock.c - see clock.h */
#include <linux/jiffies.h>
#include <time.h>
#include "clock.h"

/* Begins short of a wrap, as the kernel's does, so that comparing wrongly shows. */
static unsigned long ticks = 0UL - 1000;
static unsigned long pace; /* 0: jump */
static struct timespec started;

/**
 * clock_jump - a timeout costs no time (the default)
 */
void clock_jump(void)
{
	__atomic_store_n(&pace, 0, __ATOMIC_SEQ_CST);
}

/**
 * clock_pace - let time pass by itself
 * @nanoseconds_per_jiffy: how fast
 */
void clock_pace(unsigned long nanoseconds_per_jiffy)
{
	clock_gettime(CLOCK_MONOTONIC, &started);
	__atomic_store_n(&pace, nanoseconds_per_jiffy, __ATOMIC_SEQ_CST);
}

/**
 * clock_paced - nanoseconds a jiffy lasts
 *
 * Return: 0 when the clock jumps.
 */
unsigned long clock_paced(void)
{
	return __atomic_load_n(&pace, __ATOMIC_SEQ_CST);
}

/**
 * clock_advance - let the clock jump
 * @by: how far
 */
void clock_advance(unsigned long by)
{
	__atomic_fetch_add(&ticks, by, __ATOMIC_RELAXED);
}

unsigned long shim_jiffies(void)
{
	unsigned long each = clock_paced();
	unsigned long now = __atomic_load_n(&ticks, __ATOMIC_RELAXED);
	struct timespec t;

	sched_point("jiffies");
	if (!each)
		return now;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return now + ((t.tv_sec - started.tv_sec) * 1000000000L + t.tv_nsec -
		      started.tv_nsec) /
			     each;
}
