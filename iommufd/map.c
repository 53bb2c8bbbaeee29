// SPDX-License-Identifier: GPL-2.0-only
/*
 * map.c - MAP, MAP_FILE, COPY: areas for an IOAS
 *
 * The caller's numbers are checked first, once; then backing and areas are made,
 * get their place, and the reply is written; only then are they published. A
 * caller who cannot be told where its mapping is gets none.
 *
 * LOCKING
 *   ioas->lock   of the source of a COPY, while its areas are read
 * MAY SLEEP      everything here
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include "private.h"
#include "trace.h"

#define MAP_FLAGS                                               \
	(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | \
	 IOMMU_IOAS_MAP_READABLE)

/* What all of them ask of their numbers before anything is looked up. */
static int check_range(u32 flags, u64 iova, u64 length)
{
	u64 last;

	if (flags & ~MAP_FLAGS)
		return -EOPNOTSUPP;
	if (iova >= ULONG_MAX || length >= ULONG_MAX)
		return -EOVERFLOW;
	if (!(flags & (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)))
		return -EINVAL;
	if (!length)
		return -EINVAL;
	if ((flags & IOMMU_IOAS_MAP_FIXED_IOVA) &&
	    check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;
	return 0;
}

static void areas_free(struct list_head *areas)
{
	struct area *area, *tmp;

	list_for_each_entry_safe(area, tmp, areas, node)
		area_free(area);
}

/*
 * The areas get their place, user space is told where, and then, with nothing left
 * to fail, they become usable. iova points into the reply.
 */
static int insert_and_reply(struct ioas *ioas, struct list_head *areas,
			    u32 flags, struct ucmd *ucmd, u64 *iova,
			    size_t size)
{
	unsigned long length = areas_length(areas);
	unsigned long first = *iova;
	int rc;

	rc = areas_insert(ioas, areas, &first,
			  flags & IOMMU_IOAS_MAP_FIXED_IOVA);
	if (rc) {
		areas_free(areas);
		return rc;
	}
	*iova = first;
	rc = ucmd_reply(ucmd, size);
	if (rc)
		areas_erase(ioas, areas);
	else
		areas_publish(ioas, areas);
	trace_iommufd_map(ioas->obj.id, *iova, *iova + (length - 1), rc);
	return rc;
}

/* One area for all of a new backing, whose reference the caller keeps. */
static int map_backing(struct ucmd *ucmd, u32 ioas_id, u32 flags,
		       struct backing *backing, unsigned long offset,
		       u64 length, u64 *iova, size_t size)
{
	struct ioas *ioas = ioas_get(ucmd->ictx, ioas_id);
	struct area *area;
	LIST_HEAD(areas);
	int rc = -ENOMEM;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	area = area_alloc(backing, offset, length, flags);
	if (area) {
		list_add(&area->node, &areas);
		rc = insert_and_reply(ioas, &areas, flags, ucmd, iova, size);
	}
	ioas_put(ioas);
	return rc;
}

/**
 * ioas_map_ioctl - IOMMU_IOAS_MAP
 * @ucmd: the ioctl
 *
 * The memory is not touched: it is pinned or copied when a driver asks.
 *
 * Return: 0; -EOPNOTSUPP for an unknown flag or a reserved field; -EOVERFLOW when
 * an end wraps; -EINVAL for no access, no length, a violated alignment or a
 * reserved range; -ENOENT; -EEXIST; -ENOSPC; -ENOMEM; -EFAULT, and then nothing is
 * mapped.
 */
int ioas_map_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_map *cmd = ucmd->cmd;
	struct backing *backing;
	u64 va_last;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	rc = check_range(cmd->flags, cmd->iova, cmd->length);
	if (rc)
		return rc;
	if (check_add_overflow(cmd->user_va, cmd->length - 1, &va_last) ||
	    va_last > ULONG_MAX - PAGE_SIZE)
		return -EOVERFLOW;

	backing = backing_alloc_user(ucmd->ictx, cmd->user_va, cmd->length,
				     cmd->flags & IOMMU_IOAS_MAP_WRITEABLE);
	if (!backing)
		return -ENOMEM;
	rc = map_backing(ucmd, cmd->ioas_id, cmd->flags, backing,
			 cmd->user_va & ~PAGE_MASK, cmd->length, &cmd->iova,
			 sizeof(*cmd));
	backing_put(backing);
	return rc;
}

/**
 * ioas_map_file_ioctl - IOMMU_IOAS_MAP_FILE
 * @ucmd: the ioctl
 *
 * Return: as ioas_map_ioctl(), and -EBADF for a descriptor that is not open,
 * -EPERM when the file does not allow the access. Whether it is a memfd shows when
 * it is used: -EINVAL then.
 */
int ioas_map_file_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_map_file *cmd = ucmd->cmd;
	struct backing *backing;
	struct file *file;
	u64 last;
	int rc;

	rc = check_range(cmd->flags, cmd->iova, cmd->length);
	if (rc)
		return rc;
	if (check_add_overflow(cmd->start, cmd->length - 1, &last) ||
	    last > LLONG_MAX)
		return -EOVERFLOW;

	file = fget(cmd->fd);
	if (!file)
		return -EBADF;
	rc = -EPERM;
	if (!(file->f_mode & FMODE_READ) ||
	    ((cmd->flags & IOMMU_IOAS_MAP_WRITEABLE) &&
	     !(file->f_mode & FMODE_WRITE)))
		goto out_fput;
	rc = -ENOMEM;
	backing = backing_alloc_file(ucmd->ictx, file, cmd->start, cmd->length,
				     cmd->flags & IOMMU_IOAS_MAP_WRITEABLE);
	if (!backing)
		goto out_fput;
	rc = map_backing(ucmd, cmd->ioas_id, cmd->flags, backing,
			 cmd->start & ~PAGE_MASK, cmd->length, &cmd->iova,
			 sizeof(*cmd));
	backing_put(backing);
out_fput:
	fput(file);
	return rc;
}

/* New areas for what the source maps in a range, in order. */
static int copy_areas(struct ioas *src, unsigned long iova, unsigned long last,
		      u32 flags, struct list_head *areas)
{
	MA_STATE(mas, &src->areas, iova, iova);
	struct area *area, *copy;
	int rc = -ENOENT;

	mutex_lock(&src->lock);
	for (area = mas_walk(&mas); area && area->iova <= iova;
	     area = mas_next(&mas, last)) {
		unsigned long to = min(area->last, last);

		if (area->state != AREA_LIVE)
			break;
		rc = -EPERM;
		if ((flags & IOMMU_IOAS_MAP_WRITEABLE) &&
		    !area->backing->writable)
			break;
		rc = -ENOMEM;
		copy = area_alloc(area->backing, area_offset(area, iova),
				  to - iova + 1, flags);
		if (!copy)
			break;
		list_add_tail(&copy->node, areas);
		rc = 0;
		if (to == last)
			break;
		rc = -ENOENT;
		iova = to + 1;
	}
	mutex_unlock(&src->lock);
	return rc;
}

/**
 * ioas_copy_ioctl - IOMMU_IOAS_COPY
 * @ucmd: the ioctl
 *
 * Return: as ioas_map_ioctl(), and -ENOENT when the source range is not mapped
 * throughout, -EPERM when writing is asked for and the source was mapped for
 * reading.
 */
int ioas_copy_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_copy *cmd = ucmd->cmd;
	struct ioas *src, *dst;
	LIST_HEAD(areas);
	u64 src_last;
	int rc;

	rc = check_range(cmd->flags, cmd->dst_iova, cmd->length);
	if (rc)
		return rc;
	if (cmd->src_iova >= ULONG_MAX ||
	    check_add_overflow(cmd->src_iova, cmd->length - 1, &src_last))
		return -EOVERFLOW;

	src = ioas_get(ucmd->ictx, cmd->src_ioas_id);
	if (IS_ERR(src))
		return PTR_ERR(src);
	rc = copy_areas(src, cmd->src_iova, src_last, cmd->flags, &areas);
	ioas_put(src);
	if (rc)
		goto out_free;

	dst = ioas_get(ucmd->ictx, cmd->dst_ioas_id);
	if (IS_ERR(dst)) {
		rc = PTR_ERR(dst);
		goto out_free;
	}
	rc = insert_and_reply(dst, &areas, cmd->flags, ucmd, &cmd->dst_iova,
			      sizeof(*cmd));
	ioas_put(dst);
	return rc;

out_free:
	areas_free(&areas);
	return rc;
}
