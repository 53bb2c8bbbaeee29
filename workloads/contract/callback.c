// SPDX-License-Identifier: GPL-2.0-only
/*
 * callback.c - contract row unmap callback
 *
 * Promises: an UNMAP of pinned memory calls the driver, which may sleep and may
 * unpin; the call is made with no core lock held, so everything else goes on
 * meanwhile; new pins and copies of the range are refused until it is gone; a pin
 * that was in flight is waited for; all areas of a range are called for, whole,
 * and nothing outside of it.
 *
 * A failure means DMA after unmap, or an UNMAP that hangs, or one that makes
 * every other user of the address space wait for a slow driver.
 *
 * History: B01 (area used after the lock was dropped), B03 (callback never
 * sent, or only the first), B04 (neighbours, several pins in a range), B07 (gate
 * missing), B09 (lock held).
 */
#include "fixture.h"

#define LEN (8 * PAGE)
#define SLOW_US 400000

/* Two devices on one IOAS: the first holds pins, the second tries things. */
struct two {
	struct rig rig;
	struct mdma_dev *dev;
	struct mdma_queue *queue;
	uint8_t *mem;
};

static struct two two_new(void)
{
	struct two t = { .rig = fixture_rig() };

	t.dev = fixture_device(1, t.rig.iommufd, t.rig.ioas);
	t.queue = fixture_queue(t.dev, 0);
	t.mem = fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN, 1);
	return t;
}

static uint64_t fact(struct mdma_dev *dev, enum mdma_ledger which)
{
	return mdma_ledger(dev, which);
}

/* UNMAP of IOVA_A in a job; returns when the driver's callback has begun. */
static struct job *begin_unmap(struct two *t, uint64_t length)
{
	uint64_t before = fact(t->rig.dev, MDMA_LEDGER_CALLBACKS);
	struct call call = {
		.iommufd = t->rig.iommufd,
		.ioas = t->rig.ioas,
		.iova = IOVA_A,
		.length = length,
	};
	struct job *job = job_start(call_unmap, &call, sizeof(call));

	REQUIRE_TRUE(TAP_WAIT_FOR(
		fact(t->rig.dev, MDMA_LEDGER_CALLBACKS) > before, PROMPT_MS));
	return job;
}

TEST(callback_comes_for_a_pinned_area)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_GE(1, fact(t.rig.dev, MDMA_LEDGER_CALLBACKS));
	EXPECT_EQ(1, fact(t.rig.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(1, fact(t.rig.dev, MDMA_LEDGER_UNMAP_HELD));
	EXPECT_EQ(0, mdma_npins(t.rig.dev));
	EXPECT_EQ(0, pins_now());
	EXPECT_RC(-ENOENT, mdma_do_touch(t.rig.queue, IOVA_A, LEN, 3));
	EXPECT_EQ(-1, mem_check(t.mem, LEN, 1, 0));
	EXPECT_RC(-ENOENT, probe_rw(t.rig.queue, IOVA_A));
	EXPECT_RC(-ENOENT, probe_pin(t.rig.queue, IOVA_A));
}

TEST(callback_covers_every_pin_of_an_area)
{
	struct two t = two_new();

	for (unsigned int i = 0; i < LEN / PAGE; i++)
		REQUIRE_OK(
			mdma_do_pin(t.rig.queue, IOVA_A + i * PAGE, PAGE, 0));
	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, 0));
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(LEN / PAGE + 1, fact(t.rig.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(0, pins_now());
}

TEST(callback_covers_every_area_of_a_range)
{
	struct two t = two_new();
	uint64_t length = 6 * LEN;

	/* Areas at 0, 1, 3 and 5, holes at 2 and 4. */
	fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_A + LEN, LEN, 2);
	fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_A + 3 * LEN, LEN, 3);
	fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_A + 5 * LEN, LEN, 4);
	for (unsigned int i = 0; i < 6; i++)
		if (i != 2 && i != 4)
			REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A + i * LEN,
					       LEN, 0));
	/* One pin across two areas as well. */
	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A + LEN - PAGE, 2 * PAGE, 0));
	EXPECT_OK(iommu_unmap(t.rig.iommufd, t.rig.ioas, IOVA_A, &length));
	EXPECT_EQ(4 * LEN, length);
	EXPECT_EQ(5, fact(t.rig.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(0, pins_now());
}

TEST(callback_leaves_the_neighbours)
{
	struct two t = two_new();
	uint8_t *low =
		fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_A - LEN, LEN, 2);
	uint8_t *high =
		fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_A + LEN, LEN, 3);

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A - LEN, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A + LEN, LEN, MDMA_F_WRITE));
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(2 * LEN / PAGE, mdma_npins(t.rig.dev));
	EXPECT_EQ(0, fact(t.rig.dev, MDMA_LEDGER_REVOKED));
	EXPECT_OK(mdma_do_touch(t.rig.queue, IOVA_A - LEN, LEN, 8));
	EXPECT_OK(mdma_do_touch(t.rig.queue, IOVA_A + LEN, LEN, 9));
	EXPECT_EQ(8, *(uint64_t *)(low + LEN - PAGE));
	EXPECT_EQ(9, *(uint64_t *)high);
}

TEST(callback_reaches_every_access_with_pins)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A + PAGE, PAGE, 0));
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(1, fact(t.rig.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(1, fact(t.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(0, pins_now());
}

TEST(callback_may_sleep)
{
	struct two t = two_new();
	uint64_t start;

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, 0));
	fixture_knob(t.rig.dev, "delay_unmap_us", SLOW_US);
	start = tap_now_ms();
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_GE(SLOW_US / 1000, tap_now_ms() - start);
	EXPECT_EQ(0, pins_now());
}

TEST(callback_holds_nobody_up)
{
	struct two t = two_new();
	uint8_t *mem = fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_B, LEN, 2);
	struct job *unmap;

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, 0));
	fixture_knob(t.rig.dev, "delay_unmap_us", 5 * SLOW_US);
	unmap = begin_unmap(&t, LEN);
	EXPECT_OK(iommu_map_at(t.rig.iommufd, t.rig.ioas, mem, LEN, IOVA_C));
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_C, LEN));
	EXPECT_TRUE(reaches(t.queue, IOVA_B, mem));
	EXPECT_OK(probe_pin(t.queue, IOVA_B));
	/* The access whose callback it is can work elsewhere, too. */
	EXPECT_TRUE(reaches(t.rig.queue, IOVA_B + PAGE, mem + PAGE));
	EXPECT_OK(probe_pin(t.rig.queue, IOVA_B));
	EXPECT_TRUE(!job_done(unmap));
	EXPECT_OK(job_wait(unmap, PROMPT_MS));
}

TEST(unmapping_area_refuses_pin_and_rw)
{
	struct two t = two_new();
	struct job *unmap;

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, PAGE, 0));
	fixture_knob(t.rig.dev, "delay_unmap_us", 3 * SLOW_US);
	unmap = begin_unmap(&t, LEN);
	EXPECT_RC(-EINVAL, probe_pin(t.queue, IOVA_A));
	EXPECT_RC(-EINVAL, probe_pin(t.queue, IOVA_A + PAGE));
	EXPECT_RC(-EINVAL, probe_rw(t.queue, IOVA_A));
	EXPECT_RC(-EINVAL, probe_rw(t.queue, IOVA_A + PAGE));
	EXPECT_RC(-EINVAL, probe_pin(t.rig.queue, IOVA_A));
	EXPECT_RC(-EEXIST,
		  iommu_map_at(t.rig.iommufd, t.rig.ioas, t.mem, LEN, IOVA_A));
	EXPECT_TRUE(!job_done(unmap));
	EXPECT_OK(job_wait(unmap, PROMPT_MS));
	EXPECT_RC(-ENOENT, probe_pin(t.queue, IOVA_A));
	EXPECT_RC(-ENOENT, probe_rw(t.queue, IOVA_A));
	EXPECT_EQ(0, pins_now());
}

/*
 * The driver has the pages but has not written them down yet when the callback
 * comes. UNMAP must wait for it, and call again for what it recorded late.
 */
TEST(unmap_waits_for_a_late_recorder)
{
	struct two t = two_new();
	struct call pin = {
		.queue = t.rig.queue,
		.iova = IOVA_A,
		.length = LEN,
	};
	struct job *pinner;

	fixture_knob(t.rig.dev, "delay_pin_us", SLOW_US);
	pinner = job_start(call_pin, &pin, sizeof(pin));
	REQUIRE_TRUE(TAP_WAIT_FOR(pins_now() == LEN / PAGE, PROMPT_MS));
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
	EXPECT_NE(-ETIMEDOUT, job_wait(pinner, PROMPT_MS));
	EXPECT_EQ(0, mdma_npins(t.rig.dev));
	EXPECT_RC(-ENOENT, mdma_do_touch(t.rig.queue, IOVA_A, LEN, 3));
	EXPECT_EQ(-1, mem_check(t.mem, LEN, 1, 0));
}

TEST(unmap_twice_the_second_waits)
{
	struct two t = two_new();
	struct job *first;

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, 0));
	fixture_knob(t.rig.dev, "delay_unmap_us", SLOW_US);
	first = begin_unmap(&t, LEN);
	/* When it answers, the first has removed the area. */
	EXPECT_RC(-ENOENT,
		  iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_OK(job_wait(first, PROMPT_MS));
	EXPECT_EQ(0, pins_now());
}

TEST(unmap_all_during_unmap_is_ok)
{
	struct two t = two_new();
	struct job *first;

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, 0));
	fixture_knob(t.rig.dev, "delay_unmap_us", SLOW_US);
	first = begin_unmap(&t, LEN);
	EXPECT_OK(iommu_unmap_all(t.rig.iommufd, t.rig.ioas));
	EXPECT_OK(job_wait(first, PROMPT_MS));
	EXPECT_EQ(0, pins_now());
}

TEST(unmap_of_another_area_during_unmap)
{
	struct two t = two_new();
	struct job *first;

	fixture_map(t.rig.iommufd, t.rig.ioas, IOVA_B, LEN, 2);
	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_B, LEN, 0));
	fixture_knob(t.rig.dev, "delay_unmap_us", SLOW_US);
	first = begin_unmap(&t, LEN);
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_B, LEN));
	EXPECT_OK(job_wait(first, PROMPT_MS));
	EXPECT_EQ(0, pins_now());
}

/* Two threads empty one IOAS again and again while a third pins in it. */
struct churn {
	struct two *t;
	atomic_bool *stop;
	unsigned int failures;
};

static int churn_unmap(void *arg)
{
	struct churn *churn = arg;
	int rc = 0;

	while (!rc && !atomic_load(churn->stop))
		rc = iommu_unmap_all(churn->t->rig.iommufd, churn->t->rig.ioas);
	return rc;
}

static int churn_pin(void *arg)
{
	struct churn *churn = arg;

	while (!atomic_load(churn->stop)) {
		int rc = mdma_do_pin(churn->t->queue, IOVA_B, PAGE, 0);

		if (!rc)
			rc = mdma_do_unpin(churn->t->queue, IOVA_B, PAGE);
		/* Mapped, being unmapped, gone; UNPIN finds it revoked. */
		if (rc && rc != -EINVAL && rc != -ENOENT)
			return rc;
	}
	return 0;
}

TEST(unmap_all_twice_against_pin)
{
	static atomic_bool stop;
	struct two t = two_new();
	struct churn churn = { .t = &t, .stop = &stop };
	struct job *jobs[3];
	unsigned int mapped = 0;

	atomic_store(&stop, false);
	jobs[0] = job_start(churn_unmap, &churn, sizeof(churn));
	jobs[1] = job_start(churn_unmap, &churn, sizeof(churn));
	jobs[2] = job_start(churn_pin, &churn, sizeof(churn));
	for (unsigned int i = 0; i < 400; i++) {
		int rc = iommu_map_at(t.rig.iommufd, t.rig.ioas, t.mem, PAGE,
				      IOVA_B);

		mapped += !rc;
		if (rc && rc != -EEXIST)
			EXPECT_RC(0, rc);
	}
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
	EXPECT_GT(0, mapped);
	EXPECT_OK(iommu_unmap_all(t.rig.iommufd, t.rig.ioas));
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_ledger_violations(t.dev));
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
