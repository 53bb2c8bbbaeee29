// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_irq.c - interrupts: eventfds that the user gave us
 *
 * SET_IRQS says what shall happen with vectors start .. start + count - 1 of an
 * index; of the actions a device can have only TRIGGER makes sense here:
 *
 *   DATA_EVENTFD   an eventfd for each, or -1 for none
 *   DATA_NONE      fire each; with count 0, forget all eventfds of the index
 *   DATA_BOOL      fire those whose byte is not zero
 *
 * Everything that can fail is done before anything is changed. An eventfd is signalled
 * under the lock that guards its pointer, so it cannot go away meanwhile, and none is
 * kept after close.
 *
 * The index MSIX has the vectors of mdma.h; REQ is how the user hears that somebody
 * wants the device back.
 *
 * LOCKING
 *   irq->lock      the pointers; eventfd's own lock inside
 * MAY SLEEP        mdma_irq_set, mdma_irq_close
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mdma_private.h"

/**
 * mdma_irq_init() - nobody wants to know
 * @irq: uninitialised
 */
void mdma_irq_init(struct mdma_irq *irq)
{
	spin_lock_init(&irq->lock);
}

/* The pointers of an index; pci.irqs says how many. */
static struct eventfd_ctx **irq_triggers(struct mdma_irq *irq, u32 index)
{
	return index == VFIO_PCI_REQ_IRQ_INDEX ? &irq->request : irq->msix;
}

static bool fire(struct mdma_irq *irq, struct eventfd_ctx **trigger)
{
	bool heard;

	spin_lock(&irq->lock);
	heard = *trigger;
	if (heard)
		eventfd_signal(*trigger);
	spin_unlock(&irq->lock);
	return heard;
}

/**
 * mdma_irq_fire() - interrupt
 * @irq: of the device
 * @vector: of MSI-X
 *
 * Context: any but hard interrupts.
 */
void mdma_irq_fire(struct mdma_irq *irq, unsigned int vector)
{
	fire(irq, &irq->msix[vector]);
}

/**
 * mdma_irq_request() - ask the user for the device
 * @irq: of the device
 *
 * Return: whether there was somebody to ask.
 */
bool mdma_irq_request(struct mdma_irq *irq)
{
	return fire(irq, &irq->request);
}

/* Get the eventfds of an array of file descriptors; all or none. */
static struct eventfd_ctx **prepare_triggers(const s32 *fds, u32 n)
{
	struct eventfd_ctx **ctxs;
	u32 i;
	int rc;

	ctxs = kcalloc(n, sizeof(*ctxs), GFP_KERNEL);
	if (!ctxs)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < n; i++) {
		if (fds[i] == -1)
			continue;
		ctxs[i] = eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(ctxs[i])) {
			rc = PTR_ERR(ctxs[i]);
			goto err_put;
		}
	}
	return ctxs;

err_put:
	while (i--)
		if (ctxs[i])
			eventfd_ctx_put(ctxs[i]);
	kfree(ctxs);
	return ERR_PTR(rc);
}

/* Exchange n triggers for those in @ctxs, or for none, and put the old ones. */
static void commit_triggers(struct mdma_irq *irq, struct eventfd_ctx **triggers,
			    struct eventfd_ctx **ctxs, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct eventfd_ctx *ctx = ctxs ? ctxs[i] : NULL;

		spin_lock(&irq->lock);
		swap(triggers[i], ctx);
		spin_unlock(&irq->lock);
		if (ctx)
			eventfd_ctx_put(ctx);
	}
}

static long set_triggers(struct mdma_irq *irq, struct eventfd_ctx **triggers,
			 const s32 *fds, u32 n)
{
	struct eventfd_ctx **ctxs = prepare_triggers(fds, n);

	if (IS_ERR(ctxs))
		return PTR_ERR(ctxs);
	commit_triggers(irq, triggers, ctxs, n);
	kfree(ctxs);
	return 0;
}

static long apply(struct mdma_irq *irq, const struct vfio_irq_set *set,
		  const void *data, u32 max)
{
	struct eventfd_ctx **triggers = irq_triggers(irq, set->index);
	const u8 *bools = data;

	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (!set->count)
			commit_triggers(irq, triggers, NULL, max);
		for (u32 i = 0; i < set->count; i++)
			fire(irq, &triggers[set->start + i]);
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		for (u32 i = 0; i < set->count; i++)
			if (bools[i])
				fire(irq, &triggers[set->start + i]);
		return 0;
	default:
		return set_triggers(irq, &triggers[set->start], data,
				    set->count);
	}
}

/**
 * mdma_irq_set() - VFIO_DEVICE_SET_IRQS
 * @mdma: an open device
 * @arg: in user space
 *
 * Return: 0; -EFAULT; -EINVAL for an index or vector that is not there, or flags that
 * make no sense; -ENOTTY for an action other than TRIGGER; -EBADF or -EINVAL for
 * something that is no eventfd; -ENOMEM. On failure nothing has changed.
 */
long mdma_irq_set(struct mdma_dev *mdma, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set set;
	void *data = NULL;
	size_t size;
	u32 max;
	long rc;

	if (copy_from_user(&set, arg, minsz))
		return -EFAULT;
	if (set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	max = mdma->pci.irqs[set.index].count;
	rc = vfio_set_irqs_validate_and_prepare(&set, max, VFIO_PCI_NUM_IRQS,
						&size);
	if (rc)
		return rc;
	if ((set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) !=
	    VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;
	if (size) {
		data = memdup_user(arg + minsz, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	rc = apply(&mdma->irq, &set, data, max);
	kfree(data);
	return rc;
}

/**
 * mdma_irq_close() - give all eventfds back
 * @irq: of a device that is being closed
 */
void mdma_irq_close(struct mdma_irq *irq)
{
	commit_triggers(irq, irq->msix, NULL, MDMA_NVECTORS);
	commit_triggers(irq, &irq->request, NULL, 1);
}
