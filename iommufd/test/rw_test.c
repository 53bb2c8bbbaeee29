// SPDX-License-Identifier: GPL-2.0-only
/*
 * rw_test.c - rw.c: copies between a buffer and IOVA
 *
 * Promised: any alignment, across areas; a copy over a hole or past a permission
 * moves no byte (S12).
 */
#include "driver.h"

#define AT pages(16)

static void open_mapped(struct world *world, struct driver *driver)
{
	u64 at = AT + pages(6);

	world_open(world);
	REQUIRE_EQ(driver_open_copying(driver, world), 0);
	REQUIRE_EQ(driver_attach(driver, world->a), 0);
	REQUIRE_EQ(user_map_at(world, world->a, AT, 0, 2), 0);
	REQUIRE_EQ(user_map_at(world, world->a, AT + pages(2), 10, 1), 0);
	/* 3..5 is a hole */
	REQUIRE_EQ(user_map(world, world->a, page_va(20), pages(1),
			    IOMMU_IOAS_MAP_READABLE | FIXED, &at),
		   0);
	at += pages(1);
	REQUIRE_EQ(user_map(world, world->a, page_va(21), pages(1),
			    IOMMU_IOAS_MAP_WRITEABLE | FIXED, &at),
		   0);
}

static void close_mapped(struct world *world, struct driver *driver)
{
	driver_close(driver);
	world_close(world);
}

TEST(rw_across_areas)
{
	unsigned char out[3000], in[3000];
	struct driver driver;
	struct world world;
	unsigned int i;

	open_mapped(&world, &driver);
	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7;
	EXPECT_EQ(driver_write(&driver, AT + pages(2) - 1500, out, 3000), 0);
	EXPECT_EQ(world.memory->at[1]->bytes[PAGE_SIZE - 1500], 0);
	EXPECT_EQ(world.memory->at[1]->bytes[PAGE_SIZE - 1499], 7);
	EXPECT_EQ(world.memory->at[10]->bytes[0], (unsigned char)(1500 * 7));
	EXPECT_EQ(driver_read(&driver, AT + pages(2) - 1500, in, 3000), 0);
	EXPECT(!memcmp(in, out, sizeof(out)));
	/* The way of threads that are not the process. */
	memset(in, 0, sizeof(in));
	EXPECT_EQ(iommufd_access_rw(driver.access, AT + pages(2) - 1500, in,
				    3000, __IOMMUFD_ACCESS_RW_SLOW_PATH),
		  0);
	EXPECT(!memcmp(in, out, sizeof(out)));
	close_mapped(&world, &driver);
}

TEST(rw_over_a_hole_moves_nothing)
{
	unsigned char buffer[5 * 4096];
	struct driver driver;
	struct world world;
	unsigned int i;

	open_mapped(&world, &driver);
	memset(buffer, 'z', sizeof(buffer));
	EXPECT_EQ(driver_write(&driver, AT + pages(1), buffer, pages(3)),
		  -ENOENT);
	EXPECT_EQ(driver_write(&driver, AT - 1, buffer, 2), -ENOENT);
	EXPECT_EQ(driver_write(&driver, AT + pages(3) - 1, buffer, 2), -ENOENT);
	for (i = 0; i < PAGE_SIZE; i++) {
		EXPECT_EQ(world.memory->at[0]->bytes[i], 0);
		EXPECT_EQ(world.memory->at[1]->bytes[i], 0);
		EXPECT_EQ(world.memory->at[10]->bytes[i], 0);
	}
	EXPECT_EQ(driver_read(&driver, AT + pages(1), buffer, pages(3)),
		  -ENOENT);
	for (i = 0; i < sizeof(buffer); i++)
		EXPECT_EQ(buffer[i], 'z');
	close_mapped(&world, &driver);
}

TEST(rw_errors)
{
	struct driver driver;
	struct world world;
	char buffer[8];

	open_mapped(&world, &driver);
	EXPECT_EQ(driver_read(&driver, AT, buffer, 0), -EINVAL);
	EXPECT_EQ(driver_read(&driver, ULONG_MAX, buffer, 2), -EOVERFLOW);
	EXPECT_EQ(driver_read(&driver, ULONG_MAX, buffer, 1), -ENOENT);
	EXPECT_EQ(driver_write(&driver, AT + pages(6), buffer, 1), -EPERM);
	EXPECT_EQ(driver_read(&driver, AT + pages(7), buffer, 1), -EPERM);
	EXPECT_EQ(driver_read(&driver, AT + pages(7) - 4, buffer, 8), -EPERM);
	EXPECT_EQ(driver_write(&driver, AT + pages(7), buffer, 1), 0);
	world.memory->absent[1] = true;
	EXPECT_EQ(driver_read(&driver, AT + pages(1), buffer, 1), -EFAULT);
	world.memory->dead = true;
	EXPECT_EQ(driver_read(&driver, AT, buffer, 1), -EFAULT);
	world.memory->dead = false;
	close_mapped(&world, &driver);
}

/* Memory of a process that is gone can still be reached where it is pinned. */
TEST(rw_of_pinned_memory_of_the_dead)
{
	struct driver driver, pinning;
	struct world world;
	char byte = 'q';

	world_open(&world);
	REQUIRE_EQ(driver_open(&pinning, &world), 0);
	REQUIRE_EQ(driver_open_copying(&driver, &world), 0);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 2), 0);
	REQUIRE_EQ(driver_attach(&pinning, world.a), 0);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&pinning, AT, pages(1), 1), 0);
	world.memory->dead = true;
	EXPECT_EQ(iommufd_access_rw(driver.access, AT, &byte, 1,
				    IOMMUFD_ACCESS_RW_WRITE |
					    __IOMMUFD_ACCESS_RW_SLOW_PATH),
		  0);
	EXPECT_EQ(page_byte(world.memory->at[0]), 'q');
	EXPECT_EQ(iommufd_access_rw(driver.access, AT + pages(1), &byte, 1,
				    __IOMMUFD_ACCESS_RW_SLOW_PATH),
		  -EFAULT);
	driver_close(&driver);
	driver_close(&pinning);
	world_close(&world);
}
