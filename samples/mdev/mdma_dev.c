// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_dev.c - mdma, a DMA engine that exists only here: module, parent and devices
 *
 * What it shows: an emulated PCI device for VFIO that does real DMA to memory that
 * user space mapped into an iommufd. What you see: registers in BAR0 (mdma.h), memory
 * in BAR2 that can be mapped, five MSI-X vectors. To make one and look at it, as root:
 *
 *	modprobe mdma
 *	uuidgen > /sys/class/mdev_bus/mdma/mdev_supported_types/mdma-1/create
 *	ls /dev/vfio/devices /sys/kernel/debug/mdma
 *
 * The life of a device, and who may do what when:
 *
 *   create   init: everything that lives as long as the device, ready for callbacks
 *   bind     the access (mdma_access.c)
 *   open     a clean device. From here on: attach, files, workers, callbacks
 *   close    workers end, then held pins go, then interrupts
 *   unbind   the access goes; callbacks may come until it is gone
 *   remove   waits until nobody has it open; release frees what init made
 *
 * Memory is cleared at open, so that no user sees what the one before left.
 *
 * LOCKING          none of its own; see mdma_private.h
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "mdma_private.h"

/* Where the MSI-X table and the pending bits are in BAR0. */
#define MSIX_TABLE 0x1800
#define MSIX_PBA 0x1c00

/* Rings and the longest transfer fit, with room to spare. */
#define MIN_MEM_MB 8
#define MAX_MEM_MB 256

static unsigned int max_instances = 16;
module_param(max_instances, uint, 0444);
MODULE_PARM_DESC(max_instances, "devices that can exist at once");

static unsigned int mem_mb = MIN_MEM_MB;
module_param(mem_mb, uint, 0444);
MODULE_PARM_DESC(mem_mb, "memory of a device in MiB, a power of two, 8..256");

/* How many more devices there can be. Taken in init, given back in release. */
static atomic_t available;

static const struct kit_pci_id mdma_id = {
	.vendor = MDMA_PCI_VENDOR,
	.device = MDMA_PCI_DEVICE,
	.subvendor = MDMA_PCI_VENDOR,
	.subdevice = MDMA_PCI_DEVICE,
	.class = MDMA_PCI_CLASS,
	.revision = MDMA_VERSION,
};

static int init_pci(struct kit_pci *pci, u64 mem_size)
{
	const u32 rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	int rc;

	rc = kit_pci_init(pci, &mdma_id, KIT_PCIE_CONFIG_SIZE);
	if (rc)
		return rc;
	rc = kit_pci_set_bar(pci, 0, MDMA_BAR0_SIZE,
			     PCI_BASE_ADDRESS_SPACE_MEMORY, rw);
	if (!rc)
		rc = kit_pci_set_bar(pci, 2, mem_size,
				     PCI_BASE_ADDRESS_MEM_TYPE_64 |
					     PCI_BASE_ADDRESS_MEM_PREFETCH,
				     rw | VFIO_REGION_INFO_FLAG_MMAP);
	if (!rc)
		rc = kit_pci_add_pcie(pci);
	if (rc >= 0)
		rc = kit_pci_add_msix(pci, MDMA_NVECTORS, 0, MSIX_TABLE,
				      MSIX_PBA);
	if (rc < 0) {
		kit_pci_fini(pci);
		return rc;
	}
	pci->irqs[VFIO_PCI_REQ_IRQ_INDEX] = (struct kit_pci_irq){
		.count = 1,
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
	};
	pci->device_flags |= VFIO_DEVICE_FLAGS_RESET;
	kit_pci_seal(pci);
	return 0;
}

static int mdma_init(struct vfio_device *vdev)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);
	int rc;

	if (atomic_dec_if_positive(&available) < 0)
		return -EUSERS;
	mdma->mem_size = (u64)mem_mb << 20;
	rc = init_pci(&mdma->pci, mdma->mem_size);
	if (rc)
		goto err_available;
	mdma->mem = vmalloc_user(mdma->mem_size);
	if (!mdma->mem) {
		rc = -ENOMEM;
		goto err_pci;
	}
	mutex_init(&mdma->control);
	for (unsigned int i = 0; i < MDMA_NQUEUES; i++)
		mdma_queue_init(&mdma->queues[i], mdma, i);
	mdma_pins_init(&mdma->pins);
	mdma_book_init(&mdma->book);
	mdma_irq_init(&mdma->irq);
	mdma_bench_init(&mdma->bench);
	mdma_knobs_init(&mdma->knobs);
	return 0;

err_pci:
	kit_pci_fini(&mdma->pci);
err_available:
	atomic_inc(&available);
	return rc;
}

static void mdma_release(struct vfio_device *vdev)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);

	vfree(mdma->mem);
	kit_pci_fini(&mdma->pci);
	atomic_inc(&available);
}

static int mdma_open(struct vfio_device *vdev)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);

	/* An old container has no access to give. */
	if (!mdma->access)
		return -EOPNOTSUPP;
	mdma_reset(mdma);
	memset(mdma->mem, 0, mdma->mem_size);
	mdma_knob_delay(&mdma->knobs.delay_open_us);
	mdma_book_stage(&mdma->book, MDMA_OPEN);
	return 0;
}

static void mdma_close(struct vfio_device *vdev)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);

	mutex_lock(&mdma->control);
	for (unsigned int i = 0; i < MDMA_NQUEUES; i++)
		mdma_queue_disable(&mdma->queues[i]);
	mutex_unlock(&mdma->control);

	mdma_knob_delay(&mdma->knobs.delay_close_us);
	mdma_book_stage(&mdma->book, MDMA_CLOSED);
	mdma_reset(mdma);
	mdma_irq_close(&mdma->irq);
	mdma_check_closed(mdma);
}

/* Memory is plain memory: whatever the user wants to put there. */
static ssize_t mem_access(struct mdma_dev *mdma, char __user *buf, size_t count,
			  u64 offset, bool write)
{
	unsigned long left;

	if (write)
		left = copy_from_user(mdma->mem + offset, buf, count);
	else
		left = copy_to_user(buf, mdma->mem + offset, count);
	return left && left == count ? -EFAULT : count - left;
}

static ssize_t region_access(struct vfio_device *vdev, char __user *buf,
			     size_t count, loff_t *ppos, bool write)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);
	const u64 offset = kit_pci_offset(*ppos);
	ssize_t n;

	mdma_book_operation(&mdma->book);
	n = kit_pci_clamp(&mdma->pci, *ppos, count);
	if (n <= 0)
		return n;
	switch (kit_pci_index(*ppos)) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		n = kit_pci_config_access(&mdma->pci, buf, n, offset, write);
		break;
	case VFIO_PCI_BAR0_REGION_INDEX:
		n = mdma_regs_access(mdma, buf, n, offset, write);
		break;
	case VFIO_PCI_BAR2_REGION_INDEX:
		n = mem_access(mdma, buf, n, offset, write);
		break;
	default:
		return -EINVAL;
	}
	if (n > 0)
		*ppos += n;
	return n;
}

static ssize_t mdma_read(struct vfio_device *vdev, char __user *buf,
			 size_t count, loff_t *ppos)
{
	return region_access(vdev, buf, count, ppos, false);
}

static ssize_t mdma_write(struct vfio_device *vdev, const char __user *buf,
			  size_t count, loff_t *ppos)
{
	return region_access(vdev, (char __user *)buf, count, ppos, true);
}

static int mdma_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	const unsigned int shift = KIT_PCI_REGION_SHIFT - PAGE_SHIFT;
	struct mdma_dev *mdma = mdma_from_vdev(vdev);

	mdma_book_operation(&mdma->book);
	if (vma->vm_pgoff >> shift != VFIO_PCI_BAR2_REGION_INDEX ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	return remap_vmalloc_range(vma, mdma->mem,
				   vma->vm_pgoff & ((1UL << shift) - 1));
}

static long mdma_ioctl(struct vfio_device *vdev, unsigned int cmd,
		       unsigned long arg)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);

	mdma_book_operation(&mdma->book);
	switch (cmd) {
	case VFIO_DEVICE_SET_IRQS:
		return mdma_irq_set(mdma, (void __user *)arg);
	case VFIO_DEVICE_RESET:
		mdma_reset(mdma);
		return 0;
	default:
		return kit_pci_ioctl(&mdma->pci, cmd, arg);
	}
}

static int __maybe_unused mdma_region_info(struct vfio_device *vdev,
					   struct vfio_region_info *info,
					   struct vfio_info_cap *caps)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);

	mdma_book_operation(&mdma->book);
	return kit_pci_region_info(&mdma->pci, info);
}

static void mdma_request(struct vfio_device *vdev, unsigned int count)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);

	if (!mdma_irq_request(&mdma->irq) && !count)
		dev_notice(vdev->dev, "waiting for its user to close it\n");
}

static const struct vfio_device_ops mdma_ops = {
	.name = "mdma",
	.init = mdma_init,
	.release = mdma_release,
	.bind_iommufd = mdma_access_bind,
	.unbind_iommufd = mdma_access_unbind,
	.attach_ioas = mdma_access_attach,
	.detach_ioas = mdma_access_detach,
	.open_device = mdma_open,
	.close_device = mdma_close,
	.read = mdma_read,
	.write = mdma_write,
	.mmap = mdma_mmap,
	.ioctl = mdma_ioctl,
	.request = mdma_request,
	KIT_REGION_INFO_OP(mdma_region_info)
};

static int mdma_probe(struct mdev_device *mdev)
{
	struct mdma_dev *mdma;
	int rc;

	mdma = vfio_alloc_device(mdma_dev, vdev, &mdev->dev, &mdma_ops);
	if (IS_ERR(mdma))
		return PTR_ERR(mdma);
	rc = vfio_register_emulated_iommu_dev(&mdma->vdev);
	if (rc)
		goto err_put;
	dev_set_drvdata(&mdev->dev, mdma);
	mdma_debugfs_add(mdma);
	return 0;

err_put:
	vfio_put_device(&mdma->vdev);
	return rc;
}

static void mdma_remove(struct mdev_device *mdev)
{
	struct mdma_dev *mdma = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&mdma->vdev);
	mdma_debugfs_del(mdma);
	vfio_put_device(&mdma->vdev);
}

static unsigned int mdma_get_available(struct mdev_type *type)
{
	return atomic_read(&available);
}

static ssize_t mdma_show_description(struct mdev_type *type, char *buf)
{
	return sysfs_emit(buf, "DMA engine with %u queues and %u MiB\n",
			  MDMA_NQUEUES, mem_mb);
}

static struct mdev_driver mdma_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.probe = mdma_probe,
	.remove = mdma_remove,
	.get_available = mdma_get_available,
	.show_description = mdma_show_description,
	.driver = {
		.name = "mdma",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
};

static struct mdev_type mdma_type = {
	.sysfs_name = "1",
	.pretty_name = "mdma",
};

static struct mdev_type *mdma_types[] = { &mdma_type };
static struct mdev_parent mdma_parent;
static struct device *mdma_parent_dev;

/* The name of the class becomes that of the type: mdma-1. */
static const struct class mdma_class = {
	.name = "mdma",
};

static int __init mdma_module_init(void)
{
	int rc;

	if (mem_mb < MIN_MEM_MB || mem_mb > MAX_MEM_MB ||
	    !is_power_of_2(mem_mb) || max_instances > INT_MAX)
		return -EINVAL;
	atomic_set(&available, max_instances);
	mdma_debugfs_init();
	rc = mdev_register_driver(&mdma_driver);
	if (rc)
		goto err_debugfs;
	rc = class_register(&mdma_class);
	if (rc)
		goto err_driver;
	mdma_parent_dev =
		device_create(&mdma_class, NULL, MKDEV(0, 0), NULL, "mdma");
	if (IS_ERR(mdma_parent_dev)) {
		rc = PTR_ERR(mdma_parent_dev);
		goto err_class;
	}
	rc = mdev_register_parent(&mdma_parent, mdma_parent_dev, &mdma_driver,
				  mdma_types, ARRAY_SIZE(mdma_types));
	if (rc)
		goto err_device;
	return 0;

err_device:
	device_unregister(mdma_parent_dev);
err_class:
	class_unregister(&mdma_class);
err_driver:
	mdev_unregister_driver(&mdma_driver);
err_debugfs:
	mdma_debugfs_exit();
	return rc;
}

static void __exit mdma_module_exit(void)
{
	mdev_unregister_parent(&mdma_parent);
	device_unregister(mdma_parent_dev);
	class_unregister(&mdma_class);
	mdev_unregister_driver(&mdma_driver);
	mdma_debugfs_exit();
}

module_init(mdma_module_init);
module_exit(mdma_module_exit);
MODULE_DESCRIPTION("DMA engine as a mediated device");
MODULE_LICENSE("GPL");
