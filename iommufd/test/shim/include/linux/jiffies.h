/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: a clock that tests set (shim/clock.h); a jiffy is a millisecond of it. */
#ifndef _KIT_TEST_JIFFIES_H
#define _KIT_TEST_JIFFIES_H

#include <linux/compiler.h>

#define HZ 1000

unsigned long shim_jiffies(void);
#define jiffies shim_jiffies()

static inline unsigned long msecs_to_jiffies(unsigned int msecs)
{
	return msecs;
}

#define time_after(a, b) ((long)((b) - (a)) < 0)

#endif
