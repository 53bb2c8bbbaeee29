// SPDX-License-Identifier: GPL-2.0-only
/*
 * group.c - /dev/vfio/N, the way in for programs older than the cdev
 *
 * A group is what an IOMMU can isolate. An emulated device needs no IOMMU, so
 * it gets a group of its own, made up for the purpose: an iommu_group without
 * hardware, so that <device>/iommu_group leads to a number, and the node
 * /dev/vfio/<number>. The container of such a program is an iommufd (its type1
 * ioctls work on the compat IOAS); there is no other.
 *
 *            open             SET_CONTAINER               GET_DEVICE_FD
 *   CLOSED ---------> OPEN -------------------> SET ------------------> device
 *      ^ <------------ |  <-------------------- |                      files
 *      |    close      |     UNSET_CONTAINER    |
 *      +----------------------------------------+    close: UNSET, then CLOSED
 *
 * The device is bound to the iommufd and attached to its compat IOAS when the
 * first device file comes out of the group, and let go with the last. Device
 * files live longer than the group file or its container, if user space wants
 * so; until they are gone, device files come out for the same iommufd only.
 *
 * What user space sees:
 *   open            -ENODEV the device is gone; -EBUSY the group is open, or the
 *                   device is bound through its cdev
 *   GET_STATUS      -EFAULT; -EINVAL argsz; -ENODEV the device is gone
 *   SET_CONTAINER   -EFAULT; -EBADF no open file; -EBADFD not /dev/iommu;
 *                   -EINVAL there is one; -ENODEV the device is gone; what
 *                   making the compat IOAS returned
 *   UNSET_CONTAINER -EINVAL there is none
 *   GET_DEVICE_FD   -EFAULT; -EINVAL no container, a name of a page or more, the
 *                   device is open for another iommufd; -ENODEV no such device,
 *                   or no compat IOAS any more; -EMFILE; what the driver returned
 *
 * Exclusive both ways: a bound cdev file counts in ncdev and keeps the group
 * from being opened; an open group keeps a cdev file from being bound.
 *
 * LOCKING
 *   group->lock -> dev_set->lock
 *   group->lock   protects opened, ncdev, vdev, ictx
 *   kvm.lock      protects what KVM said
 *   immutable     the rest, from group_add() on
 * MAY SLEEP   everything here except group_kvm_from_file()
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/string.h>
#include "private.h"

/**
 * struct vfio_group - the group of one device
 * @dev: the node; its reference count is the group's
 * @cdev: the node's operations
 * @iommu_group: what sysfs shows
 * @lock: protects the rest
 * @vdev: the device, NULL once it is not to be had any more
 * @opened: there is an open group file
 * @ncdev: cdev files that are bound or about to be
 * @ictx: the container, a reference, or NULL
 * @kvm: what KVM said about the group file
 */
struct vfio_group {
	struct device dev;
	struct cdev cdev;
	struct iommu_group *iommu_group;
	struct mutex lock; /* see above */
	struct vfio_device *vdev;
	bool opened;
	unsigned int ncdev;
	struct iommufd_ctx *ictx;
	struct kvm_slot kvm;
};

static dev_t group_devt;
static DEFINE_IDA(group_ida);
static const struct file_operations group_fops;

static char *group_devnode(const struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "vfio/%s", dev_name(dev));
}

static const struct class group_class = {
	.name = "vfio",
	.devnode = group_devnode,
};

/* ---- a group comes and goes with its device ---- */

static void group_release(struct device *dev)
{
	struct vfio_group *group = container_of(dev, struct vfio_group, dev);

	mutex_destroy(&group->lock);
	ida_free(&group_ida, MINOR(dev->devt));
	kfree(group);
}

static struct iommu_group *make_iommu_group(struct device *dev)
{
	struct iommu_group *iommu_group;
	int rc;

	iommu_group = iommu_group_alloc();
	if (IS_ERR(iommu_group))
		return iommu_group;
	rc = iommu_group_set_name(iommu_group, "vfio-noiommu");
	if (!rc)
		rc = iommu_group_add_device(iommu_group, dev);
	if (rc) {
		iommu_group_put(iommu_group);
		return ERR_PTR(rc);
	}
	return iommu_group;
}

/**
 * group_add() - make the group of a device
 * @vdev: counted as registered: it can be opened through the group at once
 *
 * Return: 0, -ENOMEM, what the driver core or the IOMMU core returned.
 */
int group_add(struct vfio_device *vdev)
{
	struct vfio_group *group;
	int minor, rc;

	group = kzalloc_obj(*group, GFP_KERNEL);
	if (!group)
		return -ENOMEM;
	minor = ida_alloc_max(&group_ida, MINORMASK, GFP_KERNEL);
	if (minor < 0) {
		kfree(group);
		return minor;
	}
	device_initialize(&group->dev);
	group->dev.devt = MKDEV(MAJOR(group_devt), minor);
	group->dev.class = &group_class;
	group->dev.release = group_release;
	mutex_init(&group->lock);
	kvm_slot_init(&group->kvm);
	cdev_init(&group->cdev, &group_fops);
	group->cdev.owner = THIS_MODULE;
	group->vdev = vdev;

	group->iommu_group = make_iommu_group(vdev->dev);
	if (IS_ERR(group->iommu_group)) {
		rc = PTR_ERR(group->iommu_group);
		goto err_put_group;
	}
	rc = dev_set_name(&group->dev, "%d",
			  iommu_group_id(group->iommu_group));
	if (rc)
		goto err_remove_device;
	/* Before anything can look for it: see group_block(). */
	vdev->group = group;
	rc = cdev_device_add(&group->cdev, &group->dev);
	if (rc)
		goto err_clear_group;
	return 0;

err_clear_group:
	vdev->group = NULL;
err_remove_device:
	iommu_group_remove_device(vdev->dev);
	iommu_group_put(group->iommu_group);
err_put_group:
	put_device(&group->dev);
	return rc;
}

/**
 * group_hide() - no device file comes out of the group any more
 * @vdev: registered
 */
void group_hide(struct vfio_device *vdev)
{
	struct vfio_group *group = vdev->group;

	mutex_lock(&group->lock);
	group->vdev = NULL;
	mutex_unlock(&group->lock);
}

/**
 * group_del() - undo group_add()
 * @vdev: hidden, and none of its files is open; the group's own may be, and
 *	keeps the group, which answers -ENODEV
 */
void group_del(struct vfio_device *vdev)
{
	struct vfio_group *group = vdev->group;

	cdev_device_del(&group->cdev, &group->dev);
	iommu_group_remove_device(vdev->dev);
	iommu_group_put(group->iommu_group);
	vdev->group = NULL;
	put_device(&group->dev);
}

/**
 * group_block() - keep the group closed, for a cdev file
 * @vdev: registered
 *
 * Return: 0, and group_unblock() is due; -EBUSY if the group is open; -EINTR to
 * a task that was killed.
 */
int group_block(struct vfio_device *vdev)
{
	struct vfio_group *group = vdev->group;
	int rc;

	rc = mutex_lock_killable(&group->lock);
	if (rc)
		return rc;
	if (group->opened)
		rc = -EBUSY;
	else
		group->ncdev++;
	mutex_unlock(&group->lock);
	return rc;
}

/**
 * group_unblock() - undo group_block()
 * @vdev: registered
 */
void group_unblock(struct vfio_device *vdev)
{
	struct vfio_group *group = vdev->group;

	mutex_lock(&group->lock);
	group->ncdev--;
	mutex_unlock(&group->lock);
}

/* ---- device files ---- */

/* The device, kept registered, if it has that name; or an ERR_PTR. */
static struct vfio_device *device_by_name(struct vfio_group *group, char *name)
{
	struct vfio_device *vdev = group->vdev;
	int found;

	lockdep_assert_held(&group->lock);
	if (!vdev)
		return ERR_PTR(-ENODEV);
	if (vdev->ops->match)
		found = vdev->ops->match(vdev, name);
	else
		found = !strcmp(dev_name(vdev->dev), name);
	if (found < 0)
		return ERR_PTR(found);
	if (!found || !vfio_device_try_get_registration(vdev))
		return ERR_PTR(-ENODEV);
	return vdev;
}

/* A PARKED device file, which takes over the registration of the device. */
static struct file *parked_file(struct vfio_group *group,
				struct vfio_device *vdev)
{
	struct vfio_df *df;
	struct file *file;

	df = df_alloc(vdev, group);
	if (IS_ERR(df)) {
		vfio_device_put_registration(vdev);
		return ERR_CAST(df);
	}
	file = anon_inode_getfile("[vfio-device]", &df_fops, df, O_RDWR);
	if (IS_ERR(file)) {
		vfio_device_put_registration(vdev);
		kfree(df);
		return file;
	}
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	file->f_mapping = vdev->inode->i_mapping;
	return file;
}

/* PARKED to OPEN. */
static int bind_df(struct vfio_group *group, struct vfio_df *df,
		   struct df_refs *refs)
{
	struct vfio_device *vdev = df->vdev;
	u32 ioas_id;
	int rc;

	lockdep_assert_held(&group->lock);
	if (!group->ictx)
		return -EINVAL;
	rc = iommufd_vfio_compat_ioas_get_id(group->ictx, &ioas_id);
	if (rc)
		return rc;
	iommufd_ctx_get(group->ictx);
	refs->ictx = group->ictx;
	refs->kvm = kvm_ref_get(&group->kvm);

	rc = mutex_lock_killable(&vdev->dev_set->lock);
	if (rc)
		return rc;
	rc = df_open(df, refs, &ioas_id);
	mutex_unlock(&vdev->dev_set->lock);
	if (!rc)
		df_grant(df);
	return rc;
}

static struct file *get_device_file(struct vfio_group *group, char *name)
{
	struct df_refs refs = {};
	struct vfio_device *vdev;
	struct file *file;
	int rc;

	rc = mutex_lock_killable(&group->lock);
	if (rc)
		return ERR_PTR(rc);
	vdev = device_by_name(group, name);
	if (IS_ERR(vdev)) {
		mutex_unlock(&group->lock);
		return ERR_CAST(vdev);
	}
	file = parked_file(group, vdev);
	if (!IS_ERR(file))
		rc = bind_df(group, file->private_data, &refs);
	mutex_unlock(&group->lock);

	df_refs_put(&refs);
	if (rc) {
		fput(file);
		return ERR_PTR(rc);
	}
	return file;
}

static long ioctl_get_device_fd(struct vfio_group *group,
				const char __user *arg)
{
	struct file *file;
	char *name;
	int fd;

	name = strndup_user(arg, PAGE_SIZE);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto out_free_name;

	file = get_device_file(group, name);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
	} else {
		fd_install(fd, file);
	}
out_free_name:
	kfree(name);
	return fd;
}

/* ---- the group file ---- */

static long ioctl_get_status(struct vfio_group *group,
			     struct vfio_group_status __user *arg)
{
	struct vfio_group_status status;
	int rc;

	if (copy_from_user(&status, arg, sizeof(status)))
		return -EFAULT;
	if (status.argsz < sizeof(status))
		return -EINVAL;

	rc = mutex_lock_killable(&group->lock);
	if (rc)
		return rc;
	if (!group->vdev) {
		mutex_unlock(&group->lock);
		return -ENODEV;
	}
	status.flags = VFIO_GROUP_FLAGS_VIABLE;
	if (group->ictx)
		status.flags |= VFIO_GROUP_FLAGS_CONTAINER_SET;
	mutex_unlock(&group->lock);
	return copy_to_user(arg, &status, sizeof(status)) ? -EFAULT : 0;
}

static int set_container(struct vfio_group *group, struct file *file)
{
	struct iommufd_ctx *ictx;
	int rc;

	lockdep_assert_held(&group->lock);
	if (group->ictx)
		return -EINVAL;
	if (!group->vdev)
		return -ENODEV;
	ictx = iommufd_ctx_from_file(file);
	if (IS_ERR(ictx))
		return PTR_ERR(ictx);
	rc = iommufd_vfio_compat_ioas_create(ictx);
	if (rc) {
		iommufd_ctx_put(ictx);
		return rc;
	}
	group->ictx = ictx;
	return 0;
}

static long ioctl_set_container(struct vfio_group *group, s32 __user *arg)
{
	struct file *file;
	s32 fd;
	int rc;

	if (get_user(fd, arg))
		return -EFAULT;
	file = fget(fd);
	if (!file)
		return -EBADF;
	rc = mutex_lock_killable(&group->lock);
	if (!rc) {
		rc = set_container(group, file);
		mutex_unlock(&group->lock);
	}
	fput(file);
	return rc;
}

static struct iommufd_ctx *take_container(struct vfio_group *group)
{
	struct iommufd_ctx *ictx = group->ictx;

	lockdep_assert_held(&group->lock);
	group->ictx = NULL;
	return ictx;
}

static long ioctl_unset_container(struct vfio_group *group)
{
	struct iommufd_ctx *ictx;
	int rc;

	rc = mutex_lock_killable(&group->lock);
	if (rc)
		return rc;
	ictx = take_container(group);
	mutex_unlock(&group->lock);
	if (!ictx)
		return -EINVAL;
	iommufd_ctx_put(ictx);
	return 0;
}

static int group_fop_open(struct inode *inode, struct file *filp)
{
	struct vfio_group *group =
		container_of(inode->i_cdev, struct vfio_group, cdev);
	int rc;

	rc = mutex_lock_killable(&group->lock);
	if (rc)
		return rc;
	if (!group->vdev)
		rc = -ENODEV;
	else if (group->opened || group->ncdev)
		rc = -EBUSY;
	else
		group->opened = true;
	mutex_unlock(&group->lock);
	/* The node's reference on the group lasts as long as the file. */
	filp->private_data = group;
	return rc;
}

static int group_fop_release(struct inode *inode, struct file *filp)
{
	struct vfio_group *group = filp->private_data;
	struct iommufd_ctx *ictx;

	mutex_lock(&group->lock);
	ictx = take_container(group);
	group->opened = false;
	mutex_unlock(&group->lock);
	if (ictx)
		iommufd_ctx_put(ictx);
	return 0;
}

static long group_fop_ioctl(struct file *filp, unsigned int cmd,
			    unsigned long arg)
{
	struct vfio_group *group = filp->private_data;
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_GROUP_GET_STATUS:
		return ioctl_get_status(group, uarg);
	case VFIO_GROUP_SET_CONTAINER:
		return ioctl_set_container(group, uarg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return ioctl_unset_container(group);
	case VFIO_GROUP_GET_DEVICE_FD:
		return ioctl_get_device_fd(group, uarg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations group_fops = {
	.owner = THIS_MODULE,
	.open = group_fop_open,
	.release = group_fop_release,
	.unlocked_ioctl = group_fop_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * group_kvm_from_file() - where KVM's word about a group file goes
 * @file: any file, kept open by the caller
 *
 * Return: the slot, or NULL if it is not a group file.
 */
struct kvm_slot *group_kvm_from_file(struct file *file)
{
	struct vfio_group *group = file->private_data;

	return file->f_op == &group_fops ? &group->kvm : NULL;
}

/**
 * group_init() - be ready for groups
 *
 * Return: 0, -ENOMEM, what the driver core returned.
 */
int __init group_init(void)
{
	int rc;

	rc = class_register(&group_class);
	if (rc)
		return rc;
	rc = alloc_chrdev_region(&group_devt, 0, MINORMASK + 1, "vfio");
	if (rc)
		class_unregister(&group_class);
	return rc;
}

/**
 * group_exit() - undo group_init()
 */
void group_exit(void)
{
	unregister_chrdev_region(group_devt, MINORMASK + 1);
	class_unregister(&group_class);
}
