// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_ring.c - descriptors come out of one ring, completions go into the other
 *
 *   submission:   sq_head <= sq_tail             tail is the user's doorbell
 *   completion:   cq_head <= cq_tail <= cq_next  head is the user's doorbell
 *
 * All are free running; the slot is the index modulo the number of entries, and a
 * ring is full when its ends are that far apart. A slot between cq_tail and cq_next is
 * being written: the user may have seen its phase, read it and rung the doorbell
 * before the worker came to say that it is done.
 *
 * A descriptor is copied out of the ring once, and nobody looks at the ring again:
 * the user may change it at any time. Descriptors are fetched one at a time and in
 * order. That is what makes a FENCE simple: who fetched it waits, still the one who
 * may fetch, until nothing else is in flight; later descriptors have not even been
 * read. Completions are posted one at a time, so that all before CQ_TAIL can be read.
 *
 * When a ring cannot be reached the queue stops: STATUS says why, nothing is fetched
 * or posted any more, and descriptors in flight end unseen.
 *
 * LOCKING
 *   queue->fetch   the right to fetch; held until a fetched FENCE is posted
 *   queue->post    the right to post; held over the wait for room in the ring
 *   queue->lock    the indexes
 *   immutable      queue->rings, as long as there are workers
 * MAY SLEEP        fetch and post; any wait in them ends when the worker is killed
 */
#include <asm/barrier.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "mdma_private.h"

/* A ring cannot be reached. That an aborted worker cannot does not count. */
static void queue_fail(struct mdma_queue *queue, int rc)
{
	bool news;

	spin_lock(&queue->lock);
	news = !queue->status && !queue->stopping;
	if (news)
		queue->status = rc;
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
	if (news)
		mdma_irq_fire(&queue->mdma->irq, MDMA_NVECTORS - 1);
}

static void desc_to_cpu(struct mdma_desc *desc)
{
	desc->opcode = le16_to_cpu((__force __le16)desc->opcode);
	desc->flags = le16_to_cpu((__force __le16)desc->flags);
	desc->length = le32_to_cpu((__force __le32)desc->length);
	desc->iova = le64_to_cpu((__force __le64)desc->iova);
	desc->dev_offset = le64_to_cpu((__force __le64)desc->dev_offset);
	desc->arg = le64_to_cpu((__force __le64)desc->arg);
	desc->delay_us = le32_to_cpu((__force __le32)desc->delay_us);
	/* The cookie is not ours to understand; reserved is compared with 0. */
}

static void comp_to_le(struct mdma_comp *comp)
{
	comp->result = (__force u64)cpu_to_le64(comp->result);
	comp->status = (__force s32)cpu_to_le32(comp->status);
	comp->done = (__force u32)cpu_to_le32(comp->done);
	comp->opcode = (__force u32)cpu_to_le32(comp->opcode);
	comp->phase = (__force u32)cpu_to_le32(comp->phase);
}

static int read_desc(struct mdma_queue *queue, u32 head, struct mdma_desc *desc)
{
	struct mdma_dev *mdma = queue->mdma;
	const u32 slot = head & (queue->rings.entries - 1);
	const u64 at = queue->rings.sq_base + slot * sizeof(*desc);
	int rc = 0;

	if (queue->rings.devmem) {
		memcpy(desc, mdma->mem + at, sizeof(*desc));
		/* The user can write there: what was read is not read again. */
		barrier();
	} else {
		rc = mdma_access_rw(mdma, at, desc, sizeof(*desc), false);
	}
	if (!rc)
		desc_to_cpu(desc);
	return rc;
}

static int write_comp(struct mdma_queue *queue, u32 tail,
		      struct mdma_comp *comp)
{
	const size_t body = offsetof(struct mdma_comp, phase);
	struct mdma_dev *mdma = queue->mdma;
	const u32 slot = tail & (queue->rings.entries - 1);
	const u64 at = queue->rings.cq_base + slot * sizeof(*comp);
	int rc;

	if (queue->rings.devmem) {
		struct mdma_comp *to = mdma->mem + at;

		memcpy(to, comp, body);
		/* ORDER: the phase says that the rest is there. */
		smp_store_release(&to->phase, comp->phase);
		return 0;
	}
	rc = mdma_access_rw(mdma, at, comp, body, true);
	if (rc)
		return rc;
	/* ORDER: as above; both are plain copies. */
	smp_wmb();
	return mdma_access_rw(mdma, at + body, &comp->phase,
			      sizeof(comp->phase), true);
}

static bool fence_alone(struct mdma_queue *queue)
{
	bool alone;

	spin_lock(&queue->lock);
	alone = queue->inflight == 1;
	spin_unlock(&queue->lock);
	return alone;
}

/**
 * mdma_ring_has_work() - is there something to fetch?
 * @queue: with workers
 *
 * Context: holds queue->lock.
 */
bool mdma_ring_has_work(struct mdma_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	return queue->sq_head != queue->sq_tail && !queue->stopping &&
	       !queue->status;
}

/* Under queue->fetch. */
static bool fetch_next(struct mdma_queue *queue, struct mdma_desc *desc)
{
	bool work;
	u32 head;
	int rc;

	spin_lock(&queue->lock);
	head = queue->sq_head;
	work = mdma_ring_has_work(queue);
	spin_unlock(&queue->lock);
	if (!work)
		return false;

	rc = read_desc(queue, head, desc);
	if (rc) {
		queue_fail(queue, rc);
		return false;
	}
	spin_lock(&queue->lock);
	queue->sq_head = head + 1;
	queue->inflight++;
	spin_unlock(&queue->lock);
	return true;
}

/**
 * mdma_ring_fetch() - take the next descriptor
 * @queue: with workers
 * @desc: set to a copy of it, in the byte order of the CPU
 *
 * The caller runs it and calls mdma_ring_post(). If it is a FENCE, everything before
 * it is posted, and the caller has the right to fetch until then.
 *
 * Return: whether there was one.
 */
bool mdma_ring_fetch(struct mdma_queue *queue, struct mdma_desc *desc)
{
	bool found;

	if (mutex_lock_interruptible(&queue->fetch))
		return false;
	found = fetch_next(queue, desc);
	if (found && desc->opcode == MDMA_OP_FENCE) {
		/* If we are killed here, it will not be posted. */
		wait_event_interruptible(queue->wait, fence_alone(queue));
		return true;
	}
	mutex_unlock(&queue->fetch);
	return found;
}

/* Is there room for a completion, or no point in waiting for it? */
static bool post_ready(struct mdma_queue *queue)
{
	bool ready;

	spin_lock(&queue->lock);
	ready = queue->cq_tail - queue->cq_head < queue->rings.entries ||
		queue->stopping || queue->status;
	spin_unlock(&queue->lock);
	return ready;
}

/* Under queue->post. Returns whether the user can see it. */
static bool post_next(struct mdma_queue *queue, struct mdma_comp *comp)
{
	bool room;
	u32 tail;
	int rc;

	if (wait_event_interruptible(queue->wait, post_ready(queue)))
		return false;
	/* Killed: what ran was aborted, and a FENCE may not have waited. */
	if (fatal_signal_pending(current))
		return false;
	spin_lock(&queue->lock);
	tail = queue->cq_tail;
	room = tail - queue->cq_head < queue->rings.entries && !queue->status;
	if (room)
		queue->cq_next = tail + 1;
	spin_unlock(&queue->lock);
	if (!room)
		return false;

	comp->phase = !(tail / queue->rings.entries & 1);
	comp_to_le(comp);
	rc = write_comp(queue, tail, comp);
	if (rc) {
		queue_fail(queue, rc);
		return false;
	}
	mdma_book_add(&queue->mdma->book, MDMA_LEDGER_DESCS, 1);
	spin_lock(&queue->lock);
	queue->cq_tail = tail + 1;
	spin_unlock(&queue->lock);
	return true;
}

/**
 * mdma_ring_post() - the descriptor has ended
 * @queue: it came from
 * @run: how it went
 * @status: for the completion
 */
void mdma_ring_post(struct mdma_queue *queue, const struct mdma_run *run,
		    int status)
{
	struct mdma_comp comp = {
		.cookie = run->desc.cookie,
		.result = run->result,
		.status = status,
		.done = run->done,
		.opcode = run->desc.opcode,
	};
	bool seen = false;

	if (!mutex_lock_interruptible(&queue->post)) {
		seen = post_next(queue, &comp);
		mutex_unlock(&queue->post);
	}
	spin_lock(&queue->lock);
	queue->inflight--;
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
	if (run->desc.opcode == MDMA_OP_FENCE)
		mutex_unlock(&queue->fetch);
	if (seen && run->desc.flags & MDMA_F_IRQ)
		mdma_irq_fire(&queue->mdma->irq, queue->index);
}

/**
 * mdma_ring_submitted() - the doorbell of the submission ring
 * @queue: the queue; if it is disabled nobody hears it
 * @tail: next descriptor the user will write
 *
 * Return: 0; -EINVAL if it takes descriptors back or leaves more than fit.
 */
int mdma_ring_submitted(struct mdma_queue *queue, u32 tail)
{
	int rc = 0;

	spin_lock(&queue->lock);
	if (queue->enabled) {
		const u32 filled = tail - queue->sq_head;

		if (filled > queue->rings.entries ||
		    filled < queue->sq_tail - queue->sq_head)
			rc = -EINVAL;
		else
			queue->sq_tail = tail;
	}
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
	return rc;
}

/**
 * mdma_ring_consumed() - the doorbell of the completion ring
 * @queue: the queue; if it is disabled nobody hears it
 * @head: next completion the user will read
 *
 * Return: 0; -EINVAL if that is one which was not posted, or was consumed before.
 */
int mdma_ring_consumed(struct mdma_queue *queue, u32 head)
{
	int rc = 0;

	spin_lock(&queue->lock);
	if (queue->enabled) {
		if (head - queue->cq_head > queue->cq_next - queue->cq_head)
			rc = -EINVAL;
		else
			queue->cq_head = head;
	}
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
	return rc;
}
