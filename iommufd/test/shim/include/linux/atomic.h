/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: the kernel's atomics with exactly the orders their names promise. */
#ifndef _KIT_TEST_ATOMIC_H
#define _KIT_TEST_ATOMIC_H

#include <linux/compiler.h>
#include <linux/types.h>

typedef struct {
	s64 counter;
} atomic64_t;

/*
 * One family for int and one for long, by macro: the point of switching must name
 * the caller's line.
 */
#define shim_atomic(name, expression) \
	({                            \
		sched_point(name);    \
		expression;           \
	})
#define atomic_read(v)             \
	shim_atomic("atomic_read", \
		    __atomic_load_n(&(v)->counter, __ATOMIC_RELAXED))
#define atomic_read_acquire(v)             \
	shim_atomic("atomic_read_acquire", \
		    __atomic_load_n(&(v)->counter, __ATOMIC_ACQUIRE))
#define atomic_set(v, i)          \
	shim_atomic("atomic_set", \
		    __atomic_store_n(&(v)->counter, (i), __ATOMIC_RELAXED))
#define atomic_add(i, v)                                                       \
	shim_atomic("atomic_add", (void)__atomic_fetch_add(&(v)->counter, (i), \
							   __ATOMIC_RELAXED))
#define atomic_sub(i, v)                                                       \
	shim_atomic("atomic_sub", (void)__atomic_fetch_sub(&(v)->counter, (i), \
							   __ATOMIC_RELAXED))
#define atomic_inc(v) atomic_add(1, v)
#define atomic_dec(v) atomic_sub(1, v)
#define atomic_dec_return_release(v)             \
	shim_atomic("atomic_dec_return_release", \
		    __atomic_sub_fetch(&(v)->counter, 1, __ATOMIC_RELEASE))
#define atomic_dec_return(v)             \
	shim_atomic("atomic_dec_return", \
		    __atomic_sub_fetch(&(v)->counter, 1, __ATOMIC_SEQ_CST))
#define atomic_inc_return(v)             \
	shim_atomic("atomic_inc_return", \
		    __atomic_add_fetch(&(v)->counter, 1, __ATOMIC_SEQ_CST))
#define atomic_dec_and_test(v) (!atomic_dec_return(v))

#define atomic_long_read(v) atomic_read(v)
#define atomic_long_read_acquire(v) atomic_read_acquire(v)
#define atomic_long_set(v, i) atomic_set(v, i)
#define atomic_long_add(i, v) atomic_add(i, v)
#define atomic_long_sub(i, v) atomic_sub(i, v)
#define atomic_long_inc(v) atomic_inc(v)
#define atomic_long_dec(v) atomic_dec(v)
#define atomic_long_inc_return(v) atomic_inc_return(v)
#define atomic_long_dec_return(v) atomic_dec_return(v)
#define atomic_long_dec_return_release(v) atomic_dec_return_release(v)
#define atomic64_add(i, v) atomic_add(i, v)
#define atomic64_sub(i, v) atomic_sub(i, v)
#define atomic64_read(v) atomic_read(v)

#endif
