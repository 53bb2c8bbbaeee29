// SPDX-License-Identifier: GPL-2.0-only
/*
 * set.c - VFIO_DEVICE_SET_IRQS
 *
 * An action on a range of lines of one index, with one of three data types:
 *
 *              DATA_NONE          DATA_BOOL           DATA_EVENTFD
 *   TRIGGER    fire them;         fire where not 0    set their triggers, -1 for
 *              with count 0:                          none; turns the index on
 *              turn the index off
 *   MASK       mask them          mask where not 0    -ENOTTY
 *   UNMASK     unmask them        unmask where not 0  writing there unmasks; -1
 *                                                     for none
 *
 *   -EINVAL   a struct too short for its data; an index or a range that the
 *             device does not have; not exactly one data type; firing, masking
 *             or unmasking while the index is off; INTx, MSI or MSI-X while
 *             another of the three is on; a NORESIZE index set beyond what it
 *             was turned on with; a number below -1, a file that is no eventfd
 *   -ENOTTY   MASK or UNMASK of an index that is not MASKABLE; not exactly one
 *             action; the hole in the table
 *   -EBADF    a number that is no open file
 *   -EFAULT, -ENOMEM, and -EINTR to a task that was killed
 *
 * A failed call changes nothing: every eventfd of the call is looked up before
 * the first one is used.
 *
 * LOCKING     set_lock is held from the first check of the state to the end
 * MAY SLEEP   everything here
 */
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "private.h"

static bool is_exclusive(u32 index)
{
	return index <= VFIO_PCI_MSIX_IRQ_INDEX;
}

static bool is_on(struct kit_irqs *irqs, u32 index)
{
	lockdep_assert_held(&irqs->set_lock);
	return irqs->nset[index];
}

/* May lines up to @nset of the index get triggers. */
static bool may_set(struct kit_irqs *irqs, u32 index, u32 nset)
{
	u32 other;

	if (is_on(irqs, index))
		return nset <= irqs->nset[index] ||
		       !(irqs->desc[index].flags & VFIO_IRQ_INFO_NORESIZE);
	for (other = 0; other < irqs->nindexes; other++) {
		if (is_exclusive(index) && is_exclusive(other) &&
		    is_on(irqs, other))
			return false;
	}
	return true;
}

static void put_triggers(struct eventfd_ctx **triggers, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (triggers[i])
			eventfd_ctx_put(triggers[i]);
	}
	kvfree(triggers);
}

/* Look up @count eventfds; NULL for -1. */
static struct eventfd_ctx **get_triggers(const s32 *fds, u32 count)
{
	struct eventfd_ctx **triggers, *trigger;
	u32 i;

	triggers = kvcalloc(count, sizeof(*triggers), GFP_KERNEL_ACCOUNT);
	if (!triggers)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < count; i++) {
		if (fds[i] == -1)
			continue;
		trigger = fds[i] < 0 ? ERR_PTR(-EINVAL) :
				       eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(trigger)) {
			put_triggers(triggers, i);
			return ERR_CAST(trigger);
		}
		triggers[i] = trigger;
	}
	return triggers;
}

static int set_triggers(struct kit_irqs *irqs, const struct vfio_irq_set *set,
			const s32 *fds)
{
	struct eventfd_ctx **triggers;
	u32 i;

	if (!set->count || !may_set(irqs, set->index, set->start + set->count))
		return -EINVAL;
	triggers = get_triggers(fds, set->count);
	if (IS_ERR(triggers))
		return PTR_ERR(triggers);

	irqs->nset[set->index] =
		max(irqs->nset[set->index], set->start + set->count);
	for (i = 0; i < set->count; i++)
		triggers[i] = irq_swap_trigger(irqs, set->index, set->start + i,
					       triggers[i]);
	/* The old ones now. */
	put_triggers(triggers, set->count);
	return 0;
}

static void put_unmasks(struct unmask **unmasks, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (unmasks[i])
			unmask_destroy(unmasks[i]);
	}
	kvfree(unmasks);
}

static struct unmask **get_unmasks(struct kit_irqs *irqs,
				   const struct vfio_irq_set *set,
				   const s32 *fds)
{
	struct unmask **unmasks, *unmask;
	u32 i;

	unmasks = kvcalloc(set->count, sizeof(*unmasks), GFP_KERNEL_ACCOUNT);
	if (!unmasks)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < set->count; i++) {
		if (fds[i] == -1)
			continue;
		unmask = fds[i] < 0 ? ERR_PTR(-EINVAL) :
				      unmask_create(irqs, set->index,
						    set->start + i, fds[i]);
		if (IS_ERR(unmask)) {
			put_unmasks(unmasks, i);
			return ERR_CAST(unmask);
		}
		unmasks[i] = unmask;
	}
	return unmasks;
}

static int set_unmasks(struct kit_irqs *irqs, const struct vfio_irq_set *set,
		       const s32 *fds)
{
	struct unmask **unmasks;
	u32 i;

	unmasks = get_unmasks(irqs, set, fds);
	if (IS_ERR(unmasks))
		return PTR_ERR(unmasks);
	for (i = 0; i < set->count; i++) {
		struct kit_irq_line *line =
			&irqs->lines[set->index][set->start + i];

		if (unmasks[i])
			unmask_arm(unmasks[i]);
		swap(line->unmask, unmasks[i]);
	}
	/* The old ones now. */
	put_unmasks(unmasks, set->count);
	return 0;
}

/* Is line number @i of the range meant; without data all are. */
static bool is_meant(const struct vfio_irq_set *set, const u8 *bools, u32 i)
{
	return set->flags & VFIO_IRQ_SET_DATA_NONE || bools[i];
}

static int set_trigger(struct kit_irqs *irqs, const struct vfio_irq_set *set,
		       const void *data)
{
	u32 i;

	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_triggers(irqs, set, data);
	if (!is_on(irqs, set->index))
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_NONE && !set->count) {
		irq_index_off(irqs, set->index);
		return 0;
	}
	for (i = 0; i < set->count; i++) {
		if (is_meant(set, data, i))
			kit_irq_trigger(irqs, set->index, set->start + i);
	}
	return 0;
}

static int set_mask(struct kit_irqs *irqs, const struct vfio_irq_set *set,
		    const void *data, bool masked)
{
	u32 i;

	if (!(irqs->desc[set->index].flags & VFIO_IRQ_INFO_MASKABLE))
		return -ENOTTY;
	if (!is_on(irqs, set->index) || !set->count)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return masked ? -ENOTTY : set_unmasks(irqs, set, data);
	for (i = 0; i < set->count; i++) {
		if (is_meant(set, data, i))
			irq_set_mask(irqs, set->index, set->start + i, masked);
	}
	return 0;
}

static int set_locked(struct kit_irqs *irqs, const struct vfio_irq_set *set,
		      const void *data)
{
	lockdep_assert_held(&irqs->set_lock);
	switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_MASK:
		return set_mask(irqs, set, data, true);
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return set_mask(irqs, set, data, false);
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		return set_trigger(irqs, set, data);
	default:
		return -ENOTTY;
	}
}

/**
 * set_ioctl() - VFIO_DEVICE_SET_IRQS
 * @irqs: of the device
 * @arg: user memory
 *
 * Return: 0, or an error as the top of the file says.
 */
int set_ioctl(struct kit_irqs *irqs, struct vfio_irq_set __user *arg)
{
	struct vfio_irq_set set;
	void *data = NULL;
	size_t size;
	u32 count;
	int rc;

	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	count = set.index < irqs->nindexes ? irqs->desc[set.index].count : 0;
	rc = vfio_set_irqs_validate_and_prepare(&set, count, irqs->nindexes,
						&size);
	if (rc)
		return rc;
	if (size) {
		data = vmemdup_user(arg->data, size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	rc = mutex_lock_killable(&irqs->set_lock);
	if (!rc) {
		rc = set_locked(irqs, &set, data);
		mutex_unlock(&irqs->set_lock);
	}
	kvfree(data);
	return rc;
}
