// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm_test.c - everything at once, under real threads
 *
 * Mappers map, copy and unmap; DMA threads pin, hold, touch, release and copy
 * through two accesses; one access is replaced between two IOAS all the time, the
 * other attached, detached and replaced; a destroyer makes and destroys IOAS in use;
 * a killer sends signals; grace periods end as fast as they can.
 *
 * Oracles: after UNMAP returned no page of it is pinned, and whoever touches one ends
 * the test; rw of what is mapped in both IOAS never fails, and sees one of them
 * (S3); drivers that answer make nobody fail; every errno is allowed where it is
 * seen; in the end nothing is left (world_close). A storm in which pins never met an
 * unmap and never a replace proves nothing, and fails.
 *
 * This is what the thread sanitizer runs; a schedule cannot be repeated here, only
 * in sched_test.c.
 */
#include <time.h>
#include "driver.h"
#include "thread.h"

#define MAPPERS 2
#define SLOTS 4 /* areas of a mapper */
#define SLOT_PAGES 4UL
#define STORM_MS 2500

/* Mapped in both IOAS for ever. */
#define STEADY pages(8)

enum stat {
	MAPS,
	UNMAPS,
	PINS,
	COPIES,
	CHANGES,
	DESTROYS,
	KILLS,
	PIN_MET_UNMAP, /* -EINVAL */
	PIN_MET_REPLACE, /* -EAGAIN */
	CALLBACKS,
	NSTATS,
};

static const char *const stat_names[] = {
	[MAPS] = "maps",
	[UNMAPS] = "unmaps",
	[PINS] = "pins",
	[COPIES] = "copies",
	[CHANGES] = "changes",
	[DESTROYS] = "destroys",
	[KILLS] = "kills",
	[PIN_MET_UNMAP] = "pin_met_unmap",
	[PIN_MET_REPLACE] = "pin_met_replace",
	[CALLBACKS] = "callbacks",
};

struct storm {
	struct world world;
	struct driver swapped; /* always attached, to one or the other */
	struct driver loose; /* attached or not */
	struct thread *unmapper; /* whom the killer may kill */
	unsigned long stats[NSTATS]; /* atomic */
	unsigned long mappers; /* atomic: numbers them */
	unsigned long dmas; /* atomic: the same */
	bool stop; /* atomic */
};

static bool running(struct storm *storm)
{
	return !__atomic_load_n(&storm->stop, __ATOMIC_RELAXED) &&
	       !test_has_failed();
}

static void tick(struct storm *storm, enum stat stat)
{
	__atomic_fetch_add(&storm->stats[stat], 1, __ATOMIC_RELAXED);
}

static unsigned long slot_iova(unsigned long mapper, unsigned long slot)
{
	return pages(64 + (mapper * SLOTS + slot) * SLOT_PAGES);
}

static unsigned long slot_page(unsigned long mapper, unsigned long slot)
{
	return 64 + (mapper * SLOTS + slot) * SLOT_PAGES;
}

/* As often as it is killed. */
static void unmap(struct storm *storm, u32 ioas, unsigned long iova,
		  unsigned long npages, unsigned long areas)
{
	u64 n = 0;
	int rc;

	do {
		rc = user_unmap(&storm->world, ioas, iova, pages(npages), &n);
		__atomic_store_n(&current->killed, false, __ATOMIC_SEQ_CST);
	} while (rc == -EINTR);
	EXPECT_EQ(rc, 0);
	EXPECT_EQ(n, pages(npages));
	__atomic_fetch_add(&storm->stats[UNMAPS], areas, __ATOMIC_RELAXED);
}

/* Maps all its slots, now and then into the other IOAS too, and takes them away. */
static int mapper(void *data)
{
	struct storm *storm = data;
	struct world *world = &storm->world;
	unsigned long me =
		__atomic_fetch_add(&storm->mappers, 1, __ATOMIC_SEQ_CST);
	unsigned long first = slot_page(me, 0), n = SLOTS * SLOT_PAGES;
	struct rng rng;

	rng_init(&rng, test_seed() + me);
	while (running(storm)) {
		u32 one = rng_one_in(&rng, 2) ? world->a : world->b;
		u32 two = one == world->a ? world->b : world->a;
		bool both = rng_one_in(&rng, 2);
		u64 at = slot_iova(me, 0);
		unsigned long i;

		for (i = 0; i < SLOTS; i++)
			EXPECT_EQ(user_map_at(world, one, slot_iova(me, i),
					      slot_page(me, i), SLOT_PAGES),
				  0);
		if (both)
			EXPECT_EQ(user_copy(world, two, one, pages(n),
					    RW | FIXED, &at, at),
				  0);
		tick(storm, MAPS);
		for (i = rng_below(&rng, 20); i; i--)
			sched_yield();
		unmap(storm, one, slot_iova(me, 0), n, SLOTS);
		if (both)
			unmap(storm, two, slot_iova(me, 0), n, SLOTS);
		EXPECT_EQ(memory_pins(world->memory, first, n), 0);
		memory_revoke(world->memory, first, n);
		for (i = rng_below(&rng, 5); i; i--)
			sched_yield();
		memory_allow(world->memory, first, n);
	}
	return 0;
}

static void count_pin(struct storm *storm, int rc)
{
	switch (rc) {
	case 0:
		tick(storm, PINS);
		break;
	case -EINVAL:
		tick(storm, PIN_MET_UNMAP);
		break;
	case -EAGAIN:
		tick(storm, PIN_MET_REPLACE);
		break;
	case -ENOENT:
		break;
	default:
		EXPECT_EQ(rc, 0);
	}
}

static void copy(struct storm *storm, struct driver *driver, bool attached,
		 struct rng *rng)
{
	unsigned long iova =
		slot_iova(0, 0) +
		rng_below(rng, pages(MAPPERS * SLOTS * SLOT_PAGES) - 64);
	char buffer[64];
	int rc;

	rc = driver_read(driver, STEADY + rng_below(rng, pages(1) - 64), buffer,
			 64);
	if (attached)
		EXPECT_EQ(rc, 0);
	if (!rc)
		/* One of the two, not a part of each. */
		EXPECT((buffer[0] == 'a' || buffer[0] == 'b') &&
		       buffer[0] == buffer[63]);
	rc = rng_one_in(rng, 2) ? driver_read(driver, iova, buffer, 64) :
				  driver_write(driver, iova, buffer, 64);
	if (rc != -ENOENT && rc != -EINVAL)
		EXPECT_EQ(rc, 0);
	tick(storm, COPIES);
}

static int dma(void *data)
{
	struct storm *storm = data;
	unsigned long me =
		__atomic_fetch_add(&storm->dmas, 1, __ATOMIC_SEQ_CST);
	struct driver *driver = me % 3 ? &storm->swapped : &storm->loose;
	struct rng rng;

	rng_init(&rng, test_seed() * 77 + me);
	while (running(storm)) {
		unsigned long n = 1 + rng_below(&rng, 6);
		unsigned long iova =
			slot_iova(0, 0) +
			pages(rng_below(&rng,
					MAPPERS * SLOTS * SLOT_PAGES - n));

		switch (rng_below(&rng, 4)) {
		case 0:
			copy(storm, driver, driver == &storm->swapped, &rng);
			break;
		case 1:
			driver_touch(driver);
			driver_release_one(driver, rng_below(&rng, 8));
			break;
		default:
			if (rng_one_in(&rng, 4))
				iova = STEADY, n = 1;
			count_pin(storm, driver_pin(driver, iova, pages(n),
						    rng_below(&rng, 2)));
		}
	}
	return 0;
}

static int swapper(void *data)
{
	struct storm *storm = data;
	struct world *world = &storm->world;
	bool to_b = true;

	while (running(storm)) {
		int rc = driver_replace(&storm->swapped,
					to_b ? world->b : world->a);

		__atomic_store_n(&current->killed, false, __ATOMIC_SEQ_CST);
		if (rc == -EINTR)
			continue;
		EXPECT_EQ(rc, 0);
		to_b = !to_b;
		tick(storm, CHANGES);
	}
	return 0;
}

static int changer(void *data)
{
	struct storm *storm = data;
	struct world *world = &storm->world;
	struct rng rng;

	rng_init(&rng, test_seed() * 31);
	while (running(storm)) {
		u32 ioas = rng_one_in(&rng, 2) ? world->a : world->b;
		int rc;

		switch (rng_below(&rng, 3)) {
		case 0:
			rc = driver_attach(&storm->loose, ioas);
			if (rc != -EINVAL)
				EXPECT_EQ(rc, 0);
			break;
		case 1:
			rc = driver_replace(&storm->loose, ioas);
			if (rc != -ENOENT)
				EXPECT_EQ(rc, 0);
			break;
		default:
			driver_detach(&storm->loose);
		}
		tick(storm, CHANGES);
	}
	return 0;
}

/* S6: -EBUSY for real users only, whoever looks at the IOAS meanwhile. */
static int destroyer(void *data)
{
	struct storm *storm = data;
	struct world *world = &storm->world;
	struct driver driver;

	EXPECT_EQ(driver_open_copying(&driver, world), 0);
	while (running(storm)) {
		char byte;
		u32 id;

		EXPECT_EQ(user_ioas_alloc(world, &id), 0);
		EXPECT_EQ(user_map_at(world, id, STEADY, 8, 1), 0);
		EXPECT_EQ(driver_attach(&driver, id), 0);
		EXPECT_EQ(driver_read(&driver, STEADY, &byte, 1), 0);
		EXPECT_EQ(user_destroy(world, id), -EBUSY);
		driver_detach(&driver);
		EXPECT_EQ(user_destroy(world, id), 0);
		tick(storm, DESTROYS);
	}
	driver_close(&driver);
	return 0;
}

/* Ids that may be anything: in use, dead, of an access. */
static int guesser(void *data)
{
	struct storm *storm = data;
	struct world *world = &storm->world;
	struct rng rng;

	rng_init(&rng, test_seed() * 13);
	while (running(storm)) {
		u32 id = 1 + rng_below(&rng, 12);
		struct ioas *ioas = ioas_get(world->ictx, id);

		if (IS_ERR(ioas))
			continue;
		EXPECT(area_check(ioas, 0, 0, AREA_READ) == ERR_PTR(-ENOENT));
		ioas_put(ioas);
	}
	return 0;
}

static int killer(void *data)
{
	struct storm *storm = data;

	while (running(storm)) {
		struct timespec pause = { .tv_nsec = 3000000 };

		/* Not to wait for anything: to send signals now and then. */
		nanosleep(&pause, NULL);
		thread_kill(storm->unmapper);
		tick(storm, KILLS);
	}
	return 0;
}

static int reclaimer(void *data)
{
	struct storm *storm = data;

	while (running(storm)) {
		rcu_barrier();
		sched_yield();
	}
	return 0;
}

static void set_up(struct storm *storm)
{
	struct world *world = &storm->world;

	memset(storm, 0, sizeof(*storm));
	world_open(world);
	/* Slower than a busy machine: nobody may look deaf for want of a CPU. */
	clock_pace(2000000);
	REQUIRE_EQ(driver_open(&storm->swapped, world), 0);
	REQUIRE_EQ(driver_open(&storm->loose, world), 0);
	REQUIRE_EQ(user_map_at(world, world->a, STEADY, 8, 1), 0);
	REQUIRE_EQ(user_map_at(world, world->b, STEADY, 9, 1), 0);
	memory_fill(world->memory, 8, 1, 'a');
	memory_fill(world->memory, 9, 1, 'b');
	REQUIRE_EQ(driver_attach(&storm->swapped, world->a), 0);
}

static void tear_down(struct storm *storm)
{
	unsigned int i;

	storm->stats[CALLBACKS] = storm->swapped.calls + storm->loose.calls;
	driver_close(&storm->swapped);
	driver_close(&storm->loose);
	EXPECT_EQ(log_count(""), 0);
	printf("# stat");
	for (i = 0; i < NSTATS; i++)
		printf(" %s=%lu", stat_names[i], storm->stats[i]);
	putchar('\n');
	EXPECT(storm->stats[PIN_MET_UNMAP] + storm->stats[PIN_MET_REPLACE] > 0);
	EXPECT(storm->stats[CALLBACKS] > 0);
	clock_jump();
	world_close(&storm->world);
}

TEST(storm)
{
	static int (*const bodies[])(void *data) = {
		mapper,	 mapper,    dma,     dma,    dma,	swapper,
		changer, destroyer, guesser, killer, reclaimer,
	};
	enum {
		N = sizeof(bodies) / sizeof(*bodies)
	};
	struct timespec length = {
		.tv_sec = STORM_MS / 1000,
		.tv_nsec = STORM_MS % 1000 * 1000000,
	};
	struct thread threads[N];
	struct storm storm;
	unsigned int i;

	set_up(&storm);
	storm.unmapper = &threads[0];
	for (i = 0; i < N; i++)
		thread_start(&threads[i], &storm.world, bodies[i], &storm);
	nanosleep(&length, NULL);
	__atomic_store_n(&storm.stop, true, __ATOMIC_SEQ_CST);
	/* From behind: the killer may not outlive whom it kills. */
	for (i = N; i; i--)
		thread_join(&threads[i - 1]);
	tear_down(&storm);
}
