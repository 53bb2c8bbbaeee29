// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioas.c - IO address spaces: making, finding, ending
 *
 * map.c puts areas into one, unmap.c takes them away, iova.c chooses addresses.
 *
 * LOCKING
 *   object lock  ictx->vfio_ioas
 * MAY SLEEP      everything but ioas_put() and ioas_wake()
 */
#include <linux/percpu.h>
#include "private.h"

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

/**
 * ioas_alloc - an empty IOAS without an id
 *
 * Return: the IOAS, or NULL without memory.
 */
struct ioas *ioas_alloc(void)
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

/**
 * ioas_free - free an IOAS without areas and without an id
 * @ioas: nobody else knows it, but for late readers under RCU
 */
void ioas_free(struct ioas *ioas)
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
