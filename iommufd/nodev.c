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
#include "private.h"

#define HWPT_FLAGS                                                        \
	(IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING | \
	 IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID)

/**
 * hwpt_alloc_ioctl - IOMMU_HWPT_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -EOPNOTSUPP for a reserved field or a flag; -EINVAL when data type and
 * length do not go together; else -ENOENT.
 */
int hwpt_alloc_ioctl(struct ucmd *ucmd)
{
	struct iommu_hwpt_alloc *cmd = ucmd->cmd;

	if (cmd->__reserved || cmd->__reserved2 || cmd->flags & ~HWPT_FLAGS)
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
 * Return: -EOPNOTSUPP for a reserved field, else -ENOENT.
 */
int invalidate_ioctl(struct ucmd *ucmd)
{
	struct iommu_hwpt_invalidate *cmd = ucmd->cmd;

	return cmd->__reserved ? -EOPNOTSUPP : -ENOENT;
}

/**
 * vdevice_alloc_ioctl - IOMMU_VDEVICE_ALLOC
 * @ucmd: the ioctl
 *
 * Return: -EINVAL for an id of more than 32 bits, else -ENOENT.
 */
int vdevice_alloc_ioctl(struct ucmd *ucmd)
{
	struct iommu_vdevice_alloc *cmd = ucmd->cmd;

	return cmd->virt_id > U32_MAX ? -EINVAL : -ENOENT;
}

/**
 * unsupported_ioctl - what nothing here will ever support
 * @ucmd: the ioctl
 *
 * Fault queues and virtual IOMMUs.
 *
 * Return: -EOPNOTSUPP.
 */
int unsupported_ioctl(struct ucmd *ucmd)
{
	return -EOPNOTSUPP;
}
