// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - a device from allocation to the last reference
 *
 *     vfio_alloc_device          register             unregister
 *   (nothing) -----------> ALLOCATED -------> REGISTERED -------> ALLOCATED
 *                              |   vfio_put_device (last reference)
 *                              v
 *                            freed
 *
 * Two counts. The kref inside vfio_device.device keeps the memory; whoever has
 * the struct has one. vfio_device.refcount keeps the registration: one for the
 * driver, one for each open file. Only a registered device is opened, and the
 * driver may rely on its hardware, its module and vfio_device.dev until
 * vfio_unregister_group_dev() returned, which waits for the last open file.
 *
 * User space decides when that is. So the wait asks the driver every few seconds
 * to ask user space (request), never sleeps longer than that in one go, and says
 * once in the log who is kept waiting when that task was told to die.
 *
 * What never happens: an open of a device that is not REGISTERED; a callback of
 * the driver after unregister returned, except release.
 *
 * LOCKING     none of its own; see private.h
 * MAY SLEEP   everything here except the two registration calls
 */
#include <linux/idr.h>
#include <linux/kdev_t.h>
#include <linux/sched/signal.h>
#include "private.h"

#define REQUEST_INTERVAL (10 * HZ)

static DEFINE_IDA(vdev_ida);

static void vdev_release(struct device *dev)
{
	struct vfio_device *vdev =
		container_of(dev, struct vfio_device, device);

	if (vdev->ops->release)
		vdev->ops->release(vdev);
	devset_leave(vdev);
	pseudo_inode_put(vdev->inode);
	ida_free(&vdev_ida, vdev->index);
	kvfree(vdev);
}

/**
 * _vfio_alloc_device() - make a device; use vfio_alloc_device()
 * @size: bytes of the driver's struct, which starts with the vfio_device
 * @dev: the device that the driver was bound to
 * @ops: the driver
 *
 * Context: process.
 * Return: the zeroed struct after ops->init, for vfio_put_device(); or an
 * ERR_PTR: -ENOMEM, -ENOSPC when there are 2^20 devices, what init returned.
 */
struct vfio_device *_vfio_alloc_device(size_t size, struct device *dev,
				       const struct vfio_device_ops *ops)
{
	struct vfio_device *vdev;
	int rc;

	if (WARN_ON(size < sizeof(*vdev)))
		return ERR_PTR(-EINVAL);
	vdev = kvzalloc(size, GFP_KERNEL);
	if (!vdev)
		return ERR_PTR(-ENOMEM);

	rc = ida_alloc_max(&vdev_ida, MINORMASK, GFP_KERNEL);
	if (rc < 0)
		goto err_free;
	vdev->index = rc;
	init_completion(&vdev->comp);
	vdev->dev = dev;
	vdev->ops = ops;

	vdev->inode = pseudo_inode_get();
	if (IS_ERR(vdev->inode)) {
		rc = PTR_ERR(vdev->inode);
		goto err_free_index;
	}
	if (ops->init) {
		rc = ops->init(vdev);
		if (rc)
			goto err_leave_set;
	}

	device_initialize(&vdev->device);
	vdev->device.release = vdev_release;
	vdev->device.class = &vfio_device_class;
	vdev->device.parent = dev;
	return vdev;

err_leave_set:
	devset_leave(vdev);
	pseudo_inode_put(vdev->inode);
err_free_index:
	ida_free(&vdev_ida, vdev->index);
err_free:
	kvfree(vdev);
	return ERR_PTR(rc);
}
KIT_EXPORT(_vfio_alloc_device);

/**
 * vfio_device_try_get_registration() - keep a device registered
 * @device: somebody has a reference
 *
 * Context: any.
 * Return: true; or false if it is not registered or being unregistered.
 */
bool vfio_device_try_get_registration(struct vfio_device *device)
{
	return refcount_inc_not_zero(&device->refcount);
}
KIT_EXPORT(vfio_device_try_get_registration);

/**
 * vfio_device_put_registration() - undo vfio_device_try_get_registration()
 * @device: may be freed by the time this returns
 *
 * Context: any.
 */
void vfio_device_put_registration(struct vfio_device *device)
{
	if (refcount_dec_and_test(&device->refcount))
		complete(&device->comp);
}
KIT_EXPORT(vfio_device_put_registration);

static long wait_killable(struct completion *comp)
{
	return wait_for_completion_killable_timeout(comp, REQUEST_INTERVAL);
}

/* Give up the driver's registration and wait until no file is open. */
static void wait_unregistered(struct vfio_device *vdev)
{
	struct completion *comp = &vdev->comp;
	unsigned int count = 0;
	bool told = false;
	long left;

	vfio_device_put_registration(vdev);
	if (try_wait_for_completion(comp))
		return;
	do {
		if (vdev->ops->request)
			vdev->ops->request(vdev, count++);
		if (!told && fatal_signal_pending(current)) {
			told = true;
			dev_warn(vdev->dev,
				 "in use; %s (%d) was killed, and waits\n",
				 current->comm, task_pid_nr(current));
		}
		/* Both are bounded, so neither is a hung task. */
		if (told)
			left = wait_for_completion_timeout(comp,
							   REQUEST_INTERVAL);
		else
			left = wait_killable(comp);
	} while (left <= 0);
}

static bool has_iommufd_ops(const struct vfio_device_ops *ops)
{
	return ops->bind_iommufd && ops->unbind_iommufd && ops->attach_ioas &&
	       ops->detach_ioas;
}

/**
 * vfio_register_emulated_iommu_dev() - let user space have a device
 * @device: from vfio_alloc_device(); complete: it may be opened before this
 *	returns
 *
 * For devices whose DMA is done by their driver through an iommufd access, so
 * that user space cannot make hardware reach memory it does not own.
 *
 * Context: process; no lock that an operation of the driver takes.
 * Return: 0; -EINVAL if the driver lacks one of the four iommufd operations;
 * -ENOMEM; what the driver core returned.
 */
int vfio_register_emulated_iommu_dev(struct vfio_device *device)
{
	int rc;

	if (WARN_ON(!has_iommufd_ops(device->ops)))
		return -EINVAL;
	if (!device->dev_set) {
		rc = vfio_assign_device_set(device, device);
		if (rc)
			return rc;
	}
	rc = dev_set_name(&device->device, "vfio%u", device->index);
	if (rc)
		return rc;

	/*
	 * ORDER: before the nodes appear. User space may open one before this
	 * returned, and must not see -ENODEV then.
	 */
	reinit_completion(&device->comp);
	refcount_set(&device->refcount, 1);
	rc = group_add(device);
	if (rc)
		goto err_unregister;
	rc = cdev_publish(device);
	if (rc)
		goto err_hide_group;
	return 0;

err_hide_group:
	group_hide(device);
	wait_unregistered(device);
	group_del(device);
	return rc;
err_unregister:
	wait_unregistered(device);
	return rc;
}
KIT_EXPORT(vfio_register_emulated_iommu_dev);

/**
 * vfio_unregister_group_dev() - take a device away from user space
 * @device: registered
 *
 * Nobody can open it from here on. Files that are open go on working; this waits
 * for the last of them, and calls ops->request every 10 seconds meanwhile.
 *
 * Context: process; no lock that an operation of the driver takes. Sleeps until
 * user space closed its files, even when the task is killed.
 */
void vfio_unregister_group_dev(struct vfio_device *device)
{
	group_hide(device);
	cdev_unpublish(device);
	wait_unregistered(device);
	group_del(device);
}
KIT_EXPORT(vfio_unregister_group_dev);
