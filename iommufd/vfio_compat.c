// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_compat.c - the type1 ioctls of VFIO, on an IOAS
 *
 * A program that knows only VFIO containers opens /dev/vfio/vfio, or hands an
 * iommufd to a VFIO group; either file then answers the container's ioctls. They
 * act on one IOAS of the context, the compat IOAS, which SET_CONTAINER creates and
 * IOMMU_VFIO_IOAS shows and changes. Memory mapped through /dev/vfio/vfio is
 * charged to the process, as type1 does.
 *
 * Type1 version 1 lets a caller unmap a part of what it mapped: with that version
 * (which turns large pages off) the areas at both ends of the range are cut.
 *
 * LOCKING
 *   object lock   ictx->vfio_ioas
 * MAY SLEEP       everything here
 */
#include <linux/capability.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>
#include <uapi/linux/vfio.h>
#include "private.h"

/* The compat IOAS, to be given back by ioas_put(). */
static struct ioas *compat_ioas(struct iommufd_ctx *ictx)
{
	struct ioas *ioas = ERR_PTR(-ENODEV);
	u32 id = 0;

	xa_lock(&ictx->objects);
	if (ictx->vfio_ioas)
		id = ictx->vfio_ioas->obj.id;
	xa_unlock(&ictx->objects);
	if (id)
		ioas = ioas_get(ictx, id);
	/* It may have been destroyed in between. */
	return ioas == ERR_PTR(-ENOENT) ? ERR_PTR(-ENODEV) : ioas;
}

/**
 * iommufd_vfio_compat_ioas_get_id - the id of the compat IOAS
 * @ictx: the context
 * @out_ioas_id: out
 *
 * Return: 0, or -ENODEV when there is none.
 */
int iommufd_vfio_compat_ioas_get_id(struct iommufd_ctx *ictx, u32 *out_ioas_id)
{
	struct ioas *ioas = compat_ioas(ictx);

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	*out_ioas_id = ioas->obj.id;
	ioas_put(ioas);
	return 0;
}
EXPORT_SYMBOL_KIT_VFIO(iommufd_vfio_compat_ioas_get_id);

/**
 * iommufd_vfio_compat_ioas_create - make sure there is a compat IOAS
 * @ictx: the context
 *
 * Return: 0; -ENOMEM; -EBUSY without a free id.
 */
int iommufd_vfio_compat_ioas_create(struct iommufd_ctx *ictx)
{
	struct ioas *ioas;
	bool mine;
	int rc;

	ioas = ioas_alloc();
	if (!ioas)
		return -ENOMEM;
	rc = object_reserve(ictx, &ioas->obj, OBJECT_IOAS);
	if (rc)
		goto err_free;

	xa_lock(&ictx->objects);
	mine = !ictx->vfio_ioas;
	if (mine)
		ictx->vfio_ioas = ioas;
	xa_unlock(&ictx->objects);
	if (mine) {
		object_publish(&ioas->obj);
		return 0;
	}
	/* Somebody chose one already. */
	object_abort(&ioas->obj);
err_free:
	ioas_free(ioas);
	return rc;
}
EXPORT_SYMBOL_KIT_VFIO(iommufd_vfio_compat_ioas_create);

/**
 * iommufd_vfio_compat_set_no_iommu - use the context without DMA protection
 * @ictx: the context
 *
 * Return: -EOPNOTSUPP: that is for physical devices.
 */
int iommufd_vfio_compat_set_no_iommu(struct iommufd_ctx *ictx)
{
	return -EOPNOTSUPP;
}
EXPORT_SYMBOL_KIT_VFIO(iommufd_vfio_compat_set_no_iommu);

static int check_extension(struct iommufd_ctx *ictx, unsigned long extension)
{
	struct ioas *ioas;

	switch (extension) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	case VFIO_DMA_CC_IOMMU:
		/* Accesses are always coherent, but there is nothing to ask yet. */
		ioas = compat_ioas(ictx);
		if (IS_ERR(ioas))
			return PTR_ERR(ioas);
		ioas_put(ioas);
		return 1;
	default:
		return 0;
	}
}

static int set_iommu(struct iommufd_ctx *ictx, unsigned long type)
{
	struct ioas *ioas;
	int rc = 0;

	if (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -EINVAL;
	ioas = compat_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	if (type == VFIO_TYPE1_IOMMU)
		rc = ioas_set_huge_pages(ioas, false);
	ioas_put(ioas);
	return rc;
}

static int map_dma(struct iommufd_ctx *ictx, void __user *arg)
{
	const u32 supported = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	size_t min_size = offsetofend(struct vfio_iommu_type1_dma_map, size);
	struct vfio_iommu_type1_dma_map map;
	u32 flags = IOMMU_IOAS_MAP_FIXED_IOVA;
	struct backing *backing;
	struct area *area;
	struct ioas *ioas;
	LIST_HEAD(areas);
	u64 va_last, last;
	unsigned long iova;
	int rc;

	if (copy_from_user(&map, arg, min_size))
		return -EFAULT;
	if (map.argsz < min_size || map.flags & ~supported || !map.size)
		return -EINVAL;
	if (check_add_overflow(map.iova, map.size - 1, &last) ||
	    check_add_overflow(map.vaddr, map.size - 1, &va_last) ||
	    last == ULONG_MAX || va_last > ULONG_MAX - PAGE_SIZE)
		return -EOVERFLOW;
	if (map.flags & VFIO_DMA_MAP_FLAG_READ)
		flags |= IOMMU_IOAS_MAP_READABLE;
	if (map.flags & VFIO_DMA_MAP_FLAG_WRITE)
		flags |= IOMMU_IOAS_MAP_WRITEABLE;

	ioas = compat_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = -ENOMEM;
	backing = backing_alloc_user(ictx, map.vaddr, map.size,
				     flags & IOMMU_IOAS_MAP_WRITEABLE);
	if (!backing)
		goto out_put_ioas;
	area = area_alloc(backing, map.vaddr & ~PAGE_MASK, map.size, flags);
	backing_put(backing);
	if (!area)
		goto out_put_ioas;
	list_add(&area->node, &areas);
	iova = map.iova;
	rc = areas_insert(ioas, &areas, &iova, true);
	if (rc)
		area_free(area);
	else
		areas_publish(ioas, &areas);
out_put_ioas:
	ioas_put(ioas);
	return rc;
}

/* What UNMAP_DMA has to tell its caller, while it can still fail. */
struct unmap_dma {
	struct vfio_iommu_type1_dma_unmap unmap;
	void __user *arg;
};

static int reply_unmap_dma(void *data, unsigned long length)
{
	struct unmap_dma *reply = data;

	reply->unmap.size = length;
	if (copy_to_user(reply->arg, &reply->unmap,
			 offsetofend(struct vfio_iommu_type1_dma_unmap, size)))
		return -EFAULT;
	return 0;
}

/* Version 1: cut what crosses the ends. */
static int cut_ends(struct ioas *ioas, unsigned long iova, unsigned long last)
{
	int rc;

	if (!READ_ONCE(ioas->huge_pages_off))
		return 0;
	rc = area_cut(ioas, iova);
	if (!rc && last != ULONG_MAX)
		rc = area_cut(ioas, last + 1);
	return rc;
}

static int unmap_dma(struct iommufd_ctx *ictx, void __user *arg)
{
	size_t min_size = offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	struct unmap_dma reply = { .arg = arg };
	struct vfio_iommu_type1_dma_unmap *unmap = &reply.unmap;
	unsigned long iova, last = ULONG_MAX;
	struct ioas *ioas;
	bool all;
	int rc = 0;

	if (copy_from_user(unmap, arg, min_size))
		return -EFAULT;
	if (unmap->argsz < min_size || unmap->flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	all = unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL;
	iova = unmap->iova;
	if (all && (unmap->iova || unmap->size))
		return -EINVAL;
	if (!all && !unmap->size)
		return -EINVAL;
	if (!all &&
	    check_add_overflow(unmap->iova, unmap->size - 1, (u64 *)&last))
		return -EOVERFLOW;

	ioas = compat_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	if (!all)
		rc = cut_ends(ioas, iova, last);
	/* Nothing mapped there is no error in type1. */
	if (!rc)
		rc = ioas_unmap(ioas, iova, last, true, reply_unmap_dma,
				&reply);
	ioas_put(ioas);
	return rc;
}

/* The answer of GET_INFO is put together here, then copied as far as it fits. */
struct info {
	struct vfio_iommu_type1_info info;
	struct vfio_iommu_type1_info_dma_avail avail;
	u32 pad;
	struct vfio_iommu_type1_info_cap_iova_range ranges;
};

static struct info *make_info(struct ioas *ioas, size_t *size)
{
	struct iommu_iova_range *usable;
	unsigned long alignment;
	struct info *info;
	u32 n;

	n = iova_usable(ioas, NULL, 0, &alignment);
	*size = struct_size(info, ranges.iova_ranges, n);
	info = kvzalloc(*size, GFP_KERNEL_ACCOUNT);
	if (!info)
		return NULL;
	/* Same layout: two u64, first and last. */
	BUILD_BUG_ON(sizeof(*usable) != sizeof(*info->ranges.iova_ranges));
	usable = (void *)info->ranges.iova_ranges;
	iova_usable(ioas, usable, n, &alignment);

	info->info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info->info.iova_pgsizes = PAGE_MASK;
	info->avail.header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL;
	info->avail.header.version = 1;
	info->avail.header.next = offsetof(struct info, ranges);
	info->avail.avail = U32_MAX;
	info->ranges.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	info->ranges.header.version = 1;
	info->ranges.nr_iovas = n;
	return info;
}

static int get_info(struct iommufd_ctx *ictx, void __user *arg)
{
	size_t min_size =
		offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);
	struct info *info;
	struct ioas *ioas;
	size_t size;
	u32 argsz;
	int rc = 0;

	if (get_user(argsz, (u32 __user *)arg))
		return -EFAULT;
	if (argsz < min_size)
		return -EINVAL;
	ioas = compat_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	info = make_info(ioas, &size);
	ioas_put(ioas);
	if (!info)
		return -ENOMEM;
	info->info.argsz = size;
	if (argsz >= size)
		info->info.cap_offset = offsetof(struct info, avail);
	else
		size = min_t(size_t, argsz, sizeof(info->info));
	if (copy_to_user(arg, info, size))
		rc = -EFAULT;
	kvfree(info);
	return rc;
}

/**
 * vfio_compat_ioctl - an ioctl of a VFIO container
 * @ictx: the context
 * @number: the ioctl
 * @arg: its argument
 *
 * Return: what the container would; -ENODEV when there is no compat IOAS; -ENOTTY
 * for an ioctl that is not known here.
 */
long vfio_compat_ioctl(struct iommufd_ctx *ictx, unsigned int number,
		       unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (number) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return check_extension(ictx, arg);
	case VFIO_SET_IOMMU:
		return set_iommu(ictx, arg);
	case VFIO_IOMMU_GET_INFO:
		return get_info(ictx, uarg);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(ictx, uarg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(ictx, uarg);
	default:
		return -ENOTTY;
	}
}
