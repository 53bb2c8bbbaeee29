// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_memory_test.c - seeded schedules: pins of the same pages, cuts, other payers
 *
 * Oracles: pins that overlap hold the same pages, each pinned once for each mapping; a
 * cut area can be used as before; whoever pays in the end pays exactly for what is
 * pinned. See scenario.h.
 */
#include "scenario.h"

static void pin_range(struct stage *stage, unsigned long first, unsigned long n)
{
	struct page *out[DRIVER_PAGES];
	unsigned long iova = AT + pages(first), i;
	int rc;

	rc = iommufd_access_pin_pages(stage->driver.access, iova, pages(n), out,
				      0);
	expect_one_of(rc, -EINVAL, -ENOMEM, -ENOENT);
	if (rc)
		return;
	for (i = 0; i < n; i++) {
		page_touch(out[i]);
		EXPECT(out[i] == stage->world.memory->at[first + i]);
	}
	iommufd_access_unpin_pages(stage->driver.access, iova, pages(n));
}

static void front_pinner(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 3; i++)
		pin_range(stage, 0, 3);
}

static void middle_pinner(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 3; i++)
		pin_range(stage, 1, 5);
}

/* Out of memory at another step each time. */
static void failing_pinner(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 5; i++) {
		fault_arm(1 + i, true);
		pin_range(stage, 2, 4);
		fault_disarm();
	}
}

/* Pages come one by one, so that the others come in between. */
static void one_by_one(struct stage *stage)
{
	stage->world.memory->most = 1;
}

static void expect_no_pins(struct stage *stage)
{
	EXPECT_EQ(memory_pins(stage->world.memory, 0, 9), 0);
	EXPECT_EQ(atomic64_read(&stage->world.mm->pinned_vm), 0);
}

static void cutter(void *data)
{
	struct stage *stage = data;
	struct ioas *ioas = ioas_get(stage->world.ictx, stage->world.a);
	int i;

	world_enter(&stage->world);
	for (i = 1; i < 4; i++)
		expect_one_of(area_cut(ioas, AT + pages(i)), -EBUSY, 0, 0);
	ioas_put(ioas);
}

static void cut_copier(void *data)
{
	struct stage *stage = data;
	char buffer[32];
	int i, rc;

	world_enter(&stage->world);
	for (i = 0; i < 4; i++) {
		rc = driver_read(&stage->driver, AT + pages(2) - 16, buffer,
				 32);
		/* Refused while it is cut, never a hole. */
		expect_one_of(rc, -EINVAL, 0, 0);
	}
}

static void expect_whole(struct stage *stage)
{
	char buffer[32];
	u64 n = 0;

	expect_no_pins(stage);
	EXPECT_EQ(driver_read(&stage->driver, AT + pages(2) - 16, buffer, 32),
		  0);
	EXPECT_EQ(user_unmap(&stage->world, stage->world.a, AT, pages(4), &n),
		  0);
	EXPECT_EQ(n, pages(4));
}

#define FILE_AT pages(200)

/* Only memfds, so that they can change hands. */
static void map_file_only(struct stage *stage)
{
	struct world *world = &stage->world;
	unsigned int fd = fd_install(memfd_make(16));
	u64 at = FILE_AT;

	stage->other_user.limit = 100;
	REQUIRE_EQ(user_unmap(world, world->a, 0, U64_MAX, NULL), 0);
	REQUIRE_EQ(user_unmap(world, world->b, 0, U64_MAX, NULL), 0);
	REQUIRE_EQ(user_map_file(world, world->a, fd, 0, pages(12), RW | FIXED,
				 &at),
		   0);
	fd_close(fd);
}

static void file_pinner(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(driver_pin(&stage->driver, FILE_AT + pages(i),
				     pages(8), 0),
			  0);
		driver_touch(&stage->driver);
		driver_release(&stage->driver, FILE_AT, pages(12));
	}
}

static void heir(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 4; i++) {
		current->user = i & 1 ? &stage->world.user : &stage->other_user;
		EXPECT_EQ(user_change_process(&stage->world), 0);
	}
}

static void expect_nobody_pays(struct stage *stage)
{
	EXPECT_EQ(atomic_long_read(&stage->other_user.locked_vm), 0);
	EXPECT_EQ(atomic_long_read(&stage->world.user.locked_vm), 0);
}

TEST(sched_pins_that_overlap)
{
	static const struct scenario scenario = {
		.threads = {
			{ "front", front_pinner, NULL },
			{ "middle", middle_pinner, NULL },
			{ "failing", failing_pinner, NULL },
		},
		.n = 3,
		.set_up = one_by_one,
		.tear_down = expect_no_pins,
	};

	scenario_play(&scenario);
}

TEST(sched_cut_pin_copy)
{
	static const struct scenario scenario = {
		.threads = {
			{ "cutter", cutter, NULL },
			{ "pinner", front_pinner, NULL },
			{ "copier", cut_copier, NULL },
		},
		.n = 3,
		.tear_down = expect_whole,
	};

	scenario_play(&scenario);
}

TEST(sched_pin_change_process)
{
	static const struct scenario scenario = {
		.threads = {
			{ "pinner 1", file_pinner, NULL },
			{ "heir", heir, NULL },
		},
		.n = 2,
		.set_up = map_file_only,
		.tear_down = expect_nobody_pays,
	};

	scenario_play(&scenario);
}
