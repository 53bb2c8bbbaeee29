/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault.h - steps that can be made to fail, by number
 *
 * Each allocation, pinning of pages and copy to or from user memory asks
 * fault_now(). After fault_arm(n, ...) the n-th of them fails (with persistent: and
 * every later one). A test repeats an operation with n = 1, 2, ... until
 * fault_disarm() says that nothing failed any more.
 */
#ifndef _KIT_TEST_FAULT_H
#define _KIT_TEST_FAULT_H

#include <stdbool.h>

void fault_arm(unsigned long nth, bool persistent);
bool fault_disarm(void);
bool fault_now(void);

/* task.c */
void shim_may_fault(const char *what);

/* log.c */
unsigned long log_count(const char *part);
void log_clear(void);

/* slab.c: objects allocated and not freed */
long slab_live(void);

#endif
