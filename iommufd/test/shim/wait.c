// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c - wait queues
 *
 * A waiter registers, notes how often the queue was woken, looks at its condition,
 * and sleeps unless it was woken since. A wake without a registered waiter is lost,
 * as in the kernel: that is what the core's order of store and look must survive.
 */
#include <errno.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <time.h>
#include "clock.h"

void init_waitqueue_head(wait_queue_head_t *queue)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->cond, &attr);
	pthread_condattr_destroy(&attr);
	queue->wakes = 0;
	queue->waiters = 0;
}

void shim_wake_up(wait_queue_head_t *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->wakes++;
	pthread_cond_broadcast(&queue->cond);
	pthread_mutex_unlock(&queue->lock);
	if (sched_active)
		sched_unpark(queue);
}

static void set_queue(wait_queue_head_t *queue)
{
	pthread_mutex_lock(&current->lock);
	current->queue = queue;
	pthread_mutex_unlock(&current->lock);
}

void shim_wait_begin(struct shim_waiter *waiter, wait_queue_head_t *queue)
{
	waiter->queue = queue;
	__atomic_fetch_add(&queue->waiters, 1, __ATOMIC_SEQ_CST);
	set_queue(queue);
}

void shim_wait_mark(struct shim_waiter *waiter)
{
	pthread_mutex_lock(&waiter->queue->lock);
	waiter->wakes = waiter->queue->wakes;
	pthread_mutex_unlock(&waiter->queue->lock);
}

/* Entering and leaving the condition. */
void shim_wait_look(void)
{
	current->looking = !current->looking;
}

bool shim_wait_killed(void)
{
	return __atomic_load_n(&current->killed, __ATOMIC_SEQ_CST);
}

static void pass(unsigned long jiffies_, unsigned long *timeout)
{
	if (*timeout != SHIM_WAIT_FOREVER)
		*timeout -= jiffies_ < *timeout ? jiffies_ : *timeout;
}

/* Real threads, a clock that runs. */
static void sleep_paced(struct shim_waiter *waiter, bool killable,
			unsigned long *timeout)
{
	wait_queue_head_t *queue = waiter->queue;
	unsigned long each = clock_paced();
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	if (*timeout != SHIM_WAIT_FOREVER) {
		unsigned long ns = *timeout * each + until.tv_nsec;

		until.tv_sec += ns / 1000000000;
		until.tv_nsec = ns % 1000000000;
	}
	pthread_mutex_lock(&queue->lock);
	while (!rc && queue->wakes == waiter->wakes &&
	       !(killable && shim_wait_killed())) {
		if (*timeout == SHIM_WAIT_FOREVER)
			pthread_cond_wait(&queue->cond, &queue->lock);
		else
			rc = pthread_cond_timedwait(&queue->cond, &queue->lock,
						    &until);
	}
	pthread_mutex_unlock(&queue->lock);
	if (rc == ETIMEDOUT)
		pass(*timeout, timeout);
	else
		/* Woken: at least one jiffy nearer to the end. */
		pass(1, timeout);
}

void shim_wait_sleep(struct shim_waiter *waiter, bool killable,
		     unsigned long *timeout)
{
	wait_queue_head_t *queue = waiter->queue;

	if (sched_active) {
		if (queue->wakes != waiter->wakes)
			return;
		if (*timeout == SHIM_WAIT_FOREVER)
			sched_park(queue);
		else if (!sched_park_timeout(queue, *timeout))
			pass(*timeout, timeout);
		else
			pass(1, timeout);
		return;
	}
	if (*timeout != SHIM_WAIT_FOREVER && !clock_paced()) {
		clock_advance(*timeout);
		pass(*timeout, timeout);
		return;
	}
	sleep_paced(waiter, killable, timeout);
}

void shim_wait_end(struct shim_waiter *waiter)
{
	set_queue(NULL);
	__atomic_fetch_sub(&waiter->queue->waiters, 1, __ATOMIC_SEQ_CST);
}
