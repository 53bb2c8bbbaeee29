// SPDX-License-Identifier: GPL-2.0-only
/*
 * df.c - an open device file (df)
 *
 *                open(2)            BIND, part one           BIND, part two
 *   (no file) -----------> PARKED -------------------> BOUND ------------> OPEN
 *                             ^    module, KVM, access   |                  |
 *                             |    open_device           |                  |
 *                             +--------------------------+                  |
 *                               the reply cannot be written                 |
 *                             |                                             |
 *                             v               close(2)                      v
 *                          (freed) <--------------------- close_device, unbind
 *
 * A file of the character device is born PARKED and answers only BIND until it
 * is OPEN; every other call is -EINVAL. Once OPEN it stays OPEN until close(2):
 * nothing takes that away again. A file that comes out of a group is bound
 * before anybody has its number, and is never seen PARKED.
 *
 * Between BOUND and OPEN the device belongs to the file, but no call gets
 * through yet: the reply of BIND is being written to user memory, which may
 * fault, for as long as the user likes, and may fail. No lock is held there.
 * The gate is vfio_df.granted, opened by df_grant() with a store-release after
 * all the driver did in open_device, and tested by each call with a
 * load-acquire.
 *
 * One character device file at a time may be BOUND or OPEN, and none while a
 * group file is; group files of one device share it. vfio_device.open_count
 * counts files that are BOUND or OPEN, and the driver sees its first and last.
 *
 * What never happens: an operation of the driver before open_device returned or
 * after close_device was called; open_device twice without close_device.
 *
 * LOCKING
 *   dev_set->lock   held by the callers of df_open()
 *   granted         release/acquire, as above
 * MAY SLEEP   everything here except df_from_file()
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/seq_file.h>
#include "private.h"

/**
 * df_alloc() - make the state behind a file, PARKED
 * @vdev: the device, kept registered by the caller for as long as the file lives
 * @group: where the file comes from, or NULL
 *
 * Return: the state, freed when the file is released, or an ERR_PTR (-ENOMEM).
 */
struct vfio_df *df_alloc(struct vfio_device *vdev, struct vfio_group *group)
{
	struct vfio_df *df;

	df = kzalloc_obj(*df, GFP_KERNEL_ACCOUNT);
	if (!df)
		return ERR_PTR(-ENOMEM);
	df->vdev = vdev;
	df->group = group;
	kvm_slot_init(&df->kvm);
	return df;
}

/* Move references into a device that is being opened. */
static void refs_give(struct vfio_device *vdev, struct df_refs *refs)
{
	vdev->ictx = refs->ictx;
	vdev->kvm = refs->kvm.kvm;
	vdev->put_kvm = refs->kvm.put;
	*refs = (struct df_refs){};
}

/* Move them out of one that was closed. */
static void refs_take(struct vfio_device *vdev, struct df_refs *refs)
{
	refs->ictx = vdev->ictx;
	refs->kvm.kvm = vdev->kvm;
	refs->kvm.put = vdev->put_kvm;
	vdev->ictx = NULL;
	vdev->kvm = NULL;
	vdev->put_kvm = NULL;
}

/**
 * df_refs_put() - put what did not move into a device
 * @refs: may be empty
 *
 * Context: no lock held: KVM takes locks of its own when a machine goes.
 */
void df_refs_put(struct df_refs *refs)
{
	if (refs->ictx)
		iommufd_ctx_put(refs->ictx);
	kvm_ref_put(refs->kvm);
}

static struct module *driver_module(struct vfio_device *vdev)
{
	/* While the device is registered its driver stays bound. */
	return vdev->dev->driver ? vdev->dev->driver->owner : NULL;
}

static void last_close(struct vfio_device *vdev, struct df_refs *refs)
{
	if (vdev->ops->close_device)
		vdev->ops->close_device(vdev);
	vdev->ops->unbind_iommufd(vdev);
	WRITE_ONCE(vdev->precopy_info_v2, false);
	refs_take(vdev, refs);
	module_put(driver_module(vdev));
}

static int first_open(struct vfio_df *df, struct df_refs *refs, u32 *ioas_id)
{
	struct vfio_device *vdev = df->vdev;
	int rc;

	if (!try_module_get(driver_module(vdev)))
		return -ENODEV;
	refs_give(vdev, refs);
	rc = vdev->ops->bind_iommufd(vdev, vdev->ictx, &df->devid);
	if (rc)
		goto err_take_refs;
	if (vdev->ops->open_device) {
		rc = vdev->ops->open_device(vdev);
		if (rc)
			goto err_unbind;
	}
	if (ioas_id) {
		rc = vdev->ops->attach_ioas(vdev, ioas_id);
		if (rc)
			last_close(vdev, refs);
	}
	return rc;

err_unbind:
	vdev->ops->unbind_iommufd(vdev);
err_take_refs:
	refs_take(vdev, refs);
	module_put(driver_module(vdev));
	return rc;
}

/**
 * df_open() - PARKED to BOUND
 * @df: the file
 * @refs: the iommufd, and the virtual machine if there is one; emptied if they
 *	moved into the device, which they do for the first file to open it
 * @ioas_id: what to attach the device to when it is opened, or NULL
 *
 * Context: dev_set->lock held; sleeps in the driver.
 * Return: 0; -EINVAL if the file is bound already, if it belongs to the character
 * device while another file is bound, or to a group while the device is bound to
 * another iommufd; -ENODEV if the driver's module is being unloaded; what
 * bind_iommufd, open_device or attach_ioas returned. On failure nothing changed.
 */
int df_open(struct vfio_df *df, struct df_refs *refs, u32 *ioas_id)
{
	struct vfio_device *vdev = df->vdev;
	int rc = 0;

	lockdep_assert_held(&vdev->dev_set->lock);
	if (df->opened)
		return -EINVAL;
	if (vdev->open_count && (!df->group || vdev->ictx != refs->ictx))
		return -EINVAL;

	/* The driver may ask for pages as soon as open_device is called. */
	WRITE_ONCE(vdev->open_count, vdev->open_count + 1);
	if (vdev->open_count == 1)
		rc = first_open(df, refs, ioas_id);
	if (rc) {
		WRITE_ONCE(vdev->open_count, vdev->open_count - 1);
		return rc;
	}
	df->opened = true;
	return 0;
}

static void close_locked(struct vfio_df *df, struct df_refs *refs)
{
	struct vfio_device *vdev = df->vdev;

	lockdep_assert_held(&vdev->dev_set->lock);
	if (WARN_ON_ONCE(!vdev->open_count))
		return;
	if (vdev->open_count == 1)
		last_close(vdev, refs);
	/* Not before: unbind_iommufd still calls dma_unmap, which unpins. */
	WRITE_ONCE(vdev->open_count, vdev->open_count - 1);
	df->opened = false;
}

/**
 * df_drop() - BOUND or OPEN to PARKED, and nothing if it is PARKED
 * @df: a file that no other call can bind or use meanwhile: it is being closed, or
 *	this is the call that bound it
 *
 * Context: no lock held.
 */
void df_drop(struct vfio_df *df)
{
	struct vfio_device *vdev = df->vdev;
	struct df_refs refs = {};

	mutex_lock(&vdev->dev_set->lock);
	if (!df->opened) {
		mutex_unlock(&vdev->dev_set->lock);
		return;
	}
	close_locked(df, &refs);
	mutex_unlock(&vdev->dev_set->lock);
	df_refs_put(&refs);
	if (!df->group)
		group_unblock(vdev);
}

/**
 * df_grant() - BOUND to OPEN
 * @df: BOUND; must not fail any more
 */
void df_grant(struct vfio_df *df)
{
	/*
	 * ORDER: pairs with the load-acquire in is_granted(); who sees the gate
	 * open sees all that open_device did.
	 */
	smp_store_release(&df->granted, true);
}

static bool is_granted(struct vfio_df *df)
{
	/* ORDER: pairs with the store-release in df_grant(). */
	return smp_load_acquire(&df->granted);
}

static int df_fop_release(struct inode *inode, struct file *filp)
{
	struct vfio_df *df = filp->private_data;

	df_drop(df);
	vfio_device_put_registration(df->vdev);
	kfree(df);
	return 0;
}

static ssize_t df_fop_read(struct file *filp, char __user *buf, size_t count,
			   loff_t *ppos)
{
	struct vfio_df *df = filp->private_data;
	struct vfio_device *vdev = df->vdev;

	if (!is_granted(df) || !vdev->ops->read)
		return -EINVAL;
	return vdev->ops->read(vdev, buf, count, ppos);
}

static ssize_t df_fop_write(struct file *filp, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	struct vfio_df *df = filp->private_data;
	struct vfio_device *vdev = df->vdev;

	if (!is_granted(df) || !vdev->ops->write)
		return -EINVAL;
	return vdev->ops->write(vdev, buf, count, ppos);
}

static int df_fop_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct vfio_df *df = filp->private_data;
	struct vfio_device *vdev = df->vdev;

	if (!is_granted(df) || !vdev->ops->mmap)
		return -EINVAL;
	return vdev->ops->mmap(vdev, vma);
}

/* An ioctl of a file that is OPEN. */
static long open_ioctl(struct vfio_df *df, unsigned int cmd, unsigned long arg)
{
	const struct vfio_device_ops *ops = df->vdev->ops;
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		if (df->group)
			break;
		return cdev_attach(df, uarg);
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		if (df->group)
			break;
		return cdev_detach(df, uarg);
	case VFIO_DEVICE_FEATURE:
		return feature_ioctl(df->vdev, uarg);
	case VFIO_DEVICE_GET_REGION_INFO:
		if (!ops->get_region_info_caps)
			break;
		return info_region(df->vdev, uarg);
	}
	return ops->ioctl ? ops->ioctl(df->vdev, cmd, arg) : -EINVAL;
}

static long df_fop_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct vfio_df *df = filp->private_data;
	struct device *dev = df->vdev->dev;
	bool has_pm;
	long rc;

	if (cmd == VFIO_DEVICE_BIND_IOMMUFD)
		return cdev_bind(df, (void __user *)arg);
	if (!is_granted(df))
		return -EINVAL;

	has_pm = dev->driver && dev->driver->pm;
	if (has_pm && pm_runtime_resume_and_get(dev))
		return -EIO;
	rc = open_ioctl(df, cmd, arg);
	if (has_pm)
		pm_runtime_put(dev);
	return rc;
}

static void df_fop_show_fdinfo(struct seq_file *seq, struct file *filp)
{
	struct vfio_df *df = filp->private_data;
	char *path = kobject_get_path(&df->vdev->dev->kobj, GFP_KERNEL);

	if (!path)
		return;
	seq_printf(seq, "vfio-device-syspath: /sys%s\n", path);
	kfree(path);
}

const struct file_operations df_fops = {
	.owner = THIS_MODULE,
	.open = cdev_open,
	.release = df_fop_release,
	.read = df_fop_read,
	.write = df_fop_write,
	.unlocked_ioctl = df_fop_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = df_fop_mmap,
	.show_fdinfo = df_fop_show_fdinfo,
};

/**
 * df_from_file() - the state behind a file
 * @file: any file, kept open by the caller
 *
 * Return: the state, or NULL if it is not a device file of ours.
 */
struct vfio_df *df_from_file(struct file *file)
{
	return file->f_op == &df_fops ? file->private_data : NULL;
}
