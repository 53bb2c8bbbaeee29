/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * world.h - a process with memory, an open /dev/iommu and two IOAS
 *
 * world_close() is the oracle of every case: when everything is closed nothing may
 * be left: no object, no pin, no charge, no allocation. The user_*() functions are
 * ioctls: one for each command, 0 or a negative errno.
 */
#ifndef _KIT_TEST_WORLD_H
#define _KIT_TEST_WORLD_H

#include "private.h"
#include "shim/clock.h"
#include "shim/context.h"
#include "shim/fault.h"
#include "shim/memory.h"
#include "test.h"

#define RW (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)
#define FIXED IOMMU_IOAS_MAP_FIXED_IOVA

/* Address of the process's page 0, and how many it has. */
#define WORLD_VA 0x10000000UL
#define WORLD_PAGES 512UL

struct world {
	struct iommufd_ctx *ictx;
	struct mm_struct *mm;
	struct memory *memory;
	struct user_struct user;
	u32 a, b; /* IOAS */
	long live; /* allocations before it was opened */
};

void world_open(struct world *world);
void world_close(struct world *world);
void world_enter(struct world *world);

static inline unsigned long page_va(unsigned long index)
{
	return WORLD_VA + index * PAGE_SIZE;
}

static inline unsigned long pages(unsigned long n)
{
	return n * PAGE_SIZE;
}

int user_ioas_alloc(struct world *world, u32 *id);
int user_destroy(struct world *world, u32 id);
int user_map(struct world *world, u32 ioas, unsigned long va, u64 length,
	     u32 flags, u64 *iova);
int user_map_at(struct world *world, u32 ioas, unsigned long iova,
		unsigned long index, unsigned long npages);
int user_map_file(struct world *world, u32 ioas, int fd, u64 start, u64 length,
		  u32 flags, u64 *iova);
int user_copy(struct world *world, u32 dst, u32 src, u64 length, u32 flags,
	      u64 *dst_iova, u64 src_iova);
int user_unmap(struct world *world, u32 ioas, u64 iova, u64 length,
	       u64 *unmapped);
int user_allow(struct world *world, u32 ioas, struct iommu_iova_range *ranges,
	       u32 n);
int user_option(struct world *world, u32 option, u16 op, u32 id, u64 *value);
int user_change_process(struct world *world);

#endif
