/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: mutexes that know their owner and that a killed thread need not wait for. */
#ifndef _KIT_TEST_MUTEX_H
#define _KIT_TEST_MUTEX_H

#include <linux/lockdep.h>
#include <pthread.h>

struct __shim_lock("mutex") mutex
{
	pthread_mutex_t lock;
	struct lockdep_map dep_map;
};

void mutex_init(struct mutex *lock);
void mutex_destroy(struct mutex *lock);
void shim_mutex_lock(struct mutex *lock) __shim_acquires(*lock);
int shim_mutex_lock_killable(struct mutex *lock) __shim_tries(0, *lock);
void shim_mutex_unlock(struct mutex *lock) __shim_releases(*lock);

static inline void shim_asserted(struct mutex *lock) __shim_asserts(*lock);
static inline void shim_asserted(struct mutex *lock)
{
	(void)lock;
}

#define mutex_lock(l)                      \
	do {                               \
		sched_point("mutex_lock"); \
		shim_mutex_lock(l);        \
	} while (0)
#define mutex_lock_killable(l) shim_mutex_lock_killable(l)
#define mutex_unlock(l)                      \
	do {                                 \
		shim_mutex_unlock(l);        \
		sched_point("mutex_unlock"); \
	} while (0)

#endif
