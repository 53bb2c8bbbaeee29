/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: user memory that can fault, fail and be held (shim/fault.h). */
#ifndef _KIT_TEST_UACCESS_H
#define _KIT_TEST_UACCESS_H

#include <linux/compiler.h>
#include <linux/types.h>

unsigned long copy_from_user(void *to, const void __user *from,
			     unsigned long n);
unsigned long copy_to_user(void __user *to, const void *from, unsigned long n);

#define get_user(value, from) \
	(copy_from_user(&(value), (from), sizeof(value)) ? -EFAULT : 0)

#endif
