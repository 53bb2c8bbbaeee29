// SPDX-License-Identifier: GPL-2.0-only
/*
 * devset.c - sets of devices that are opened and closed one at a time
 *
 * Every registered device is in exactly one set. Most are alone in one of their
 * own; a driver whose devices share hardware puts them into one set before it
 * registers them, by naming anything they have in common (set_id). The set
 * comes with its first device and goes with its last.
 *
 * LOCKING
 *   sets_lock -> dev_set->lock
 *   sets_lock       protects the table of sets and device_count of each
 *   dev_set->lock   protects device_list; the rest is in private.h
 * MAY SLEEP   everything here
 */
#include <linux/xarray.h>
#include "private.h"

static DEFINE_MUTEX(sets_lock);
static DEFINE_XARRAY(sets);

static struct vfio_device_set *devset_create(void *set_id)
{
	struct vfio_device_set *set;
	int rc;

	lockdep_assert_held(&sets_lock);
	set = kzalloc_obj(*set, GFP_KERNEL);
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->set_id = set_id;
	mutex_init(&set->lock);
	INIT_LIST_HEAD(&set->device_list);
	rc = xa_insert(&sets, (unsigned long)set_id, set, GFP_KERNEL);
	if (rc) {
		kfree(set);
		return ERR_PTR(rc);
	}
	return set;
}

/**
 * vfio_assign_device_set() - put a device into a set
 * @device: not registered yet, in no set
 * @set_id: what the members have in common; compared, never dereferenced
 *
 * The device leaves the set when its last reference goes. A driver that does not
 * care need not call this.
 *
 * Context: process. No device set's lock held.
 * Return: 0, -EINVAL for a NULL @set_id or a device that is in a set, -ENOMEM.
 */
int vfio_assign_device_set(struct vfio_device *device, void *set_id)
{
	struct vfio_device_set *set;

	if (WARN_ON(!set_id || device->dev_set))
		return -EINVAL;
	mutex_lock(&sets_lock);
	set = xa_load(&sets, (unsigned long)set_id);
	if (!set)
		set = devset_create(set_id);
	if (IS_ERR(set)) {
		mutex_unlock(&sets_lock);
		return PTR_ERR(set);
	}
	set->device_count++;
	device->dev_set = set;
	mutex_lock(&set->lock);
	list_add_tail(&device->dev_set_list, &set->device_list);
	mutex_unlock(&set->lock);
	mutex_unlock(&sets_lock);
	return 0;
}
KIT_EXPORT(vfio_assign_device_set);

/**
 * devset_leave() - take a device out of its set, if it is in one
 * @vdev: nobody else has a reference
 */
void devset_leave(struct vfio_device *vdev)
{
	struct vfio_device_set *set = vdev->dev_set;

	if (!set)
		return;
	mutex_lock(&sets_lock);
	mutex_lock(&set->lock);
	list_del(&vdev->dev_set_list);
	mutex_unlock(&set->lock);
	vdev->dev_set = NULL;
	if (--set->device_count == 0) {
		xa_erase(&sets, (unsigned long)set->set_id);
		mutex_destroy(&set->lock);
		kfree(set);
	}
	mutex_unlock(&sets_lock);
}

/**
 * vfio_device_set_open_count() - how often are the devices of a set open
 * @dev_set: the set, its lock held
 *
 * Context: @dev_set->lock held.
 * Return: the sum of the counts.
 */
unsigned int vfio_device_set_open_count(struct vfio_device_set *dev_set)
{
	struct vfio_device *vdev;
	unsigned int nopen = 0;

	lockdep_assert_held(&dev_set->lock);
	list_for_each_entry(vdev, &dev_set->device_list, dev_set_list)
		nopen += vdev->open_count;
	return nopen;
}
KIT_EXPORT(vfio_device_set_open_count);

/**
 * vfio_find_device_in_devset() - find a member by the device behind it
 * @dev_set: the set, its lock held
 * @dev: what the driver was bound to
 *
 * Context: @dev_set->lock held.
 * Return: the member, valid while the lock is held, or NULL.
 */
struct vfio_device *vfio_find_device_in_devset(struct vfio_device_set *dev_set,
					       struct device *dev)
{
	struct vfio_device *vdev;

	lockdep_assert_held(&dev_set->lock);
	list_for_each_entry(vdev, &dev_set->device_list, dev_set_list) {
		if (vdev->dev == dev)
			return vdev;
	}
	return NULL;
}
KIT_EXPORT(vfio_find_device_in_devset);
