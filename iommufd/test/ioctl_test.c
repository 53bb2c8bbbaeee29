// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl_test.c - map.c, option.c, process.c, ioas.c, nodev.c: what ioctls answer
 *
 * Promised: upstream's errno for the same mistake; a call that cannot reply makes
 * nothing; options and CHANGE_PROCESS change all or nothing.
 */
#include "driver.h"

#define AT pages(16)

TEST(ioctl_map_errors)
{
	struct world world;
	u64 at = AT;
	u32 a;

	world_open(&world);
	a = world.a;
	EXPECT_EQ(user_map(&world, a, page_va(0), pages(1), RW | 8, &at),
		  -EOPNOTSUPP);
	EXPECT_EQ(user_map(&world, a, page_va(0), pages(1), FIXED, &at),
		  -EINVAL);
	EXPECT_EQ(user_map(&world, a, page_va(0), 0, RW | FIXED, &at), -EINVAL);
	EXPECT_EQ(user_map(&world, a, page_va(0), ULONG_MAX, RW | FIXED, &at),
		  -EOVERFLOW);
	EXPECT_EQ(user_map(&world, a, 0UL - pages(2), pages(3), RW | FIXED,
			   &at),
		  -EOVERFLOW);
	EXPECT_EQ(user_map(&world, a, 0UL - pages(2), pages(2), RW | FIXED,
			   &at),
		  -EOVERFLOW);
	EXPECT_EQ(user_map(&world, 99, page_va(0), pages(1), RW | FIXED, &at),
		  -ENOENT);
	at = ULONG_MAX;
	EXPECT_EQ(user_map(&world, a, page_va(0), 1, RW | FIXED, &at),
		  -EOVERFLOW);
	at = ULONG_MAX - 10;
	EXPECT_EQ(user_map(&world, a, page_va(0), 20, RW | FIXED, &at),
		  -EOVERFLOW);
	EXPECT_EQ(user_map(&world, a, page_va(0), 11, RW | FIXED, &at), 0);
	at = AT;
	EXPECT_EQ(user_map(&world, a, page_va(0), pages(1), RW | FIXED, &at),
		  0);
	at = AT + pages(1) - 1;
	EXPECT_EQ(user_map(&world, a, page_va(0), pages(1), RW | FIXED, &at),
		  -EEXIST);
	world_close(&world);
}

TEST(ioctl_map_without_reply)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = RW | FIXED,
		.user_va = WORLD_VA,
		.length = pages(4),
		.iova = AT,
	};
	struct world world;

	world_open(&world);
	cmd.ioas_id = world.a;
	EXPECT_EQ(context_ioctl(world.ictx, ioas_map_ioctl, &cmd, BAD_USER),
		  -EFAULT);
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(4), NULL), -ENOENT);
	EXPECT_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	world_close(&world);
}

TEST(ioctl_copy)
{
	struct driver driver;
	struct world world;
	u64 at = AT, chosen = 0, readable = AT + pages(8);
	char byte;

	world_open(&world);
	REQUIRE_EQ(driver_open_copying(&driver, &world), 0);
	REQUIRE_EQ(driver_attach(&driver, world.b), 0);
	memory_fill(world.memory, 2, 1, 'c');
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	REQUIRE_EQ(user_map_at(&world, world.a, AT + pages(4), 4, 2), 0);
	REQUIRE_EQ(user_map(&world, world.a, page_va(8), pages(1),
			    IOMMU_IOAS_MAP_READABLE | FIXED, &readable),
		   0);
	EXPECT_EQ(user_copy(&world, world.b, 99, pages(1), RW | FIXED, &at, AT),
		  -ENOENT);
	EXPECT_EQ(user_copy(&world, 99, world.a, pages(1), RW | FIXED, &at, AT),
		  -ENOENT);
	EXPECT_EQ(user_copy(&world, world.b, world.a, pages(7), RW | FIXED, &at,
			    AT),
		  -ENOENT);
	EXPECT_EQ(user_copy(&world, world.b, world.a, pages(2), RW | FIXED, &at,
			    AT - pages(1)),
		  -ENOENT);
	EXPECT_EQ(user_copy(&world, world.b, world.a, pages(1), RW | FIXED, &at,
			    readable),
		  -EPERM);
	EXPECT_EQ(user_copy(&world, world.b, world.a, pages(2), RW | FIXED, &at,
			    0UL - pages(1)),
		  -EOVERFLOW);
	/* A part of the first and all of the second. */
	REQUIRE_EQ(user_copy(&world, world.b, world.a, pages(4), RW | FIXED,
			     &at, AT + pages(2)),
		   0);
	EXPECT_EQ(driver_read(&driver, AT, &byte, 1), 0);
	EXPECT_EQ(byte, 'c');
	EXPECT_EQ(user_copy(&world, world.b, world.a, pages(1), RW | FIXED, &at,
			    AT),
		  -EEXIST);
	/* Two areas: they go one by one. */
	EXPECT_EQ(user_unmap(&world, world.b, AT, pages(2), NULL), 0);
	EXPECT_EQ(user_unmap(&world, world.b, AT + pages(2), pages(2), NULL),
		  0);
	/* Into itself, where there is room. */
	EXPECT_EQ(user_copy(&world, world.a, world.a, pages(6), RW, &chosen,
			    AT),
		  0);
	EXPECT_EQ(user_unmap(&world, world.a, chosen, pages(6), NULL), 0);
	driver_close(&driver);
	world_close(&world);
}

TEST(ioctl_map_file_errors)
{
	struct file *file = memfd_make(8), *sealed = memfd_make(8);
	unsigned int fd = fd_install(file), ro = fd_install(sealed);
	struct world world;
	u64 at = AT;

	sealed->f_mode = FMODE_READ;
	world_open(&world);
	EXPECT_EQ(user_map_file(&world, world.a, 55, 0, pages(1), RW | FIXED,
				&at),
		  -EBADF);
	EXPECT_EQ(user_map_file(&world, world.a, ro, 0, pages(1), RW | FIXED,
				&at),
		  -EPERM);
	EXPECT_EQ(user_map_file(&world, world.a, fd, LLONG_MAX, pages(1),
				RW | FIXED, &at),
		  -EOVERFLOW);
	EXPECT_EQ(user_map_file(&world, 99, fd, 0, pages(1), RW | FIXED, &at),
		  -ENOENT);
	EXPECT_EQ(user_map_file(&world, world.a, ro, 0, pages(1),
				IOMMU_IOAS_MAP_READABLE | FIXED, &at),
		  0);
	/* The mapping holds the file. */
	fd_close(ro);
	fd_close(fd);
	world_close(&world);
}

TEST(ioctl_option)
{
	struct driver driver;
	struct world world, empty;
	u64 value = 1, at = AT + 8;

	world_open(&world);
	/* Who pays cannot change while there is anything. */
	EXPECT_EQ(user_option(&world, IOMMU_OPTION_RLIMIT_MODE,
			      IOMMU_OPTION_OP_SET, 0, &value),
		  -EPERM);
	current->capable = true;
	EXPECT_EQ(user_option(&world, IOMMU_OPTION_RLIMIT_MODE,
			      IOMMU_OPTION_OP_SET, 0, &value),
		  -EBUSY);
	EXPECT_EQ(user_option(&world, IOMMU_OPTION_RLIMIT_MODE,
			      IOMMU_OPTION_OP_GET, 1, &value),
		  -EOPNOTSUPP);
	EXPECT_EQ(user_option(&world, 17, IOMMU_OPTION_OP_GET, 0, &value),
		  -EOPNOTSUPP);
	empty = world;
	empty.ictx = context_open();
	value = 2;
	EXPECT_EQ(user_option(&empty, IOMMU_OPTION_RLIMIT_MODE,
			      IOMMU_OPTION_OP_SET, 0, &value),
		  -EINVAL);
	value = 1;
	EXPECT_EQ(user_option(&empty, IOMMU_OPTION_RLIMIT_MODE,
			      IOMMU_OPTION_OP_SET, 0, &value),
		  0);
	current->capable = false;
	REQUIRE_EQ(user_ioas_alloc(&empty, &empty.a), 0);
	REQUIRE_EQ(user_map_at(&empty, empty.a, AT, 0, 2), 0);
	REQUIRE_EQ(driver_open(&driver, &empty), 0);
	REQUIRE_EQ(driver_attach(&driver, empty.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	EXPECT_EQ(atomic64_read(&world.mm->locked_vm), 2);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 0);
	driver_close(&driver);
	context_close(empty.ictx);

	value = 0;
	EXPECT_EQ(user_option(&world, IOMMU_OPTION_HUGE_PAGES,
			      IOMMU_OPTION_OP_SET, world.a, &value),
		  0);
	EXPECT_EQ(user_map(&world, world.a, page_va(0) + 8, 100, RW | FIXED,
			   &at),
		  -EINVAL);
	EXPECT_EQ(user_map(&world, world.b, page_va(0) + 8, 100, RW | FIXED,
			   &at),
		  0);
	EXPECT_EQ(user_option(&world, IOMMU_OPTION_HUGE_PAGES,
			      IOMMU_OPTION_OP_SET, world.b, &value),
		  -EADDRINUSE);
	EXPECT_EQ(user_option(&world, IOMMU_OPTION_HUGE_PAGES,
			      IOMMU_OPTION_OP_GET, world.b, &value),
		  0);
	EXPECT_EQ(value, 1);
	value = 2;
	EXPECT_EQ(user_option(&world, IOMMU_OPTION_HUGE_PAGES,
			      IOMMU_OPTION_OP_SET, world.b, &value),
		  -EINVAL);
	world_close(&world);
}

TEST(ioctl_change_process)
{
	struct file *one = memfd_make(8), *two = memfd_make(8);
	unsigned int fd = fd_install(one), fd2 = fd_install(two);
	struct user_struct other = { .limit = 4 };
	struct driver driver;
	struct world world;
	u64 at = AT, copied = AT, second = AT + pages(20);

	world_open(&world);
	REQUIRE_EQ(driver_open(&driver, &world), 0);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(user_map_file(&world, world.a, fd, 0, pages(4), RW | FIXED,
				 &at),
		   0);
	REQUIRE_EQ(user_map_file(&world, world.a, fd2, 0, pages(4), RW | FIXED,
				 &second),
		   0);
	REQUIRE_EQ(user_copy(&world, world.b, world.a, pages(4), RW | FIXED,
			     &copied, AT),
		   0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(4), 0), 0);
	REQUIRE_EQ(driver_pin(&driver, second, pages(2), 0), 0);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 6);
	/* Four fit, six do not: all or nothing. */
	current->user = &other;
	EXPECT_EQ(user_change_process(&world), -ENOMEM);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 6);
	EXPECT_EQ(atomic_long_read(&other.locked_vm), 0);
	other.limit = 6;
	EXPECT_EQ(user_change_process(&world), 0);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 0);
	EXPECT_EQ(atomic_long_read(&other.locked_vm), 6);
	driver_release(&driver, 0, ULONG_MAX);
	EXPECT_EQ(atomic_long_read(&other.locked_vm), 0);
	/* Memory of a process cannot change hands. */
	REQUIRE_EQ(user_map_at(&world, world.b, pages(50), 0, 1), 0);
	EXPECT_EQ(user_change_process(&world), -EINVAL);
	current->user = &world.user;
	driver_close(&driver);
	fd_close(fd);
	fd_close(fd2);
	world_close(&world);
}

/* Who pays already needs no more allowance: an exec under the same user. */
TEST(ioctl_change_process_same_payer)
{
	unsigned int fd = fd_install(memfd_make(8));
	struct driver driver;
	struct world world;
	u64 at = AT;

	world_open(&world);
	world.user.limit = 6;
	REQUIRE_EQ(driver_open(&driver, &world), 0);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(user_map_file(&world, world.a, fd, 0, pages(4), RW | FIXED,
				 &at),
		   0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(4), 0), 0);
	EXPECT_EQ(user_change_process(&world), 0);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 4);
	driver_close(&driver);
	fd_close(fd);
	world_close(&world);
}

static int vfio_ioas(struct world *world, u16 op, u32 *id)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.op = op,
		.ioas_id = *id,
	};
	int rc = context_ioctl(world->ictx, vfio_ioas_ioctl, &cmd, &cmd);

	*id = cmd.ioas_id;
	return rc;
}

TEST(ioctl_vfio_ioas)
{
	struct world world;
	u32 id = 0;

	world_open(&world);
	EXPECT_EQ(vfio_ioas(&world, IOMMU_VFIO_IOAS_GET, &id), -ENODEV);
	id = 99;
	EXPECT_EQ(vfio_ioas(&world, IOMMU_VFIO_IOAS_SET, &id), -ENOENT);
	EXPECT_EQ(vfio_ioas(&world, 9, &id), -EOPNOTSUPP);
	id = world.b;
	EXPECT_EQ(vfio_ioas(&world, IOMMU_VFIO_IOAS_SET, &id), 0);
	id = 0;
	EXPECT_EQ(vfio_ioas(&world, IOMMU_VFIO_IOAS_GET, &id), 0);
	EXPECT_EQ(id, world.b);
	/* It holds nothing: the IOAS may go, and is forgotten. */
	EXPECT_EQ(user_destroy(&world, world.b), 0);
	EXPECT_EQ(vfio_ioas(&world, IOMMU_VFIO_IOAS_GET, &id), -ENODEV);
	EXPECT_EQ(iommufd_vfio_compat_ioas_create(world.ictx), 0);
	EXPECT_EQ(iommufd_vfio_compat_ioas_create(world.ictx), 0);
	EXPECT_EQ(iommufd_vfio_compat_ioas_get_id(world.ictx, &id), 0);
	EXPECT_EQ(vfio_ioas(&world, IOMMU_VFIO_IOAS_CLEAR, &id), 0);
	EXPECT_EQ(iommufd_vfio_compat_ioas_get_id(world.ictx, &id), -ENODEV);
	world_close(&world);
}
