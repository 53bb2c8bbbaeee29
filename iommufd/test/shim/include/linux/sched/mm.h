/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: may this allocation sleep here? */
#ifndef _KIT_TEST_SCHED_MM_H
#define _KIT_TEST_SCHED_MM_H

#include <linux/gfp.h>
#include <linux/sched.h>

#define might_alloc(gfp)                          \
	do {                                      \
		if (gfpflags_allow_blocking(gfp)) \
			might_sleep();            \
	} while (0)

#endif
