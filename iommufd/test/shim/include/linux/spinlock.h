/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: spinlocks that park instead of spinning; nothing may sleep under one. */
#ifndef _KIT_TEST_SPINLOCK_H
#define _KIT_TEST_SPINLOCK_H

#include <linux/lockdep.h>
#include <linux/types.h>
#include <pthread.h>

typedef struct __shim_lock("spinlock") spinlock
{
	pthread_mutex_t lock;
	struct lockdep_map dep_map;
}
spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name)                \
	(spinlock_t)                              \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)

void spin_lock_init(spinlock_t *lock);
void shim_spin_lock(spinlock_t *lock) __shim_acquires(*lock);
int shim_spin_trylock(spinlock_t *lock) __shim_tries(1, *lock);
void shim_spin_unlock(spinlock_t *lock) __shim_releases(*lock);

#define spin_lock(l)                      \
	do {                              \
		sched_point("spin_lock"); \
		shim_spin_lock(l);        \
	} while (0)
#define spin_unlock(l)                      \
	do {                                \
		shim_spin_unlock(l);        \
		sched_point("spin_unlock"); \
	} while (0)
#define spin_trylock(l) shim_spin_trylock(l)
#define spin_lock_nested(l, subclass) spin_lock(l)
#define spin_lock_bh(l) spin_lock(l)
#define spin_unlock_bh(l) spin_unlock(l)
#define spin_lock_irq(l) spin_lock(l)
#define spin_unlock_irq(l) spin_unlock(l)
#define spin_lock_irqsave(l, f) \
	do {                    \
		(f) = 0;        \
		spin_lock(l);   \
	} while (0)
#define spin_unlock_irqrestore(l, f) \
	do {                         \
		(void)(f);           \
		spin_unlock(l);      \
	} while (0)

#endif
