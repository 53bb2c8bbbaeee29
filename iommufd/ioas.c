// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioas.c - IO address spaces and the ioctls on them
 *
 * The functions here check the caller's argument and put the nouns together:
 * backing.c has the memory, area.c the ranges, iova.c the addresses, unmap.c the
 * protocol of taking a range away. A call that makes something replies to user
 * space before it publishes, so that a caller who cannot be told gets nothing.
 *
 * LOCKING
 *   ioas->lock   see private.h; here only for a moment, to look
 *   object lock  ictx->vfio_ioas
 * MAY SLEEP      everything but ioas_put() and ioas_wake()
 */
#include <linux/overflow.h>
#include <linux/percpu.h>
#include "private.h"

#define MAP_FLAGS                                               \
	(IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | \
	 IOMMU_IOAS_MAP_READABLE)

/**
 * ioas_get - an IOAS for the time of an ioctl
 * @ictx: the context
 * @id: its id
 *
 * Return: the IOAS, to be given back by ioas_put(), or ERR_PTR(-ENOENT).
 */
struct ioas *ioas_get(struct iommufd_ctx *ictx, u32 id)
{
	struct object *obj = object_get(ictx, id, OBJECT_IOAS);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct ioas, obj);
}

/**
 * ioas_put - end of ioas_get()
 * @ioas: may be gone when this returns
 */
void ioas_put(struct ioas *ioas)
{
	object_put(&ioas->obj);
}

/**
 * ioas_wake - tell the waiters that something changed
 * @ioas: the IOAS; the caller's last access to it may be this one, inside RCU
 *
 * Context: any. The barrier inside orders the change before the look at the
 * queue; the waiter queues itself before it looks at what changed.
 */
void ioas_wake(struct ioas *ioas)
{
	if (wq_has_sleeper(&ioas->wait))
		wake_up_all(&ioas->wait);
}

static struct op_cpu __percpu *ops_alloc(void)
{
	struct op_cpu __percpu *ops;
	int cpu;

	ops = alloc_percpu_gfp(struct op_cpu, GFP_KERNEL_ACCOUNT);
	if (!ops)
		return NULL;
	for_each_possible_cpu(cpu) {
		struct op_cpu *list = per_cpu_ptr(ops, cpu);

		spin_lock_init(&list->lock);
		INIT_LIST_HEAD(&list->ops);
	}
	return ops;
}

static struct ioas *ioas_alloc(void)
{
	struct ioas *ioas;

	ioas = kzalloc(sizeof(*ioas), GFP_KERNEL_ACCOUNT);
	if (!ioas)
		return NULL;
	ioas->ops = ops_alloc();
	if (!ioas->ops) {
		kfree(ioas);
		return NULL;
	}
	mutex_init(&ioas->lock);
	mt_init_flags(&ioas->areas, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU |
					    MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&ioas->areas, &ioas->lock);
	mt_init(&ioas->reserved);
	ioas->alignment = 1;
	INIT_LIST_HEAD(&ioas->attachments);
	init_waitqueue_head(&ioas->wait);
	count(COUNT_IOAS, 1);
	return ioas;
}

static void ioas_free_rcu(struct rcu_head *rcu)
{
	struct ioas *ioas = container_of(rcu, struct ioas, rcu);

	free_percpu(ioas->ops);
	kfree(ioas);
}

static void ioas_free(struct ioas *ioas)
{
	mutex_lock(&ioas->lock);
	__mt_destroy(&ioas->areas);
	mutex_unlock(&ioas->lock);
	mtree_destroy(&ioas->reserved);
	ranges_free(ioas->allowed);
	mutex_destroy(&ioas->lock);
	count(COUNT_IOAS, -1);
	/* A late op_exit() or unpin may still be on its way out. */
	call_rcu(&ioas->rcu, ioas_free_rcu);
}

/**
 * ioas_destroy - free an IOAS that left the object table
 * @obj: its object; no user, no lookup
 */
void ioas_destroy(struct object *obj)
{
	struct ioas *ioas = container_of(obj, struct ioas, obj);
	struct iommufd_ctx *ictx = obj->ictx;
	LIST_HEAD(areas);
	struct area *area;

	xa_lock(&ictx->objects);
	if (ictx->vfio_ioas == ioas)
		ictx->vfio_ioas = NULL;
	xa_unlock(&ictx->objects);

	mutex_lock(&ioas->lock);
	{
		MA_STATE(mas, &ioas->areas, 0, 0);

		mas_for_each(&mas, area, ULONG_MAX)
			list_add_tail(&area->node, &areas);
	}
	mutex_unlock(&ioas->lock);
	areas_erase(ioas, &areas);
	ioas_free(ioas);
}

/**
 * ioas_alloc_ioctl - IOMMU_IOAS_ALLOC
 * @ucmd: the ioctl
 *
 * Return: 0; -EOPNOTSUPP for a flag; -ENOMEM; -EBUSY without a free id; -EFAULT,
 * and then there is no IOAS.
 */
int ioas_alloc_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_alloc *cmd = ucmd->cmd;
	struct ioas *ioas;
	int rc;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ioas = ioas_alloc();
	if (!ioas)
		return -ENOMEM;
	rc = object_reserve(ucmd->ictx, &ioas->obj, OBJECT_IOAS);
	if (rc)
		goto err_free;
	cmd->out_ioas_id = ioas->obj.id;
	rc = ucmd_reply(ucmd, sizeof(*cmd));
	if (rc)
		goto err_abort;
	object_publish(&ioas->obj);
	return 0;

err_abort:
	object_abort(&ioas->obj);
err_free:
	ioas_free(ioas);
	return rc;
}

/* What MAP and COPY ask of their numbers before anything is looked up. */
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
	unsigned long iova = cmd->iova;
	struct backing *backing;
	struct area *area;
	struct ioas *ioas;
	LIST_HEAD(areas);
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

	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	rc = -ENOMEM;
	backing = backing_alloc(ucmd->ictx, cmd->user_va, cmd->length,
				cmd->flags & IOMMU_IOAS_MAP_WRITEABLE);
	if (!backing)
		goto out_put_ioas;
	area = area_alloc(backing, cmd->user_va & ~PAGE_MASK, cmd->length,
			  cmd->flags);
	if (!area)
		goto out_put_backing;
	list_add(&area->node, &areas);

	rc = areas_insert(ioas, &areas, &iova,
			  cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA);
	if (rc) {
		areas_free(&areas);
		goto out_put_backing;
	}
	cmd->iova = iova;
	rc = ucmd_reply(ucmd, sizeof(*cmd));
	if (rc)
		areas_erase(ioas, &areas);
	else
		areas_publish(ioas, &areas);
out_put_backing:
	backing_put(backing);
out_put_ioas:
	ioas_put(ioas);
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
	unsigned long iova = cmd->dst_iova;
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
	rc = areas_insert(dst, &areas, &iova,
			  cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA);
	if (rc)
		goto out_put_dst;
	cmd->dst_iova = iova;
	rc = ucmd_reply(ucmd, sizeof(*cmd));
	if (rc)
		areas_erase(dst, &areas);
	else
		areas_publish(dst, &areas);
	ioas_put(dst);
	return rc;

out_put_dst:
	ioas_put(dst);
out_free:
	areas_free(&areas);
	return rc;
}

/**
 * ioas_unmap_ioctl - IOMMU_IOAS_UNMAP
 * @ucmd: the ioctl
 *
 * Return: 0; -EOVERFLOW when the end wraps; -EINVAL for no length; -ENOENT when
 * nothing is mapped in the range or an area lies only partly in it; -EDEADLOCK
 * when a driver does not release its pins; -EINTR when killed; -EFAULT. Unless it
 * is 0 nothing changed.
 */
int ioas_unmap_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_unmap *cmd = ucmd->cmd;
	bool all = !cmd->iova && cmd->length == U64_MAX;
	u64 last = ULONG_MAX;
	struct ioas *ioas;
	int rc;

	if (!all) {
		if (cmd->iova >= ULONG_MAX || cmd->length >= ULONG_MAX)
			return -EOVERFLOW;
		if (!cmd->length)
			return -EINVAL;
		if (check_add_overflow(cmd->iova, cmd->length - 1, &last))
			return -EOVERFLOW;
	}
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = ioas_unmap(ioas, cmd->iova, last, all, ucmd);
	ioas_put(ioas);
	return rc;
}

/**
 * vfio_ioas_ioctl - IOMMU_VFIO_IOAS
 * @ucmd: the ioctl
 *
 * The choice holds no reference: the IOAS clears it when it goes.
 *
 * Return: 0; -EOPNOTSUPP for a reserved field or an unknown op; GET: -ENODEV when
 * there is none; SET: -ENOENT; -EFAULT.
 */
int vfio_ioas_ioctl(struct ucmd *ucmd)
{
	struct iommu_vfio_ioas *cmd = ucmd->cmd;
	struct iommufd_ctx *ictx = ucmd->ictx;
	struct ioas *ioas = NULL;
	int rc = 0;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	switch (cmd->op) {
	case IOMMU_VFIO_IOAS_GET:
		xa_lock(&ictx->objects);
		if (ictx->vfio_ioas)
			cmd->ioas_id = ictx->vfio_ioas->obj.id;
		else
			rc = -ENODEV;
		xa_unlock(&ictx->objects);
		return rc ?: ucmd_reply(ucmd, sizeof(*cmd));
	case IOMMU_VFIO_IOAS_SET:
		ioas = ioas_get(ictx, cmd->ioas_id);
		if (IS_ERR(ioas))
			return PTR_ERR(ioas);
		break;
	case IOMMU_VFIO_IOAS_CLEAR:
		break;
	default:
		return -EOPNOTSUPP;
	}
	xa_lock(&ictx->objects);
	ictx->vfio_ioas = ioas;
	xa_unlock(&ictx->objects);
	if (ioas)
		ioas_put(ioas);
	return 0;
}
