// SPDX-License-Identifier: GPL-2.0-only
/*
 * failnth_test.c - every step that can fail does, by number, until none is left
 *
 * For each operation of the contract: the n-th allocation, pinning or user copy in it
 * fails, once or from then on, for n = 1, 2, ... Promised: a failed operation has the
 * errno of what failed and changed nothing; what cannot fail (unpin, detach, destroy,
 * the removal in UNMAP) does not; nothing is ever left.
 */
#include "driver.h"

#define AT pages(16)
#define STEPS_MAX 200

struct sweep {
	struct world world;
	struct driver driver;
};

struct operation {
	/* Under fault injection. */
	int (*run)(struct sweep *sweep);
	/* Afterwards, without: did rc tell the truth? */
	void (*check)(struct sweep *sweep, int rc);
};

/* Attached to A, where [AT, 4 pages) and the next 4 are mapped; the same in B. */
static void begin(struct sweep *sweep)
{
	struct world *world = &sweep->world;
	unsigned int i;

	world_open(world);
	for (i = 0; i < 2; i++) {
		u32 ioas = i ? world->b : world->a;

		REQUIRE_EQ(user_map_at(world, ioas, AT, 32 * i, 4), 0);
		REQUIRE_EQ(user_map_at(world, ioas, AT + pages(4), 32 * i + 4,
				       4),
			   0);
		/* Behind, so that the trees need nodes for what goes before. */
		REQUIRE_EQ(user_map_at(world, ioas, pages(200), 100, 1), 0);
		memory_fill(world->memory, 32 * i, 8, 'a' + i);
	}
	REQUIRE_EQ(driver_open(&sweep->driver, world), 0);
	REQUIRE_EQ(driver_attach(&sweep->driver, world->a), 0);
	REQUIRE_EQ(driver_pin(&sweep->driver, AT + pages(1), pages(2), 0), 0);
}

static void expect_byte(struct sweep *sweep, unsigned long iova, int expected)
{
	char byte = 0;

	EXPECT_EQ(driver_read(&sweep->driver, iova, &byte, 1), 0);
	EXPECT_EQ(byte, expected);
}

/* As begin() left it. */
static void expect_unchanged(struct sweep *sweep)
{
	EXPECT_EQ(driver_held(&sweep->driver), 1);
	EXPECT_EQ(memory_pins(sweep->world.memory, 0, WORLD_PAGES), 2);
	driver_touch(&sweep->driver);
	expect_byte(sweep, AT, 'a');
	expect_byte(sweep, AT + pages(7), 'a');
	EXPECT_EQ(driver_pin(&sweep->driver, AT, pages(8), 0), 0);
	EXPECT_EQ(driver_release(&sweep->driver, AT + pages(7), pages(1)), 1);
}

static void end(struct sweep *sweep)
{
	driver_close(&sweep->driver);
	EXPECT_EQ(log_count(""), 0);
	world_close(&sweep->world);
}

static void sweep_mode(const struct operation *operation, bool persistent)
{
	struct sweep sweep;
	unsigned long n;
	bool failed = true;

	for (n = 1; failed && n < STEPS_MAX && !test_has_failed(); n++) {
		int rc;

		begin(&sweep);
		fault_arm(n, persistent);
		rc = operation->run(&sweep);
		failed = fault_disarm();
		/* A step that failed need not fail the whole. */
		if (!failed)
			EXPECT_EQ(rc, 0);
		if (rc && rc != -ENOMEM && rc != -EFAULT)
			EXPECT_EQ(rc, 0);
		operation->check(&sweep, rc);
		end(&sweep);
	}
	EXPECT(!failed);
	printf("# stat %s steps=%lu\n", persistent ? "from_then_on" : "once",
	       n - 2);
}

static void sweep(const struct operation *operation)
{
	sweep_mode(operation, false);
	sweep_mode(operation, true);
}

static int run_alloc(struct sweep *sweep)
{
	int i, rc = 0;
	u32 id;

	/* Enough for the table to grow. */
	for (i = 0; i < 20 && !rc; i++)
		rc = user_ioas_alloc(&sweep->world, &id);
	return rc;
}

static void check_unchanged(struct sweep *sweep, int rc)
{
	(void)rc;
	expect_unchanged(sweep);
}

TEST(failnth_alloc)
{
	sweep(&(struct operation){ run_alloc, check_unchanged });
}

static int run_map(struct sweep *sweep)
{
	return user_map_at(&sweep->world, sweep->world.a, AT + pages(8), 8, 4);
}

static void check_map(struct sweep *sweep, int rc)
{
	EXPECT_EQ(user_unmap(&sweep->world, sweep->world.a, AT + pages(8),
			     pages(4), NULL),
		  rc ? -ENOENT : 0);
	expect_unchanged(sweep);
}

TEST(failnth_map)
{
	sweep(&(struct operation){ run_map, check_map });
}

static int run_copy(struct sweep *sweep)
{
	u64 at = AT + pages(8);

	return user_copy(&sweep->world, sweep->world.a, sweep->world.b,
			 pages(8), RW | FIXED, &at, AT);
}

static void check_copy(struct sweep *sweep, int rc)
{
	u64 n = 0;

	EXPECT_EQ(user_unmap(&sweep->world, sweep->world.a, AT + pages(8),
			     pages(8), &n),
		  rc ? -ENOENT : 0);
	EXPECT_EQ(n, rc ? 0 : pages(8));
	expect_unchanged(sweep);
}

TEST(failnth_copy)
{
	sweep(&(struct operation){ run_copy, check_copy });
}

static int run_create(struct sweep *sweep)
{
	struct driver other;
	int rc = driver_open(&other, &sweep->world);

	if (rc)
		return rc;
	rc = driver_attach(&other, sweep->world.a);
	driver_close(&other);
	return rc;
}

TEST(failnth_create_and_attach)
{
	sweep(&(struct operation){ run_create, check_unchanged });
}

static int run_replace(struct sweep *sweep)
{
	return driver_replace(&sweep->driver, sweep->world.b);
}

static void check_replace(struct sweep *sweep, int rc)
{
	if (rc) {
		expect_unchanged(sweep);
		EXPECT_EQ(user_destroy(&sweep->world, sweep->world.b), 0);
		return;
	}
	EXPECT_EQ(memory_pins(sweep->world.memory, 0, WORLD_PAGES), 0);
	expect_byte(sweep, AT, 'b');
}

TEST(failnth_replace)
{
	sweep(&(struct operation){ run_replace, check_replace });
}

static int run_detach(struct sweep *sweep)
{
	driver_detach(&sweep->driver);
	return 0;
}

static void check_detach(struct sweep *sweep, int rc)
{
	(void)rc;
	EXPECT_EQ(memory_pins(sweep->world.memory, 0, WORLD_PAGES), 0);
	EXPECT_EQ(driver_held(&sweep->driver), 0);
	EXPECT_EQ(user_destroy(&sweep->world, sweep->world.a), 0);
}

TEST(failnth_detach)
{
	sweep(&(struct operation){ run_detach, check_detach });
}

/* Across areas, over pages some of which are pinned. */
static int run_pin(struct sweep *sweep)
{
	sweep->world.memory->most = 2;
	return driver_pin(&sweep->driver, AT, pages(8), 1);
}

static void check_pin(struct sweep *sweep, int rc)
{
	if (!rc)
		EXPECT_EQ(driver_release(&sweep->driver, AT + pages(7), 1), 1);
	expect_unchanged(sweep);
}

TEST(failnth_pin)
{
	sweep(&(struct operation){ run_pin, check_pin });
}

static int run_unpin(struct sweep *sweep)
{
	driver_release(&sweep->driver, AT, pages(8));
	return 0;
}

static void check_unpin(struct sweep *sweep, int rc)
{
	(void)rc;
	EXPECT_EQ(memory_pins(sweep->world.memory, 0, WORLD_PAGES), 0);
}

TEST(failnth_unpin)
{
	sweep(&(struct operation){ run_unpin, check_unpin });
}

static int run_rw(struct sweep *sweep)
{
	char buffer[2 * 4096];

	return driver_read(&sweep->driver, AT + pages(3) + 17, buffer,
			   pages(2));
}

TEST(failnth_rw)
{
	sweep(&(struct operation){ run_rw, check_unchanged });
}

/* Only the reply may fail. */
static int run_unmap(struct sweep *sweep)
{
	int rc = user_unmap(&sweep->world, sweep->world.a, AT, pages(8), NULL);

	if (rc)
		EXPECT_EQ(rc, -EFAULT);
	return rc;
}

static void check_unmap(struct sweep *sweep, int rc)
{
	EXPECT_EQ(memory_pins(sweep->world.memory, 0, WORLD_PAGES), 0);
	EXPECT_EQ(user_unmap(&sweep->world, sweep->world.a, AT, pages(8), NULL),
		  rc ? 0 : -ENOENT);
}

TEST(failnth_unmap)
{
	sweep(&(struct operation){ run_unmap, check_unmap });
}

static int run_destroy(struct sweep *sweep)
{
	return user_destroy(&sweep->world, sweep->world.b);
}

static void check_destroy(struct sweep *sweep, int rc)
{
	EXPECT_EQ(rc, 0);
	expect_unchanged(sweep);
}

TEST(failnth_destroy)
{
	sweep(&(struct operation){ run_destroy, check_destroy });
}

static int run_allow(struct sweep *sweep)
{
	struct iommu_iova_range ranges[] = {
		{ pages(300), pages(310) - 1 },
		{ pages(320), pages(330) - 1 },
	};

	return user_allow(&sweep->world, sweep->world.a, ranges, 2);
}

static void check_allow(struct sweep *sweep, int rc)
{
	u64 at = 0;

	EXPECT_EQ(user_map(&sweep->world, sweep->world.a, page_va(1), pages(1),
			   RW, &at),
		  0);
	EXPECT_EQ(at >= pages(300), !rc);
	expect_unchanged(sweep);
}

TEST(failnth_allow)
{
	sweep(&(struct operation){ run_allow, check_allow });
}

static int run_cut(struct sweep *sweep)
{
	struct ioas *ioas = ioas_get(sweep->world.ictx, sweep->world.b);
	int rc = area_cut(ioas, AT + pages(2));

	ioas_put(ioas);
	return rc;
}

static void check_cut(struct sweep *sweep, int rc)
{
	EXPECT_EQ(user_unmap(&sweep->world, sweep->world.b, AT + pages(2),
			     pages(2), NULL),
		  rc ? -ENOENT : 0);
	expect_unchanged(sweep);
}

TEST(failnth_cut)
{
	sweep(&(struct operation){ run_cut, check_cut });
}

/* Its own files, since memory of a process cannot change hands. */
TEST(failnth_change_process)
{
	unsigned long n = 1;
	bool failed = true;

	for (; failed && n < STEPS_MAX && !test_has_failed(); n++) {
		struct user_struct other = { .limit = 100 };
		struct file *file = memfd_make(16);
		unsigned int fd = fd_install(file), i;
		struct driver driver;
		struct world world;
		int rc;

		world_open(&world);
		for (i = 0; i < 3; i++) {
			u64 at = AT + pages(4 * i);

			REQUIRE_EQ(user_map_file(&world, world.a, fd, 0,
						 pages(4), RW | FIXED, &at),
				   0);
		}
		REQUIRE_EQ(driver_open(&driver, &world), 0);
		REQUIRE_EQ(driver_attach(&driver, world.a), 0);
		REQUIRE_EQ(driver_pin(&driver, AT, pages(12), 0), 0);
		current->user = &other;
		fault_arm(n, n & 1);
		rc = user_change_process(&world);
		failed = fault_disarm();
		EXPECT_EQ(atomic_long_read(&other.locked_vm), rc ? 0 : 12);
		EXPECT_EQ(atomic_long_read(&world.user.locked_vm), rc ? 12 : 0);
		if (rc)
			EXPECT_EQ(rc, -ENOMEM);
		driver_close(&driver);
		fd_close(fd);
		world_close(&world);
	}
	EXPECT(!failed);
}
