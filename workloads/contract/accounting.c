// SPDX-License-Identifier: GPL-2.0-only
/*
 * accounting.c - who pays for pinned memory, exactly
 *
 * Promises: the mapper pays for what is pinned, a page once however many pins
 * and mappings share it; its limit is RLIMIT_MEMLOCK, which is met exactly, never
 * passed, and what did not fit was not charged; CAP_IPC_LOCK lifts the limit, not
 * the counting; every page comes back when its last pin goes, by whichever way.
 * IOMMU_OPTION_RLIMIT_MODE chooses between the user's and the mm's account, and
 * may not change while anything exists.
 *
 * A failure means that a user can pin more than allowed, or after some time less.
 *
 * History: B64, B65, B68 (test and charge not atomic, option changed).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define NPAGES 64
#define LEN (NPAGES * PAGE)

static int64_t vm_pin(void)
{
	return mem_status_kb(0, "VmPin") * 1024 / (int64_t)PAGE;
}

static int64_t vm_locked(void)
{
	return mem_status_kb(0, "VmLck") * 1024 / (int64_t)PAGE;
}

TEST(pinned_vm_is_exact)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	EXPECT_EQ(0, vm_pin());
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	EXPECT_EQ(NPAGES, vm_pin());
	EXPECT_EQ(NPAGES, pins_now());
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + PAGE, 7 * PAGE, 0));
	EXPECT_EQ(NPAGES, vm_pin());
	REQUIRE_OK(mdma_do_unpin(rig.queue, IOVA_A, LEN));
	EXPECT_EQ(7, vm_pin());
	REQUIRE_OK(mdma_do_unpin(rig.queue, IOVA_A + PAGE, 7 * PAGE));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, vm_locked());
}

TEST(pinned_vm_comes_back_on_every_way)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	fixture_map(rig.iommufd, rig.other, IOVA_A, LEN, 2);

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_attach(rig.dev, rig.other)); /* replace */
	EXPECT_EQ(0, vm_pin());
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_detach(rig.dev));
	EXPECT_EQ(0, vm_pin());
	REQUIRE_OK(mdma_attach(rig.dev, rig.ioas));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(cdev_reset(rig.dev->fd));
	EXPECT_EQ(0, vm_pin());
	REQUIRE_OK(mdma_put32(rig.dev, MDMA_REG_CTRL, MDMA_CTRL_ENABLE));
	REQUIRE_OK(mdma_queue_start(rig.queue, rig.dev, 0, 64));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, vm_pin());
	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 3);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	EXPECT_EQ(NPAGES, vm_pin());
	mdma_close(rig.dev);
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, pins_now());
}

TEST(pinned_vm_after_failed_pins)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);

	REQUIRE_TRUE(!mprotect(mem + LEN - PAGE, PAGE, PROT_NONE));
	for (unsigned int i = 0; i < 10; i++)
		EXPECT_RC(-EFAULT, mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	EXPECT_EQ(0, vm_pin());
	for (unsigned int i = 0; i < 10; i++)
		EXPECT_RC(-ENOENT,
			  mdma_do_pin(rig.queue, IOVA_A, LEN + PAGE, 0));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, pins_now());
}

TEST(rw_is_not_charged)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);

	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, 0, LEN, 0));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, pins_now());
}

/* ---- limits: in a child that is an ordinary user with a small limit ------ */

struct poor {
	uid_t uid;
	uint64_t mode; /* RLIMIT_MODE */
	int (*body)(struct rig *rig, uint8_t *mem);
};

/*
 * The child opens everything as root, then becomes uid with a limit of NPAGES
 * and maps: it is the mapper's credentials and limit that count.
 */
static int poor_child(struct child *self, void *arg)
{
	struct poor *poor = arg;
	struct rig rig;
	uint8_t *mem;

	(void)self;
	rig.iommufd = fixture_iommufd();
	REQUIRE_OK(iommu_option(rig.iommufd, IOMMU_OPTION_RLIMIT_MODE,
				IOMMU_OPTION_OP_SET, 0, &poor->mode));
	rig.ioas = fixture_ioas(rig.iommufd);
	rig.other = fixture_ioas(rig.iommufd);
	rig.dev = fixture_device(0, rig.iommufd, rig.ioas);
	rig.queue = fixture_queue(rig.dev, 0);
	REQUIRE_OK(mem_set_memlock(NPAGES));
	REQUIRE_TRUE(!setresgid(poor->uid, poor->uid, poor->uid));
	REQUIRE_TRUE(!setresuid(poor->uid, poor->uid, poor->uid));
	mem = fixture_mem(4 * LEN, 1);
	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, mem, 4 * LEN, IOVA_A));
	return poor->body(&rig, mem);
}

static void run_poor(uid_t uid, uint64_t mode,
		     int (*body)(struct rig *rig, uint8_t *mem))
{
	struct poor poor = { uid, mode, body };
	struct child *child = child_start(poor_child, &poor);

	EXPECT_EQ(0, child_wait(child, 2 * PROMPT_MS));
	EXPECT_TRUE(TAP_WAIT_FOR(pins_now() == 0, PROMPT_MS));
}

static int exact_limit(struct rig *rig, uint8_t *mem)
{
	(void)mem;
	/* One too many at once: nothing. */
	EXPECT_RC(-ENOMEM, mdma_do_pin(rig->queue, IOVA_A, LEN + PAGE, 0));
	EXPECT_EQ(0, vm_pin());
	/* Exactly the limit, and not a page more. */
	EXPECT_OK(mdma_do_pin(rig->queue, IOVA_A, LEN, 0));
	EXPECT_EQ(NPAGES, vm_pin());
	EXPECT_RC(-ENOMEM, mdma_do_pin(rig->queue, IOVA_A + LEN, PAGE, 0));
	EXPECT_RC(-ENOMEM, mdma_do_pin(rig->queue, IOVA_A, 2 * LEN, 0));
	EXPECT_EQ(NPAGES, vm_pin());
	/* What is pinned already costs nothing. */
	EXPECT_OK(mdma_do_pin(rig->queue, IOVA_A + PAGE, PAGE, 0));
	EXPECT_OK(mdma_do_unpin(rig->queue, IOVA_A + PAGE, PAGE));
	/* rw is not pinning. */
	EXPECT_OK(probe_rw(rig->queue, IOVA_A + 2 * LEN));
	EXPECT_OK(mdma_do_unpin(rig->queue, IOVA_A, LEN));
	EXPECT_EQ(0, vm_pin());
	/* All of it is there again, page by page. */
	for (unsigned int i = 0; i < NPAGES; i++)
		EXPECT_OK(mdma_do_pin(rig->queue, IOVA_A + 2 * i * PAGE, PAGE,
				      0));
	EXPECT_RC(-ENOMEM, mdma_do_pin(rig->queue, IOVA_A + PAGE, PAGE, 0));
	EXPECT_OK(iommu_unmap_all(rig->iommufd, rig->ioas));
	EXPECT_EQ(0, vm_pin());
	return tap_failed();
}

TEST(limit_of_the_user_is_exact)
{
	run_poor(54321, 0, exact_limit);
}

TEST(limit_of_the_mm_is_exact)
{
	run_poor(54322, 1, exact_limit);
}

static int mm_mode_counts(struct rig *rig, uint8_t *mem)
{
	(void)mem;
	EXPECT_OK(mdma_do_pin(rig->queue, IOVA_A, LEN, 0));
	EXPECT_EQ(NPAGES, vm_locked());
	EXPECT_EQ(NPAGES, vm_pin());
	EXPECT_OK(mdma_do_unpin(rig->queue, IOVA_A, LEN));
	EXPECT_EQ(0, vm_locked());
	EXPECT_EQ(0, vm_pin());
	return tap_failed();
}

TEST(mm_mode_counts_locked_vm)
{
	run_poor(54323, 1, mm_mode_counts);
}

/* A user's children share the account; what the first left behind shows. */
static int takes_all_and_dies(struct rig *rig, uint8_t *mem)
{
	(void)mem;
	EXPECT_OK(mdma_do_pin(rig->queue, IOVA_A, LEN, 0));
	EXPECT_RC(-ENOMEM, mdma_do_pin(rig->queue, IOVA_A + LEN, PAGE, 0));
	return tap_failed();
}

TEST(limit_of_the_user_survives_processes)
{
	for (unsigned int i = 0; i < 4; i++)
		run_poor(54324, 0, takes_all_and_dies);
}

/* Threads that pin and unpin against the limit, and one that watches. */
struct pusher {
	struct mdma_queue *queue;
	uint64_t iova;
	unsigned int pinned;
	unsigned int refused;
};

static int pusher(void *arg)
{
	struct pusher *p = arg;

	for (unsigned int i = 0; i < 60; i++) {
		uint64_t iova = p->iova + (i % 4) * 16 * PAGE;
		int rc = mdma_do_pin(p->queue, iova, 16 * PAGE, 0);

		if (rc == -ENOMEM) {
			p->refused++;
			continue;
		}
		if (rc)
			return rc;
		p->pinned++;
		/* Keep it while the next is tried, now and then. */
		if (i % 3 == 0) {
			uint64_t next = p->iova + ((i + 1) % 4) * 16 * PAGE;

			rc = mdma_do_pin(p->queue, next, 16 * PAGE, 0);
			if (!rc)
				rc = mdma_do_unpin(p->queue, next, 16 * PAGE);
			else if (rc == -ENOMEM)
				p->refused++, rc = 0;
			if (rc)
				return rc;
		}
		rc = mdma_do_unpin(p->queue, iova, 16 * PAGE);
		if (rc)
			return rc;
	}
	return 0;
}

static int pushing(struct rig *rig, uint8_t *mem)
{
	unsigned int pinned = 0, refused = 0;
	struct job *jobs[4];
	int64_t most = 0;

	(void)mem;
	/* Four threads of up to 32 pages each against 64. */
	for (unsigned int i = 0; i < 4; i++) {
		struct pusher p = {
			.queue = i ? fixture_queue(rig->dev, i) : rig->queue,
			.iova = IOVA_A + i * LEN,
		};

		jobs[i] = job_start(pusher, &p, sizeof(p));
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct pusher *done = jobs[i]->arg;

		while (!job_done(jobs[i])) {
			int64_t now = vm_pin();

			most = now > most ? now : most;
		}
		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
		pinned += done->pinned;
		refused += done->refused;
	}
	tap_note("stat pinned=%u refused=%u most=%d limit=%d", pinned, refused,
		 (int)most, NPAGES);
	EXPECT_LE(NPAGES, most);
	EXPECT_GT(0, pinned);
	EXPECT_EQ(0, vm_pin());
	EXPECT_OK(mdma_do_pin(rig->queue, IOVA_A, LEN, 0));
	return tap_failed();
}

TEST(limit_holds_for_threads_that_push)
{
	run_poor(54325, 0, pushing);
}

/* ---- root and the option ------------------------------------------------- */

static int capable_child(struct child *self, void *arg)
{
	struct rig rig = fixture_rig();

	(void)self;
	(void)arg;
	REQUIRE_OK(mem_set_memlock(1));
	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	EXPECT_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	EXPECT_EQ(NPAGES, vm_pin());
	return tap_failed();
}

TEST(cap_ipc_lock_has_no_limit)
{
	struct child *child = child_start(capable_child, NULL);

	EXPECT_EQ(0, child_wait(child, PROMPT_MS));
}

TEST(option_rlimit_mode)
{
	int iommufd = fixture_iommufd();
	uint64_t val = 7;
	uint32_t ioas;

	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
			       IOMMU_OPTION_OP_GET, 0, &val));
	EXPECT_EQ(0, val);
	val = 1;
	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
			       IOMMU_OPTION_OP_SET, 0, &val));
	val = 0;
	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
			       IOMMU_OPTION_OP_GET, 0, &val));
	EXPECT_EQ(1, val);
	val = 2;
	EXPECT_RC(-EINVAL, iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
					IOMMU_OPTION_OP_SET, 0, &val));
	val = 0;
	EXPECT_RC(-EOPNOTSUPP, iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
					    IOMMU_OPTION_OP_SET, 1, &val));
	EXPECT_RC(-EOPNOTSUPP,
		  iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE, 2, 0, &val));
	EXPECT_RC(-EOPNOTSUPP,
		  iommu_option(iommufd, 99, IOMMU_OPTION_OP_GET, 0, &val));
	ioas = fixture_ioas(iommufd);
	EXPECT_RC(-EBUSY, iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
				       IOMMU_OPTION_OP_SET, 0, &val));
	EXPECT_OK(iommu_destroy(iommufd, ioas));
	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
			       IOMMU_OPTION_OP_SET, 0, &val));
}

TEST(option_huge_pages)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(2 * PAGE, 1);
	uint64_t val = 0;

	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_HUGE_PAGES,
			       IOMMU_OPTION_OP_GET, ioas, &val));
	EXPECT_EQ(1, val);
	val = 0;
	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_HUGE_PAGES,
			       IOMMU_OPTION_OP_SET, ioas, &val));
	EXPECT_RC(-EINVAL, iommu_map_at(iommufd, ioas, mem, 100, IOVA_A));
	val = 1;
	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_HUGE_PAGES,
			       IOMMU_OPTION_OP_SET, ioas, &val));
	EXPECT_OK(iommu_map_at(iommufd, ioas, mem, 100, IOVA_A));
	val = 0;
	EXPECT_RC(-EADDRINUSE, iommu_option(iommufd, IOMMU_OPTION_HUGE_PAGES,
					    IOMMU_OPTION_OP_SET, ioas, &val));
	val = 2;
	EXPECT_RC(-EINVAL, iommu_option(iommufd, IOMMU_OPTION_HUGE_PAGES,
					IOMMU_OPTION_OP_SET, ioas, &val));
	EXPECT_RC(-ENOENT, iommu_option(iommufd, IOMMU_OPTION_HUGE_PAGES,
					IOMMU_OPTION_OP_GET, 0, &val));
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
