/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: reference counts that abort where the kernel warns and saturates. */
#ifndef _KIT_TEST_REFCOUNT_H
#define _KIT_TEST_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/spinlock.h>

struct mutex;

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)       \
	{                      \
		.refs = {(n) } \
	}

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}

static inline void refcount_inc(refcount_t *r)
{
	sched_point("refcount_inc");
	if (__atomic_fetch_add(&r->refs.counter, 1, __ATOMIC_RELAXED) <= 0)
		shim_die("refcount: increment of 0");
}

/* Release on the way down, acquire for the one who reaches 0. */
static inline bool refcount_dec_and_test(refcount_t *r)
{
	int left;

	sched_point("refcount_dec_and_test");
	left = __atomic_sub_fetch(&r->refs.counter, 1, __ATOMIC_ACQ_REL);
	if (left < 0)
		shim_die("refcount: below 0");
	return !left;
}

bool refcount_inc_not_zero(refcount_t *r);
bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock);
bool refcount_dec_and_lock(refcount_t *r, spinlock_t *lock);

#endif
