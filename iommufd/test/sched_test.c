// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_test.c - seeded schedules: unmap against pin against replace
 *
 * Oracles: every errno is one that the contract allows there; once UNMAP returned, no
 * page of it is pinned, and using one ends the test; an unpin always finds its pin; a
 * driver that answers never makes replace or unmap fail; rw of what is mapped in both
 * IOAS never fails. See scenario.h.
 */
#include "scenario.h"

static void pinner(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 3; i++) {
		expect_one_of(driver_pin(&stage->driver, AT, pages(2), 0),
			      -EAGAIN, -EINVAL, -ENOENT);
		driver_touch(&stage->driver);
		driver_release(&stage->driver, AT, pages(2));
	}
}

static void copier(void *data)
{
	struct stage *stage = data;
	char byte;
	int i, rc;

	world_enter(&stage->world);
	for (i = 0; i < 3; i++) {
		byte = 'x';
		rc = driver_read(&stage->driver, AT, &byte, 1);
		/* Of a hole that an UNMAP made, not of a replace. */
		expect_one_of(rc, -EINVAL, -ENOENT, 0);
		if (!rc)
			EXPECT(byte == 'a' || byte == 'b');
		/* Never unmapped in either: never fails. */
		EXPECT_EQ(driver_read(&stage->driver, AT + pages(8), &byte, 1),
			  0);
	}
}

static void unmapper(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	int i;

	world_enter(world);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(user_unmap(world, world->a, AT, pages(4), NULL), 0);
		EXPECT_EQ(memory_pins(world->memory, 0, 4), 0);
		memory_revoke(world->memory, 0, 4);
		sched_point("revoked");
		memory_allow(world->memory, 0, 4);
		EXPECT_EQ(user_map_at(world, world->a, AT, 0, 4), 0);
	}
}

static void replacer(void *data)
{
	struct stage *stage = data;
	int i, rc;

	world_enter(&stage->world);
	__atomic_store_n(&stage->replacer, current, __ATOMIC_SEQ_CST);
	for (i = 0; i < 4; i++) {
		rc = driver_replace(&stage->driver,
				    i & 1 ? stage->world.a : stage->world.b);
		/* -EINTR: a killer is at work. */
		if (stage->driver.deaf)
			expect_one_of(rc, -EINTR, -EDEADLOCK, 0);
		else
			expect_one_of(rc, -EINTR, 0, 0);
		__atomic_store_n(&current->killed, false, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&stage->replacer, NULL, __ATOMIC_SEQ_CST);
}

static void killer(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 6; i++) {
		struct task_struct *task;

		sched_point("kill");
		task = __atomic_load_n(&stage->replacer, __ATOMIC_SEQ_CST);
		if (task)
			shim_kill(task);
	}
}

/* Of two areas in B, where memory runs out after the first one has its place. */
static void failing_copier(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	int i, rc;

	world_enter(world);
	for (i = 0; i < 3; i++) {
		u64 at = AT + pages(24);

		fault_arm(4, true);
		rc = user_copy(world, world->b, world->a, pages(9), RW | FIXED,
			       &at, AT);
		/* The reply is a step, too. */
		if (!fault_disarm() || rc != -EFAULT)
			expect_one_of(rc, -ENOMEM, -ENOENT, -EEXIST);
	}
}

static void mapper(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	int i;

	world_enter(world);
	for (i = 0; i < 3; i++)
		expect_one_of(user_map_at(world, world->b, AT + pages(20), 64,
					  4),
			      -EEXIST, 0, 0);
}

static void wide_unmapper(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	int i;

	world_enter(world);
	for (i = 0; i < 3; i++)
		expect_one_of(user_unmap(world, world->b, AT + pages(20),
					 pages(20), NULL),
			      -ENOENT, 0, 0);
}

/* All there is in B, side by side; with the other one: some calls find it done. */
static void churner(void *data)
{
	struct stage *stage = data;
	struct world *world = &stage->world;
	int i, j;

	world_enter(world);
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 2; j++)
			expect_one_of(user_map_at(world, world->b,
						  AT + pages(j), 64 + j, 1),
				      -EEXIST, 0, 0);
		expect_one_of(user_unmap(world, world->b, AT, pages(2), NULL),
			      -ENOENT, 0, 0);
	}
}

static void cross_copier(void *data)
{
	struct stage *stage = data;
	char buffer[16];
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 4; i++)
		expect_one_of(driver_read(&stage->driver, AT + pages(1) - 8,
					  buffer, sizeof(buffer)),
			      -EINVAL, -ENOENT, 0);
}

static void detacher(void *data)
{
	struct stage *stage = data;
	int i;

	world_enter(&stage->world);
	for (i = 0; i < 3; i++) {
		/* A callback until the next attach would be one too many. */
		iommufd_access_detach(stage->driver.access);
		EXPECT_EQ(driver_attach(&stage->driver, i & 1 ? stage->world.a :
								stage->world.b),
			  0);
	}
}

static void empty_b(struct stage *stage)
{
	REQUIRE_EQ(driver_replace(&stage->driver, stage->world.b), 0);
	REQUIRE_EQ(user_unmap(&stage->world, stage->world.b, 0, U64_MAX, NULL),
		   0);
}

static void make_deaf(struct stage *stage)
{
	REQUIRE_EQ(driver_pin(&stage->driver, AT + pages(8), pages(1), 0), 0);
	stage->driver.deaf = true;
}

static void make_answer(struct stage *stage)
{
	stage->driver.deaf = false;
}

TEST(sched_unmap_pin_replace)
{
	static const struct scenario scenario = {
		.threads = {
			{ "pinner", pinner, NULL },
			{ "unmapper", unmapper, NULL },
			{ "replacer", replacer, NULL },
			{ "copier", copier, NULL },
		},
		.n = 4,
	};

	scenario_play(&scenario);
}

TEST(sched_unmap_pin_copy)
{
	static const struct scenario scenario = {
		.threads = {
			{ "pinner", pinner, NULL },
			{ "unmapper", unmapper, NULL },
			{ "copier", copier, NULL },
		},
		.n = 3,
	};

	scenario_play(&scenario);
}

TEST(sched_replace_killed)
{
	static const struct scenario scenario = {
		.threads = {
			{ "pinner", pinner, NULL },
			{ "replacer", replacer, NULL },
			{ "killer", killer, NULL },
		},
		.n = 3,
	};

	scenario_play(&scenario);
}

TEST(sched_replace_deaf_killed)
{
	static const struct scenario scenario = {
		.threads = {
			{ "pinner", pinner, NULL },
			{ "replacer", replacer, NULL },
			{ "killer", killer, NULL },
		},
		.n = 3,
		.set_up = make_deaf,
		.tear_down = make_answer,
	};

	scenario_play(&scenario);
}

TEST(sched_unmap_pin_detach)
{
	static const struct scenario scenario = {
		.threads = {
			{ "pinner", pinner, NULL },
			{ "unmapper", unmapper, NULL },
			{ "detacher", detacher, NULL },
		},
		.n = 3,
	};

	scenario_play(&scenario);
}

TEST(sched_unmap_of_the_last_areas)
{
	static const struct scenario scenario = {
		.threads = {
			{ "churner 1", churner, NULL },
			{ "churner 2", churner, NULL },
			{ "copier", cross_copier, NULL },
		},
		.n = 3,
		.set_up = empty_b,
	};

	scenario_play(&scenario);
}

TEST(sched_unmap_map_without_memory)
{
	static const struct scenario scenario = {
		.threads = {
			{ "mapper", mapper, NULL },
			{ "copier", failing_copier, NULL },
			{ "unmapper", wide_unmapper, NULL },
		},
		.n = 3,
	};

	scenario_play(&scenario);
}
