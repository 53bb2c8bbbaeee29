// SPDX-License-Identifier: GPL-2.0-only
/*
 * attach_test.c - attach.c, access.c: attach, replace, detach
 *
 * Promised: the errno table of the contract; a failed replace leaves the attachment
 * as it was and usable; after replace and detach no pin of the old IOAS is left and
 * no callback runs; a callback only while there is a pin; changes of one access
 * follow one another (S4); rw never fails because of a replace (S3); pins belong to
 * an access (S8); an access without an unmap op may share an IOAS (S11).
 */
#include "driver.h"
#include "thread.h"

#define AT pages(16)

static void open_two(struct world *world, struct driver *driver)
{
	world_open(world);
	REQUIRE_EQ(driver_open(driver, world), 0);
	REQUIRE_EQ(user_map_at(world, world->a, AT, 0, 8), 0);
	REQUIRE_EQ(user_map_at(world, world->b, AT, 32, 8), 0);
	memory_fill(world->memory, 0, 8, 'a');
	memory_fill(world->memory, 32, 8, 'b');
}

static void close_two(struct world *world, struct driver *driver)
{
	driver_close(driver);
	world_close(world);
}

static char read_byte(struct driver *driver, unsigned long iova)
{
	char byte = 0;

	EXPECT_EQ(driver_read(driver, iova, &byte, 1), 0);
	return byte;
}

TEST(attach_errors)
{
	struct driver driver;
	struct world world;
	char byte;

	open_two(&world, &driver);
	EXPECT_EQ(driver_replace(&driver, world.a), -ENOENT);
	EXPECT_EQ(driver_attach(&driver, 77), -ENOENT);
	EXPECT_EQ(driver_read(&driver, AT, &byte, 1), -ENOENT);
	EXPECT_EQ(driver_pin(&driver, AT, pages(1), 0), -ENOENT);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	EXPECT_EQ(driver_attach(&driver, world.a), -EINVAL);
	EXPECT_EQ(driver_attach(&driver, world.b), -EINVAL);
	EXPECT_EQ(driver_replace(&driver, 77), -ENOENT);
	EXPECT_EQ(read_byte(&driver, AT), 'a');
	EXPECT_EQ(driver_replace(&driver, world.a), 0);
	driver_detach(&driver);
	driver_detach(&driver);
	EXPECT_EQ(driver.calls, 0);
	EXPECT_EQ(driver_read(&driver, AT, &byte, 1), -ENOENT);
	close_two(&world, &driver);
}

TEST(attach_create_errors)
{
	static const struct iommufd_access_ops wrong = { .needs_pin_pages = 1 };
	struct world world;
	u32 id;

	world_open(&world);
	EXPECT_EQ(PTR_ERR(iommufd_access_create(world.ictx, &wrong, NULL, &id)),
		  -EINVAL);
	world_close(&world);
}

/* Whoever pins needs whole pages: in what is mapped, and from then on. */
TEST(attach_alignment)
{
	struct driver driver, copying;
	struct world world;
	u64 iova = AT + pages(40) + 8;
	char byte;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_open_copying(&copying, &world), 0);
	REQUIRE_EQ(user_map(&world, world.b, page_va(50) + 8, 100, RW | FIXED,
			    &iova),
		   0);
	EXPECT_EQ(driver_attach(&driver, world.b), -EADDRINUSE);
	REQUIRE_EQ(driver_attach(&copying, world.b), 0);
	EXPECT_EQ(driver_read(&copying, iova + 4, &byte, 1), 0);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	EXPECT_EQ(driver_replace(&driver, world.b), -EADDRINUSE);
	EXPECT_EQ(read_byte(&driver, AT), 'a');
	EXPECT_EQ(user_map(&world, world.a, page_va(50) + 8, 100, RW | FIXED,
			   &iova),
		  -EINVAL);
	driver_detach(&driver);
	EXPECT_EQ(user_map(&world, world.a, page_va(50) + 8, 100, RW | FIXED,
			   &iova),
		  0);
	driver_close(&copying);
	close_two(&world, &driver);
}

TEST(attach_replace_releases_pins)
{
	struct driver driver;
	struct world world;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(1), pages(4), 0), 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 5);
	REQUIRE_EQ(driver_replace(&driver, world.b), 0);
	EXPECT_EQ(driver.calls, 1);
	EXPECT_EQ(driver.last_iova, 0);
	EXPECT_EQ(driver.last_length, ULONG_MAX);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 0);
	EXPECT_EQ(driver_held(&driver), 0);
	EXPECT_EQ(read_byte(&driver, AT), 'b');
	/* Nothing is pinned: no callback. */
	REQUIRE_EQ(driver_replace(&driver, world.a), 0);
	EXPECT_EQ(driver.calls, 1);
	EXPECT_EQ(log_count(""), 0);
	close_two(&world, &driver);
}

TEST(attach_replace_deaf_changes_nothing)
{
	struct driver driver;
	struct world world;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	driver.deaf = true;
	EXPECT_EQ(driver_replace(&driver, world.b), -EDEADLOCK);
	EXPECT(driver.calls > 1);
	driver_touch(&driver);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 2);
	EXPECT_EQ(read_byte(&driver, AT), 'a');
	EXPECT_EQ(driver_pin(&driver, AT + pages(4), pages(1), 0), 0);
	EXPECT_EQ(driver_release(&driver, AT, pages(8)), 2);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 0);
	EXPECT_EQ(log_count("not pinned"), 0);
	/* It never came to B: nothing uses it. */
	EXPECT_EQ(user_destroy(&world, world.b), 0);
	close_two(&world, &driver);
}

TEST(attach_replace_late_recorder)
{
	struct driver driver;
	struct world world;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	driver.ignore = 3;
	EXPECT_EQ(driver_replace(&driver, world.b), 0);
	EXPECT_EQ(driver.calls, 4);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 0);
	close_two(&world, &driver);
}

TEST(attach_detach_deaf_reclaims)
{
	struct driver driver;
	struct world world;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(4), pages(2), 0), 0);
	driver.deaf = true;
	driver_detach(&driver);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 0);
	EXPECT_EQ(log_count("access"), 1);
	/* Its table is stale: said, and nothing happens. */
	EXPECT_EQ(driver_release(&driver, AT, pages(8)), 3);
	EXPECT_EQ(log_count("not pinned"), 3);
	EXPECT_EQ(user_destroy(&world, world.a), 0);
	close_two(&world, &driver);
}

TEST(attach_destroy_releases_pins)
{
	struct driver driver;
	struct world world;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(2), 0), 0);
	driver_close(&driver);
	EXPECT_EQ(driver.calls, 1);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 0);
	world_close(&world);
}

/* S8: the other one's pin of the same range stays. */
TEST(attach_pins_belong_to_an_access)
{
	struct driver one, two;
	struct world world;

	open_two(&world, &one);
	REQUIRE_EQ(driver_open(&two, &world), 0);
	REQUIRE_EQ(driver_attach(&one, world.a), 0);
	REQUIRE_EQ(driver_attach(&two, world.a), 0);
	REQUIRE_EQ(driver_pin(&one, AT, pages(2), 0), 0);
	iommufd_access_unpin_pages(two.access, AT, pages(2));
	EXPECT_EQ(log_count("not pinned"), 1);
	driver_touch(&one);
	REQUIRE_EQ(driver_pin(&two, AT, pages(2), 0), 0);
	EXPECT_EQ(driver_release(&one, AT, pages(2)), 1);
	driver_touch(&two);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 2);
	driver_detach(&one);
	driver_touch(&two);
	driver_close(&two);
	close_two(&world, &one);
}

/* S11 */
TEST(attach_without_unmap_op)
{
	struct driver pinning, copying;
	struct world world;

	open_two(&world, &pinning);
	REQUIRE_EQ(driver_open_copying(&copying, &world), 0);
	REQUIRE_EQ(driver_attach(&pinning, world.a), 0);
	REQUIRE_EQ(driver_attach(&copying, world.a), 0);
	EXPECT_EQ(driver_pin(&copying, AT, pages(1), 0), -EINVAL);
	REQUIRE_EQ(driver_pin(&pinning, AT, pages(1), 0), 0);
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(8), NULL), 0);
	EXPECT_EQ(driver_replace(&copying, world.b), 0);
	EXPECT_EQ(read_byte(&copying, AT), 'b');
	driver_close(&copying);
	close_two(&world, &pinning);
}

/* A callback that waits until it is let go. */
struct gate {
	bool entered; /* atomic */
	bool open; /* atomic */
};

static void wait_at_gate(struct driver *driver, unsigned long iova,
			 unsigned long length)
{
	struct gate *gate = driver->data;

	(void)iova;
	(void)length;
	__atomic_store_n(&gate->entered, true, __ATOMIC_SEQ_CST);
	wait_until(__atomic_load_n(&gate->open, __ATOMIC_SEQ_CST));
}

struct change {
	struct driver *driver;
	u32 ioas;
};

static int replace(void *data)
{
	struct change *change = data;

	return driver_replace(change->driver, change->ioas);
}

static int detach(void *data)
{
	struct change *change = data;

	driver_detach(change->driver);
	return 0;
}

/* S3: while the old pins drain, rw goes on, and pin says when to come again. */
TEST(attach_rw_during_replace)
{
	struct gate gate = { false };
	struct driver driver;
	struct thread thread;
	struct world world;
	struct change change;
	struct page *page;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	driver.on_unmap = wait_at_gate;
	driver.data = &gate;
	change = (struct change){ &driver, world.b };
	thread_start(&thread, &world, replace, &change);
	wait_until(__atomic_load_n(&gate.entered, __ATOMIC_SEQ_CST));
	EXPECT_EQ(read_byte(&driver, AT), 'b');
	EXPECT_EQ(iommufd_access_pin_pages(driver.access, AT, pages(1), &page,
					   0),
		  -EAGAIN);
	EXPECT_EQ(user_destroy(&world, world.a), -EBUSY);
	EXPECT_EQ(user_destroy(&world, world.b), -EBUSY);
	/* An unpin from outside the callback finds the old attachment too. */
	EXPECT_EQ(driver_release(&driver, AT, pages(1)), 1);
	EXPECT_EQ(log_count("not pinned"), 0);
	__atomic_store_n(&gate.open, true, __ATOMIC_SEQ_CST);
	EXPECT_EQ(thread_join(&thread), 0);
	EXPECT_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	EXPECT_EQ(memory_pins(world.memory, 32, 8), 1);
	close_two(&world, &driver);
}

/* S4: a detach that comes during a replace takes effect after it. */
TEST(attach_changes_follow_one_another)
{
	struct gate gate = { false };
	struct driver driver;
	struct thread first, second;
	struct world world;
	struct change change;
	char byte;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	driver.on_unmap = wait_at_gate;
	driver.data = &gate;
	change = (struct change){ &driver, world.b };
	thread_start(&first, &world, replace, &change);
	wait_until(__atomic_load_n(&gate.entered, __ATOMIC_SEQ_CST));
	thread_start(&second, &world, detach, &change);
	__atomic_store_n(&gate.open, true, __ATOMIC_SEQ_CST);
	EXPECT_EQ(thread_join(&first), 0);
	EXPECT_EQ(thread_join(&second), 0);
	EXPECT_EQ(driver_read(&driver, AT, &byte, 1), -ENOENT);
	EXPECT_EQ(user_destroy(&world, world.a), 0);
	EXPECT_EQ(user_destroy(&world, world.b), 0);
	close_two(&world, &driver);
}

/* Killed while it waits for the driver: as it was. */
TEST(attach_replace_killed_changes_nothing)
{
	struct driver driver;
	struct thread thread;
	struct world world;
	struct change change;

	open_two(&world, &driver);
	clock_pace(1000000);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	driver.deaf = true;
	change = (struct change){ &driver, world.b };
	thread_start(&thread, &world, replace, &change);
	wait_until(__atomic_load_n(&driver.calls, __ATOMIC_SEQ_CST));
	thread_kill(&thread);
	EXPECT_EQ(thread_join(&thread), -EINTR);
	driver_touch(&driver);
	EXPECT_EQ(read_byte(&driver, AT), 'a');
	EXPECT_EQ(driver_release(&driver, AT, pages(1)), 1);
	EXPECT_EQ(log_count("not pinned"), 0);
	clock_jump();
	close_two(&world, &driver);
}

/* A second change waits for the first, and can be killed meanwhile. */
TEST(attach_waiting_change_is_killable)
{
	struct gate gate = { false };
	struct driver driver;
	struct thread first, second;
	struct world world;
	struct change change;

	open_two(&world, &driver);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	driver.on_unmap = wait_at_gate;
	driver.data = &gate;
	change = (struct change){ &driver, world.b };
	thread_start(&first, &world, replace, &change);
	wait_until(__atomic_load_n(&gate.entered, __ATOMIC_SEQ_CST));
	thread_start(&second, &world, replace, &change);
	thread_kill(&second);
	EXPECT_EQ(thread_join(&second), -EINTR);
	__atomic_store_n(&gate.open, true, __ATOMIC_SEQ_CST);
	EXPECT_EQ(thread_join(&first), 0);
	EXPECT_EQ(read_byte(&driver, AT), 'b');
	close_two(&world, &driver);
}
