/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/iova_bitmap.h - the dirty bitmap that vfio_log_ops fill in
 *
 * On a kernel without IOMMUFD_DRIVER the header of this name turns every call
 * into nothing, and a driver that reports what it wrote would report into the
 * void. This one comes first in the include path of everything built against
 * mdevkit's vfio.ko, and leads to vfio/dirty.c.
 *
 * Only the name that drivers call is upstream's. The bitmap is made by vfio.ko,
 * so alloc, free and for_each are not offered.
 */
#ifndef _KIT_VFIO_LINUX_IOVA_BITMAP_H
#define _KIT_VFIO_LINUX_IOVA_BITMAP_H

/* The kernel's header of the same name must not come in later. */
#define _IOVA_BITMAP_H_

#include <linux/types.h>

struct iova_bitmap;

void vfio_dirty_set(struct iova_bitmap *bitmap, unsigned long iova,
		    size_t length);

/**
 * iova_bitmap_set() - say that the device wrote to a range
 * @bitmap: what log_read_and_clear was given
 * @iova: start of the range
 * @length: bytes; the parts outside the range asked for are ignored
 *
 * Context: inside log_read_and_clear; any lock may be held.
 */
static inline void iova_bitmap_set(struct iova_bitmap *bitmap,
				   unsigned long iova, size_t length)
{
	vfio_dirty_set(bitmap, iova, length);
}

#endif
