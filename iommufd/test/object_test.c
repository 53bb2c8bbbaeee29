// SPDX-License-Identifier: GPL-2.0-only
/*
 * object_test.c - object.c: ids, lookups and users
 *
 * Promised: an id is found from publication to death; DESTROY waits for lookups and
 * is refused by users only (S6); killed while it waits it changes nothing; of two
 * DESTROYs one succeeds.
 */
#include "driver.h"
#include "thread.h"

TEST(object_reserved_is_not_found)
{
	struct world world;
	struct ioas *ioas;

	world_open(&world);
	ioas = ioas_alloc();
	REQUIRE_EQ(object_reserve(world.ictx, &ioas->obj, OBJECT_IOAS), 0);
	EXPECT_EQ(PTR_ERR(ioas_get(world.ictx, ioas->obj.id)), -ENOENT);
	EXPECT_EQ(user_destroy(&world, ioas->obj.id), -ENOENT);
	object_publish(&ioas->obj);
	EXPECT(ioas_get(world.ictx, ioas->obj.id) == ioas);
	EXPECT_EQ(PTR_ERR(object_get(world.ictx, ioas->obj.id, OBJECT_ACCESS)),
		  -ENOENT);
	ioas_put(ioas);
	EXPECT_EQ(user_destroy(&world, ioas->obj.id), 0);
	world_close(&world);
}

TEST(object_aborted_id_is_free_again)
{
	struct world world;
	struct ioas *ioas;
	u32 id, again;

	world_open(&world);
	ioas = ioas_alloc();
	REQUIRE_EQ(object_reserve(world.ictx, &ioas->obj, OBJECT_IOAS), 0);
	id = ioas->obj.id;
	object_abort(&ioas->obj);
	ioas_free(ioas);
	REQUIRE_EQ(user_ioas_alloc(&world, &again), 0);
	EXPECT_EQ(again, id);
	world_close(&world);
}

TEST(object_destroy_errors)
{
	struct driver driver;
	struct world world;

	world_open(&world);
	REQUIRE_EQ(driver_open(&driver, &world), 0);
	EXPECT_EQ(user_destroy(&world, 0), -ENOENT);
	EXPECT_EQ(user_destroy(&world, 12345), -ENOENT);
	/* A driver owns its access. */
	EXPECT_EQ(user_destroy(&world, driver.id), -EBUSY);
	REQUIRE_EQ(driver_attach(&driver, world.a), 0);
	EXPECT_EQ(user_destroy(&world, world.a), -EBUSY);
	EXPECT_EQ(user_destroy(&world, world.b), 0);
	EXPECT_EQ(user_destroy(&world, world.b), -ENOENT);
	driver_detach(&driver);
	EXPECT_EQ(user_destroy(&world, world.a), 0);
	EXPECT_EQ(driver_attach(&driver, world.a), -ENOENT);
	EXPECT_EQ(driver_attach(&driver, driver.id), -ENOENT);
	driver_close(&driver);
	EXPECT_EQ(user_destroy(&world, driver.id), -ENOENT);
	world_close(&world);
}

/* The caller cannot be told the id: then there is none. */
TEST(object_alloc_without_reply)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	struct world world;
	u32 id;

	world_open(&world);
	EXPECT_EQ(context_ioctl(world.ictx, ioas_alloc_ioctl, &cmd, BAD_USER),
		  -EFAULT);
	REQUIRE_EQ(user_ioas_alloc(&world, &id), 0);
	EXPECT_EQ(id, cmd.out_ioas_id);
	cmd.flags = 1;
	EXPECT_EQ(context_ioctl(world.ictx, ioas_alloc_ioctl, &cmd, &cmd),
		  -EOPNOTSUPP);
	world_close(&world);
}

struct destroying {
	struct world *world;
	u32 id;
};

static int destroy(void *data)
{
	struct destroying *d = data;

	return user_destroy(d->world, d->id);
}

TEST(object_destroy_waits_for_lookups)
{
	struct destroying d;
	struct thread thread;
	struct world world;
	struct ioas *ioas;

	world_open(&world);
	d = (struct destroying){ &world, world.a };
	ioas = ioas_get(world.ictx, world.a);
	thread_start(&thread, &world, destroy, &d);
	thread_await_wait(&thread);
	/* Dead, but not gone: not found, and no second DESTROY. */
	EXPECT_EQ(PTR_ERR(ioas_get(world.ictx, world.a)), -ENOENT);
	EXPECT_EQ(user_destroy(&world, world.a), -ENOENT);
	EXPECT_EQ(object_use(&ioas->obj), -ENOENT);
	EXPECT(!thread_done(&thread));
	ioas_put(ioas);
	EXPECT_EQ(thread_join(&thread), 0);
	world_close(&world);
}

TEST(object_destroy_killed_changes_nothing)
{
	struct destroying d;
	struct thread thread;
	struct world world;
	struct ioas *ioas;

	world_open(&world);
	d = (struct destroying){ &world, world.a };
	ioas = ioas_get(world.ictx, world.a);
	thread_start(&thread, &world, destroy, &d);
	thread_await_wait(&thread);
	thread_kill(&thread);
	EXPECT_EQ(thread_join(&thread), -EINTR);
	EXPECT(ioas_get(world.ictx, world.a) == ioas);
	ioas_put(ioas);
	ioas_put(ioas);
	EXPECT_EQ(user_destroy(&world, world.a), 0);
	world_close(&world);
}

#define RACERS 3
#define ROUNDS 400

struct race {
	struct world *world;
	u32 id; /* atomic */
	unsigned int destroyed; /* atomic */
};

static int racer(void *data)
{
	struct race *race = data;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 id = __atomic_load_n(&race->id, __ATOMIC_SEQ_CST);
		struct ioas *ioas = ioas_get(race->world->ictx, id);
		int rc;

		if (!IS_ERR(ioas))
			ioas_put(ioas);
		rc = user_destroy(race->world, id);
		/* S6: never -EBUSY for a lookup. */
		if (rc != -ENOENT)
			EXPECT_EQ(rc, 0);
		if (rc)
			continue;
		__atomic_fetch_add(&race->destroyed, 1, __ATOMIC_SEQ_CST);
		EXPECT_EQ(user_ioas_alloc(race->world, &id), 0);
		__atomic_store_n(&race->id, id, __ATOMIC_SEQ_CST);
	}
	return 0;
}

TEST(object_destroy_race)
{
	struct thread threads[RACERS];
	struct world world;
	struct race race;
	int i;

	world_open(&world);
	race = (struct race){ .world = &world, .id = world.a };
	for (i = 0; i < RACERS; i++)
		thread_start(&threads[i], &world, racer, &race);
	for (i = 0; i < RACERS; i++)
		thread_join(&threads[i]);
	EXPECT(race.destroyed > 0);
	world_close(&world);
}
