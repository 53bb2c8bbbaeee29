// SPDX-License-Identifier: GPL-2.0-only
/*
 * unmap.c - IOAS_UNMAP of memory that nobody has pinned
 *
 * Promises: it removes exactly the areas that lie in the range and says how many
 * bytes; an area is never cut; every errno; S2: one that fails has changed
 * nothing, whichever area of the range the failure is about. With pins:
 * callback.c, many_areas.c; drivers that do not answer: deaf.c.
 *
 * A failure means that a VMM that is told "no" has lost mappings all the same.
 *
 * History: upstream 7.2 has removed the areas before the one that it refuses.
 */
#include "fixture.h"

#define LEN (4 * PAGE)

TEST(unmap_removes_exactly_its_range)
{
	struct rig rig = fixture_rig();
	uint8_t *low = fixture_map(rig.iommufd, rig.ioas, IOVA_A - LEN, LEN, 1);
	uint8_t *high =
		fixture_map(rig.iommufd, rig.ioas, IOVA_A + LEN, LEN, 2);
	uint64_t length = LEN;

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 3);
	EXPECT_OK(iommu_unmap(rig.iommufd, rig.ioas, IOVA_A, &length));
	EXPECT_EQ(LEN, length);
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A + LEN - 8));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A - 8, low + LEN - 8));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + LEN, high));
}

TEST(unmap_counts_areas_not_holes)
{
	struct rig rig = fixture_rig();
	uint64_t length = 100 * PAGE;

	fixture_map(rig.iommufd, rig.ioas, IOVA_A + 3 * PAGE, PAGE, 1);
	fixture_map(rig.iommufd, rig.ioas, IOVA_A + 4 * PAGE, 2 * PAGE, 1);
	fixture_map(rig.iommufd, rig.ioas, IOVA_A + 50 * PAGE, PAGE, 1);
	EXPECT_OK(iommu_unmap(rig.iommufd, rig.ioas, IOVA_A, &length));
	EXPECT_EQ(4 * PAGE, length);
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A + 50 * PAGE));
}

TEST(unmap_all_counts_everything)
{
	struct rig rig = fixture_rig();
	uint64_t length = UINT64_MAX;

	EXPECT_OK(iommu_unmap(rig.iommufd, rig.ioas, 0, &length));
	EXPECT_EQ(0, length);
	fixture_map(rig.iommufd, rig.ioas, 0, PAGE, 1);
	fixture_map(rig.iommufd, rig.ioas, IOVA_A, PAGE, 1);
	fixture_map(rig.iommufd, rig.ioas, UINT64_MAX - PAGE + 1, PAGE, 1);
	length = UINT64_MAX;
	EXPECT_OK(iommu_unmap(rig.iommufd, rig.ioas, 0, &length));
	EXPECT_EQ(3 * PAGE, length);
	length = UINT64_MAX;
	EXPECT_OK(iommu_unmap(rig.iommufd, rig.ioas, 0, &length));
	EXPECT_EQ(0, length);
}

TEST(unmap_nothing_is_enoent)
{
	struct rig rig = fixture_rig();

	EXPECT_RC(-ENOENT, iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	EXPECT_RC(-ENOENT,
		  iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A + LEN, LEN));
	EXPECT_RC(-ENOENT,
		  iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A - LEN, LEN));
	EXPECT_RC(-ENOENT, iommu_unmap_at(rig.iommufd, 0, IOVA_A, LEN));
	EXPECT_RC(-ENOENT,
		  iommu_unmap_at(rig.iommufd, rig.dev->devid, IOVA_A, LEN));
	EXPECT_RC(-ENOENT, iommu_unmap_all(rig.iommufd, rig.other + 50));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_RC(-ENOENT, iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
}

TEST(unmap_bad_numbers)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);

	fixture_map(iommufd, ioas, IOVA_A, LEN, 1);
	EXPECT_RC(-EINVAL, iommu_unmap_at(iommufd, ioas, IOVA_A, 0));
	EXPECT_RC(-EINVAL, iommu_unmap_at(iommufd, ioas, 0, 0));
	EXPECT_RC(-EOVERFLOW, iommu_unmap_at(iommufd, ioas, PAGE, UINT64_MAX));
	EXPECT_RC(-EOVERFLOW, iommu_unmap_at(iommufd, ioas, UINT64_MAX, PAGE));
	EXPECT_RC(-EOVERFLOW, iommu_unmap_at(iommufd, ioas,
					     UINT64_MAX - PAGE + 1, PAGE + 1));
	EXPECT_OK(iommu_unmap_at(iommufd, ioas, IOVA_A, LEN));
}

TEST(unmap_never_cuts_an_area)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	static const struct {
		int64_t offset;
		uint64_t len;
	} cuts[] = {
		{ 0, PAGE },	     { PAGE, PAGE }, { LEN - PAGE, PAGE },
		{ 0, LEN - 1 },	     { 1, LEN },     { -PAGE, 2 * PAGE },
		{ LEN - PAGE, LEN }, { PAGE, LEN },
	};

	for (unsigned int i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		EXPECT_RC(-ENOENT,
			  iommu_unmap_at(rig.iommufd, rig.ioas,
					 IOVA_A + cuts[i].offset, cuts[i].len));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + LEN - 8, mem + LEN - 8));
}

TEST(unmap_cutting_the_last_area_removes_none)
{
	struct rig rig = fixture_rig();
	uint8_t *a = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	uint8_t *b = fixture_map(rig.iommufd, rig.ioas, IOVA_A + LEN, LEN, 2);
	uint8_t *c =
		fixture_map(rig.iommufd, rig.ioas, IOVA_A + 3 * LEN, LEN, 3);
	uint64_t length = 4 * LEN - PAGE;

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	EXPECT_RC(-ENOENT, iommu_unmap(rig.iommufd, rig.ioas, IOVA_A, &length));
	EXPECT_RC(-ENOENT, iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A + PAGE,
					  4 * LEN));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, a));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + LEN, b));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + 3 * LEN, c));
	/* Not even a driver was asked. */
	EXPECT_EQ(0, mdma_ledger(rig.dev, MDMA_LEDGER_CALLBACKS));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 8));
	EXPECT_OK(probe_pin(rig.queue, IOVA_A + LEN));
}

TEST(unmap_unanswerable_removes_nothing)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = rig.ioas,
		.iova = IOVA_A,
		.length = LEN,
	};
	void *readonly = fixture_readonly(&cmd, sizeof(cmd));

	EXPECT_RC(-EFAULT, iommu_call(rig.iommufd, IOMMU_IOAS_UNMAP, readonly));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_OK(probe_pin(rig.queue, IOVA_A));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
}

TEST(unmap_then_map_is_the_new_memory)
{
	struct rig rig = fixture_rig();
	uint8_t *a = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	uint8_t *b = fixture_mem(LEN, 2);

	for (unsigned int i = 0; i < 20; i++) {
		uint8_t *now = i % 2 ? a : b;

		REQUIRE_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
		REQUIRE_OK(
			iommu_map_at(rig.iommufd, rig.ioas, now, LEN, IOVA_A));
		EXPECT_TRUE(reaches(rig.queue, IOVA_A + i * 8, now + i * 8));
		REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
		EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, i));
		EXPECT_EQ(i, *(uint64_t *)(now + PAGE));
	}
}

/* ---- an IOAS that is empty in one moment and not in the next -------------- */

struct churn {
	int iommufd;
	uint32_t ioas;
	uint8_t *mem;
	unsigned int first; /* of the pages at IOVA_A, an area each */
	unsigned int npages;
	atomic_bool *stop;
	atomic_uint *turns;
};

/* Maps its areas, and takes everything away again. */
static int churn(void *arg)
{
	struct churn *c = arg;
	int rc = 0;

	while (!rc && !atomic_load(c->stop)) {
		for (unsigned int i = c->first; i < c->first + c->npages; i++) {
			rc = iommu_map_at(c->iommufd, c->ioas, c->mem, PAGE,
					  IOVA_A + i * PAGE);
			if (rc && rc != -EEXIST)
				return rc;
		}
		rc = iommu_unmap_all(c->iommufd, c->ioas);
		atomic_fetch_add(c->turns, 1);
	}
	return rc;
}

/* Searches that run without a lock meet a tree that loses its last area. */
TEST(unmap_of_the_last_area_by_two)
{
	static atomic_uint turns;
	static atomic_bool stop;
	struct churn c = {
		.iommufd = fixture_iommufd(),
		.mem = fixture_mem(PAGE, 1),
		.npages = 1,
		.stop = &stop,
		.turns = &turns,
	};
	struct job *jobs[2];

	c.ioas = fixture_ioas(c.iommufd);
	atomic_store(&turns, 0);
	atomic_store(&stop, false);
	for (unsigned int i = 0; i < 2; i++)
		jobs[i] = job_start(churn, &c, sizeof(c));
	/* So many, or as many as a slow machine does in this time. */
	(void)TAP_WAIT_FOR(atomic_load(&turns) > 30000, 2000);
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < 2; i++)
		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
	tap_note("stat turns=%u", atomic_load(&turns));
	EXPECT_GT(0, atomic_load(&turns));
}

TEST(unmap_of_the_last_area_under_rw)
{
	static atomic_uint turns;
	static atomic_bool stop;
	struct rig rig = fixture_rig();
	struct churn c = {
		.iommufd = rig.iommufd,
		.ioas = rig.ioas,
		.mem = fixture_mem(PAGE, 1),
		.npages = 2,
		.stop = &stop,
		.turns = &turns,
	};
	unsigned int reads = 0;
	struct job *job;

	atomic_store(&turns, 0);
	atomic_store(&stop, false);
	job = job_start(churn, &c, sizeof(c));
	for (unsigned int i = 0; i < 2000 && !tap_failed(); i++) {
		/* Across both areas. */
		int rc = mdma_bench(rig.dev, MDMA_BENCH_RW_READ,
				    IOVA_A + PAGE - 8, 16, 1, NULL);

		/* Mapped, mapped in part or not, or being unmapped. */
		EXPECT_TRUE(!rc || rc == -ENOENT || rc == -EINVAL);
		reads += !rc;
	}
	atomic_store(&stop, true);
	EXPECT_OK(job_wait(job, PROMPT_MS));
	tap_note("stat turns=%u reads=%u", atomic_load(&turns), reads);
	EXPECT_GT(0, atomic_load(&turns));
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
