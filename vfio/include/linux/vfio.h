/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/vfio.h - what drivers see of mdevkit's vfio.ko
 *
 * Names and signatures are those of Linux 7.2, for the part that an emulated
 * (mediated) device uses, so that such a driver compiles against either header.
 * The kernel-doc of a function stands beside its code. Drivers of real hardware
 * (vfio_register_group_dev, vfio_iommufd_physical_*) have nothing to call here
 * and fail to compile, which is meant.
 *
 * Two generations of drivers work: 7.2 ones answer GET_REGION_INFO in
 * get_region_info_caps; 6.12 ones leave that empty and see it in ioctl.
 */
#ifndef _KIT_VFIO_LINUX_VFIO_H
#define _KIT_VFIO_LINUX_VFIO_H

/* Guard against the kernel's header of the same name being found first. */
#define KIT_VFIO_API 1

#include <linux/bug.h>
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/iova_bitmap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <uapi/linux/vfio.h>

/*
 * vfio.ko exports into a namespace of its own, so that a module built for the
 * kernel's struct vfio_device cannot bind to it. Whoever includes this header
 * was built for ours, and imports the namespace here without knowing. Said with
 * MODULE_INFO because MODULE_IMPORT_NS takes a token before 6.13 and a string
 * from then on.
 */
MODULE_INFO(import_ns, "KIT_VFIO");

struct iommufd_access;
struct iommufd_ctx;
struct kvm;
struct rb_root_cached;
struct vfio_group;
struct vfio_info_cap;
struct vfio_migration_ops;
struct vfio_log_ops;

/**
 * struct vfio_device_set - devices that are opened and closed one at a time
 * @set_id: what the members have in common
 * @lock: held around bind_iommufd, open_device, attach_ioas, detach_ioas,
 *	close_device and unbind_iommufd of every member
 * @device_list: members, by vfio_device.dev_set_list; protected by @lock
 * @device_count: how many; protected by the lock of all sets
 */
struct vfio_device_set {
	void *set_id;
	struct mutex lock; /* see above */
	struct list_head device_list;
	unsigned int device_count;
};

/**
 * struct vfio_device - one device, embedded at the start of the driver's own
 * @dev: the device that the driver was bound to
 * @ops: the driver
 * @mig_ops: if it can migrate; set before registration
 * @log_ops: if it can log its DMA; set before registration
 * @dev_set: set by vfio_assign_device_set(), or one of its own
 * @migration_flags: VFIO_MIGRATION_*; set before registration
 * @kvm: the virtual machine that the device was opened for, or NULL; valid from
 *	open_device to close_device
 *
 * The rest is vfio.ko's. What protects it is in vfio/private.h.
 */
struct vfio_device {
	struct device *dev;
	const struct vfio_device_ops *ops;
	const struct vfio_migration_ops *mig_ops;
	const struct vfio_log_ops *log_ops;
	struct vfio_device_set *dev_set;
	unsigned int migration_flags;
	struct kvm *kvm;

	/* private: */
	struct device device;
	struct cdev cdev;
	struct inode *inode;
	struct list_head dev_set_list;
	struct vfio_group *group;
	struct list_head group_next;
	unsigned int index;
	refcount_t refcount;
	struct completion comp;
	unsigned int open_count;
	void (*put_kvm)(struct kvm *kvm);
	struct iommufd_ctx *ictx;
	struct iommufd_access *iommufd_access;
	bool iommufd_attached;
	bool precopy_info_v2;
};

/**
 * struct vfio_device_ops - what the core asks of a driver
 * @name: of the driver
 * @init: set up the driver's part; on failure it cleans up after itself
 * @release: the opposite of @init, when the last reference is gone
 * @bind_iommufd: the device was given to an iommufd; *out_device_id becomes its
 *	id there
 * @unbind_iommufd: the opposite; undoes @attach_ioas too
 * @attach_ioas: use this IOAS from now on, instead of another if attached
 * @detach_ioas: use none; called on a device that is not attached too
 * @pasid_attach_ioas: @attach_ioas for one of several address spaces
 * @pasid_detach_ioas: @detach_ioas for one of several address spaces
 * @open_device: the first file got hold of the device
 * @close_device: the last one is gone
 * @read: read(2) and pread(2)
 * @write: write(2) and pwrite(2)
 * @ioctl: what the core does not answer itself
 * @get_region_info_caps: fill in flags, size and offset of the region
 *	info->index, and add capabilities to caps. If NULL, @ioctl is asked
 * @mmap: mmap(2)
 * @request: please let go of the device, asked for the count-th time
 * @match: is this the name of the device (group files only): 1 yes, 0 no,
 *	or -errno. If NULL, names are compared
 * @match_token_uuid: may the holder of this token, or of none if it is NULL,
 *	have the device: 0 or -errno
 * @dma_unmap: release every pin that overlaps the range, before returning. A
 *	driver without it cannot pin
 * @device_feature: VFIO_DEVICE_FEATURE of features the core does not know;
 *	vfio_check_feature() helps
 *
 * The four iommufd operations are mandatory; vfio_iommufd_emulated_* serve a
 * driver that uses vfio_pin_pages() and vfio_dma_rw(). read, write, ioctl and
 * mmap are called between open_device and close_device only, without a lock.
 */
struct vfio_device_ops {
	char *name;
	int (*init)(struct vfio_device *vdev);
	void (*release)(struct vfio_device *vdev);
	int (*bind_iommufd)(struct vfio_device *vdev, struct iommufd_ctx *ictx,
			    u32 *out_device_id);
	void (*unbind_iommufd)(struct vfio_device *vdev);
	int (*attach_ioas)(struct vfio_device *vdev, u32 *pt_id);
	void (*detach_ioas)(struct vfio_device *vdev);
	int (*pasid_attach_ioas)(struct vfio_device *vdev, u32 pasid,
				 u32 *pt_id);
	void (*pasid_detach_ioas)(struct vfio_device *vdev, u32 pasid);
	int (*open_device)(struct vfio_device *vdev);
	void (*close_device)(struct vfio_device *vdev);
	ssize_t (*read)(struct vfio_device *vdev, char __user *buf,
			size_t count, loff_t *ppos);
	ssize_t (*write)(struct vfio_device *vdev, const char __user *buf,
			 size_t count, loff_t *ppos);
	long (*ioctl)(struct vfio_device *vdev, unsigned int cmd,
		      unsigned long arg);
	int (*get_region_info_caps)(struct vfio_device *vdev,
				    struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
	int (*mmap)(struct vfio_device *vdev, struct vm_area_struct *vma);
	void (*request)(struct vfio_device *vdev, unsigned int count);
	int (*match)(struct vfio_device *vdev, char *buf);
	int (*match_token_uuid)(struct vfio_device *vdev, const uuid_t *uuid);
	void (*dma_unmap)(struct vfio_device *vdev, u64 iova, u64 length);
	int (*device_feature)(struct vfio_device *device, u32 flags,
			      void __user *arg, size_t argsz);
};

/**
 * struct vfio_migration_ops - what the core asks of a driver that migrates
 * @migration_set_state: go to that state, step by step as
 *	vfio_mig_get_next_state() says; returns the data file if a transfer
 *	starts, NULL if none does, or an ERR_PTR. The file must reach its end
 *	when the transfer states are left or the device is closed
 * @migration_get_state: where is it now
 * @migration_get_data_size: about how many bytes will STOP_COPY give
 */
struct vfio_migration_ops {
	struct file *(*migration_set_state)(
		struct vfio_device *device,
		enum vfio_device_mig_state new_state);
	int (*migration_get_state)(struct vfio_device *device,
				   enum vfio_device_mig_state *curr_state);
	int (*migration_get_data_size)(struct vfio_device *device,
				       unsigned long *stop_copy_length);
};

/**
 * struct vfio_log_ops - what the core asks of a driver that logs its DMA
 * @log_start: log what is written to the ranges, an interval tree of nnodes
 *	nodes that lives as long as the call; *page_size is the wanted
 *	granularity, and becomes the one chosen
 * @log_stop: stop
 * @log_read_and_clear: iova_bitmap_set() what was written in the range, and
 *	forget it
 *
 * The core keeps no state of the log: the driver answers a second start, a stop
 * without a start, and so on.
 */
struct vfio_log_ops {
	int (*log_start)(struct vfio_device *device,
			 struct rb_root_cached *ranges, u32 nnodes,
			 u64 *page_size);
	int (*log_stop)(struct vfio_device *device);
	int (*log_read_and_clear)(struct vfio_device *device,
				  unsigned long iova, unsigned long length,
				  struct iova_bitmap *dirty);
};

/* ---- a device's life (device.c, devset.c) ---- */

struct vfio_device *_vfio_alloc_device(size_t size, struct device *dev,
				       const struct vfio_device_ops *ops);

/*
 * vfio_alloc_device(struct name, member, dev, ops): the driver's struct, zeroed,
 * with the vfio_device inside set up, or an ERR_PTR. A macro because it takes a
 * type. The vfio_device comes first in the struct, so that one kvfree() is right
 * for both and an ERR_PTR stays one.
 */
#define vfio_alloc_device(dev_struct, member, dev, ops)                  \
	({                                                               \
		static_assert(offsetof(struct dev_struct, member) == 0); \
		(struct dev_struct *)_vfio_alloc_device(                 \
			sizeof(struct dev_struct), dev, ops);            \
	})

/**
 * vfio_put_device() - give up the driver's reference
 * @device: from vfio_alloc_device(), never registered or unregistered again
 */
static inline void vfio_put_device(struct vfio_device *device)
{
	put_device(&device->device);
}

int vfio_register_emulated_iommu_dev(struct vfio_device *device);
void vfio_unregister_group_dev(struct vfio_device *device);
bool vfio_device_try_get_registration(struct vfio_device *device);
void vfio_device_put_registration(struct vfio_device *device);

int vfio_assign_device_set(struct vfio_device *device, void *set_id);
unsigned int vfio_device_set_open_count(struct vfio_device_set *dev_set);
struct vfio_device *vfio_find_device_in_devset(struct vfio_device_set *dev_set,
					       struct device *dev);

/**
 * vfio_assert_device_open() - complain if the device is not open
 * @device: a registered device
 *
 * Context: any. Callers rely on the driver to call them between open_device and
 * close_device; this catches the driver that does not.
 * Return: true if it is open.
 */
static inline bool vfio_assert_device_open(struct vfio_device *device)
{
	return !WARN_ON_ONCE(!READ_ONCE(device->open_count));
}

/* ---- reaching the memory that user space mapped (emulated.c) ---- */

int vfio_iommufd_emulated_bind(struct vfio_device *vdev,
			       struct iommufd_ctx *ictx, u32 *out_device_id);
void vfio_iommufd_emulated_unbind(struct vfio_device *vdev);
int vfio_iommufd_emulated_attach_ioas(struct vfio_device *vdev, u32 *pt_id);
void vfio_iommufd_emulated_detach_ioas(struct vfio_device *vdev);

/* What a container of old could take at once; /dev/iommu has no such limit. */
#define VFIO_PIN_PAGES_MAX_ENTRIES (PAGE_SIZE / sizeof(unsigned long))

int vfio_pin_pages(struct vfio_device *device, dma_addr_t iova, int npage,
		   int prot, struct page **pages);
void vfio_unpin_pages(struct vfio_device *device, dma_addr_t iova, int npage);
int vfio_dma_rw(struct vfio_device *device, dma_addr_t iova, void *data,
		size_t len, bool write);

/* ---- answering ioctls (info.c, feature.c, migration.c) ---- */

/**
 * struct vfio_info_cap - a capability chain being built
 * @buf: the capabilities, offsets counted from here until shifted; kfree() it
 * @size: bytes in use
 */
struct vfio_info_cap {
	struct vfio_info_cap_header *buf;
	size_t size;
};

struct vfio_info_cap_header *
vfio_info_cap_add(struct vfio_info_cap *caps, size_t size, u16 id, u16 version);
void vfio_info_cap_shift(struct vfio_info_cap *caps, size_t offset);
int vfio_info_add_capability(struct vfio_info_cap *caps,
			     struct vfio_info_cap_header *cap, size_t size);
int vfio_set_irqs_validate_and_prepare(struct vfio_irq_set *hdr, int num_irqs,
				       int max_irq_type, size_t *data_size);

/**
 * vfio_check_feature() - first step of a device_feature operation
 * @flags: as given to it
 * @argsz: as given to it
 * @supported_ops: VFIO_DEVICE_FEATURE_GET, _SET or both
 * @minsz: bytes of data that a GET or SET needs
 *
 * Return: 1 to go on with the GET or SET; otherwise what to return: 0 for a
 * successful PROBE, -EINVAL for a method that is not supported or not named, or
 * too little data.
 */
static inline int vfio_check_feature(u32 flags, size_t argsz, u32 supported_ops,
				     size_t minsz)
{
	const u32 asked = flags &
			  (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET);

	if (asked & ~supported_ops)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	return asked && argsz >= minsz ? 1 : -EINVAL;
}

/**
 * vfio_check_precopy_ioctl() - first step of an ioctl on a migration data file
 * @vdev: whose data it is
 * @cmd: as given to the ioctl
 * @arg: as given to the ioctl
 * @info: filled from user space; flags is 0 if the caller asked for the second
 *	form of the reply, else as the caller left it
 *
 * Return: 0 to go on; -ENOTTY for another command, -EFAULT, -EINVAL for too
 * small a struct.
 */
static inline int vfio_check_precopy_ioctl(struct vfio_device *vdev,
					   unsigned int cmd, unsigned long arg,
					   struct vfio_precopy_info *info)
{
	const size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(info, (const void __user *)arg, minsz))
		return -EFAULT;
	if (info->argsz < minsz)
		return -EINVAL;
	if (READ_ONCE(vdev->precopy_info_v2))
		info->flags = 0;
	return 0;
}

int vfio_mig_get_next_state(struct vfio_device *device,
			    enum vfio_device_mig_state cur_fsm,
			    enum vfio_device_mig_state new_fsm,
			    enum vfio_device_mig_state *next_fsm);
void vfio_combine_iova_ranges(struct rb_root_cached *root, u32 cur_nodes,
			      u32 req_nodes);

/* ---- for KVM, which finds these by name (kvm.c) ---- */

bool vfio_file_is_valid(struct file *file);
bool vfio_file_enforced_coherent(struct file *file);
void vfio_file_set_kvm(struct file *file, struct kvm *kvm);

#endif
