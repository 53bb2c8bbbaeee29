/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: the kernel's integer types, which tools/ defines otherwise. */
#ifndef _KIT_TEST_TYPES_H
#define _KIT_TEST_TYPES_H
/* The one of tools/ is replaced, not preceded. */
#define _TOOLS_LINUX_TYPES_H_

#include <asm/posix_types.h>
#include <asm/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef __u16 __le16;
typedef __u16 __be16;
typedef __u32 __le32;
typedef __u32 __be32;
typedef __u64 __le64;
typedef __u64 __be64;
typedef u64 phys_addr_t;
typedef unsigned int gfp_t;

#ifndef __aligned_u64
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#endif
#define __force
#define __must_check
#define __cold
#define __bitwise
#ifndef __user
#define __user
#endif

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#endif
