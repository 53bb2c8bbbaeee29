// SPDX-License-Identifier: GPL-2.0-only
/* thread.c - see thread.h */
#include "thread.h"

static void *run(void *data)
{
	struct thread *thread = data;

	if (thread->world)
		world_enter(thread->world);
	__atomic_store_n(&thread->task, current, __ATOMIC_SEQ_CST);
	thread->rc = thread->body(thread->data);
	__atomic_store_n(&thread->done, true, __ATOMIC_SEQ_CST);
	/* Its task has to be there for whoever looks at it, or kills it. */
	wait_until(__atomic_load_n(&thread->joined, __ATOMIC_SEQ_CST));
	return NULL;
}

/**
 * thread_start - run a function in a thread of its own
 * @thread: to be filled
 * @world: whose process it belongs to
 * @body: the function
 * @data: passed to it
 */
void thread_start(struct thread *thread, struct world *world,
		  int (*body)(void *data), void *data)
{
	memset(thread, 0, sizeof(*thread));
	thread->world = world;
	thread->body = body;
	thread->data = data;
	if (pthread_create(&thread->pthread, NULL, run, thread))
		shim_die("no thread");
}

/**
 * thread_join - wait for its end
 * @thread: started
 *
 * Return: what its function returned.
 */
int thread_join(struct thread *thread)
{
	__atomic_store_n(&thread->joined, true, __ATOMIC_SEQ_CST);
	pthread_join(thread->pthread, NULL);
	return thread->rc;
}

/**
 * thread_kill - SIGKILL
 * @thread: not joined yet
 */
void thread_kill(struct thread *thread)
{
	wait_until(__atomic_load_n(&thread->task, __ATOMIC_SEQ_CST));
	shim_kill(thread->task);
}

/**
 * thread_waits - does it wait on a wait queue of the core?
 * @thread: started
 */
bool thread_waits(struct thread *thread)
{
	struct task_struct *task =
		__atomic_load_n(&thread->task, __ATOMIC_SEQ_CST);
	bool waits;

	if (!task)
		return false;
	pthread_mutex_lock(&task->lock);
	waits = task->queue;
	pthread_mutex_unlock(&task->lock);
	return waits;
}

bool thread_done(struct thread *thread)
{
	return __atomic_load_n(&thread->done, __ATOMIC_SEQ_CST);
}
