// SPDX-License-Identifier: GPL-2.0-only
/* world.c - see world.h */
#include "world.h"

/**
 * world_enter - the calling thread becomes one of the process
 * @world: the world
 */
void world_enter(struct world *world)
{
	current->mm = world->mm;
	current->user = &world->user;
	current->capable = false;
	__atomic_store_n(&current->killed, false, __ATOMIC_SEQ_CST);
}

/**
 * world_open - begin a case
 * @world: to be filled
 */
void world_open(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->live = slab_live();
	world->mm = mm_make(WORLD_VA, WORLD_PAGES);
	world->memory = &world->mm->memory;
	world->user.limit = WORLD_PAGES * 4;
	log_clear();
	world_enter(world);
	world->ictx = context_open();
	REQUIRE_EQ(user_ioas_alloc(world, &world->a), 0);
	REQUIRE_EQ(user_ioas_alloc(world, &world->b), 0);
}

/**
 * world_close - end a case: close the file, and look that nothing is left
 * @world: accesses must have been destroyed
 */
void world_close(struct world *world)
{
	enum counter counter;

	context_close(world->ictx);
	/* Callbacks may queue callbacks. */
	rcu_barrier();
	rcu_barrier();
	for (counter = 0; counter < NCOUNTERS; counter++)
		if (context_count(counter))
			test_failed(__FILE__, __LINE__, "objects left",
				    context_count(counter), 0);
	EXPECT_EQ(slab_live(), world->live);
	EXPECT_EQ(atomic_long_read(&world->user.locked_vm), 0);
	mm_unmake(world->mm);
}

int user_ioas_alloc(struct world *world, u32 *id)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int rc = context_ioctl(world->ictx, ioas_alloc_ioctl, &cmd, &cmd);

	*id = cmd.out_ioas_id;
	return rc;
}

int user_destroy(struct world *world, u32 id)
{
	return object_destroy(world->ictx, id);
}

int user_map(struct world *world, u32 ioas, unsigned long va, u64 length,
	     u32 flags, u64 *iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.user_va = va,
		.length = length,
		.iova = *iova,
	};
	int rc = context_ioctl(world->ictx, ioas_map_ioctl, &cmd, &cmd);

	if (!rc)
		*iova = cmd.iova;
	return rc;
}

/* For reading and writing, at this address. */
int user_map_at(struct world *world, u32 ioas, unsigned long iova,
		unsigned long index, unsigned long npages)
{
	u64 at = iova;

	return user_map(world, ioas, page_va(index), pages(npages), RW | FIXED,
			&at);
}

int user_map_file(struct world *world, u32 ioas, int fd, u64 start, u64 length,
		  u32 flags, u64 *iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.fd = fd,
		.start = start,
		.length = length,
		.iova = *iova,
	};
	int rc = context_ioctl(world->ictx, ioas_map_file_ioctl, &cmd, &cmd);

	if (!rc)
		*iova = cmd.iova;
	return rc;
}

int user_copy(struct world *world, u32 dst, u32 src, u64 length, u32 flags,
	      u64 *dst_iova, u64 src_iova)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dst_ioas_id = dst,
		.src_ioas_id = src,
		.length = length,
		.dst_iova = *dst_iova,
		.src_iova = src_iova,
	};
	int rc = context_ioctl(world->ictx, ioas_copy_ioctl, &cmd, &cmd);

	if (!rc)
		*dst_iova = cmd.dst_iova;
	return rc;
}

int user_unmap(struct world *world, u32 ioas, u64 iova, u64 length,
	       u64 *unmapped)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};
	int rc = context_ioctl(world->ictx, ioas_unmap_ioctl, &cmd, &cmd);

	if (!rc && unmapped)
		*unmapped = cmd.length;
	return rc;
}

int user_allow(struct world *world, u32 ioas, struct iommu_iova_range *ranges,
	       u32 n)
{
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = n,
		.allowed_iovas = (unsigned long)ranges,
	};

	return context_ioctl(world->ictx, iova_allow_ioctl, &cmd, &cmd);
}

int user_option(struct world *world, u32 option, u16 op, u32 id, u64 *value)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = option,
		.op = op,
		.object_id = id,
		.val64 = *value,
	};
	int rc = context_ioctl(world->ictx, option_ioctl, &cmd, &cmd);

	*value = cmd.val64;
	return rc;
}

int user_change_process(struct world *world)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return context_ioctl(world->ictx, change_process_ioctl, &cmd, &cmd);
}
