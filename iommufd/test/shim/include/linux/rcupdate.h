/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Custom: RCU in 100 lines (shim/rcu.c). A grace period waits for the readers that
 * were there when it began, no others: a rwlock would order readers and writers
 * where RCU does not, and could be starved.
 */
#ifndef _KIT_TEST_RCUPDATE_H
#define _KIT_TEST_RCUPDATE_H

#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/types.h>

struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

/* Held by a thread while it runs callbacks. */
extern __thread struct lockdep_map rcu_callback_map;

void shim_rcu_read_lock(void);
void shim_rcu_read_unlock(void);
bool rcu_read_lock_held(void);
void shim_rcu_check(bool protected, const char *file, int line);
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void synchronize_rcu(void);
void rcu_barrier(void);

#define rcu_read_lock()                       \
	do {                                  \
		shim_rcu_read_lock();         \
		sched_point("rcu_read_lock"); \
	} while (0)
#define rcu_read_unlock()                       \
	do {                                    \
		sched_point("rcu_read_unlock"); \
		shim_rcu_read_unlock();         \
	} while (0)

#define rcu_dereference_check(p, c)                                   \
	({                                                            \
		shim_rcu_check((c) || rcu_read_lock_held(), __FILE__, \
			       __LINE__);                             \
		sched_point("rcu_dereference");                       \
		__atomic_load_n(&(p), __ATOMIC_ACQUIRE);              \
	})
#define rcu_dereference(p) rcu_dereference_check(p, false)
#define rcu_dereference_protected(p, c)                  \
	({                                               \
		shim_rcu_check((c), __FILE__, __LINE__); \
		__atomic_load_n(&(p), __ATOMIC_RELAXED); \
	})
#define rcu_dereference_raw(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_access_pointer(p)                            \
	({                                               \
		sched_point("rcu_access_pointer");       \
		__atomic_load_n(&(p), __ATOMIC_RELAXED); \
	})
#define rcu_assign_pointer(p, v)                               \
	({                                                     \
		sched_point("rcu_assign_pointer");             \
		__atomic_store_n(&(p), (v), __ATOMIC_RELEASE); \
	})
#define RCU_INIT_POINTER(p, v)                                 \
	({                                                     \
		sched_point("RCU_INIT_POINTER");               \
		__atomic_store_n(&(p), (v), __ATOMIC_RELAXED); \
	})

/* A callback this small is the offset of the head in an object to be freed. */
#define RCU_MAX_OFFSET 4096UL
#define kfree_rcu(ptr, member)                                                  \
	do {                                                                    \
		typeof(ptr) ptr_ = (ptr);                                       \
		call_rcu(                                                       \
			&ptr_->member,                                          \
			(void (*)(struct rcu_head *))(                          \
				unsigned long)__builtin_offsetof(typeof(*ptr_), \
								 member));      \
	} while (0)

#endif
