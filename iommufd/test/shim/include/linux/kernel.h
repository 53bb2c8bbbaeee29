/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: messages are recorded for the tests to look at, warnings are fatal. */
#ifndef _KIT_TEST_KERNEL_H
#define _KIT_TEST_KERNEL_H

#include <linux/container_of.h>
#include_next <linux/kernel.h>
#include <errno.h>
#include <limits.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <stdio.h>
#include <string.h>

#undef synchronize_rcu

/* Unlike those of tools/: only the values count. */
#undef min
#undef max
#undef min_t
#undef max_t
#define shim_select(a, op, b)                         \
	({                                            \
		typeof((a) + (b)) a_ = (a), b_ = (b); \
		a_ op b_ ? a_ : b_;                   \
	})
#define min(a, b) shim_select(a, <, b)
#define max(a, b) shim_select(a, >, b)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))

#define swap(a, b)                  \
	do {                        \
		typeof(a) t_ = (a); \
		(a) = (b);          \
		(b) = t_;           \
	} while (0)

#define PAGE_SHIFT 12
#define U64_MAX ((u64)~0ULL)
#define U32_MAX ((u32)~0U)
#ifndef U8_MAX
#define U8_MAX ((u8)~0U)
#endif

#define offsetofend(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof(*(p)->member) * (n))

void *memchr_inv(const void *start, int byte, size_t n);

#define u64_to_user_ptr(x) ((void __user *)(unsigned long)(x))

/* Only the format is kept: %ps and its like mean nothing here. */
void shim_log(const char *format, ...);
#define pr_warn_ratelimited(...) shim_log(__VA_ARGS__)
#define pr_warn(...) shim_log(__VA_ARGS__)
#define pr_err(...) shim_log(__VA_ARGS__)
#define pr_info(...) shim_log(__VA_ARGS__)
#define dump_stack() shim_die("dump_stack")

#endif
