// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - /dev/iommu: contexts and the table of ioctls
 *
 * An ioctl is one row of a table: its number, the sizes its argument may have and
 * the function that executes it. The argument is copied from user memory exactly
 * once, zero extended, before the function runs; the function answers with
 * ucmd_reply() before it commits anything that user space could not undo.
 *
 * LOCKING
 *   none of its own; a context is reached through its file, and lives as long
 *   (see object.c for what is inside)
 * MAY SLEEP   everything here
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include "private.h"
#include "selftest.h"

static int iommu_open(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ictx;

	ictx = kzalloc(sizeof(*ictx), GFP_KERNEL_ACCOUNT);
	if (!ictx)
		return -ENOMEM;
	xa_init_flags(&ictx->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&ictx->wait);
	/* A VFIO container has always charged the process. */
	ictx->charge_mode = iminor(inode) == VFIO_MINOR ? CHARGE_MM :
							  CHARGE_USER;
	ictx->file = file;
	file->private_data = ictx;
	debugfs_add(ictx);
	count(COUNT_CONTEXTS, 1);
	return 0;
}

static int iommu_release(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ictx = file->private_data;

	debugfs_del(ictx);
	mock_release(ictx);
	objects_release(ictx);
	WARN_ON(!xa_empty(&ictx->objects));
	xa_destroy(&ictx->objects);
	kfree(ictx);
	count(COUNT_CONTEXTS, -1);
	return 0;
}

/**
 * ucmd_reply - copy the argument back to user memory
 * @ucmd: the ioctl
 * @size: bytes of the kernel's structure
 *
 * Context: no lock held, the copy may fault.
 * Return: 0 or -EFAULT.
 */
int ucmd_reply(struct ucmd *ucmd, size_t size)
{
	if (copy_to_user(ucmd->ubuf, ucmd->cmd,
			 min_t(size_t, ucmd->user_size, size)))
		return -EFAULT;
	return 0;
}

static int destroy_ioctl(struct ucmd *ucmd)
{
	struct iommu_destroy *cmd = ucmd->cmd;

	return object_destroy(ucmd->ictx, cmd->id);
}

union ucmd_buffer {
	struct iommu_destroy destroy;
	struct iommu_ioas_alloc ioas_alloc;
	struct iommu_ioas_allow_iovas allow_iovas;
	struct iommu_ioas_copy ioas_copy;
	struct iommu_ioas_iova_ranges iova_ranges;
	struct iommu_ioas_map map;
	struct iommu_ioas_map_file map_file;
	struct iommu_ioas_unmap unmap;
	struct iommu_option option;
	struct iommu_vfio_ioas vfio_ioas;
	struct iommu_ioas_change_process change_process;
	struct iommu_hwpt_alloc hwpt_alloc;
	struct iommu_hw_info hw_info;
	struct iommu_hwpt_set_dirty_tracking set_dirty_tracking;
	struct iommu_hwpt_get_dirty_bitmap get_dirty_bitmap;
	struct iommu_hwpt_invalidate invalidate;
	struct iommu_fault_alloc fault_alloc;
	struct iommu_viommu_alloc viommu_alloc;
	struct iommu_vdevice_alloc vdevice_alloc;
	struct iommu_veventq_alloc veventq_alloc;
	struct iommu_hw_queue_alloc hw_queue_alloc;
#ifdef KIT_IOMMUFD_TEST
	struct selftest_cmd selftest;
#endif
};

struct ioctl_row {
	unsigned int number;
	u32 min_size;
	u32 size;
	int (*execute)(struct ucmd *ucmd);
};

/* One row: command, function, argument, last member that a caller must supply. */
#define ROW(_cmd, _fn, _struct, _last)                                    \
	[_IOC_NR(_cmd) - IOMMUFD_CMD_BASE] = {                            \
		.number = _cmd,                                           \
		.min_size = offsetofend(_struct, _last) +                 \
			    BUILD_BUG_ON_ZERO(sizeof(_struct) >           \
					      sizeof(union ucmd_buffer)), \
		.size = sizeof(_struct),                                  \
		.execute = _fn,                                           \
	}

static const struct ioctl_row ioctl_rows[] = {
	ROW(IOMMU_DESTROY, destroy_ioctl, struct iommu_destroy, id),
	ROW(IOMMU_IOAS_ALLOC, ioas_alloc_ioctl, struct iommu_ioas_alloc,
	    out_ioas_id),
	ROW(IOMMU_IOAS_ALLOW_IOVAS, iova_allow_ioctl,
	    struct iommu_ioas_allow_iovas, allowed_iovas),
	ROW(IOMMU_IOAS_COPY, ioas_copy_ioctl, struct iommu_ioas_copy, src_iova),
	ROW(IOMMU_IOAS_IOVA_RANGES, iova_ranges_ioctl,
	    struct iommu_ioas_iova_ranges, out_iova_alignment),
	ROW(IOMMU_IOAS_MAP, ioas_map_ioctl, struct iommu_ioas_map, iova),
	ROW(IOMMU_IOAS_UNMAP, ioas_unmap_ioctl, struct iommu_ioas_unmap,
	    length),
	ROW(IOMMU_OPTION, option_ioctl, struct iommu_option, val64),
	ROW(IOMMU_VFIO_IOAS, vfio_ioas_ioctl, struct iommu_vfio_ioas,
	    __reserved),
	ROW(IOMMU_HWPT_ALLOC, hwpt_alloc_ioctl, struct iommu_hwpt_alloc,
	    __reserved),
	ROW(IOMMU_GET_HW_INFO, hw_info_ioctl, struct iommu_hw_info, __reserved),
	ROW(IOMMU_HWPT_SET_DIRTY_TRACKING, set_dirty_tracking_ioctl,
	    struct iommu_hwpt_set_dirty_tracking, __reserved),
	ROW(IOMMU_HWPT_GET_DIRTY_BITMAP, get_dirty_bitmap_ioctl,
	    struct iommu_hwpt_get_dirty_bitmap, data),
	ROW(IOMMU_HWPT_INVALIDATE, invalidate_ioctl,
	    struct iommu_hwpt_invalidate, __reserved),
	ROW(IOMMU_FAULT_QUEUE_ALLOC, fault_queue_alloc_ioctl,
	    struct iommu_fault_alloc, out_fault_fd),
	ROW(IOMMU_IOAS_MAP_FILE, ioas_map_file_ioctl,
	    struct iommu_ioas_map_file, iova),
	ROW(IOMMU_VIOMMU_ALLOC, viommu_alloc_ioctl, struct iommu_viommu_alloc,
	    out_viommu_id),
	ROW(IOMMU_VDEVICE_ALLOC, vdevice_alloc_ioctl,
	    struct iommu_vdevice_alloc, virt_id),
	ROW(IOMMU_IOAS_CHANGE_PROCESS, change_process_ioctl,
	    struct iommu_ioas_change_process, __reserved),
	ROW(IOMMU_VEVENTQ_ALLOC, veventq_alloc_ioctl,
	    struct iommu_veventq_alloc, out_veventq_fd),
	ROW(IOMMU_HW_QUEUE_ALLOC, hw_queue_alloc_ioctl,
	    struct iommu_hw_queue_alloc, length),
#ifdef KIT_IOMMUFD_TEST
	ROW(SELFTEST_IOCTL, selftest_ioctl, struct selftest_cmd, last),
#endif
};

static const struct ioctl_row *find_row(unsigned int number)
{
	unsigned int nr = _IOC_NR(number);
	const struct ioctl_row *row;

	if (nr < IOMMUFD_CMD_BASE ||
	    nr - IOMMUFD_CMD_BASE >= ARRAY_SIZE(ioctl_rows))
		return NULL;
	row = &ioctl_rows[nr - IOMMUFD_CMD_BASE];
	return row->number == number ? row : NULL;
}

static long iommu_ioctl(struct file *file, unsigned int number,
			unsigned long arg)
{
	union ucmd_buffer buffer;
	struct ucmd ucmd = {
		.ictx = file->private_data,
		.ubuf = (void __user *)arg,
		.cmd = &buffer,
	};
	const struct ioctl_row *row = find_row(number);
	int rc;

	if (!row)
		return vfio_compat_ioctl(ucmd.ictx, number, arg);
	if (get_user(ucmd.user_size, (u32 __user *)ucmd.ubuf))
		return -EFAULT;
	if (ucmd.user_size < row->min_size)
		return -EINVAL;
	rc = copy_struct_from_user(&buffer, row->size, ucmd.ubuf,
				   ucmd.user_size);
	if (rc)
		return rc;
	return selftest_execute(&ucmd, number, row->execute);
}

static const struct file_operations iommu_fops = {
	.owner = THIS_MODULE,
	.open = iommu_open,
	.release = iommu_release,
	.unlocked_ioctl = iommu_ioctl,
};

/**
 * iommufd_ctx_get - hold the context
 * @ictx: a context the caller already has a right to
 *
 * Context: any. The caller owes iommufd_ctx_put().
 */
void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}
EXPORT_SYMBOL_KIT(iommufd_ctx_get);

/**
 * iommufd_ctx_put - give the context back
 * @ictx: from iommufd_ctx_get() or iommufd_ctx_from_*()
 *
 * Context: may sleep.
 */
void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}
EXPORT_SYMBOL_KIT(iommufd_ctx_put);

/**
 * iommufd_ctx_from_file - the context of an open file
 * @file: the file
 *
 * Return: the context, which the caller owes an iommufd_ctx_put(), or
 * ERR_PTR(-EBADFD) when the file is not one of /dev/iommu.
 */
struct iommufd_ctx *iommufd_ctx_from_file(struct file *file)
{
	struct iommufd_ctx *ictx;

	if (file->f_op != &iommu_fops)
		return ERR_PTR(-EBADFD);
	ictx = file->private_data;
	iommufd_ctx_get(ictx);
	return ictx;
}
EXPORT_SYMBOL_KIT(iommufd_ctx_from_file);

/**
 * iommufd_ctx_from_fd - the context behind a file descriptor of the caller
 * @fd: the descriptor
 *
 * Return: as iommufd_ctx_from_file(), or ERR_PTR(-EBADF) when @fd is not open.
 */
struct iommufd_ctx *iommufd_ctx_from_fd(int fd)
{
	struct iommufd_ctx *ictx;
	struct file *file;

	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	ictx = iommufd_ctx_from_file(file);
	fput(file);
	return ictx;
}
EXPORT_SYMBOL_KIT(iommufd_ctx_from_fd);

/**
 * iommufd_ctx_has_group - does the context own a device of this IOMMU group?
 * @ictx: the context
 * @group: the group
 *
 * Return: false: only accesses exist, and they have no group.
 */
bool iommufd_ctx_has_group(struct iommufd_ctx *ictx, struct iommu_group *group)
{
	return false;
}
EXPORT_SYMBOL_KIT(iommufd_ctx_has_group);

static struct miscdevice iommu_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommu",
	.nodename = "iommu",
	.mode = 0660,
	.fops = &iommu_fops,
};

/* The container of programs that know only VFIO. */
static struct miscdevice vfio_misc = {
	.minor = VFIO_MINOR,
	.name = "vfio",
	.nodename = "vfio/vfio",
	.mode = 0666,
	.fops = &iommu_fops,
};

static int __init iommu_init(void)
{
	int rc;

	rc = misc_register(&iommu_misc);
	if (rc)
		return rc;
	rc = misc_register(&vfio_misc);
	if (rc) {
		pr_err("iommufd: /dev/vfio/vfio is taken (%d): unload the kernel's vfio.ko first\n",
		       rc);
		goto err_deregister;
	}
	debugfs_init();
	return 0;

err_deregister:
	misc_deregister(&iommu_misc);
	return rc;
}

static void __exit iommu_exit(void)
{
	debugfs_fini();
	misc_deregister(&vfio_misc);
	misc_deregister(&iommu_misc);
	/* Areas, attachments and IOAS are freed by RCU callbacks of ours. */
	rcu_barrier();
}

module_init(iommu_init);
module_exit(iommu_exit);

MODULE_ALIAS("devname:iommu");
MODULE_ALIAS("devname:vfio/vfio");
MODULE_ALIAS_MISCDEV(VFIO_MINOR);
MODULE_DESCRIPTION("mdevkit: the iommufd access path");
MODULE_LICENSE("GPL");
