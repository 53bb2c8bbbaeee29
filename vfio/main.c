// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - vfio.ko comes and goes
 *
 * What there is one of: the class vfio-dev and the device numbers behind
 * /dev/vfio/devices/vfioN. The nodes get devtmpfs's default mode, 0600: who may
 * use a device is the administrator's decision (udev), as with the kernel's own
 * VFIO.
 *
 * LOCKING     none: everything here is constant between init and exit
 */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include "private.h"

static dev_t first_devt;

static char *device_devnode(const struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "vfio/devices/%s", dev_name(dev));
}

const struct class vfio_device_class = {
	.name = "vfio-dev",
	.devnode = device_devnode,
};

/**
 * main_devt() - the device number of a device
 * @index: vfio_device.index
 *
 * Return: major and minor.
 */
dev_t main_devt(unsigned int index)
{
	return MKDEV(MAJOR(first_devt), index);
}

static int __init vfio_init(void)
{
	int rc;

	rc = class_register(&vfio_device_class);
	if (rc)
		return rc;
	rc = alloc_chrdev_region(&first_devt, 0, MINORMASK + 1, "vfio-dev");
	if (rc)
		goto err_unregister_class;
	rc = group_init();
	if (rc)
		goto err_unregister_region;
	return 0;

err_unregister_region:
	unregister_chrdev_region(first_devt, MINORMASK + 1);
err_unregister_class:
	class_unregister(&vfio_device_class);
	return rc;
}

static void __exit vfio_exit(void)
{
	group_exit();
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	class_unregister(&vfio_device_class);
}

module_init(vfio_init);
module_exit(vfio_exit);

MODULE_INFO(import_ns, "IOMMUFD");
MODULE_INFO(import_ns, "IOMMUFD_VFIO");
MODULE_DESCRIPTION("VFIO core for emulated devices, over iommufd accesses");
MODULE_LICENSE("GPL");
