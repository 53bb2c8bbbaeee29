// SPDX-License-Identifier: GPL-2.0-only
/*
 * swap.c - promises S3 and S4: replace under load, and changes that meet
 *
 * S3: an rw never fails because of a replace. It sees the old IOAS or the new
 * one, whole; a pin may answer -EAGAIN, but only while pins of the old IOAS are
 * being drained. S4: attach, replace and detach of one access that run at the
 * same time serialise; each succeeds and the later one takes effect.
 *
 * A failure means that a guest that moves a device between address spaces loses
 * DMA in flight, or that references and callbacks get out of step.
 *
 * History: B08, B10 (change inside the callback window), B12, B17. Upstream
 * 7.2 has no IOAS at all while the callback of a replace runs.
 */
#include "fixture.h"

#define LEN (4 * PAGE)
#define SWAPS 300
#define READS 600
#define SLOW_US 300000

#define WORD_A 0xaaaaaaaaaaaaaaaaull
#define WORD_B 0xbbbbbbbbbbbbbbbbull

/* The rig's two IOAS have different memory at IOVA_A: all A or all B. */
struct world {
	struct rig rig;
	uint8_t *a;
	uint8_t *b;
};

static struct world world_new(void)
{
	struct world w = { .rig = fixture_rig() };

	w.a = fixture_map(w.rig.iommufd, w.rig.ioas, IOVA_A, LEN, 1);
	w.b = fixture_map(w.rig.iommufd, w.rig.other, IOVA_A, LEN, 2);
	memset(w.a, 0xaa, LEN);
	memset(w.b, 0xbb, LEN);
	return w;
}

/* What a worker counts until told to stop. */
struct work {
	struct mdma_queue *queue;
	atomic_bool *stop;
	atomic_uint *ops; /* done by all workers */
	bool pin_path;
	unsigned int bad_data;
	unsigned int eagain;
};

static int reader(void *arg)
{
	struct work *work = arg;
	uint64_t offset = PAGE * work->queue->index;
	volatile uint64_t *got = (void *)(work->queue->dev->mem + offset);

	while (!atomic_load(work->stop)) {
		uint16_t flags = work->pin_path ? MDMA_F_PIN : 0;
		int rc;

		got[0] = 0;
		got[1] = 0;
		rc = mdma_do_read(work->queue, IOVA_A + 64, offset, 16, flags);
		atomic_fetch_add(work->ops, 1);
		if (rc == -EAGAIN && work->pin_path) {
			work->eagain++;
			continue;
		}
		if (rc) {
			EXPECT_OK(rc);
			return rc;
		}
		if (got[0] != got[1] || (got[0] != WORD_A && got[0] != WORD_B))
			work->bad_data++;
	}
	return 0;
}

/* Swaps IOAS under two readers of the given kind. Returns what they found. */
static struct work swap_under_readers(struct world *w, bool pin_path)
{
	static atomic_bool stop;
	static atomic_uint ops;
	struct work work = {
		.stop = &stop,
		.ops = &ops,
		.pin_path = pin_path,
	};
	struct work sum = { 0 };
	unsigned int swaps = 0;
	struct job *jobs[2];

	atomic_store(&stop, false);
	atomic_store(&ops, 0);
	for (unsigned int i = 0; i < 2; i++) {
		work.queue = fixture_queue(w->rig.dev, 1 + i);
		jobs[i] = job_start(reader, &work, sizeof(work));
	}
	/* Both have to be there for the swaps to mean anything. */
	while ((swaps < SWAPS || atomic_load(&ops) < READS) && !tap_failed())
		EXPECT_OK(mdma_attach(w->rig.dev, swaps++ % 2 ? w->rig.ioas :
								w->rig.other));
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < 2; i++) {
		struct work *done = jobs[i]->arg;

		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
		sum.bad_data += done->bad_data;
		sum.eagain += done->eagain;
	}
	tap_note("stat swaps=%u reads=%u eagain=%u", swaps, atomic_load(&ops),
		 sum.eagain);
	return sum;
}

TEST(rw_never_fails_because_of_replace)
{
	struct world w = world_new();
	struct work found = swap_under_readers(&w, false);

	EXPECT_EQ(0, found.bad_data);
	EXPECT_EQ(0, mdma_ledger_violations(w.rig.dev));
}

TEST(pin_without_old_pins_never_fails_because_of_replace)
{
	struct world w = world_new();
	struct work found = swap_under_readers(&w, true);

	/* The readers' own short pins are old pins to each other's swaps. */
	EXPECT_EQ(0, found.bad_data);
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_ledger_violations(w.rig.dev));
}

/* A replace whose callback takes SLOW_US, begun when this returns. */
static struct job *begin_replace(struct world *w, uint32_t ioas)
{
	struct call call = { .dev = w->rig.dev, .ioas = ioas };
	uint64_t before;
	struct job *job;

	REQUIRE_OK(mdma_do_pin(w->rig.queue, IOVA_A, PAGE, 0));
	fixture_knob(w->rig.dev, "delay_unmap_us", SLOW_US);
	before = mdma_ledger(w->rig.dev, MDMA_LEDGER_CALLBACKS);
	job = job_start(call_attach, &call, sizeof(call));
	REQUIRE_TRUE(TAP_WAIT_FOR(mdma_ledger(w->rig.dev,
					      MDMA_LEDGER_CALLBACKS) > before,
				  PROMPT_MS));
	return job;
}

TEST(rw_goes_on_during_a_slow_replace)
{
	struct world w = world_new();
	struct job *job = begin_replace(&w, w.rig.other);
	unsigned int reads = 0;

	while (!job_done(job) && !tap_failed()) {
		volatile uint64_t *got = (void *)w.rig.dev->mem;

		EXPECT_OK(mdma_do_read(w.rig.queue, IOVA_A, 0, 8, 0));
		EXPECT_TRUE(got[0] == WORD_A || got[0] == WORD_B);
		reads++;
	}
	EXPECT_GT(0, reads);
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_TRUE(reaches(w.rig.queue, IOVA_A, w.b));
}

TEST(pin_during_a_slow_replace_is_eagain_or_works)
{
	struct world w = world_new();
	struct job *job = begin_replace(&w, w.rig.other);
	int rc = probe_pin(w.rig.queue, IOVA_A);

	EXPECT_TRUE(rc == 0 || rc == -EAGAIN);
	EXPECT_OK(job_wait(job, PROMPT_MS));
	/* Nothing is being drained any more: no excuse. */
	EXPECT_OK(probe_pin(w.rig.queue, IOVA_A));
	EXPECT_EQ(0, pins_now());
}

TEST(detach_during_replace_takes_effect)
{
	struct world w = world_new();
	struct job *job = begin_replace(&w, w.rig.other);

	EXPECT_OK(mdma_detach(w.rig.dev));
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_RC(-ENOENT, probe_rw(w.rig.queue, IOVA_A));
	EXPECT_OK(iommu_destroy(w.rig.iommufd, w.rig.ioas));
	EXPECT_OK(iommu_destroy(w.rig.iommufd, w.rig.other));
	EXPECT_EQ(0, mdma_ledger_violations(w.rig.dev));
}

TEST(replace_during_replace_takes_effect)
{
	struct world w = world_new();
	uint32_t third = fixture_ioas(w.rig.iommufd);
	uint8_t *c = fixture_map(w.rig.iommufd, third, IOVA_A, LEN, 3);
	struct job *job = begin_replace(&w, w.rig.other);

	EXPECT_OK(mdma_attach(w.rig.dev, third));
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_TRUE(reaches(w.rig.queue, IOVA_A, c));
	EXPECT_OK(iommu_destroy(w.rig.iommufd, w.rig.ioas));
	EXPECT_OK(iommu_destroy(w.rig.iommufd, w.rig.other));
	EXPECT_RC(-EBUSY, iommu_destroy(w.rig.iommufd, third));
}

TEST(replace_back_during_replace_takes_effect)
{
	struct world w = world_new();
	struct job *job = begin_replace(&w, w.rig.other);

	EXPECT_OK(mdma_attach(w.rig.dev, w.rig.ioas));
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_TRUE(reaches(w.rig.queue, IOVA_A, w.a));
	EXPECT_OK(iommu_destroy(w.rig.iommufd, w.rig.other));
}

TEST(unmap_of_the_old_ioas_during_replace)
{
	struct world w = world_new();
	struct job *job = begin_replace(&w, w.rig.other);

	/* Whichever asks first, both get their pages back. */
	EXPECT_OK(iommu_unmap_at(w.rig.iommufd, w.rig.ioas, IOVA_A, LEN));
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_EQ(0, pins_now());
	EXPECT_TRUE(reaches(w.rig.queue, IOVA_A, w.b));
	EXPECT_EQ(0, mdma_ledger_violations(w.rig.dev));
}

TEST(unmap_of_the_new_ioas_during_replace)
{
	struct world w = world_new();
	struct job *job = begin_replace(&w, w.rig.other);

	EXPECT_OK(iommu_unmap_at(w.rig.iommufd, w.rig.other, IOVA_A, LEN));
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_RC(-ENOENT, probe_rw(w.rig.queue, IOVA_A));
	EXPECT_EQ(0, mdma_ledger_violations(w.rig.dev));
}

/* Attach A, attach B and detach as fast as they can, all on one device. */
struct changer {
	struct world *w;
	atomic_bool *stop;
	atomic_uint *changes;
	unsigned int kind;
};

static int changer(void *arg)
{
	struct changer *c = arg;
	int rc = 0;

	while (!rc && !atomic_load(c->stop)) {
		switch (c->kind) {
		case 0:
			rc = mdma_attach(c->w->rig.dev, c->w->rig.ioas);
			break;
		case 1:
			rc = mdma_attach(c->w->rig.dev, c->w->rig.other);
			break;
		default:
			rc = mdma_detach(c->w->rig.dev);
		}
		atomic_fetch_add(c->changes, 1);
	}
	return rc;
}

TEST(changes_at_the_same_time_serialise)
{
	static atomic_uint changes;
	static atomic_bool stop;
	struct world w = world_new();
	struct changer c = { .w = &w, .stop = &stop, .changes = &changes };
	unsigned int pins = 0, reads = 0;
	struct job *jobs[3];

	atomic_store(&stop, false);
	atomic_store(&changes, 0);
	fixture_knob(w.rig.dev, "delay_unmap_us", 50);
	for (c.kind = 0; c.kind < 3; c.kind++)
		jobs[c.kind] = job_start(changer, &c, sizeof(c));
	for (unsigned int i = 0; i < 400 || atomic_load(&changes) < 300; i++) {
		int rc = mdma_do_pin(w.rig.queue, IOVA_A, PAGE, 0);

		EXPECT_TRUE(!rc || rc == -ENOENT || rc == -EAGAIN);
		pins += !rc;
		rc = probe_rw(w.rig.queue, IOVA_A);
		EXPECT_TRUE(!rc || rc == -ENOENT);
		reads += !rc;
		if (tap_failed())
			break;
	}
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
	tap_note("stat changes=%u pins=%u reads=%u", atomic_load(&changes),
		 pins, reads);
	EXPECT_GT(0, pins);
	EXPECT_OK(mdma_detach(w.rig.dev));
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(iommu_destroy(w.rig.iommufd, w.rig.ioas));
	EXPECT_OK(iommu_destroy(w.rig.iommufd, w.rig.other));
	EXPECT_EQ(0, mdma_ledger_violations(w.rig.dev));
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
