// SPDX-License-Identifier: GPL-2.0-only
/*
 * info.c - answers that come with a capability chain, and checks of SET_IRQS
 *
 * A reply to an info ioctl is a fixed struct, after which there may be a chain
 * of capabilities, each of which starts with the offset of the next. While a
 * driver collects them they lie in a buffer (struct vfio_info_cap) and offsets
 * count from its start; the last one's is 0. Before the buffer goes behind the
 * struct, the offsets are shifted by the size of that:
 *
 *   buffer    [id ver 16 | ...][id ver 40 | ...][id ver 0 | ...]
 *   shifted by 32, and copied:
 *   reply     [argsz flags .. cap_offset 32 ..][.. 48 ..][.. 72 ..][.. 0 ..]
 *
 * Every capability is a multiple of 8 bytes, zeros at the end.
 *
 * If the user's buffer has no room for the chain, the reply has the CAPS flag, a
 * zero cap_offset and the needed size in argsz, and the call succeeds.
 *
 * LOCKING     none; what is passed belongs to the caller
 * MAY SLEEP   everything here
 */
#include <linux/align.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "private.h"

static struct vfio_info_cap_header *cap_at(struct vfio_info_cap *caps,
					   size_t offset)
{
	return (void *)caps->buf + offset;
}

/**
 * vfio_info_cap_add() - append an empty capability
 * @caps: the chain; all zeros is an empty one
 * @size: bytes of the capability with its header
 * @id: for the header
 * @version: for the header
 *
 * Context: process. Pointers to earlier capabilities are no longer valid.
 * Return: the new capability, zero after the header; or an ERR_PTR (-ENOMEM),
 * and @caps is empty, its buffer freed.
 */
struct vfio_info_cap_header *vfio_info_cap_add(struct vfio_info_cap *caps,
					       size_t size, u16 id, u16 version)
{
	struct vfio_info_cap_header *cap, *last;
	size_t offset = caps->size;
	void *buf;

	size = ALIGN(size, sizeof(u64));
	buf = krealloc(caps->buf, offset + size, GFP_KERNEL);
	if (!buf) {
		kfree(caps->buf);
		*caps = (struct vfio_info_cap){};
		return ERR_PTR(-ENOMEM);
	}
	caps->buf = buf;
	caps->size = offset + size;

	if (offset) {
		last = caps->buf;
		while (last->next)
			last = cap_at(caps, last->next);
		last->next = offset;
	}
	cap = cap_at(caps, offset);
	memset(cap, 0, size);
	cap->id = id;
	cap->version = version;
	return cap;
}
KIT_EXPORT(vfio_info_cap_add);

/**
 * vfio_info_add_capability() - append a copy of a capability
 * @caps: the chain
 * @cap: the capability; its next is ignored
 * @size: bytes of it, at least those of the header
 *
 * Return: 0; or -ENOMEM, and @caps is empty, its buffer freed.
 */
int vfio_info_add_capability(struct vfio_info_cap *caps,
			     struct vfio_info_cap_header *cap, size_t size)
{
	struct vfio_info_cap_header *copy;

	copy = vfio_info_cap_add(caps, size, cap->id, cap->version);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	memcpy(copy + 1, cap + 1, size - sizeof(*cap));
	return 0;
}
KIT_EXPORT(vfio_info_add_capability);

/**
 * vfio_info_cap_shift() - count offsets from an earlier point
 * @caps: the chain, not empty, not shifted yet
 * @offset: how many bytes earlier, a multiple of 8
 */
void vfio_info_cap_shift(struct vfio_info_cap *caps, size_t offset)
{
	struct vfio_info_cap_header *cap = caps->buf;

	WARN_ON_ONCE(!IS_ALIGNED(offset, sizeof(u64)));
	while (cap->next) {
		struct vfio_info_cap_header *next = cap_at(caps, cap->next);

		cap->next += offset;
		cap = next;
	}
}
KIT_EXPORT(vfio_info_cap_shift);

/* Copy the chain behind the reply, or say how much room it needs. */
static int region_add_caps(struct vfio_region_info *info,
			   struct vfio_info_cap *caps,
			   struct vfio_region_info __user *arg)
{
	const size_t needed = sizeof(*info) + caps->size;

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz < needed) {
		info->argsz = needed;
		info->cap_offset = 0;
		return 0;
	}
	vfio_info_cap_shift(caps, sizeof(*info));
	if (copy_to_user(arg + 1, caps->buf, caps->size))
		return -EFAULT;
	info->cap_offset = sizeof(*info);
	return 0;
}

/**
 * info_region() - VFIO_DEVICE_GET_REGION_INFO, for a driver with
 *	get_region_info_caps
 * @vdev: open
 * @arg: user memory
 *
 * The driver finds argsz and index of the user, and zeros.
 *
 * Return: 0; -EFAULT; -EINVAL for argsz; what the driver returned.
 */
int info_region(struct vfio_device *vdev, struct vfio_region_info __user *arg)
{
	struct vfio_region_info user, info = {};
	struct vfio_info_cap caps = {};
	int rc;

	static_assert(sizeof(info) ==
		      offsetofend(struct vfio_region_info, offset));
	if (copy_from_user(&user, arg, sizeof(user)))
		return -EFAULT;
	if (user.argsz < sizeof(user))
		return -EINVAL;

	info.argsz = user.argsz;
	info.index = user.index;
	rc = vdev->ops->get_region_info_caps(vdev, &info, &caps);
	if (!rc && caps.size)
		rc = region_add_caps(&info, &caps, arg);
	if (!rc && copy_to_user(arg, &info, sizeof(info)))
		rc = -EFAULT;
	kfree(caps.buf);
	return rc;
}

/**
 * vfio_set_irqs_validate_and_prepare() - check the fixed part of a SET_IRQS
 * @hdr: copied from user space
 * @num_irqs: how many interrupts hdr->index has
 * @max_irq_type: how many indexes the device has
 * @data_size: bytes of data to copy from behind the header; NULL if the caller
 *	takes none
 *
 * Return: 0; -EINVAL for a struct that is too short for its data, an index or a
 * range the device does not have, unknown flags, not exactly one data type, or
 * data where none is taken.
 */
int vfio_set_irqs_validate_and_prepare(struct vfio_irq_set *hdr, int num_irqs,
				       int max_irq_type, size_t *data_size)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	size_t size;

	if (data_size)
		*data_size = 0;
	if (hdr->argsz < minsz || hdr->index >= max_irq_type)
		return -EINVAL;
	if (hdr->flags &
	    ~(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK))
		return -EINVAL;
	if (hdr->start >= num_irqs || hdr->count > num_irqs - hdr->start)
		return -EINVAL;

	switch (hdr->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		size = hdr->count * sizeof(u8);
		break;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		size = hdr->count * sizeof(s32);
		break;
	default:
		return -EINVAL;
	}
	if (!data_size || hdr->argsz - minsz < size)
		return -EINVAL;
	*data_size = size;
	return 0;
}
KIT_EXPORT(vfio_set_irqs_validate_and_prepare);
