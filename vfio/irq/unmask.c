// SPDX-License-Identifier: GPL-2.0-only
/*
 * unmask.c - eventfds that user space writes to, to unmask a line
 *
 * KVM signals such an eventfd when the guest has seen to a level interrupt, and
 * the line may fire again. Writing to an eventfd wakes whoever waits on it, with
 * the eventfd's lock held; so the wake-up only queues a work, and the work does
 * the unmasking.
 *
 *   created ---arm---> listening: write -> wake-up -> work -> line unmasked
 *                          |
 *                       destroy: off the wait queue, work cancelled, freed
 *
 * In that order nothing can run after destroy: what was queued before is waited
 * for, and nothing is queued after. User space may close the eventfd first; the
 * reference held here keeps the wait queue, on which nothing happens any more.
 *
 * LOCKING     set_lock is held by the callers of arm and destroy; the work takes
 *             irqs->lock only, so destroy may wait for it
 * MAY SLEEP   everything here but the wake-up
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "private.h"

/**
 * struct unmask - an eventfd that unmasks a line
 * @irqs: of the device
 * @index: of the line
 * @subindex: of the line
 * @ctx: the eventfd, a reference
 * @file: the same until it is armed, then NULL
 * @wait: on its wait queue once armed
 * @table: how @wait gets there
 * @work: unmasks
 */
struct unmask {
	struct kit_irqs *irqs;
	u32 index;
	u32 subindex;
	struct eventfd_ctx *ctx;
	struct file *file;
	wait_queue_entry_t wait;
	poll_table table;
	struct work_struct work;
};

static void unmask_work(struct work_struct *work)
{
	struct unmask *unmask = container_of(work, struct unmask, work);

	irq_set_mask(unmask->irqs, unmask->index, unmask->subindex, false);
}

static int unmask_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			 void *key)
{
	struct unmask *unmask = container_of(wait, struct unmask, wait);
	u64 count;

	if (key_to_poll(key) & EPOLLIN) {
		/* Our caller holds the lock that this needs. */
		eventfd_ctx_do_read(unmask->ctx, &count);
		schedule_work(&unmask->work);
	}
	return 0;
}

static void unmask_queue(struct file *file, wait_queue_head_t *head,
			 poll_table *table)
{
	struct unmask *unmask = container_of(table, struct unmask, table);

	add_wait_queue(head, &unmask->wait);
}

/**
 * unmask_create() - get hold of an eventfd, without listening yet
 * @irqs: of the device
 * @index: of the line
 * @subindex: of the line
 * @fd: an eventfd
 *
 * Return: for unmask_arm() and unmask_destroy(), or an ERR_PTR: -EBADF no open
 * file, -EINVAL no eventfd, -ENOMEM.
 */
struct unmask *unmask_create(struct kit_irqs *irqs, u32 index, u32 subindex,
			     int fd)
{
	struct unmask *unmask;
	int rc;

	unmask = kzalloc_obj(*unmask, GFP_KERNEL_ACCOUNT);
	if (!unmask)
		return ERR_PTR(-ENOMEM);
	unmask->irqs = irqs;
	unmask->index = index;
	unmask->subindex = subindex;
	INIT_WORK(&unmask->work, unmask_work);
	init_waitqueue_func_entry(&unmask->wait, unmask_wakeup);
	init_poll_funcptr(&unmask->table, unmask_queue);

	unmask->file = fget(fd);
	if (!unmask->file) {
		rc = -EBADF;
		goto err_free;
	}
	unmask->ctx = eventfd_ctx_fileget(unmask->file);
	if (IS_ERR(unmask->ctx)) {
		rc = PTR_ERR(unmask->ctx);
		goto err_fput;
	}
	return unmask;

err_fput:
	fput(unmask->file);
err_free:
	kfree(unmask);
	return ERR_PTR(rc);
}

/**
 * unmask_arm() - listen
 * @unmask: created; a write from before counts too
 */
void unmask_arm(struct unmask *unmask)
{
	struct file *file = unmask->file;

	unmask->file = NULL;
	if (vfs_poll(file, &unmask->table) & EPOLLIN)
		schedule_work(&unmask->work);
	fput(file);
}

/**
 * unmask_destroy() - stop listening and let go
 * @unmask: created, armed or not; freed
 */
void unmask_destroy(struct unmask *unmask)
{
	u64 count;

	if (unmask->file) {
		fput(unmask->file);
	} else {
		eventfd_ctx_remove_wait_queue(unmask->ctx, &unmask->wait,
					      &count);
		cancel_work_sync(&unmask->work);
	}
	eventfd_ctx_put(unmask->ctx);
	kfree(unmask);
}
