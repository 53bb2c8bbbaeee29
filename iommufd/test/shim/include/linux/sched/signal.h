/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: the only signal is the fatal one that shim_kill() sends. */
#ifndef _KIT_TEST_SCHED_SIGNAL_H
#define _KIT_TEST_SCHED_SIGNAL_H

#include <linux/sched.h>

static inline bool fatal_signal_pending(struct task_struct *task)
{
	return READ_ONCE(task->killed);
}

#endif
