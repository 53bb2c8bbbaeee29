/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * private.h - the structures of vfio.ko and the order of its locks
 *
 *   device set ---- devices --- character device, pseudo inode
 *                     |  \
 *                     |   open files (df), at most one of the cdev kind bound
 *                     |     \
 *                     |      iommufd context, KVM
 *                    iommufd access (of the driver, or emulated.c's)
 *
 * LOCK ORDER
 *
 *   sets_lock            (mutex, devset.c; which sets there are, their counts)
 *   group->lock          (mutex, group.c; who has the group open)
 *   dev_set->lock        (mutex; see below)
 *     locks of iommufd.ko, and, out of its unmap callback, locks of the driver
 *   kvm_slot.lock        (spin; what KVM said about a file; the innermost)
 *
 * dev_set->lock is held around bind_iommufd, open_device, attach_ioas,
 * detach_ioas, close_device and unbind_iommufd, so these six never run twice at
 * a time for a device. Attaching and detaching call the driver's dma_unmap, so
 * dma_unmap must not take it. No user memory is touched under it, and waiting
 * for it can be interrupted by a fatal signal.
 *
 * struct vfio_device
 *   immutable            dev, ops, device, inode, index from allocation on;
 *                        dev_set, mig_ops, log_ops, migration_flags, cdev,
 *                        group from registration on
 *   dev_set->lock        open_count, ictx, kvm, put_kvm, iommufd_access,
 *                        iommufd_attached, dev_set_list. What the driver reads
 *                        between open_device and close_device cannot change
 *                        then, and is read without it
 *   atomic               refcount: one for being registered, one an open file
 *   single word          precopy_info_v2: set by any ioctl, cleared at close
 */
#ifndef _KIT_VFIO_PRIVATE_H
#define _KIT_VFIO_PRIVATE_H

#include <linux/iommufd.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio.h>

static_assert(KIT_VFIO_API == 1);
static_assert(KIT_IOMMUFD_API == 1);

/* kvm.c: the virtual machine a file is used for */

/**
 * struct kvm_slot - what KVM said about a file
 * @lock: protects @kvm
 * @kvm: not a reference: KVM clears it before the machine goes away
 */
struct kvm_slot {
	spinlock_t lock; /* protects kvm */
	struct kvm *kvm;
};

/**
 * struct kvm_ref - a reference that is not in a device
 * @kvm: the machine or NULL
 * @put: how KVM wants it back
 */
struct kvm_ref {
	struct kvm *kvm;
	void (*put)(struct kvm *kvm);
};

void kvm_slot_init(struct kvm_slot *slot);
void kvm_slot_set(struct kvm_slot *slot, struct kvm *kvm);
struct kvm_ref kvm_ref_get(struct kvm_slot *slot);
void kvm_ref_put(struct kvm_ref ref);

/* df.c: an open device file */

/**
 * struct vfio_df - an open device file; the states are in df.c
 * @vdev: the device; immutable
 * @group: where the file came from, NULL for the character device; immutable
 * @granted: OPEN was reached: set once with release, read with acquire
 * @opened: BOUND was reached; under dev_set->lock
 * @devid: of a cdev file: the device's id in its iommufd; valid while @opened
 * @kvm: what KVM said
 */
struct vfio_df {
	struct vfio_device *vdev;
	struct vfio_group *group;
	bool granted;
	bool opened;
	u32 devid;
	struct kvm_slot kvm;
};

/**
 * struct df_refs - what a device keeps from its first open file to its last
 * @ictx: the iommufd it is bound to, for iommufd_ctx_put(); or NULL
 * @kvm: the virtual machine; or empty
 *
 * Made before dev_set->lock is taken and put after it was dropped; df_open()
 * empties it if it moved into the device.
 */
struct df_refs {
	struct iommufd_ctx *ictx;
	struct kvm_ref kvm;
};

extern const struct file_operations df_fops;

struct vfio_df *df_alloc(struct vfio_device *vdev, struct vfio_group *group);
int df_open(struct vfio_df *df, struct df_refs *refs, u32 *ioas_id);
void df_refs_put(struct df_refs *refs);
void df_drop(struct vfio_df *df);
void df_grant(struct vfio_df *df);
struct vfio_df *df_from_file(struct file *file);

/* cdev.c: /dev/vfio/devices/vfioN */

int cdev_publish(struct vfio_device *vdev);
void cdev_unpublish(struct vfio_device *vdev);
int cdev_open(struct inode *inode, struct file *filp);
int cdev_bind(struct vfio_df *df, struct vfio_device_bind_iommufd __user *arg);
int cdev_attach(struct vfio_df *df,
		struct vfio_device_attach_iommufd_pt __user *arg);
int cdev_detach(struct vfio_df *df,
		struct vfio_device_detach_iommufd_pt __user *arg);

/* devset.c: sets of devices */

void devset_leave(struct vfio_device *vdev);

/* dirty.c: the log of what a device wrote */

int dirty_feature_report(struct vfio_device *vdev, u32 flags, void __user *arg,
			 size_t argsz);
int dirty_feature_start(struct vfio_device *vdev, u32 flags, void __user *arg,
			size_t argsz);
int dirty_feature_stop(struct vfio_device *vdev, u32 flags, void __user *arg,
		       size_t argsz);

/* feature.c: VFIO_DEVICE_FEATURE */

int feature_ioctl(struct vfio_device *vdev,
		  struct vfio_device_feature __user *arg);

/* group.c: /dev/vfio/N */

#ifdef KIT_VFIO_GROUP
int group_add(struct vfio_device *vdev);
void group_hide(struct vfio_device *vdev);
void group_del(struct vfio_device *vdev);
int group_block(struct vfio_device *vdev);
void group_unblock(struct vfio_device *vdev);
struct kvm_slot *group_kvm_from_file(struct file *file);
int group_init(void);
void group_exit(void);
#else
static inline int group_add(struct vfio_device *vdev)
{
	return 0;
}

static inline void group_hide(struct vfio_device *vdev)
{
}

static inline void group_del(struct vfio_device *vdev)
{
}

static inline int group_block(struct vfio_device *vdev)
{
	return 0;
}

static inline void group_unblock(struct vfio_device *vdev)
{
}

static inline struct kvm_slot *group_kvm_from_file(struct file *file)
{
	return NULL;
}

static inline int group_init(void)
{
	return 0;
}

static inline void group_exit(void)
{
}
#endif

/* info.c: answers that come with a capability chain */

int info_region(struct vfio_device *vdev, struct vfio_region_info __user *arg);

/* main.c: what there is one of */

extern const struct class vfio_device_class;

dev_t main_devt(unsigned int index);

/* migration.c: migration states */

int migration_feature_data_size(struct vfio_device *vdev, u32 flags,
				void __user *arg, size_t argsz);
int migration_feature_flags(struct vfio_device *vdev, u32 flags,
			    void __user *arg, size_t argsz);
int migration_feature_precopy_v2(struct vfio_device *vdev, u32 flags,
				 void __user *arg, size_t argsz);
int migration_feature_state(struct vfio_device *vdev, u32 flags,
			    void __user *arg, size_t argsz);

/* pseudo.c: inodes to hang mmaps on */

struct inode *pseudo_inode_get(void);
void pseudo_inode_put(struct inode *inode);

#endif
