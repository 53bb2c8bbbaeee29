// SPDX-License-Identifier: GPL-2.0-only
/*
 * cdev.c - /dev/vfio/devices/vfioN
 *
 * The node can be opened any number of times, and an open file can do nothing
 * but BIND (df.c has the states). What user space sees:
 *
 *   open     -ENODEV while the device is being unregistered
 *   BIND     -EFAULT the argument cannot be read or the reply not written
 *            -EINVAL argsz, flags, a negative iommufd; this file is bound
 *                    already; the device is, through any file; a file that came
 *                    out of a group; a token that the driver has no use for
 *            -E2BIG  a longer struct than ours with something in it
 *            -EBUSY  the device's group is open
 *            -EBADF, -EBADFD  iommufd is no open file, no /dev/iommu
 *            -ENODEV the driver is being unloaded
 *            and what the driver returned
 *   ATTACH   -EFAULT, -EINVAL as above; -EOPNOTSUPP a pasid and a driver that
 *            has none; and what the driver returned: -ENOENT for an id that is
 *            no IOAS, -EADDRINUSE for one whose mappings are not aligned,
 *            -EDEADLOCK when pins of the old IOAS are not given back
 *   DETACH   -EFAULT, -EINVAL, -EOPNOTSUPP as ATTACH; succeeds when not attached
 *   close    from any state
 *
 * A failed call changes nothing: arguments are read and checked, and the place
 * of the reply is written to, before the first lock is taken. What is written
 * there at first is what was there. For ATTACH that is the whole reply, because
 * an emulated device never answers with another id. The id of BIND is known
 * late, and is written once more while the file is BOUND but not yet OPEN; only
 * a user that takes the page away meanwhile sees the device opened and closed
 * again.
 *
 * LOCKING
 *   dev_set->lock   around every operation of the driver; the order is in
 *                   private.h. Not held over a copy from or to user memory.
 * MAY SLEEP   everything here
 */
#include <linux/fs.h>
#include "private.h"

/**
 * cdev_publish() - make the node appear
 * @vdev: named, in a set, counted as registered
 *
 * Return: 0, -ENOMEM, what the driver core returned.
 */
int cdev_publish(struct vfio_device *vdev)
{
	vdev->device.devt = main_devt(vdev->index);
	cdev_init(&vdev->cdev, &df_fops);
	vdev->cdev.owner = THIS_MODULE;
	return cdev_device_add(&vdev->cdev, &vdev->device);
}

/**
 * cdev_unpublish() - make the node disappear; open files stay
 * @vdev: published
 */
void cdev_unpublish(struct vfio_device *vdev)
{
	cdev_device_del(&vdev->cdev, &vdev->device);
}

/**
 * cdev_open() - open(2) of the node
 * @inode: of the node
 * @filp: becomes PARKED
 *
 * Return: 0, -ENODEV, -ENOMEM.
 */
int cdev_open(struct inode *inode, struct file *filp)
{
	struct vfio_device *vdev =
		container_of(inode->i_cdev, struct vfio_device, cdev);
	struct vfio_df *df;

	if (!vfio_device_try_get_registration(vdev))
		return -ENODEV;
	df = df_alloc(vdev, NULL);
	if (IS_ERR(df)) {
		vfio_device_put_registration(vdev);
		return PTR_ERR(df);
	}
	filp->private_data = df;
	filp->f_mapping = vdev->inode->i_mapping;
	return 0;
}

/**
 * struct bind_request - a checked BIND
 * @iommufd: file descriptor number
 * @has_token: is there a token
 * @token: the token
 */
struct bind_request {
	int iommufd;
	bool has_token;
	uuid_t token;
};

static int bind_prepare(struct vfio_df *df,
			struct vfio_device_bind_iommufd __user *arg,
			struct bind_request *req)
{
	const size_t minsz =
		offsetofend(struct vfio_device_bind_iommufd, out_devid);
	struct vfio_device_bind_iommufd bind;
	u32 argsz;
	int rc;

	if (get_user(argsz, &arg->argsz))
		return -EFAULT;
	if (argsz < minsz)
		return -EINVAL;
	rc = copy_struct_from_user(&bind, sizeof(bind), arg, argsz);
	if (rc)
		return rc;
	if (bind.flags & ~VFIO_DEVICE_BIND_FLAG_TOKEN || bind.iommufd < 0)
		return -EINVAL;
	if (df->group)
		return -EINVAL;

	req->iommufd = bind.iommufd;
	req->has_token = bind.flags & VFIO_DEVICE_BIND_FLAG_TOKEN;
	if (req->has_token) {
		if (!df->vdev->ops->match_token_uuid)
			return -EINVAL;
		if (copy_from_user(&req->token,
				   u64_to_user_ptr(bind.token_uuid_ptr),
				   sizeof(req->token)))
			return -EFAULT;
	}
	return put_user(bind.out_devid, &arg->out_devid);
}

static int match_token(struct vfio_device *vdev, struct bind_request *req)
{
	if (!vdev->ops->match_token_uuid)
		return 0;
	return vdev->ops->match_token_uuid(vdev,
					   req->has_token ? &req->token : NULL);
}

/* PARKED to BOUND. */
static int bind_locked(struct vfio_df *df, struct bind_request *req,
		       struct df_refs *refs)
{
	struct iommufd_ctx *ictx;
	int rc;

	lockdep_assert_held(&df->vdev->dev_set->lock);
	if (df->opened)
		return -EINVAL;
	rc = match_token(df->vdev, req);
	if (rc)
		return rc;
	ictx = iommufd_ctx_from_fd(req->iommufd);
	if (IS_ERR(ictx))
		return PTR_ERR(ictx);
	refs->ictx = ictx;
	return df_open(df, refs, NULL);
}

/**
 * cdev_bind() - VFIO_DEVICE_BIND_IOMMUFD
 * @df: the file, in any state
 * @arg: user memory
 *
 * Context: no lock held; the wait for another user of the set can be killed.
 * Return: 0 and the file is OPEN; or an error of the table at the top, or -EINTR
 * to a task that was killed, and nothing changed.
 */
int cdev_bind(struct vfio_df *df, struct vfio_device_bind_iommufd __user *arg)
{
	struct vfio_device *vdev = df->vdev;
	struct bind_request req;
	struct df_refs refs = {};
	int rc;

	rc = bind_prepare(df, arg, &req);
	if (rc)
		return rc;
	rc = group_block(vdev);
	if (rc)
		return rc;
	refs.kvm = kvm_ref_get(&df->kvm);

	rc = mutex_lock_killable(&vdev->dev_set->lock);
	if (!rc) {
		rc = bind_locked(df, &req, &refs);
		mutex_unlock(&vdev->dev_set->lock);
	}
	df_refs_put(&refs);
	if (rc) {
		group_unblock(vdev);
		return rc;
	}

	if (put_user(df->devid, &arg->out_devid)) {
		df_drop(df);
		return -EFAULT;
	}
	df_grant(df);
	return 0;
}

/**
 * cdev_attach() - VFIO_DEVICE_ATTACH_IOMMUFD_PT
 * @df: OPEN
 * @arg: user memory
 *
 * Context: no lock held; the wait for another user of the set can be killed.
 * Return: 0, or an error of the table at the top, or -EINTR to a task that was
 * killed. On failure what was attached is attached.
 */
int cdev_attach(struct vfio_df *df,
		struct vfio_device_attach_iommufd_pt __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_device_attach_iommufd_pt, pt_id);
	struct vfio_device_attach_iommufd_pt attach;
	struct vfio_device *vdev = df->vdev;
	u32 pt_id;
	int rc;

	if (copy_from_user(&attach, arg, minsz))
		return -EFAULT;
	if (attach.argsz < minsz || attach.flags & ~VFIO_DEVICE_ATTACH_PASID)
		return -EINVAL;
	if (attach.flags & VFIO_DEVICE_ATTACH_PASID) {
		if (!vdev->ops->pasid_attach_ioas)
			return -EOPNOTSUPP;
		if (attach.argsz < sizeof(attach))
			return -EINVAL;
		if (get_user(attach.pasid, &arg->pasid))
			return -EFAULT;
	}
	if (put_user(attach.pt_id, &arg->pt_id))
		return -EFAULT;

	pt_id = attach.pt_id;
	rc = mutex_lock_killable(&vdev->dev_set->lock);
	if (rc)
		return rc;
	if (attach.flags & VFIO_DEVICE_ATTACH_PASID)
		rc = vdev->ops->pasid_attach_ioas(vdev, attach.pasid, &pt_id);
	else
		rc = vdev->ops->attach_ioas(vdev, &pt_id);
	mutex_unlock(&vdev->dev_set->lock);
	if (rc)
		return rc;

	/* Only a driver that attaches to something else than it was told. */
	if (pt_id != attach.pt_id && put_user(pt_id, &arg->pt_id))
		return -EFAULT;
	return 0;
}

/**
 * cdev_detach() - VFIO_DEVICE_DETACH_IOMMUFD_PT
 * @df: OPEN
 * @arg: user memory
 *
 * Context: no lock held; the wait for another user of the set can be killed.
 * Return: 0, or an error of the table at the top, or -EINTR to a task that was
 * killed.
 */
int cdev_detach(struct vfio_df *df,
		struct vfio_device_detach_iommufd_pt __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_device_detach_iommufd_pt, flags);
	struct vfio_device_detach_iommufd_pt detach;
	struct vfio_device *vdev = df->vdev;
	int rc;

	if (copy_from_user(&detach, arg, minsz))
		return -EFAULT;
	if (detach.argsz < minsz || detach.flags & ~VFIO_DEVICE_DETACH_PASID)
		return -EINVAL;
	if (detach.flags & VFIO_DEVICE_DETACH_PASID) {
		if (!vdev->ops->pasid_detach_ioas)
			return -EOPNOTSUPP;
		if (detach.argsz < sizeof(detach))
			return -EINVAL;
		if (get_user(detach.pasid, &arg->pasid))
			return -EFAULT;
	}

	rc = mutex_lock_killable(&vdev->dev_set->lock);
	if (rc)
		return rc;
	if (detach.flags & VFIO_DEVICE_DETACH_PASID)
		vdev->ops->pasid_detach_ioas(vdev, detach.pasid);
	else
		vdev->ops->detach_ioas(vdev);
	mutex_unlock(&vdev->dev_set->lock);
	return 0;
}
