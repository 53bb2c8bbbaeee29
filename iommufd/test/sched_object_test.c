// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_object_test.c - seeded schedules: the end of accesses and IOAS
 *
 * Oracles: no callback after the driver closed (driver.c looks); DESTROY waits for
 * lookups and fails for users only; an IOAS that is being destroyed cannot be
 * attached to. See scenario.h.
 */
#include "scenario.h"

/* Opens, attaches, pins and closes again, without releasing. */
static void closer(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	int i;

	world_enter(world);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(driver_open(&stage->other, world), 0);
		EXPECT_EQ(driver_attach(&stage->other, world->a), 0);
		expect_one_of(driver_pin(&stage->other, AT, pages(2), 0),
			      -EINVAL, -ENOENT, 0);
		driver_close(&stage->other);
	}
}

static void unmapper(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	int i;

	world_enter(world);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(user_unmap(world, world->a, AT, pages(9), NULL), 0);
		EXPECT_EQ(memory_pins(world->memory, 0, 9), 0);
		EXPECT_EQ(user_map_at(world, world->a, AT, 0, 9), 0);
	}
}

static void attacher(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 4; i++) {
		u32 id = __atomic_load_n(&stage->number, __ATOMIC_SEQ_CST);

		expect_one_of(driver_replace(&stage->driver, id), -ENOENT, 0,
			      0);
		expect_one_of(driver_replace(&stage->driver, stage->world.a), 0,
			      0, 0);
	}
}

static void destroyer(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	u32 id;
	int i;

	world_enter(world);
	for (i = 0; i < 4; i++) {
		id = __atomic_load_n(&stage->number, __ATOMIC_SEQ_CST);
		/* -EBUSY: the driver is there just now. */
		if (user_destroy(world, id) == -EBUSY)
			continue;
		EXPECT_EQ(user_ioas_alloc(world, &id), 0);
		__atomic_store_n(&stage->number, id, __ATOMIC_SEQ_CST);
	}
}

static void mapper(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 4; i++) {
		u32 id = __atomic_load_n(&stage->number, __ATOMIC_SEQ_CST);

		expect_one_of(user_map_at(&stage->world, id, AT, 64, 2),
			      -ENOENT, -EEXIST, 0);
	}
}

/* S6: whoever maps there, the IOAS can be destroyed. */
static void unused_destroyer(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	u32 id;
	int i;

	world_enter(world);
	for (i = 0; i < 4; i++) {
		id = __atomic_load_n(&stage->number, __ATOMIC_SEQ_CST);
		EXPECT_EQ(user_destroy(world, id), 0);
		EXPECT_EQ(user_ioas_alloc(world, &id), 0);
		__atomic_store_n(&stage->number, id, __ATOMIC_SEQ_CST);
	}
}

static void use_b(struct stage *stage)
{
	stage->number = stage->world.b;
}

TEST(sched_unmap_pin_close)
{
	static const struct scenario scenario = {
		.threads = {
			{ "closer", closer, NULL },
			{ "unmapper", unmapper, NULL },
		},
		.n = 2,
	};

	scenario_play(&scenario);
}

TEST(sched_destroy_attach)
{
	static const struct scenario scenario = {
		.threads = {
			{ "attacher", attacher, NULL },
			{ "destroyer", destroyer, NULL },
			{ "mapper", mapper, NULL },
		},
		.n = 3,
		.set_up = use_b,
	};

	scenario_play(&scenario);
}

TEST(sched_destroy_map)
{
	static const struct scenario scenario = {
		.threads = {
			{ "mapper 1", mapper, NULL },
			{ "mapper 2", mapper, NULL },
			{ "destroyer", unused_destroyer, NULL },
		},
		.n = 3,
		.set_up = use_b,
	};

	scenario_play(&scenario);
}
