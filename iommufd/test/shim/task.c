// SPDX-License-Identifier: GPL-2.0-only
/*
 * task.c - threads as tasks, their death, and the end of the program
 *
 * shim_kill() is SIGKILL: it sets a flag and wakes the thread if it waits killably.
 * A thread that dies of it stays alive, as the kernel would let it run to the end of
 * its ioctl.
 */
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "fault.h"

__thread struct task_struct shim_task = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/**
 * shim_die - end the program: the kernel would have warned, crashed or hung
 * @format: what happened
 */
void shim_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fflush(stdout);
	fputs("# BUG: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

/**
 * shim_might_sleep - complain when the caller must not sleep here
 * @file: of the caller
 * @line: of the caller
 */
void shim_might_sleep(const char *file, int line)
{
	if (current->spins)
		shim_die("%s:%d: sleeps under a spinlock", file, line);
	if (current->rcu_nesting)
		shim_die("%s:%d: sleeps inside RCU", file, line);
	if (current->looking)
		shim_die("%s:%d: sleeps in the condition of a wait", file,
			 line);
}

/**
 * shim_may_fault - complain when a lock is held over a fault
 * @what: what may fault
 */
void shim_may_fault(const char *what)
{
	shim_might_sleep(what, 0);
	if (current->mutexes)
		shim_die("%s with a mutex held", what);
}

/**
 * shim_cpu - the CPU the caller is on, which may be another one each time
 *
 * Return: 0..SHIM_CPUS - 1.
 */
unsigned int shim_cpu(void)
{
	static unsigned int threads;

	if (!current->cpu)
		current->cpu =
			__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	return current->cpu % 3;
}

/**
 * shim_kill - send a fatal signal
 * @task: a thread that exists
 */
void shim_kill(struct task_struct *task)
{
	wait_queue_head_t *queue;

	__atomic_store_n(&task->killed, true, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&task->lock);
	/* It leaves the queue under task->lock, so the queue is there. */
	queue = task->queue;
	if (queue) {
		pthread_mutex_lock(&queue->lock);
		pthread_cond_broadcast(&queue->cond);
		pthread_mutex_unlock(&queue->lock);
	}
	pthread_mutex_unlock(&task->lock);
	/* Or for a mutex. */
	if (sched_active)
		sched_unpark(NULL);
}
