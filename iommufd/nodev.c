// SPDX-License-Identifier: GPL-2.0-only
/*
 * nodev.c - commands that need a physical device
 *
 * There are none behind an access-only iommufd. The commands check their
 * arguments as far as that is possible without a device and then answer that the
 * device, page table or virtual IOMMU they name does not exist.
 *
 * LOCKING   none
 */
#include <linux/overflow.h>
#include <linux/string.h>
#include "private.h"

/* Entries of one IOMMU_HWPT_INVALIDATE at most. */
#define INVALIDATE_MAX (1U << 19)

/**
 * hwpt_alloc_ioctl - IOMMU_HWPT_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a reserved field; -EINVAL when data type and length do
 * not go together; else -ENOENT.
 */
int hwpt_alloc_ioctl(struct ucmd *ucmd)
{
	struct iommu_hwpt_alloc *cmd = ucmd->cmd;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if ((cmd->data_type == IOMMU_HWPT_DATA_NONE) != !cmd->data_len)
		return -EINVAL;
	return -ENOENT;
}

/**
 * hw_info_ioctl - IOMMU_GET_HW_INFO
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a reserved field or a flag, else -ENOENT.
 */
int hw_info_ioctl(struct ucmd *ucmd)
{
	struct iommu_hw_info *cmd = ucmd->cmd;

	if (cmd->flags & ~IOMMU_HW_INFO_FLAG_INPUT_TYPE ||
	    memchr_inv(cmd->__reserved, 0, sizeof(cmd->__reserved)))
		return -EOPNOTSUPP;
	return -ENOENT;
}

/**
 * set_dirty_tracking_ioctl - IOMMU_HWPT_SET_DIRTY_TRACKING
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a flag, else -ENOENT.
 */
int set_dirty_tracking_ioctl(struct ucmd *ucmd)
{
	struct iommu_hwpt_set_dirty_tracking *cmd = ucmd->cmd;

	if (cmd->flags & ~IOMMU_HWPT_DIRTY_TRACKING_ENABLE)
		return -EOPNOTSUPP;
	return -ENOENT;
}

/**
 * get_dirty_bitmap_ioctl - IOMMU_HWPT_GET_DIRTY_BITMAP
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a flag or a reserved field, else -ENOENT.
 */
int get_dirty_bitmap_ioctl(struct ucmd *ucmd)
{
	struct iommu_hwpt_get_dirty_bitmap *cmd = ucmd->cmd;

	if (cmd->flags & ~IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR ||
	    cmd->__reserved)
		return -EOPNOTSUPP;
	return -ENOENT;
}

/**
 * invalidate_ioctl - IOMMU_HWPT_INVALIDATE
 * @ucmd: the ioctl
 *
 * Says that no entry was handled.
 *
 * Return: -EOPNOTSUPP for a reserved field; -EINVAL for an array that cannot be;
 * else -ENOENT; -EFAULT.
 */
int invalidate_ioctl(struct ucmd *ucmd)
{
	struct iommu_hwpt_invalidate *cmd = ucmd->cmd;
	int rc = -ENOENT;

	if (cmd->__reserved)
		rc = -EOPNOTSUPP;
	else if (cmd->entry_num && (!cmd->data_uptr || !cmd->entry_len ||
				    cmd->entry_len > PAGE_SIZE ||
				    cmd->entry_num > INVALIDATE_MAX))
		rc = -EINVAL;
	cmd->entry_num = 0;
	return ucmd_reply(ucmd, sizeof(*cmd)) ?: rc;
}

/**
 * viommu_alloc_ioctl - IOMMU_VIOMMU_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a flag or no type, else -ENOENT.
 */
int viommu_alloc_ioctl(struct ucmd *ucmd)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;

	if (cmd->flags || cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	return -ENOENT;
}

/**
 * vdevice_alloc_ioctl - IOMMU_VDEVICE_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -ENOENT: no virtual IOMMU exists.
 */
int vdevice_alloc_ioctl(struct ucmd *ucmd)
{
	return -ENOENT;
}

/**
 * veventq_alloc_ioctl - IOMMU_VEVENTQ_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a flag, a reserved field or no type; -EINVAL for no
 * depth; else -ENOENT.
 */
int veventq_alloc_ioctl(struct ucmd *ucmd)
{
	struct iommu_veventq_alloc *cmd = ucmd->cmd;

	if (cmd->flags || cmd->__reserved || !cmd->type)
		return -EOPNOTSUPP;
	return cmd->veventq_depth ? -ENOENT : -EINVAL;
}

/**
 * hw_queue_alloc_ioctl - IOMMU_HW_QUEUE_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a flag or no type; -EINVAL for no length; -EOVERFLOW
 * when the end wraps; else -ENOENT.
 */
int hw_queue_alloc_ioctl(struct ucmd *ucmd)
{
	struct iommu_hw_queue_alloc *cmd = ucmd->cmd;
	u64 last;

	if (cmd->flags || !cmd->type)
		return -EOPNOTSUPP;
	if (!cmd->length)
		return -EINVAL;
	if (check_add_overflow(cmd->nesting_parent_iova, cmd->length - 1,
			       &last))
		return -EOVERFLOW;
	return -ENOENT;
}

/**
 * fault_queue_alloc_ioctl - IOMMU_FAULT_QUEUE_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP: without devices there are no faults.
 */
int fault_queue_alloc_ioctl(struct ucmd *ucmd)
{
	return -EOPNOTSUPP;
}
