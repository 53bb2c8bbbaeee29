/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Custom: wait queues. As in the kernel the condition is looked at once before
 * anything else, then, with the waiter registered, again before each sleep; and it
 * must not sleep itself.
 */
#ifndef _KIT_TEST_WAIT_H
#define _KIT_TEST_WAIT_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <pthread.h>

#define ERESTARTSYS 512

typedef struct wait_queue_head {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned long wakes; /* under lock */
	int waiters; /* atomic */
} wait_queue_head_t;

struct shim_waiter {
	wait_queue_head_t *queue;
	unsigned long wakes;
};

#define SHIM_WAIT_FOREVER (~0UL)

void init_waitqueue_head(wait_queue_head_t *queue);
void shim_wake_up(wait_queue_head_t *queue);
void shim_might_sleep(const char *file, int line);
void shim_wait_begin(struct shim_waiter *waiter, wait_queue_head_t *queue);
void shim_wait_mark(struct shim_waiter *waiter);
void shim_wait_look(void);
void shim_wait_sleep(struct shim_waiter *waiter, bool killable,
		     unsigned long *timeout);
void shim_wait_end(struct shim_waiter *waiter);
bool shim_wait_killed(void);

#define wake_up_all(queue)                  \
	do {                                \
		sched_point("wake_up_all"); \
		shim_wake_up(queue);        \
	} while (0)

#define wq_has_sleeper(queue)                                             \
	({                                                                \
		smp_mb();                                                 \
		__atomic_load_n(&(queue)->waiters, __ATOMIC_RELAXED) > 0; \
	})

#define might_sleep() shim_might_sleep(__FILE__, __LINE__)

/* The condition's last value; *left is what remains of the time. */
#define shim_wait(wq, condition, killable, left, killed)                       \
	({                                                                     \
		struct shim_waiter waiter_;                                    \
		bool met_;                                                     \
		might_sleep();                                                 \
		*(killed) = false;                                             \
		sched_point("wait_event");                                     \
		met_ = (condition);                                            \
		if (!met_) {                                                   \
			shim_wait_begin(&waiter_, &(wq));                      \
			for (;;) {                                             \
				shim_wait_mark(&waiter_);                      \
				shim_wait_look();                              \
				met_ = (condition);                            \
				shim_wait_look();                              \
				if (met_ || !*(left))                          \
					break;                                 \
				*(killed) = (killable) && shim_wait_killed();  \
				if (*(killed))                                 \
					break;                                 \
				shim_wait_sleep(&waiter_, (killable), (left)); \
			}                                                      \
			shim_wait_end(&waiter_);                               \
			sched_point("wait_event");                             \
		}                                                              \
		met_;                                                          \
	})

#define wait_event(wq, condition)                                  \
	do {                                                       \
		unsigned long left_ = SHIM_WAIT_FOREVER;           \
		bool killed_;                                      \
		shim_wait(wq, condition, false, &left_, &killed_); \
	} while (0)

#define wait_event_killable(wq, condition)                        \
	({                                                        \
		unsigned long left_ = SHIM_WAIT_FOREVER;          \
		bool killed_;                                     \
		shim_wait(wq, condition, true, &left_, &killed_); \
		killed_ ? -ERESTARTSYS : 0;                       \
	})

#define shim_wait_timeout(wq, condition, timeout, killable)                   \
	({                                                                    \
		unsigned long left_ = (timeout);                              \
		bool killed_, seen_;                                          \
		seen_ = shim_wait(wq, condition, killable, &left_, &killed_); \
		killed_ ? -(long)ERESTARTSYS :                                \
		!seen_	? 0L :                                                \
		left_	? (long)left_ :                                       \
			  1L;                                                   \
	})

#define wait_event_timeout(wq, condition, timeout) \
	shim_wait_timeout(wq, condition, timeout, false)
#define wait_event_killable_timeout(wq, condition, timeout) \
	shim_wait_timeout(wq, condition, timeout, true)

#endif
