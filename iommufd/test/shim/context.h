/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * context.h - open files, in the place of main.c and debugfs.c
 *
 * A context is opened, used through the ioctl functions of the core, and closed by
 * its last reference, as a file of /dev/iommu is.
 */
#ifndef _KIT_TEST_CONTEXT_H
#define _KIT_TEST_CONTEXT_H

#include <linux/fs.h>

struct iommufd_ctx;
struct ucmd;

/* User addresses at which every copy fails. */
#define BAD_USER ((void *)16)

struct iommufd_ctx *context_open(void);
void context_close(struct iommufd_ctx *ictx);
long context_count(unsigned int counter);
int context_ioctl(struct iommufd_ctx *ictx, int (*execute)(struct ucmd *ucmd),
		  void *cmd, void *reply);

unsigned int fd_install(struct file *file);
void fd_close(unsigned int fd);

#endif
