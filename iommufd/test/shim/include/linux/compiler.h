/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: shared accesses that sanitizers understand and a schedule can stop at. */
#ifndef _KIT_TEST_COMPILER_H
#define _KIT_TEST_COMPILER_H

#include_next <linux/compiler.h>
#include "../../annotate.h"
#include "../../hook.h"

#undef READ_ONCE
#undef WRITE_ONCE
#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#undef smp_load_acquire
#undef smp_store_release

#define READ_ONCE(x)                                     \
	({                                               \
		sched_point("READ_ONCE");                \
		__atomic_load_n(&(x), __ATOMIC_RELAXED); \
	})
#define WRITE_ONCE(x, v)                                       \
	({                                                     \
		sched_point("WRITE_ONCE");                     \
		__atomic_store_n(&(x), (v), __ATOMIC_RELAXED); \
	})
#define smp_load_acquire(p)                             \
	({                                              \
		sched_point("smp_load_acquire");        \
		__atomic_load_n((p), __ATOMIC_ACQUIRE); \
	})
#define smp_store_release(p, v)                               \
	({                                                    \
		sched_point("smp_store_release");             \
		__atomic_store_n((p), (v), __ATOMIC_RELEASE); \
	})
/*
 * A full fence in a file without sanitizers: TSan must not take it for an order
 * between threads that did not synchronise otherwise.
 */
void shim_fence(void);
#define smp_mb()                       \
	do {                           \
		sched_point("smp_mb"); \
		shim_fence();          \
	} while (0)
#define smp_rmb() smp_mb()
#define smp_wmb() smp_mb()

#define data_race(x) (x)
#ifndef __percpu
#define __percpu
#endif
#ifndef __must_hold
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#endif

#endif
