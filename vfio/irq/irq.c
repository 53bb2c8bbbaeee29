// SPDX-License-Identifier: GPL-2.0-only
/*
 * irq.c - the interrupt lines of an emulated device
 *
 * A line is one interrupt of one index (INTx, MSI, MSI-X, the notices ERR and
 * REQ). It fires by signalling an eventfd, its trigger. Two kinds of cause:
 *
 *   an edge    kit_irq_trigger(): something happened. Fires once; while the line
 *              is masked it is remembered (pending), once
 *   a level    kit_irq_set_level(): something is the case. Fires for as long as
 *              it is, as often as the line is unmasked
 *
 * A line whose index is AUTOMASKED masks itself when it fires, and waits to be
 * unmasked by user space: that is how a level does not become a storm.
 *
 *                  fire, AUTOMASKED; MASK
 *      UNMASKED ---------------------------> MASKED
 *         ^  ^ |                               | edge: pending
 *         |  +-+ fire                          |
 *         +------------------------------------+
 *           UNMASK; then fire if pending or level
 *
 * A line without a trigger is deaf: edges are lost, a level stays. An index is
 * off until user space sets a trigger of it, and off again when user space says
 * so or the device is closed; its lines are then deaf and unmasked. INTx, MSI
 * and MSI-X exclude each other.
 *
 * An eventfd is signalled under the lock that guards the pointer to it. What
 * listens there (KVM) may do anything that can be done with interrupts off, but
 * does not come back here: an eventfd that unmasks a line does it from a work.
 *
 * LOCKING
 *   irqs->set_lock -> irqs->lock -> the eventfd's own lock
 *   irqs->lock       protects trigger, masked, pending, level
 *   irqs->set_lock   protects nset, unmask
 * MAY SLEEP      kit_irqs_init(), kit_irqs_fini(), kit_irqs_close(),
 *                kit_irqs_ioctl()
 */
#include <linux/eventfd.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "private.h"

static struct kit_irq_line *find_line(struct kit_irqs *irqs, u32 index,
				      u32 subindex)
{
	if (WARN_ON_ONCE(index >= irqs->nindexes ||
			 subindex >= irqs->desc[index].count))
		return NULL;
	return &irqs->lines[index][subindex];
}

/* Fire if there is a cause and nothing against it. */
static void deliver(struct kit_irqs *irqs, u32 index, struct kit_irq_line *line)
{
	lockdep_assert_held(&irqs->lock);
	if (line->masked || !(line->pending || line->level))
		return;
	line->pending = false;
	if (!line->trigger)
		return;
	if (irqs->desc[index].flags & VFIO_IRQ_INFO_AUTOMASKED)
		line->masked = true;
	eventfd_signal(line->trigger);
}

/**
 * kit_irq_trigger() - an edge
 * @irqs: of the device
 * @index: VFIO_PCI_*_IRQ_INDEX, one the device has
 * @subindex: which of them
 *
 * Context: any, also hard interrupts.
 */
void kit_irq_trigger(struct kit_irqs *irqs, u32 index, u32 subindex)
{
	struct kit_irq_line *line = find_line(irqs, index, subindex);
	unsigned long flags;

	if (!line)
		return;
	spin_lock_irqsave(&irqs->lock, flags);
	if (line->trigger) {
		line->pending = true;
		deliver(irqs, index, line);
	}
	spin_unlock_irqrestore(&irqs->lock, flags);
}
KIT_EXPORT(kit_irq_trigger);

/**
 * kit_irq_set_level() - assert a line, or stop
 * @irqs: of the device
 * @index: VFIO_PCI_*_IRQ_INDEX, one the device has and that is AUTOMASKED
 * @subindex: which of them
 * @level: true while there is something to see to
 *
 * Context: any, also hard interrupts.
 */
void kit_irq_set_level(struct kit_irqs *irqs, u32 index, u32 subindex,
		       bool level)
{
	struct kit_irq_line *line = find_line(irqs, index, subindex);
	unsigned long flags;

	if (!line)
		return;
	spin_lock_irqsave(&irqs->lock, flags);
	line->level = level;
	deliver(irqs, index, line);
	spin_unlock_irqrestore(&irqs->lock, flags);
}
KIT_EXPORT(kit_irq_set_level);

/**
 * kit_irq_is_set() - does anybody listen
 * @irqs: of the device
 * @index: VFIO_PCI_*_IRQ_INDEX, one the device has
 * @subindex: which of them
 *
 * Context: any. A request operation asks this before it relies on being heard.
 * Return: true if the line has a trigger.
 */
bool kit_irq_is_set(struct kit_irqs *irqs, u32 index, u32 subindex)
{
	struct kit_irq_line *line = find_line(irqs, index, subindex);

	return line && READ_ONCE(line->trigger);
}
KIT_EXPORT(kit_irq_is_set);

/**
 * irq_set_mask() - mask or unmask a line
 * @irqs: of the device
 * @index: one the device has
 * @subindex: which of them
 * @masked: which of both; unmasking may fire it
 */
void irq_set_mask(struct kit_irqs *irqs, u32 index, u32 subindex, bool masked)
{
	struct kit_irq_line *line = &irqs->lines[index][subindex];
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	line->masked = masked;
	deliver(irqs, index, line);
	spin_unlock_irqrestore(&irqs->lock, flags);
}

/**
 * irq_swap_trigger() - let a line have another trigger
 * @irqs: of the device
 * @index: one the device has
 * @subindex: which of them
 * @trigger: a reference, or NULL; signalled at once if the level is there
 *
 * Return: the old one, to be put, or NULL.
 */
struct eventfd_ctx *irq_swap_trigger(struct kit_irqs *irqs, u32 index,
				     u32 subindex, struct eventfd_ctx *trigger)
{
	struct kit_irq_line *line = &irqs->lines[index][subindex];
	struct eventfd_ctx *old;
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	old = line->trigger;
	WRITE_ONCE(line->trigger, trigger);
	deliver(irqs, index, line);
	spin_unlock_irqrestore(&irqs->lock, flags);
	return old;
}

/**
 * irq_index_off() - turn an index off: every line deaf and unmasked
 * @irqs: of the device, set_lock held
 * @index: one the device has
 */
void irq_index_off(struct kit_irqs *irqs, u32 index)
{
	struct eventfd_ctx *old;
	u32 i;

	lockdep_assert_held(&irqs->set_lock);
	for (i = 0; i < irqs->desc[index].count; i++) {
		struct kit_irq_line *line = &irqs->lines[index][i];

		if (line->unmask) {
			unmask_destroy(line->unmask);
			line->unmask = NULL;
		}
		spin_lock_irq(&irqs->lock);
		old = line->trigger;
		WRITE_ONCE(line->trigger, NULL);
		line->masked = false;
		line->pending = false;
		spin_unlock_irq(&irqs->lock);
		if (old)
			eventfd_ctx_put(old);
	}
	irqs->nset[index] = 0;
}

/**
 * kit_irqs_close() - user space let go of the device: everything off
 * @irqs: of the device
 *
 * No eventfd is held and nothing of it runs when this returns.
 *
 * Context: process; may be called when everything is off already.
 */
void kit_irqs_close(struct kit_irqs *irqs)
{
	u32 index;

	mutex_lock(&irqs->set_lock);
	for (index = 0; index < irqs->nindexes; index++)
		irq_index_off(irqs, index);
	mutex_unlock(&irqs->set_lock);
}
KIT_EXPORT(kit_irqs_close);

/**
 * kit_irqs_reset() - the device was reset: nothing pending, nothing asserted
 * @irqs: of the device; triggers and masks stay, they are user space's
 *
 * Context: any.
 */
void kit_irqs_reset(struct kit_irqs *irqs)
{
	unsigned long flags;
	u32 index, i;

	for (index = 0; index < irqs->nindexes; index++) {
		for (i = 0; i < irqs->desc[index].count; i++) {
			struct kit_irq_line *line = &irqs->lines[index][i];

			spin_lock_irqsave(&irqs->lock, flags);
			line->pending = false;
			line->level = false;
			spin_unlock_irqrestore(&irqs->lock, flags);
		}
	}
}
KIT_EXPORT(kit_irqs_reset);

static long info_ioctl(struct kit_irqs *irqs, struct vfio_irq_info __user *arg)
{
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.index >= irqs->nindexes)
		return -EINVAL;
	info.count = irqs->desc[info.index].count;
	info.flags = irqs->desc[info.index].flags;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/**
 * kit_irqs_ioctl() - answer VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS
 * @irqs: of the device
 * @cmd: as given to the driver's ioctl
 * @arg: as given to the driver's ioctl
 *
 * Context: process; between open_device and close_device.
 * Return: 0; -ENOTTY for another command; -EFAULT; -EINVAL; the rest is at the
 * top of set.c.
 */
long kit_irqs_ioctl(struct kit_irqs *irqs, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_IRQ_INFO:
		return info_ioctl(irqs, (struct vfio_irq_info __user *)arg);
	case VFIO_DEVICE_SET_IRQS:
		return set_ioctl(irqs, (struct vfio_irq_set __user *)arg);
	default:
		return -ENOTTY;
	}
}
KIT_EXPORT(kit_irqs_ioctl);

/**
 * kit_irqs_init() - get ready, everything off
 * @irqs: anything
 * @desc: what the device has; must stay
 * @nindexes: rows of it, at most VFIO_PCI_NUM_IRQS
 *
 * Context: process.
 * Return: 0, -EINVAL for too many rows, -ENOMEM.
 */
int kit_irqs_init(struct kit_irqs *irqs, const struct kit_irq_desc *desc,
		  unsigned int nindexes)
{
	u32 index;

	if (nindexes > VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	memset(irqs, 0, sizeof(*irqs));
	irqs->desc = desc;
	irqs->nindexes = nindexes;
	mutex_init(&irqs->set_lock);
	spin_lock_init(&irqs->lock);
	for (index = 0; index < nindexes; index++) {
		if (!desc[index].count)
			continue;
		irqs->lines[index] = kvcalloc(desc[index].count,
					      sizeof(struct kit_irq_line),
					      GFP_KERNEL);
		if (!irqs->lines[index]) {
			kit_irqs_fini(irqs);
			return -ENOMEM;
		}
	}
	return 0;
}
KIT_EXPORT(kit_irqs_init);

/**
 * kit_irqs_fini() - free what kit_irqs_init() made
 * @irqs: closed; all zeros is fine too
 */
void kit_irqs_fini(struct kit_irqs *irqs)
{
	u32 index;

	for (index = 0; index < irqs->nindexes; index++)
		kvfree(irqs->lines[index]);
}
KIT_EXPORT(kit_irqs_fini);

MODULE_DESCRIPTION("Eventfd interrupts for emulated VFIO devices");
MODULE_LICENSE("GPL");
