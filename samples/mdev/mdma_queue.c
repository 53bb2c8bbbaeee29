// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_queue.c - queues, and the threads that serve them
 *
 * An enabled queue of an enabled device has MDMA_WORKERS threads. Each takes the next
 * descriptor of the submission ring, runs it, and posts its completion:
 *
 *   fetch (one at a time, in order) -> run (in parallel) -> post (one at a time)
 *
 * Disabling a queue, which reset, close and disabling the device do too, waits for the
 * workers:
 *
 *   1. stopping: no new descriptors; delays end; descriptors in flight end and are
 *      posted, if there is room.
 *   2. After STOP_PATIENCE whoever is left is killed. A worker can sleep in a page
 *      fault of the user's memory for as long as the user likes, and only a fatal
 *      signal gets it out. Its descriptor ends unseen.
 *
 * That is why these are threads of our own and not works of a workqueue: a work can
 * not be sent a signal. They exist only while the queue runs.
 *
 * Held pins and device memory survive a disable.
 *
 * LOCKING
 *   mdma->control  starting and stopping workers; the caller's
 *   queue->lock    registers, indexes, counts; a leaf
 *   immutable      queue->rings, while the queue is enabled
 * MAY SLEEP        enable, start, disable, reset, and the threads
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mdma_private.h"

/* How long descriptors in flight may take to end before they are aborted. */
#define STOP_PATIENCE msecs_to_jiffies(500)

/**
 * mdma_queue_init() - a queue that is disabled
 * @queue: uninitialised
 * @mdma: the device
 * @index: of the queue
 */
void mdma_queue_init(struct mdma_queue *queue, struct mdma_dev *mdma,
		     unsigned int index)
{
	queue->mdma = mdma;
	queue->index = index;
	mutex_init(&queue->fetch);
	mutex_init(&queue->post);
	init_waitqueue_head(&queue->wait);
	spin_lock_init(&queue->lock);
}

/**
 * mdma_queue_stopping() - shall the workers come to an end?
 * @queue: the queue
 */
bool mdma_queue_stopping(struct mdma_queue *queue)
{
	bool stopping;

	spin_lock(&queue->lock);
	stopping = queue->stopping;
	spin_unlock(&queue->lock);
	return stopping;
}

/* One descriptor, if there is one. */
static void work(struct mdma_worker *worker)
{
	struct mdma_queue *queue = worker->queue;
	struct mdma_run run = { .mdma = queue->mdma, .worker = worker };

	if (mdma_ring_fetch(queue, &run.desc))
		mdma_ring_post(queue, &run, mdma_run(&run));
}

/* May a worker go to work? Counts it as busy if so. */
static bool work_begin(struct mdma_queue *queue)
{
	bool yes;

	spin_lock(&queue->lock);
	yes = mdma_ring_has_work(queue);
	queue->busy += yes;
	spin_unlock(&queue->lock);
	return yes;
}

static void work_end(struct mdma_queue *queue)
{
	spin_lock(&queue->lock);
	queue->busy--;
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
}

static int worker_main(void *data)
{
	struct mdma_worker *worker = data;
	struct mdma_queue *queue = worker->queue;

	allow_kernel_signal(SIGKILL);
	while (!kthread_should_stop()) {
		bool yes = false;

		/* Once killed, there is nothing to wait for but the end. */
		if (fatal_signal_pending(current))
			wait_event_idle(queue->wait, kthread_should_stop());
		else
			wait_event_interruptible(queue->wait,
						 (yes = work_begin(queue)) ||
							 kthread_should_stop());
		if (!yes)
			continue;
		work(worker);
		work_end(queue);
	}
	return 0;
}

static bool queue_idle(struct mdma_queue *queue)
{
	bool idle;

	spin_lock(&queue->lock);
	idle = !queue->busy;
	spin_unlock(&queue->lock);
	return idle;
}

static void worker_free(struct mdma_worker *worker)
{
	mdma_pin_free(worker->pin);
	kvfree(worker->buffer);
	*worker = (struct mdma_worker){};
}

static int worker_alloc(struct mdma_worker *worker, struct mdma_queue *queue,
			unsigned int index)
{
	struct task_struct *task;

	worker->queue = queue;
	worker->buffer = kvmalloc(MDMA_CHUNK, GFP_KERNEL);
	worker->pin = mdma_pin_alloc(MDMA_CHUNK_PAGES);
	if (!worker->buffer || !worker->pin)
		goto err_free;
	task = kthread_create(worker_main, worker, "mdma-q%u.%u", queue->index,
			      index);
	if (IS_ERR(task))
		goto err_free;
	worker->task = task;
	return 0;

err_free:
	worker_free(worker);
	return -ENOMEM;
}

/**
 * mdma_queue_start() - let the workers of an enabled queue run
 * @queue: enabled, of an enabled device
 *
 * Context: holds mdma->control.
 * Return: 0; -ENOMEM if there are no threads to be had.
 */
int mdma_queue_start(struct mdma_queue *queue)
{
	unsigned int i;
	int rc;

	lockdep_assert_held(&queue->mdma->control);
	for (i = 0; i < MDMA_WORKERS; i++) {
		rc = worker_alloc(&queue->workers[i], queue, i);
		if (rc)
			goto err_stop;
	}
	spin_lock(&queue->lock);
	queue->running = true;
	spin_unlock(&queue->lock);
	for (i = 0; i < MDMA_WORKERS; i++)
		wake_up_process(queue->workers[i].task);
	return 0;

err_stop:
	while (i--) {
		kthread_stop(queue->workers[i].task);
		worker_free(&queue->workers[i]);
	}
	return rc;
}

static void queue_stop(struct mdma_queue *queue)
{
	bool idle;

	spin_lock(&queue->lock);
	queue->stopping = true;
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
	/* Delays of descriptors end, see mdma_ops.c. */
	wake_up_all(&queue->mdma->pins.wait);

	idle = wait_event_timeout(queue->wait, queue_idle(queue),
				  STOP_PATIENCE);
	for (unsigned int i = 0; !idle && i < MDMA_WORKERS; i++)
		send_sig(SIGKILL, queue->workers[i].task, 1);
	for (unsigned int i = 0; i < MDMA_WORKERS; i++) {
		kthread_stop(queue->workers[i].task);
		worker_free(&queue->workers[i]);
	}

	spin_lock(&queue->lock);
	queue->stopping = false;
	queue->running = false;
	queue->inflight = 0;
	spin_unlock(&queue->lock);
}

static bool base_is_bad(const struct mdma_dev *mdma, u64 base, u64 size,
			u64 align, bool devmem)
{
	u64 last;

	if (base % align || check_add_overflow(base, size - 1, &last))
		return true;
	return devmem && last >= mdma->mem_size;
}

static int check_rings(const struct mdma_dev *mdma,
		       const struct mdma_ring_regs *regs)
{
	const u32 n = regs->entries;

	if (n < 2 || n > MDMA_MAX_ENTRIES || !is_power_of_2(n))
		return -EINVAL;
	if (base_is_bad(mdma, regs->sq_base, n * sizeof(struct mdma_desc),
			sizeof(struct mdma_desc), regs->devmem) ||
	    base_is_bad(mdma, regs->cq_base, n * sizeof(struct mdma_comp),
			sizeof(struct mdma_comp), regs->devmem))
		return -EINVAL;
	return 0;
}

/**
 * mdma_queue_enable() - take the ring registers and begin anew
 * @queue: disabled
 * @devmem: the rings are in device memory
 *
 * Workers run if the device is enabled, or when it will be.
 *
 * Context: holds mdma->control.
 * Return: 0; -EINVAL for rings that cannot be; -ENOMEM. Then it stays disabled.
 */
int mdma_queue_enable(struct mdma_queue *queue, bool devmem)
{
	struct mdma_dev *mdma = queue->mdma;
	struct mdma_ring_regs rings;
	int rc;

	lockdep_assert_held(&mdma->control);
	spin_lock(&queue->lock);
	rings = queue->regs;
	spin_unlock(&queue->lock);
	rings.devmem = devmem;
	rc = check_rings(mdma, &rings);
	if (rc)
		return rc;

	spin_lock(&queue->lock);
	queue->rings = rings;
	queue->enabled = true;
	queue->status = 0;
	queue->sq_tail = 0;
	queue->sq_head = 0;
	queue->cq_tail = 0;
	queue->cq_next = 0;
	queue->cq_head = 0;
	spin_unlock(&queue->lock);
	if (!mdma->enabled)
		return 0;
	rc = mdma_queue_start(queue);
	if (rc)
		mdma_queue_disable(queue);
	return rc;
}

/**
 * mdma_queue_disable() - let the workers end, and wait for them
 * @queue: enabled or not
 *
 * The indexes and STATUS stay for the user to read.
 *
 * Context: holds mdma->control.
 */
void mdma_queue_disable(struct mdma_queue *queue)
{
	lockdep_assert_held(&queue->mdma->control);
	if (queue->running)
		queue_stop(queue);
	spin_lock(&queue->lock);
	queue->enabled = false;
	spin_unlock(&queue->lock);
}

/**
 * mdma_queue_reset() - disable, and forget what the user wrote
 * @queue: enabled or not
 *
 * Context: holds mdma->control.
 */
void mdma_queue_reset(struct mdma_queue *queue)
{
	mdma_queue_disable(queue);
	spin_lock(&queue->lock);
	queue->regs = (struct mdma_ring_regs){};
	queue->rings = (struct mdma_ring_regs){};
	queue->status = 0;
	queue->sq_tail = 0;
	queue->sq_head = 0;
	queue->cq_tail = 0;
	queue->cq_next = 0;
	queue->cq_head = 0;
	spin_unlock(&queue->lock);
}

/**
 * mdma_queue_read32() - a register of the queue block
 * @queue: the queue
 * @reg: MDMA_Q_*
 */
u32 mdma_queue_read32(struct mdma_queue *queue, u32 reg)
{
	u32 val = 0;

	spin_lock(&queue->lock);
	switch (reg) {
	case MDMA_Q_ENTRIES:
		val = queue->regs.entries;
		break;
	case MDMA_Q_CTRL:
		if (queue->enabled)
			val = MDMA_QCTRL_ENABLE;
		if (queue->enabled && queue->rings.devmem)
			val |= MDMA_QCTRL_DEVMEM;
		break;
	case MDMA_Q_STATUS:
		val = queue->status;
		break;
	case MDMA_Q_SQ_TAIL:
		val = queue->sq_tail;
		break;
	case MDMA_Q_SQ_HEAD:
		val = queue->sq_head;
		break;
	case MDMA_Q_CQ_TAIL:
		val = queue->cq_tail;
		break;
	case MDMA_Q_CQ_HEAD:
		val = queue->cq_head;
		break;
	}
	spin_unlock(&queue->lock);
	return val;
}

/**
 * mdma_queue_read64() - a 64-bit register of the queue block
 * @queue: the queue
 * @reg: MDMA_Q_*
 */
u64 mdma_queue_read64(struct mdma_queue *queue, u32 reg)
{
	u64 val;

	spin_lock(&queue->lock);
	val = reg == MDMA_Q_SQ_BASE ? queue->regs.sq_base : queue->regs.cq_base;
	spin_unlock(&queue->lock);
	return val;
}

/**
 * mdma_queue_write32() - write a register of the queue block, except CTRL
 * @queue: the queue
 * @reg: MDMA_Q_*; one that cannot be written ignores it
 * @val: value
 *
 * A doorbell of a queue that is disabled rings unheard.
 *
 * Return: 0; -EINVAL for an index that the ring cannot have.
 */
int mdma_queue_write32(struct mdma_queue *queue, u32 reg, u32 val)
{
	switch (reg) {
	case MDMA_Q_ENTRIES:
		spin_lock(&queue->lock);
		queue->regs.entries = val;
		spin_unlock(&queue->lock);
		return 0;
	case MDMA_Q_SQ_TAIL:
		return mdma_ring_submitted(queue, val);
	case MDMA_Q_CQ_HEAD:
		return mdma_ring_consumed(queue, val);
	default:
		return 0;
	}
}

/**
 * mdma_queue_write64() - write a 64-bit register of the queue block
 * @queue: the queue
 * @reg: MDMA_Q_SQ_BASE or MDMA_Q_CQ_BASE
 * @val: value
 * @mask: bits of it to be written
 */
void mdma_queue_write64(struct mdma_queue *queue, u32 reg, u64 val, u64 mask)
{
	u64 *base = reg == MDMA_Q_SQ_BASE ? &queue->regs.sq_base :
					    &queue->regs.cq_base;

	spin_lock(&queue->lock);
	*base = (*base & ~mask) | (val & mask);
	spin_unlock(&queue->lock);
}
