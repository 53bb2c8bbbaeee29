// SPDX-License-Identifier: GPL-2.0-only
/*
 * unmap_test.c - unmap.c: taking areas away from their users
 *
 * Promised: UNMAP of any number of pinned areas succeeds when the drivers answer,
 * with one call for each run of areas (S1); one that fails - a cut area, a deaf
 * driver, a signal, no reply - changes nothing (S2); a fault that is stuck holds up
 * only UNMAPs of its own range (S5); afterwards no page of it is pinned or touched.
 */
#include <linux/jiffies.h>
#include "driver.h"
#include "thread.h"

#define AT pages(16)

static void open_mapped(struct world *world, struct driver *driver)
{
	world_open(world);
	REQUIRE_EQ(driver_open(driver, world), 0);
	REQUIRE_EQ(driver_attach(driver, world->a), 0);
	REQUIRE_EQ(user_map_at(world, world->a, AT, 0, 4), 0);
	REQUIRE_EQ(user_map_at(world, world->a, AT + pages(4), 4, 4), 0);
	REQUIRE_EQ(user_map_at(world, world->a, AT + pages(10), 10, 4), 0);
}

static void close_mapped(struct world *world, struct driver *driver)
{
	driver_close(driver);
	world_close(world);
}

/* All three areas are there and can be used. */
static void expect_unchanged(struct driver *driver)
{
	char buffer[16];

	EXPECT_EQ(driver_read(driver, AT, buffer, 16), 0);
	EXPECT_EQ(driver_write(driver, AT + pages(4) - 8, buffer, 16), 0);
	EXPECT_EQ(driver_read(driver, AT + pages(13), buffer, 16), 0);
	EXPECT_EQ(driver_pin(driver, AT, pages(8), IOMMUFD_ACCESS_RW_WRITE), 0);
	EXPECT_EQ(driver_pin(driver, AT + pages(10), pages(4), 0), 0);
	driver_touch(driver);
}

TEST(unmap_errors_change_nothing)
{
	struct driver driver;
	struct world world;
	u64 n;

	open_mapped(&world, &driver);
	EXPECT_EQ(user_unmap(&world, world.a, AT, 0, &n), -EINVAL);
	EXPECT_EQ(user_unmap(&world, world.a, AT, 0UL - AT + 1, &n),
		  -EOVERFLOW);
	EXPECT_EQ(user_unmap(&world, world.a, ULONG_MAX, 1, &n), -EOVERFLOW);
	EXPECT_EQ(user_unmap(&world, world.a, AT, ULONG_MAX, &n), -EOVERFLOW);
	EXPECT_EQ(user_unmap(&world, 99, AT, pages(4), &n), -ENOENT);
	EXPECT_EQ(user_unmap(&world, world.a, 0, pages(1), &n), -ENOENT);
	EXPECT_EQ(user_unmap(&world, world.a, AT + pages(8), pages(2), &n),
		  -ENOENT);
	/* Cuts the second, the first, and one in the middle of a hole's edge. */
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(6), &n), -ENOENT);
	EXPECT_EQ(user_unmap(&world, world.a, AT + pages(1), pages(7), &n),
		  -ENOENT);
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(11), &n), -ENOENT);
	EXPECT_EQ(driver.calls, 0);
	expect_unchanged(&driver);
	close_mapped(&world, &driver);
}

TEST(unmap_over_a_hole)
{
	struct driver driver;
	struct world world;
	u64 n = 0;

	open_mapped(&world, &driver);
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(14), &n), 0);
	EXPECT_EQ(n, pages(12));
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(14), &n), -ENOENT);
	EXPECT_EQ(user_unmap(&world, world.a, 0, U64_MAX, &n), 0);
	EXPECT_EQ(n, 0);
	close_mapped(&world, &driver);
}

TEST(unmap_calls_once_for_each_run)
{
	struct driver driver;
	struct world world;

	open_mapped(&world, &driver);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(1), pages(1), 0), 0);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(5), pages(1), 0), 0);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(3), pages(2), 0), 0);
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(8), NULL), 0);
	EXPECT_EQ(driver.calls, 1);
	EXPECT_EQ(driver.last_iova, AT);
	EXPECT_EQ(driver.last_length, pages(8));
	EXPECT_EQ(driver_held(&driver), 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 16), 0);
	/* Nothing pinned there: not called. */
	EXPECT_EQ(user_unmap(&world, world.a, AT + pages(10), pages(4), NULL),
		  0);
	EXPECT_EQ(driver.calls, 1);
	close_mapped(&world, &driver);
}

/* S1: more areas than upstream's loop survives. */
TEST(unmap_of_many_pinned_areas)
{
	struct driver driver;
	struct world world;
	int i;

	open_mapped(&world, &driver);
	for (i = 0; i < 150; i++) {
		unsigned long at = pages(1000 + i + i / 50);

		REQUIRE_EQ(user_map_at(&world, world.a, at, 20 + i, 1), 0);
		REQUIRE_EQ(driver_pin(&driver, at, pages(1), 0), 0);
	}
	EXPECT_EQ(user_unmap(&world, world.a, pages(1000), pages(200), NULL),
		  0);
	EXPECT_EQ(driver.calls, 3);
	EXPECT_EQ(memory_pins(world.memory, 0, WORLD_PAGES), 0);
	EXPECT_EQ(log_count(""), 0);
	close_mapped(&world, &driver);
}

/* S2 */
TEST(unmap_deaf_changes_nothing)
{
	struct driver driver;
	struct world world;
	unsigned long began;

	open_mapped(&world, &driver);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(1), pages(1), 0), 0);
	driver.deaf = true;
	began = jiffies;
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(14), NULL), -EDEADLOCK);
	EXPECT(jiffies - began >= UNMAP_PATIENCE_MS);
	EXPECT(jiffies - began < 2 * UNMAP_PATIENCE_MS);
	EXPECT(driver.calls > 3);
	EXPECT_EQ(log_count("access"), 1);
	expect_unchanged(&driver);
	driver.deaf = false;
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(14), NULL), 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 16), 0);
	close_mapped(&world, &driver);
}

/* Two areas that fill the whole space are one run: as long as a length can say. */
TEST(unmap_of_the_whole_space)
{
	unsigned long half = 1UL << 63;
	struct driver driver;
	struct world world;
	u64 at = 0, n;

	world_open(&world);
	REQUIRE_EQ(driver_open(&driver, &world), 0);
	REQUIRE_EQ(driver_attach(&driver, world.b), 0);
	REQUIRE_EQ(user_map(&world, world.b, 0, half, RW | FIXED, &at), 0);
	at = half;
	REQUIRE_EQ(user_map(&world, world.b, 0, half, RW | FIXED, &at), 0);
	REQUIRE_EQ(driver_pin(&driver, WORLD_VA, pages(1), 0), 0);
	EXPECT_EQ(user_unmap(&world, world.b, 0, U64_MAX, &n), 0);
	EXPECT_EQ(driver.last_iova, 0);
	EXPECT(driver.last_length);
	driver_close(&driver);
	world_close(&world);
}

TEST(unmap_late_recorder)
{
	struct driver driver;
	struct world world;

	open_mapped(&world, &driver);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(1), pages(1), 0), 0);
	driver.ignore = 4;
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(4), NULL), 0);
	EXPECT_EQ(driver.calls, 5);
	EXPECT_EQ(log_count(""), 0);
	close_mapped(&world, &driver);
}

TEST(unmap_without_reply_changes_nothing)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.iova = AT,
		.length = pages(14),
	};
	struct driver driver;
	struct world world;

	open_mapped(&world, &driver);
	cmd.ioas_id = world.a;
	EXPECT_EQ(context_ioctl(world.ictx, ioas_unmap_ioctl, &cmd, BAD_USER),
		  -EFAULT);
	expect_unchanged(&driver);
	close_mapped(&world, &driver);
}

/* Inside its callback the driver may pin and copy, but not there. */
static void try_from_callback(struct driver *driver, unsigned long iova,
			      unsigned long length)
{
	struct page *page;
	char byte;

	(void)length;
	EXPECT_EQ(driver_read(driver, iova, &byte, 1), -EINVAL);
	EXPECT_EQ(iommufd_access_pin_pages(driver->access, iova, PAGE_SIZE,
					   &page, 0),
		  -EINVAL);
	EXPECT_EQ(driver_read(driver, AT + pages(10), &byte, 1), 0);
	EXPECT_EQ(iommufd_access_pin_pages(driver->access, AT + pages(10),
					   PAGE_SIZE, &page, 0),
		  0);
	iommufd_access_unpin_pages(driver->access, AT + pages(10), PAGE_SIZE);
}

TEST(unmap_refuses_new_users)
{
	struct driver driver;
	struct world world;

	open_mapped(&world, &driver);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	driver.on_unmap = try_from_callback;
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(4), NULL), 0);
	EXPECT_EQ(driver.calls, 1);
	close_mapped(&world, &driver);
}

struct call {
	struct world *world;
	struct driver *driver;
	u64 iova, length;
};

static int unmap(void *data)
{
	struct call *call = data;

	return user_unmap(call->world, call->world->a, call->iova, call->length,
			  NULL);
}

static int copy(void *data)
{
	struct call *call = data;
	char buffer[32];

	return driver_read(call->driver, call->iova, buffer, sizeof(buffer));
}

static int pin(void *data)
{
	struct call *call = data;

	return driver_pin(call->driver, call->iova, call->length, 0);
}

static void wait_for_fault(struct world *world, int n)
{
	wait_until(__atomic_load_n(&world->memory->waiting, __ATOMIC_SEQ_CST) ==
		   n);
}

/* The copy that has begun may end; only then is the range gone. */
TEST(unmap_waits_for_copies)
{
	struct call call, copying;
	struct thread a, b;
	struct driver driver;
	struct world world;

	open_mapped(&world, &driver);
	copying = (struct call){ &world, &driver, AT + pages(1), 0 };
	call = (struct call){ &world, &driver, AT, pages(4) };
	memory_hold(world.memory, 1);
	thread_start(&a, &world, copy, &copying);
	wait_for_fault(&world, 1);
	thread_start(&b, &world, unmap, &call);
	thread_await_wait(&b);
	EXPECT(!thread_done(&b));
	memory_release(world.memory, 1);
	EXPECT_EQ(thread_join(&a), 0);
	EXPECT_EQ(thread_join(&b), 0);
	close_mapped(&world, &driver);
}

/* S5: a stuck pin and a stuck copy hold up their own range, and nothing else. */
TEST(unmap_stuck_fault_blocks_nobody_else)
{
	struct call pinning, copying, unmapping;
	struct thread a, b, c;
	struct driver driver, other;
	struct world world;
	char buffer[8];

	open_mapped(&world, &driver);
	REQUIRE_EQ(driver_open(&other, &world), 0);
	REQUIRE_EQ(driver_attach(&other, world.a), 0);
	memory_hold(world.memory, 1);
	pinning = (struct call){ &world, &driver, AT, pages(2) };
	copying = (struct call){ &world, &driver, AT + pages(1), 0 };
	unmapping = (struct call){ &world, &driver, AT, pages(4) };
	thread_start(&a, &world, pin, &pinning);
	thread_start(&b, &world, copy, &copying);
	wait_for_fault(&world, 2);
	EXPECT_EQ(user_map_at(&world, world.a, pages(100), 30, 4), 0);
	EXPECT_EQ(driver_read(&driver, pages(100), buffer, 8), 0);
	EXPECT_EQ(driver_pin(&other, AT + pages(2), pages(4), 0), 0);
	EXPECT_EQ(user_unmap(&world, world.a, pages(100), pages(4), NULL), 0);
	EXPECT_EQ(user_unmap(&world, world.a, AT + pages(4), pages(4), NULL),
		  0);
	/* An UNMAP of that very range waits, until it is killed. */
	thread_start(&c, &world, unmap, &unmapping);
	thread_await_wait(&c);
	thread_kill(&c);
	EXPECT_EQ(thread_join(&c), -EINTR);
	EXPECT_EQ(driver_read(&other, AT, buffer, 8), 0);
	/* So can be whoever is stuck. */
	thread_kill(&a);
	EXPECT_EQ(thread_join(&a), -EINTR);
	thread_kill(&b);
	EXPECT_EQ(thread_join(&b), -EINTR);
	memory_release(world.memory, 1);
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(4), NULL), 0);
	driver_close(&other);
	close_mapped(&world, &driver);
}

TEST(unmap_killed_changes_nothing)
{
	struct call call;
	struct thread thread;
	struct driver driver;
	struct world world;

	open_mapped(&world, &driver);
	clock_pace(1000000);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	driver.deaf = true;
	call = (struct call){ &world, &driver, AT, pages(14) };
	thread_start(&thread, &world, unmap, &call);
	wait_until(__atomic_load_n(&driver.calls, __ATOMIC_SEQ_CST));
	thread_kill(&thread);
	EXPECT_EQ(thread_join(&thread), -EINTR);
	EXPECT_EQ(log_count(""), 0);
	expect_unchanged(&driver);
	driver.deaf = false;
	clock_jump();
	close_mapped(&world, &driver);
}

struct gate {
	bool entered, open; /* atomic */
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

/* The second of two waits, then sees what is left. */
TEST(unmap_twice_at_the_same_time)
{
	struct gate gate = { false, false };
	struct call one, two, all;
	struct thread a, b, c;
	struct driver driver;
	struct world world;

	open_mapped(&world, &driver);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(1), 0), 0);
	driver.on_unmap = wait_at_gate;
	driver.data = &gate;
	one = (struct call){ &world, &driver, AT, pages(8) };
	two = (struct call){ &world, &driver, AT + pages(4), pages(4) };
	all = (struct call){ &world, &driver, 0, U64_MAX };
	thread_start(&a, &world, unmap, &one);
	wait_until(__atomic_load_n(&gate.entered, __ATOMIC_SEQ_CST));
	thread_start(&b, &world, unmap, &two);
	thread_start(&c, &world, unmap, &all);
	thread_await_wait(&b);
	thread_await_wait(&c);
	/* Elsewhere it goes on. */
	EXPECT_EQ(user_map_at(&world, world.b, AT, 0, 4), 0);
	__atomic_store_n(&gate.open, true, __ATOMIC_SEQ_CST);
	EXPECT_EQ(thread_join(&a), 0);
	EXPECT_EQ(thread_join(&b), -ENOENT);
	EXPECT_EQ(thread_join(&c), 0);
	close_mapped(&world, &driver);
}

TEST(unmap_leaves_copies_alone)
{
	struct driver driver, other;
	struct world world;
	u64 at = AT;

	open_mapped(&world, &driver);
	REQUIRE_EQ(driver_open(&other, &world), 0);
	REQUIRE_EQ(user_copy(&world, world.b, world.a, pages(8), RW | FIXED,
			     &at, AT),
		   0);
	REQUIRE_EQ(driver_attach(&other, world.b), 0);
	REQUIRE_EQ(driver_pin(&driver, AT, pages(8), 0), 0);
	REQUIRE_EQ(driver_pin(&other, AT + pages(2), pages(1), 0), 0);
	EXPECT_EQ(user_unmap(&world, world.a, AT, pages(8), NULL), 0);
	EXPECT_EQ(other.calls, 0);
	EXPECT_EQ(memory_pins(world.memory, 0, 8), 1);
	driver_touch(&other);
	driver_close(&other);
	close_mapped(&world, &driver);
}

TEST(unmap_cut_makes_two_of_one)
{
	struct driver driver;
	struct world world;
	struct ioas *ioas;
	char data[2];
	u64 n;

	open_mapped(&world, &driver);
	ioas = ioas_get(world.ictx, world.a);
	memory_fill(world.memory, 4, 2, 'x');
	memory_fill(world.memory, 6, 2, 'y');
	EXPECT_EQ(area_cut(ioas, AT + pages(9)), 0);
	EXPECT_EQ(area_cut(ioas, AT + pages(4)), 0);
	EXPECT_EQ(area_cut(ioas, AT + pages(6) + 8), -EINVAL);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(7), pages(1), 0), 0);
	EXPECT_EQ(area_cut(ioas, AT + pages(6)), -EBUSY);
	EXPECT_EQ(user_unmap(&world, world.a, AT + pages(4), pages(2), &n),
		  -ENOENT);
	EXPECT_EQ(driver_release(&driver, AT, pages(14)), 1);
	EXPECT_EQ(area_cut(ioas, AT + pages(6)), 0);
	EXPECT_EQ(driver_read(&driver, AT + pages(6) - 1, data, 2), 0);
	EXPECT_EQ(data[0], 'x');
	EXPECT_EQ(data[1], 'y');
	EXPECT_EQ(user_unmap(&world, world.a, AT + pages(4), pages(2), &n), 0);
	EXPECT_EQ(n, pages(2));
	EXPECT_EQ(driver_read(&driver, AT + pages(6), data, 1), 0);
	EXPECT_EQ(driver_read(&driver, AT + pages(6) - 1, data, 1), -ENOENT);
	ioas_put(ioas);
	close_mapped(&world, &driver);
}
