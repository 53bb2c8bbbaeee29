/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Custom: a task is a thread of the test program. What it holds is counted, so that
 * the shims can tell where sleeping, faulting or calling a driver is wrong.
 */
#ifndef _KIT_TEST_SCHED_H
#define _KIT_TEST_SCHED_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/wait.h>

#define TASK_COMM_LEN 16

struct mm_struct;
struct user_struct;

/**
 * struct task_struct - the calling thread
 * @mm: whose memory it maps, NULL for a kernel thread
 * @user: who pays
 * @capable: passes every capability check
 * @killed: a fatal signal is pending; atomic
 * @mutexes: mutexes it holds
 * @spins: spinlocks it holds
 * @rcu_nesting: depth of its RCU sections
 * @looking: evaluates the condition of a wait
 * @cpu: the made-up CPU it is on
 * @lock: protects @queue
 * @queue: the wait queue it waits on, for who kills it
 */
struct task_struct {
	struct mm_struct *mm;
	struct user_struct *user;
	bool capable;
	bool killed;
	unsigned int mutexes;
	unsigned int spins;
	unsigned int rcu_nesting;
	bool looking;
	unsigned int cpu;
	pthread_mutex_t lock;
	wait_queue_head_t *queue;
};

extern __thread struct task_struct shim_task;
#define current (&shim_task)

void shim_kill(struct task_struct *task);

#define cond_resched()                       \
	do {                                 \
		sched_point("cond_resched"); \
		might_sleep();               \
	} while (0)

#endif
