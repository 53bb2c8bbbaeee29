// SPDX-License-Identifier: GPL-2.0-only
/*
 * option.c - IOMMU_OPTION
 *
 * LOCKING
 *   object lock   ictx->charge_mode
 *   ioas->lock    ioas->huge_pages_off
 * MAY SLEEP       everything here
 */
#include <linux/capability.h>
#include "private.h"

/* Who pays for memory mapped from now on: only while nothing exists. */
static int set_charge_mode(struct iommufd_ctx *ictx, u64 value)
{
	int rc = 0;

	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	xa_lock(&ictx->objects);
	if (!xa_empty(&ictx->objects))
		rc = -EBUSY;
	else if (value > 1)
		rc = -EINVAL;
	else
		WRITE_ONCE(ictx->charge_mode, value ? CHARGE_MM : CHARGE_USER);
	xa_unlock(&ictx->objects);
	return rc;
}

static int rlimit_mode(struct ucmd *ucmd)
{
	struct iommu_option *cmd = ucmd->cmd;

	if (cmd->object_id)
		return -EOPNOTSUPP;
	switch (cmd->op) {
	case IOMMU_OPTION_OP_GET:
		cmd->val64 = READ_ONCE(ucmd->ictx->charge_mode) == CHARGE_MM;
		return ucmd_reply(ucmd, sizeof(*cmd));
	case IOMMU_OPTION_OP_SET:
		return set_charge_mode(ucmd->ictx, cmd->val64);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * ioas_set_huge_pages - IOMMU_OPTION_HUGE_PAGES
 * @ioas: the IOAS
 * @on: false keeps every mapping page aligned
 *
 * Return: 0, or -EADDRINUSE when mappings are not page aligned.
 */
int ioas_set_huge_pages(struct ioas *ioas, bool on)
{
	bool old;
	int rc;

	mutex_lock(&ioas->lock);
	old = ioas->huge_pages_off;
	WRITE_ONCE(ioas->huge_pages_off, !on);
	rc = ioas_update_alignment(ioas);
	if (rc)
		WRITE_ONCE(ioas->huge_pages_off, old);
	mutex_unlock(&ioas->lock);
	return rc;
}

static int huge_pages(struct ucmd *ucmd)
{
	struct iommu_option *cmd = ucmd->cmd;
	struct ioas *ioas;
	int rc;

	ioas = ioas_get(ucmd->ictx, cmd->object_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	switch (cmd->op) {
	case IOMMU_OPTION_OP_GET:
		cmd->val64 = !READ_ONCE(ioas->huge_pages_off);
		rc = ucmd_reply(ucmd, sizeof(*cmd));
		break;
	case IOMMU_OPTION_OP_SET:
		rc = cmd->val64 > 1 ? -EINVAL :
				      ioas_set_huge_pages(ioas, cmd->val64);
		break;
	default:
		rc = -EOPNOTSUPP;
	}
	ioas_put(ioas);
	return rc;
}

/**
 * option_ioctl - IOMMU_OPTION
 * @ucmd: the ioctl
 *
 * Return: 0; -EOPNOTSUPP for a reserved field, an unknown option or op, an object
 * given with RLIMIT_MODE; -EINVAL for the value; -EPERM for RLIMIT_MODE without
 * CAP_SYS_RESOURCE; -EBUSY for it once there are objects; -ENOENT for an IOAS that
 * does not exist; -EADDRINUSE when mappings are not page aligned; -EFAULT.
 */
int option_ioctl(struct ucmd *ucmd)
{
	struct iommu_option *cmd = ucmd->cmd;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	switch (cmd->option_id) {
	case IOMMU_OPTION_RLIMIT_MODE:
		return rlimit_mode(ucmd);
	case IOMMU_OPTION_HUGE_PAGES:
		return huge_pages(ucmd);
	default:
		return -EOPNOTSUPP;
	}
}
