/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: an open file is a context of iommufd or a memfd of made-up pages. */
#ifndef _KIT_TEST_FS_H
#define _KIT_TEST_FS_H

#include <linux/atomic.h>
#include <linux/types.h>

#define FMODE_READ 1U
#define FMODE_WRITE 2U

struct memory;

struct file {
	atomic_t refs;
	unsigned int f_mode;
	void (*release)(struct file *file);
	void *private_data;
	struct memory *memory;
};

struct file *fget(unsigned int fd);
struct file *get_file(struct file *file);
void fput(struct file *file);

#endif
