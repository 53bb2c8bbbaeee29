/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread.h - threads of a case that runs under real threads
 *
 * wait_until() waits for something another thread is on its way to do; there is
 * nothing to be woken by, so it looks again and again. If it does not happen the
 * case times out.
 */
#ifndef _KIT_TEST_THREAD_H
#define _KIT_TEST_THREAD_H

#include <pthread.h>
#include <sched.h>
#include "world.h"

struct thread {
	pthread_t pthread;
	struct world *world;
	struct task_struct *task; /* atomic; set once it runs */
	int (*body)(void *data);
	void *data;
	int rc; /* of body; after thread_join() */
	bool done; /* atomic */
	bool joined; /* atomic; the thread stays until then */
};

void thread_start(struct thread *thread, struct world *world,
		  int (*body)(void *data), void *data);
int thread_join(struct thread *thread);
void thread_kill(struct thread *thread);
bool thread_done(struct thread *thread);
bool thread_waits(struct thread *thread);

#define wait_until(condition)          \
	do {                           \
		while (!(condition))   \
			sched_yield(); \
	} while (0)

/* Until it waits on a wait queue of the core, which is what it must do. */
#define thread_await_wait(thread)                                        \
	do {                                                             \
		wait_until(thread_waits(thread) || thread_done(thread)); \
		REQUIRE(!thread_done(thread));                           \
	} while (0)

#endif
