// SPDX-License-Identifier: GPL-2.0-only
/*
 * destroy.c - contract row destroy, and promise S6
 *
 * Promises: destroying an access (closing the device) waits for its callbacks,
 * and afterwards none runs; user space cannot destroy an access that a driver
 * owns. S6: IOMMU_DESTROY answers -EBUSY only for real users, never because
 * another ioctl happens to look at the object.
 *
 * A failure means use after free in a driver, or a VMM that cannot tear down
 * because of a neighbour's ioctl.
 *
 * History: B05, B23, B25, B26, B29. Upstream 7.2 answers -EBUSY
 * in a quarter of the tries against a thread that maps.
 */
#include <unistd.h>

#include "fixture.h"

#define LEN (4 * PAGE)
#define SLOW_US 400000
#define ROUNDS 200

TEST(destroy_access_of_a_driver_is_ebusy)
{
	struct rig rig = fixture_rig();
	uint32_t devid = rig.dev->devid;

	EXPECT_RC(-EBUSY, iommu_destroy(rig.iommufd, devid));
	REQUIRE_OK(mdma_detach(rig.dev));
	EXPECT_RC(-EBUSY, iommu_destroy(rig.iommufd, devid));
	mdma_close(rig.dev);
	EXPECT_RC(-ENOENT, iommu_destroy(rig.iommufd, devid));
}

TEST(destroy_attached_ioas_is_ebusy)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);

	for (unsigned int i = 0; i < 3; i++)
		EXPECT_RC(-EBUSY, iommu_destroy(rig.iommufd, rig.ioas));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	REQUIRE_OK(mdma_detach(rig.dev));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.ioas));
	EXPECT_RC(-ENOENT, iommu_destroy(rig.iommufd, rig.ioas));
	EXPECT_RC(-ENOENT, mdma_attach(rig.dev, rig.ioas));
}

TEST(close_waits_for_the_callback)
{
	struct rig rig = fixture_rig();
	struct call call = {
		.iommufd = rig.iommufd,
		.ioas = rig.ioas,
		.iova = IOVA_A,
		.length = LEN,
	};
	struct job *unmap;

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	fixture_knob(rig.dev, "delay_unmap_us", SLOW_US);
	unmap = job_start(call_unmap, &call, sizeof(call));
	REQUIRE_TRUE(TAP_WAIT_FOR(mdma_ledger(rig.dev, MDMA_LEDGER_CALLBACKS),
				  PROMPT_MS));
	EXPECT_TRUE(!job_done(unmap));
	/* LATE would count a callback that outlives the device. */
	mdma_close(rig.dev);
	EXPECT_OK(job_wait(unmap, PROMPT_MS));
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.ioas));
}

TEST(close_hears_nothing_afterwards)
{
	struct rig rig = fixture_rig();
	struct mdma_dev *two = fixture_device(1, rig.iommufd, rig.ioas);
	struct mdma_queue *queue = fixture_queue(two, 0);

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_do_pin(queue, IOVA_A, LEN, 0));
	fixture_knob(rig.dev, "delay_close_us", 1000);
	mdma_close(rig.dev);
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_violations());
}

/* UNMAP of everything and MAP again, until told to stop. */
struct mapper {
	int iommufd;
	uint32_t ioas;
	uint8_t *mem;
	atomic_bool *stop;
	atomic_uint *turns;
};

static int mapper(void *arg)
{
	struct mapper *m = arg;

	while (!atomic_load(m->stop)) {
		int rc = iommu_map_at(m->iommufd, m->ioas, m->mem, LEN, IOVA_A);

		if (rc && rc != -EEXIST)
			return rc;
		rc = iommu_unmap_all(m->iommufd, m->ioas);
		if (rc)
			return rc;
		atomic_fetch_add(m->turns, 1);
	}
	return 0;
}

TEST(close_against_unmap)
{
	static atomic_bool stop;
	static atomic_uint turns;
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	struct mapper m = {
		.iommufd = iommufd,
		.ioas = ioas,
		.mem = fixture_mem(LEN, 1),
		.stop = &stop,
		.turns = &turns,
	};
	unsigned int pins = 0;
	struct job *job;

	atomic_store(&stop, false);
	job = job_start(mapper, &m, sizeof(m));
	for (unsigned int i = 0; i < 20; i++) {
		struct mdma_dev *dev = fixture_device(0, iommufd, ioas);
		struct mdma_queue *queue = fixture_queue(dev, 0);

		for (unsigned int j = 0; j < 8; j++)
			pins += !mdma_do_pin(queue, IOVA_A, PAGE, 0);
		mdma_close(dev);
	}
	atomic_store(&stop, true);
	EXPECT_OK(job_wait(job, PROMPT_MS));
	tap_note("stat turns=%u pins=%u", atomic_load(&turns), pins);
	EXPECT_EQ(0, mdma_violations());
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(iommu_destroy(iommufd, ioas));
}

TEST(context_closed_first_the_device_goes_on)
{
	int iommufd = iommu_open();
	struct mdma_queue *queue;
	struct mdma_dev *dev;
	uint32_t ioas;
	uint8_t *mem;

	REQUIRE_TRUE(iommufd >= 0);
	ioas = fixture_ioas(iommufd);
	dev = fixture_device(0, iommufd, ioas);
	queue = fixture_queue(dev, 0);
	mem = fixture_map(iommufd, ioas, IOVA_A, LEN, 1);
	close(iommufd);
	EXPECT_TRUE(reaches(queue, IOVA_A, mem));
	EXPECT_OK(mdma_do_pin(queue, IOVA_A, LEN, 0));
	EXPECT_EQ(LEN / PAGE, pins_now());
	mdma_close(dev);
	EXPECT_EQ(0, pins_now());
}

/* Looks at an IOAS without using it, in each way there is. */
struct looker {
	int iommufd;
	atomic_uint *ioas;
	uint8_t *mem;
	atomic_bool *stop;
	atomic_uint *turns;
};

static int looker(void *arg)
{
	struct looker *l = arg;

	while (!atomic_load(l->stop)) {
		uint32_t ioas = atomic_load(l->ioas);
		struct iommu_iova_range range;
		uint32_t num = 1;
		int rc;

		rc = iommu_map_at(l->iommufd, ioas, l->mem, LEN, IOVA_A);
		if (rc && rc != -ENOENT && rc != -EEXIST)
			return rc;
		rc = iommu_iova_ranges(l->iommufd, ioas, &range, &num, NULL);
		if (rc && rc != -ENOENT)
			return rc;
		rc = iommu_unmap_all(l->iommufd, ioas);
		if (rc && rc != -ENOENT)
			return rc;
		atomic_fetch_add(l->turns, 1);
	}
	return 0;
}

TEST(destroy_is_busy_only_for_users)
{
	static atomic_uint ioas, turns;
	static atomic_bool stop;
	struct looker l = { .ioas = &ioas, .stop = &stop, .turns = &turns };
	unsigned int busy = 0;
	struct job *jobs[2];

	l.iommufd = fixture_iommufd();
	l.mem = fixture_mem(LEN, 1);
	atomic_store(&stop, false);
	atomic_store(&turns, 0);
	atomic_store(&ioas, fixture_ioas(l.iommufd));
	jobs[0] = job_start(looker, &l, sizeof(l));
	jobs[1] = job_start(looker, &l, sizeof(l));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int before = atomic_load(&turns);
		int rc;

		/* Let them look at this one before it goes. */
		EXPECT_TRUE(
			TAP_WAIT_FOR(atomic_load(&turns) > before, PROMPT_MS));
		rc = iommu_destroy(l.iommufd, atomic_load(&ioas));
		busy += rc == -EBUSY;
		if (rc && rc != -EBUSY)
			EXPECT_OK(rc);
		if (!rc)
			atomic_store(&ioas, fixture_ioas(l.iommufd));
	}
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < 2; i++)
		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
	tap_note("stat destroys=%u busy=%u looks=%u", ROUNDS, busy,
		 atomic_load(&turns));
	EXPECT_EQ(0, busy);
}

/* Asks for ids that are about to exist, while a device is bound and closed. */
struct guesser {
	int iommufd;
	uint32_t first;
	atomic_bool *stop;
	unsigned int busy;
};

static int guesser(void *arg)
{
	struct guesser *g = arg;
	struct iommu_iova_range range;
	uint32_t num = 1;

	while (!atomic_load(g->stop)) {
		for (uint32_t id = g->first; id < g->first + 4; id++) {
			int rc = iommu_destroy(g->iommufd, id);

			if (rc != -ENOENT && rc != -EBUSY)
				return rc ? rc : -EUCLEAN;
			g->busy += rc == -EBUSY;
			rc = iommu_iova_ranges(g->iommufd, id, &range, &num,
					       NULL);
			if (rc != -ENOENT)
				return rc ? rc : -EUCLEAN;
		}
	}
	return 0;
}

TEST(create_is_complete_before_it_can_be_found)
{
	static atomic_bool stop;
	struct guesser g = { .iommufd = fixture_iommufd(), .stop = &stop };
	struct guesser *done;
	struct job *job;

	atomic_store(&stop, false);
	g.first = fixture_ioas(g.iommufd) + 1;
	job = job_start(guesser, &g, sizeof(g));
	done = job->arg;
	for (unsigned int i = 0; i < 60; i++) {
		struct mdma_dev *dev = fixture_device(0, g.iommufd, 0);

		mdma_close(dev);
	}
	atomic_store(&stop, true);
	EXPECT_OK(job_wait(job, PROMPT_MS));
	tap_note("stat busy=%u", done->busy);
	EXPECT_GT(0, done->busy);
}

/* Two threads destroy the same ids: each goes exactly once. */
struct destroyer {
	int iommufd;
	uint32_t *ids;
	unsigned int won;
};

#define NIDS 200

static int destroyer(void *arg)
{
	struct destroyer *d = arg;

	for (unsigned int i = 0; i < NIDS; i++) {
		int rc = iommu_destroy(d->iommufd, d->ids[i]);

		if (rc && rc != -ENOENT)
			return rc;
		d->won += !rc;
	}
	return 0;
}

TEST(destroy_twice_at_once_succeeds_once)
{
	static uint32_t ids[NIDS];
	struct destroyer d = { .iommufd = fixture_iommufd(), .ids = ids };
	unsigned int won = 0;
	struct job *jobs[2];

	for (unsigned int i = 0; i < NIDS; i++)
		ids[i] = fixture_ioas(d.iommufd);
	jobs[0] = job_start(destroyer, &d, sizeof(d));
	jobs[1] = job_start(destroyer, &d, sizeof(d));
	for (unsigned int i = 0; i < 2; i++) {
		struct destroyer *done = jobs[i]->arg;

		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
		won += done->won;
	}
	EXPECT_EQ(NIDS, won);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
