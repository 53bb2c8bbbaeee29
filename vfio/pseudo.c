// SPDX-License-Identifier: GPL-2.0-only
/*
 * pseudo.c - one inode a device, to hang all mmaps of it on
 *
 * A device can be reached through several inodes: the node in devtmpfs, others
 * made with mknod, and the anonymous ones of group files. A driver that takes
 * memory away from user space has to find every mapping with one call of
 * unmap_mapping_range(). So each device has an inode in a file system that
 * nobody can mount, and its files use that inode's address space (f_mapping).
 *
 * The file system is pinned once for every inode and goes away with the last.
 *
 * LOCKING     none of its own
 * MAY SLEEP   everything here
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pseudo_fs.h>
#include "private.h"

#define PSEUDO_MAGIC 0x6b766669 /* "kvfi" */

static struct vfsmount *pseudo_mnt;
static int pseudo_count;

static int pseudo_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, PSEUDO_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type pseudo_fs_type = {
	.name = "kit_vfio",
	.owner = THIS_MODULE,
	.init_fs_context = pseudo_init_fs_context,
	.kill_sb = kill_anon_super,
};

/**
 * pseudo_inode_get() - make an inode
 *
 * Return: the inode, for pseudo_inode_put(), or an ERR_PTR.
 */
struct inode *pseudo_inode_get(void)
{
	struct inode *inode;
	int rc;

	rc = simple_pin_fs(&pseudo_fs_type, &pseudo_mnt, &pseudo_count);
	if (rc)
		return ERR_PTR(rc);
	inode = alloc_anon_inode(pseudo_mnt->mnt_sb);
	if (IS_ERR(inode))
		simple_release_fs(&pseudo_mnt, &pseudo_count);
	return inode;
}

/**
 * pseudo_inode_put() - free an inode that no file uses any more
 * @inode: from pseudo_inode_get()
 */
void pseudo_inode_put(struct inode *inode)
{
	iput(inode);
	simple_release_fs(&pseudo_mnt, &pseudo_count);
}
