// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin_test.c - pin.c: pins of an access
 *
 * Promised: all or nothing across areas; one entry for each page; the errno table;
 * unpin releases exactly one pin of exactly that range; what is pinned is charged
 * once; a limit is kept.
 */
#include <linux/seq_file.h>
#include "driver.h"

#define AT pages(16)

static void open_attached(struct world *world, struct driver *driver)
{
	world_open(world);
	REQUIRE_EQ(driver_open(driver, world), 0);
	REQUIRE_EQ(driver_attach(driver, world->a), 0);
}

static void close_attached(struct world *world, struct driver *driver)
{
	driver_close(driver);
	world_close(world);
}

static int pin(struct driver *driver, unsigned long iova, unsigned long length,
	       struct page **out, unsigned int flags)
{
	return iommufd_access_pin_pages(driver->access, iova, length, out,
					flags);
}

TEST(pin_errors)
{
	struct page *out[8];
	struct driver driver;
	struct world world;
	u64 at;

	open_attached(&world, &driver);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	at = AT + pages(4);
	REQUIRE_EQ(user_map(&world, world.a, page_va(8), pages(2),
			    IOMMU_IOAS_MAP_READABLE | FIXED, &at),
		   0);
	at = AT + pages(6);
	REQUIRE_EQ(user_map(&world, world.a, page_va(12), pages(2),
			    IOMMU_IOAS_MAP_WRITEABLE | FIXED, &at),
		   0);
	EXPECT_EQ(pin(&driver, AT, 0, out, 0), -EINVAL);
	EXPECT_EQ(pin(&driver, AT, ULONG_MAX, out, 0), -EOVERFLOW);
	EXPECT_EQ(pin(&driver, AT + 8, 16, out, 0), -EINVAL);
	EXPECT_EQ(pin(&driver, AT - pages(1), pages(2), out, 0), -ENOENT);
	EXPECT_EQ(pin(&driver, AT, pages(9), out, 0), -EPERM);
	EXPECT_EQ(pin(&driver, AT + pages(7), pages(2), out,
		      IOMMUFD_ACCESS_RW_WRITE),
		  -ENOENT);
	EXPECT_EQ(pin(&driver, AT + pages(2), pages(4), out,
		      IOMMUFD_ACCESS_RW_WRITE),
		  -EPERM);
	EXPECT_EQ(pin(&driver, AT + pages(6), pages(1), out, 0), -EPERM);
	world.memory->absent[9] = true;
	EXPECT_EQ(pin(&driver, AT, pages(6), out, 0), -EFAULT);
	world.memory->dead = true;
	EXPECT_EQ(pin(&driver, AT, pages(1), out, 0), -EFAULT);
	world.memory->dead = false;
	EXPECT_EQ(memory_pins(world.memory, 0, 16), 0);
	EXPECT_EQ(atomic64_read(&world.mm->pinned_vm), 0);
	close_attached(&world, &driver);
}

TEST(pin_across_areas)
{
	struct page *out[8];
	struct driver driver;
	struct world world;
	int i;

	open_attached(&world, &driver);
	for (i = 0; i < 8; i++)
		REQUIRE_EQ(user_map_at(&world, world.a, AT + pages(i), 2 * i,
				       1),
			   0);
	REQUIRE_EQ(pin(&driver, AT, pages(8), out, 0), 0);
	for (i = 0; i < 8; i++)
		EXPECT(out[i] == world.memory->at[2 * i]);
	EXPECT_EQ(memory_pins(world.memory, 0, 16), 8);
	iommufd_access_unpin_pages(driver.access, AT, pages(8));
	EXPECT_EQ(memory_pins(world.memory, 0, 16), 0);
	close_attached(&world, &driver);
}

/* The last page may be used in part. */
TEST(pin_part_of_a_page)
{
	struct page *out[2];
	struct driver driver;
	struct world world;

	open_attached(&world, &driver);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	REQUIRE_EQ(pin(&driver, AT + pages(1), 1, out, 0), 0);
	EXPECT(out[0] == world.memory->at[1]);
	REQUIRE_EQ(pin(&driver, AT + pages(1), pages(1) + 1, out, 0), 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 2);
	iommufd_access_unpin_pages(driver.access, AT + pages(1), pages(1) + 1);
	iommufd_access_unpin_pages(driver.access, AT + pages(1), 1);
	EXPECT_EQ(log_count("not pinned"), 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 0);
	close_attached(&world, &driver);
}

TEST(pin_unpin_exactly)
{
	struct page *out[4];
	struct driver driver;
	struct world world;

	open_attached(&world, &driver);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	REQUIRE_EQ(pin(&driver, AT, pages(4), out, 0), 0);
	REQUIRE_EQ(pin(&driver, AT, pages(4), out, 0), 0);
	/* Parts, and ranges that wrap, are not what was pinned. */
	iommufd_access_unpin_pages(driver.access, AT, pages(2));
	iommufd_access_unpin_pages(driver.access, AT, pages(4) - 1);
	iommufd_access_unpin_pages(driver.access, AT, 0);
	iommufd_access_unpin_pages(driver.access, AT, ULONG_MAX);
	EXPECT_EQ(log_count("not pinned"), 4);
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 4);
	iommufd_access_unpin_pages(driver.access, AT, pages(4));
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 4);
	iommufd_access_unpin_pages(driver.access, AT, pages(4));
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 0);
	iommufd_access_unpin_pages(driver.access, AT, pages(4));
	EXPECT_EQ(log_count("not pinned"), 5);
	close_attached(&world, &driver);
}

/* Pinned through two IOAS and five pins: charged once, released with the last. */
TEST(pin_charged_once)
{
	struct driver one, two;
	struct page *out[4];
	struct world world;
	u64 at = AT;
	int i;

	open_attached(&world, &one);
	REQUIRE_EQ(driver_open(&two, &world), 0);
	REQUIRE_EQ(driver_attach(&two, world.b), 0);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	REQUIRE_EQ(user_copy(&world, world.b, world.a, pages(4), RW | FIXED,
			     &at, AT),
		   0);
	for (i = 0; i < 4; i++)
		REQUIRE_EQ(pin(&one, AT, pages(4), out, 0), 0);
	REQUIRE_EQ(pin(&two, AT, pages(4), out, 0), 0);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 4);
	EXPECT_EQ(atomic64_read(&world.mm->pinned_vm), 4);
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 4);
	for (i = 0; i < 4; i++)
		iommufd_access_unpin_pages(one.access, AT, pages(4));
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 4);
	/* The original may go: the copy keeps the memory. */
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(4), NULL), 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 4);
	iommufd_access_unpin_pages(two.access, AT, pages(4));
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 0);
	driver_close(&two);
	close_attached(&world, &one);
}

TEST(pin_limit)
{
	struct page *out[4];
	struct driver driver;
	struct world world;
	u64 at = AT + pages(4);

	open_attached(&world, &driver);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	world.user.limit = 3;
	EXPECT_EQ(pin(&driver, AT, pages(4), out, 0), -ENOMEM);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 0);
	REQUIRE_EQ(pin(&driver, AT, pages(3), out, 0), 0);
	EXPECT_EQ(pin(&driver, AT + pages(3), pages(1), out, 0), -ENOMEM);
	/* Nothing new: nothing to pay. */
	REQUIRE_EQ(pin(&driver, AT + pages(1), pages(2), out, 0), 0);
	/* The capable are not charged. */
	current->capable = true;
	REQUIRE_EQ(user_map(&world, world.a, page_va(8), pages(4), RW | FIXED,
			    &at),
		   0);
	current->capable = false;
	REQUIRE_EQ(pin(&driver, at, pages(4), out, 0), 0);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 3);
	EXPECT_EQ(atomic64_read(&world.mm->pinned_vm), 7);
	iommufd_access_unpin_pages(driver.access, at, pages(4));
	iommufd_access_unpin_pages(driver.access, AT + pages(1), pages(2));
	iommufd_access_unpin_pages(driver.access, AT, pages(3));
	close_attached(&world, &driver);
}

TEST(pin_many_of_one_page)
{
	struct page *out[1];
	struct driver driver;
	struct world world;
	int i;

	open_attached(&world, &driver);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	for (i = 0; i < 500; i++)
		REQUIRE_EQ(pin(&driver, AT, pages(1), out, 0), 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 1);
	for (i = 0; i < 500; i++)
		iommufd_access_unpin_pages(driver.access, AT, pages(1));
	EXPECT_EQ(memory_pins(world.memory, 0, 4), 0);
	EXPECT_EQ(log_count("not pinned"), 0);
	close_attached(&world, &driver);
}

TEST(pin_shown_in_debugfs)
{
	static struct seq_file seq;
	struct driver driver;
	struct world world;

	open_attached(&world, &driver);
	REQUIRE_EQ(user_map_at(&world, world.a, AT, 0, 4), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	pins_show(&seq, driver.access);
	EXPECT(strstr(seq.text, "[10000, 11fff]"));
	close_attached(&world, &driver);
}

TEST(pin_of_a_memfd)
{
	struct file *file = memfd_make(32);
	unsigned int fd = fd_install(file);
	struct page *out[20];
	struct driver driver;
	struct world world;
	u64 at = AT;
	int i;

	open_attached(&world, &driver);
	REQUIRE_EQ(user_map_file(&world, world.a, fd, pages(2), pages(20),
				 RW | FIXED, &at),
		   0);
	REQUIRE_EQ(pin(&driver, AT + pages(3), pages(12), out, 0), 0);
	for (i = 0; i < 12; i++)
		EXPECT(out[i] == file->memory->at[5 + i]);
	REQUIRE_EQ(pin(&driver, AT, pages(20), out, 0), 0);
	for (i = 0; i < 20; i++)
		EXPECT(out[i] == file->memory->at[2 + i]);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 20);
	iommufd_access_unpin_pages(driver.access, AT + pages(3), pages(12));
	iommufd_access_unpin_pages(driver.access, AT, pages(20));
	EXPECT_EQ(memory_pins(file->memory, 0, 32), 0);
	close_attached(&world, &driver);
	fd_close(fd);
}
