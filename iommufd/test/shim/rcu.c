// SPDX-License-Identifier: GPL-2.0-only
/*
 * rcu.c - read-copy-update
 *
 * Each thread publishes the number of the grace period in which it began to read,
 * or 0. A grace period begins by counting up, and ends when every thread has been
 * seen outside or inside a section that began later. Leaving a section releases,
 * the grace period's look acquires: all that TSan is told, and all that RCU
 * promises.
 *
 * In a seeded schedule a grace period ends as soon as no thread reads at all, and
 * callbacks run right then: early, and the same for the same seed.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

struct reader {
	struct reader *next;
	unsigned long since; /* atomic; 0: not reading */
	bool used; /* under readers_lock */
};

static pthread_mutex_t readers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct reader *readers;
static unsigned long period = 1; /* atomic */
static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static __thread struct reader *self;

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rcu_head *queue, **queue_end = &queue;
static unsigned int nreading; /* in a schedule: threads that read */

__thread struct lockdep_map rcu_callback_map;

static void forget(void *reader)
{
	pthread_mutex_lock(&readers_lock);
	((struct reader *)reader)->used = false;
	pthread_mutex_unlock(&readers_lock);
}

static void make_key(void)
{
	pthread_key_create(&exit_key, forget);
}

/* Records are never freed, only used again by later threads. */
static struct reader *reader(void)
{
	struct reader *r;

	if (self)
		return self;
	pthread_once(&exit_once, make_key);
	pthread_mutex_lock(&readers_lock);
	for (r = readers; r && r->used; r = r->next)
		;
	if (!r) {
		r = calloc(1, sizeof(*r));
		r->next = readers;
		readers = r;
	}
	r->used = true;
	pthread_mutex_unlock(&readers_lock);
	pthread_setspecific(exit_key, r);
	self = r;
	return r;
}

void shim_rcu_read_lock(void)
{
	if (current->rcu_nesting++)
		return;
	if (sched_active) {
		nreading++;
		return;
	}
	__atomic_store_n(&reader()->since,
			 __atomic_load_n(&period, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELAXED);
	/* ORDER: the number before what is read; pairs with synchronize_rcu() */
	shim_fence();
}

static void run(struct rcu_head *head)
{
	while (head) {
		struct rcu_head *next = head->next;
		unsigned long offset = (unsigned long)head->func;

		if (offset < RCU_MAX_OFFSET)
			kfree((char *)head - offset);
		else
			head->func(head);
		head = next;
	}
}

static struct rcu_head *take_queue(void)
{
	struct rcu_head *head;

	pthread_mutex_lock(&queue_lock);
	head = queue;
	queue = NULL;
	queue_end = &queue;
	pthread_mutex_unlock(&queue_lock);
	return head;
}

static void run_callbacks(struct rcu_head *head)
{
	rcu_callback_map.owner = current;
	run(head);
	rcu_callback_map.owner = NULL;
}

void shim_rcu_read_unlock(void)
{
	if (!current->rcu_nesting)
		shim_die("rcu_read_unlock() without rcu_read_lock()");
	if (--current->rcu_nesting)
		return;
	if (sched_active) {
		if (!--nreading)
			run_callbacks(take_queue());
		return;
	}
	__atomic_store_n(&reader()->since, 0, __ATOMIC_RELEASE);
}

/**
 * rcu_read_lock_held - is the caller inside a section?
 */
bool rcu_read_lock_held(void)
{
	return current->rcu_nesting;
}

/**
 * shim_rcu_check - complain about an unprotected access
 * @protected: whether it is protected
 * @file: of the caller
 * @line: of the caller
 */
void shim_rcu_check(bool protected, const char *file, int line)
{
	if (!protected)
		shim_die("%s:%d: suspicious RCU usage", file, line);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	head->next = NULL;
	pthread_mutex_lock(&queue_lock);
	*queue_end = head;
	queue_end = &head->next;
	pthread_mutex_unlock(&queue_lock);
	if (sched_active && !nreading && !current->spins)
		run_callbacks(take_queue());
}

void synchronize_rcu(void)
{
	unsigned long now;
	struct reader *r;

	if (current->rcu_nesting)
		shim_die("a grace period is waited for inside RCU");
	/* ORDER: what was taken away before the look at the readers */
	shim_fence();
	now = __atomic_add_fetch(&period, 1, __ATOMIC_ACQ_REL);
	shim_fence();
	pthread_mutex_lock(&readers_lock);
	for (r = readers; r; r = r->next)
		for (;;) {
			unsigned long since =
				__atomic_load_n(&r->since, __ATOMIC_ACQUIRE);

			if (!since || since >= now)
				break;
			/* It reads: short, and never for an event of ours. */
			sched_yield();
		}
	pthread_mutex_unlock(&readers_lock);
	shim_fence();
}

/**
 * rcu_barrier - run the callbacks queued until now
 */
void rcu_barrier(void)
{
	struct rcu_head *head;

	if (sched_active) {
		if (!nreading)
			run_callbacks(take_queue());
		return;
	}
	head = take_queue();
	if (!head)
		return;
	synchronize_rcu();
	run_callbacks(head);
}
