/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: a task has all capabilities or none. */
#ifndef _KIT_TEST_CAPABILITY_H
#define _KIT_TEST_CAPABILITY_H

#include <linux/sched.h>

enum {
	CAP_IPC_LOCK,
	CAP_SYS_RESOURCE
};

static inline bool capable(int capability)
{
	(void)capability;
	return current->capable;
}

#endif
