// SPDX-License-Identifier: GPL-2.0-only
/*
 * attach.c - contract rows attach, replace and detach, through mdma
 *
 * Promises: an access reaches exactly the IOAS it is attached to; ATTACH on an
 * attached device is a replace; the same IOAS again is nothing at all; a failed
 * attach or replace leaves everything as it was and usable; when a replace or
 * detach returns, every pin of the old IOAS is released and no callback comes
 * from it any more; references are counted exactly.
 *
 * A failure means that a driver can hold or touch memory of an address space
 * that user space has taken away from it, or loses one it still has.
 *
 * History: B08 (unpin through the new IOAS, no callback), B12 (left the
 * wrong table), B14 (failed replace), B15 (always busy), B16 (callback while not
 * attached), B18 (attach twice), B22 (operation on an unattached access).
 */
#include "fixture.h"

#define LEN (8 * PAGE)

/* Both IOAS of the rig have memory at IOVA_A. */
struct pair {
	struct rig rig;
	uint8_t *mem; /* in rig.ioas */
	uint8_t *other; /* in rig.other */
};

static struct pair pair_new(void)
{
	struct pair p = { .rig = fixture_rig() };

	p.mem = fixture_map(p.rig.iommufd, p.rig.ioas, IOVA_A, LEN, 1);
	p.other = fixture_map(p.rig.iommufd, p.rig.other, IOVA_A, LEN, 2);
	return p;
}

/* An IOAS that a pinning access cannot be attached to: it has a byte mapping. */
static uint32_t ioas_of_bytes(int iommufd)
{
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(PAGE, 3);

	REQUIRE_OK(iommu_map_at(iommufd, ioas, mem + 1, 3, IOVA_C + 5));
	return ioas;
}

static uint64_t alignment_of(int iommufd, uint32_t ioas)
{
	struct iommu_iova_range range;
	uint64_t alignment = 0;
	uint32_t num = 1;

	EXPECT_OK(iommu_iova_ranges(iommufd, ioas, &range, &num, &alignment));
	return alignment;
}

static uint64_t callbacks(struct mdma_dev *dev)
{
	return mdma_ledger(dev, MDMA_LEDGER_CALLBACKS);
}

TEST(unattached_access_is_enoent)
{
	struct rig rig = fixture_rig();

	REQUIRE_OK(mdma_detach(rig.dev));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
	EXPECT_RC(-ENOENT, probe_pin(rig.queue, IOVA_A));
	EXPECT_RC(-ENOENT, mdma_do_write(rig.queue, IOVA_A, 0, 8, MDMA_F_PIN));
}

TEST(attach_reaches_its_ioas)
{
	struct pair p = pair_new();

	EXPECT_TRUE(reaches(p.rig.queue, IOVA_A, p.mem));
	EXPECT_TRUE(reaches(p.rig.queue, IOVA_A + LEN - 8, p.mem + LEN - 8));
	EXPECT_EQ(-1, mem_check(p.other, LEN, 2, 0));
	REQUIRE_OK(mdma_detach(p.rig.dev));
	REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.ioas));
	EXPECT_TRUE(reaches(p.rig.queue, IOVA_A, p.mem));
}

TEST(attach_unknown_id_is_enoent)
{
	struct rig rig = fixture_rig();
	uint32_t gone = fixture_ioas(rig.iommufd);

	REQUIRE_OK(iommu_destroy(rig.iommufd, gone));
	REQUIRE_OK(mdma_detach(rig.dev));
	EXPECT_RC(-ENOENT, mdma_attach(rig.dev, 0));
	EXPECT_RC(-ENOENT, mdma_attach(rig.dev, gone));
	EXPECT_RC(-ENOENT, mdma_attach(rig.dev, UINT32_MAX));
	/* The id of an access is not the id of an IOAS. */
	EXPECT_RC(-ENOENT, mdma_attach(rig.dev, rig.dev->devid));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
}

TEST(attach_same_ioas_is_nothing)
{
	struct pair p = pair_new();
	uint64_t before;

	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	before = callbacks(p.rig.dev);
	EXPECT_OK(mdma_attach(p.rig.dev, p.rig.ioas));
	EXPECT_OK(mdma_attach(p.rig.dev, p.rig.ioas));
	EXPECT_EQ(before, callbacks(p.rig.dev));
	EXPECT_EQ(LEN / PAGE, mdma_npins(p.rig.dev));
	EXPECT_OK(mdma_do_touch(p.rig.queue, IOVA_A, LEN, 77));
	EXPECT_EQ(77, *(uint64_t *)(p.mem + LEN - PAGE));
	/* One detach undoes them all: no reference was taken twice. */
	EXPECT_OK(mdma_detach(p.rig.dev));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.ioas));
}

TEST(replace_moves_to_the_other_ioas)
{
	struct pair p = pair_new();

	EXPECT_TRUE(reaches(p.rig.queue, IOVA_A, p.mem));
	REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.other));
	EXPECT_TRUE(reaches(p.rig.queue, IOVA_A, p.other));
	EXPECT_EQ(-1, mem_check(p.mem + PAGE, LEN - PAGE, 1, PAGE));
	/* The old one is free of references, the new one is not. */
	EXPECT_RC(-EBUSY, iommu_destroy(p.rig.iommufd, p.rig.other));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.ioas));
}

TEST(replace_releases_all_pins)
{
	struct pair p = pair_new();

	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A + PAGE, PAGE, 0));
	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A + PAGE, 2 * PAGE, 0));
	EXPECT_EQ(LEN / PAGE, pins_now());
	REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.other));
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_npins(p.rig.dev));
	EXPECT_RC(-ENOENT, mdma_do_touch(p.rig.queue, IOVA_A, LEN, 5));
	EXPECT_EQ(-1, mem_check(p.mem, LEN, 1, 0));
	EXPECT_EQ(-1, mem_check(p.other, LEN, 2, 0));
	EXPECT_OK(iommu_unmap_at(p.rig.iommufd, p.rig.ioas, IOVA_A, LEN));
}

TEST(replace_pins_then_land_in_the_new_ioas)
{
	struct pair p = pair_new();

	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A, PAGE, MDMA_F_WRITE));
	REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.other));
	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A, PAGE, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(p.rig.queue, IOVA_A, PAGE, 99));
	EXPECT_EQ(99, *(uint64_t *)p.other);
	EXPECT_EQ(-1, mem_check(p.mem, LEN, 1, 0));
	EXPECT_EQ(1, pins_now());
	EXPECT_OK(mdma_do_unpin(p.rig.queue, IOVA_A, PAGE));
	EXPECT_EQ(0, pins_now());
}

/* After a replace to @target failed with @errno, all is as before. */
static void failed_replace_changes_nothing(struct pair *p, uint32_t target,
					   int expected)
{
	uint64_t before;

	REQUIRE_OK(mdma_do_pin(p->rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	before = callbacks(p->rig.dev);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_RC(expected, mdma_attach(p->rig.dev, target));
	EXPECT_EQ(before, callbacks(p->rig.dev));
	EXPECT_EQ(LEN / PAGE, mdma_npins(p->rig.dev));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(p->rig.queue, IOVA_A, LEN, 12));
	EXPECT_EQ(12, *(uint64_t *)(p->mem + PAGE));
	EXPECT_TRUE(reaches(p->rig.queue, IOVA_A, p->mem));
	EXPECT_OK(probe_pin(p->rig.queue, IOVA_A + PAGE));
	/* It is still told about unmaps, and still counted as a user. */
	EXPECT_RC(-EBUSY, iommu_destroy(p->rig.iommufd, p->rig.ioas));
	EXPECT_OK(iommu_unmap_at(p->rig.iommufd, p->rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(mdma_detach(p->rig.dev));
	EXPECT_OK(iommu_destroy(p->rig.iommufd, p->rig.ioas));
}

TEST(replace_failed_by_id_changes_nothing)
{
	struct pair p = pair_new();
	uint32_t gone = fixture_ioas(p.rig.iommufd);

	REQUIRE_OK(iommu_destroy(p.rig.iommufd, gone));
	failed_replace_changes_nothing(&p, gone, -ENOENT);
}

TEST(replace_failed_by_alignment_changes_nothing)
{
	struct pair p = pair_new();
	uint32_t bytes = ioas_of_bytes(p.rig.iommufd);

	failed_replace_changes_nothing(&p, bytes, -EADDRINUSE);
	/* Nothing stuck to the target either. */
	EXPECT_EQ(1, alignment_of(p.rig.iommufd, bytes));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, bytes));
}

TEST(attach_failed_by_alignment_stays_unattached)
{
	struct rig rig = fixture_rig();
	uint32_t bytes = ioas_of_bytes(rig.iommufd);

	REQUIRE_OK(mdma_detach(rig.dev));
	EXPECT_RC(-EADDRINUSE, mdma_attach(rig.dev, bytes));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_C + 5));
	EXPECT_EQ(1, alignment_of(rig.iommufd, bytes));
	EXPECT_OK(iommu_unmap_all(rig.iommufd, bytes));
	EXPECT_OK(mdma_attach(rig.dev, bytes));
	EXPECT_EQ(PAGE, alignment_of(rig.iommufd, bytes));
}

TEST(attach_raises_alignment_detach_lowers_it)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint32_t other = fixture_ioas(iommufd);
	struct mdma_dev *one = fixture_device(0, iommufd, 0);
	struct mdma_dev *two = fixture_device(1, iommufd, 0);
	uint8_t *mem = fixture_mem(PAGE, 1);

	EXPECT_EQ(1, alignment_of(iommufd, ioas));
	REQUIRE_OK(mdma_attach(one, ioas));
	EXPECT_EQ(PAGE, alignment_of(iommufd, ioas));
	REQUIRE_OK(mdma_attach(two, ioas));
	EXPECT_RC(-EINVAL, iommu_map_at(iommufd, ioas, mem, PAGE / 2, IOVA_A));
	EXPECT_RC(-EINVAL, iommu_map_at(iommufd, ioas, mem, PAGE, IOVA_A + 8));
	EXPECT_RC(-EINVAL, iommu_map_at(iommufd, ioas, mem + 8, PAGE, IOVA_A));
	REQUIRE_OK(mdma_attach(one, other)); /* replace */
	EXPECT_EQ(PAGE, alignment_of(iommufd, ioas));
	EXPECT_EQ(PAGE, alignment_of(iommufd, other));
	REQUIRE_OK(mdma_detach(two));
	EXPECT_EQ(1, alignment_of(iommufd, ioas));
	EXPECT_OK(iommu_map_at(iommufd, ioas, mem + 8, 100, IOVA_A + 3));
	mdma_close(one);
	EXPECT_EQ(1, alignment_of(iommufd, other));
}

TEST(detach_releases_all_pins)
{
	struct pair p = pair_new();
	uint64_t before;

	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A + PAGE, PAGE, 0));
	before = callbacks(p.rig.dev);
	EXPECT_OK(mdma_detach(p.rig.dev));
	EXPECT_GT(before, callbacks(p.rig.dev));
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_npins(p.rig.dev));
	EXPECT_RC(-ENOENT, mdma_do_touch(p.rig.queue, IOVA_A, LEN, 5));
	EXPECT_RC(-ENOENT, probe_rw(p.rig.queue, IOVA_A));
	EXPECT_EQ(-1, mem_check(p.mem, LEN, 1, 0));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.ioas));
}

TEST(detach_is_idempotent)
{
	struct rig rig = fixture_rig();
	uint64_t before;

	EXPECT_OK(mdma_detach(rig.dev));
	before = callbacks(rig.dev);
	EXPECT_OK(mdma_detach(rig.dev));
	EXPECT_OK(mdma_detach(rig.dev));
	EXPECT_EQ(before, callbacks(rig.dev));
	EXPECT_OK(mdma_attach(rig.dev, rig.ioas));
}

TEST(detach_never_attached_is_ok)
{
	int iommufd = fixture_iommufd();
	struct mdma_dev *dev = fixture_device(0, iommufd, 0);

	EXPECT_OK(mdma_detach(dev));
	EXPECT_EQ(0, callbacks(dev));
}

TEST(detached_access_hears_no_unmap)
{
	struct pair p = pair_new();
	/* Another access keeps the IOAS busy and its list of accesses long. */
	struct mdma_dev *two = fixture_device(1, p.rig.iommufd, p.rig.ioas);
	struct mdma_queue *q2 = fixture_queue(two, 0);
	uint64_t before;

	REQUIRE_OK(mdma_do_pin(q2, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_detach(p.rig.dev));
	before = callbacks(p.rig.dev);
	EXPECT_OK(iommu_unmap_at(p.rig.iommufd, p.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(before, callbacks(p.rig.dev));
	EXPECT_GT(0, callbacks(two));
	EXPECT_EQ(0, pins_now());
}

TEST(replaced_access_hears_only_the_new_ioas)
{
	struct pair p = pair_new();
	/*
	 * Two more accesses, so that the places in the two tables differ: one
	 * before in the new IOAS, one in the old that has pins to ask for.
	 */
	struct mdma_dev *two = fixture_device(1, p.rig.iommufd, p.rig.ioas);
	struct mdma_queue *q2 = fixture_queue(two, 0);
	uint64_t before;

	REQUIRE_OK(mdma_detach(p.rig.dev));
	REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.ioas)); /* second in A */
	REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.other)); /* first in B */
	REQUIRE_OK(mdma_do_pin(q2, IOVA_A, LEN, 0));
	before = callbacks(p.rig.dev);
	EXPECT_OK(iommu_unmap_at(p.rig.iommufd, p.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(before, callbacks(p.rig.dev));
	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A, LEN, 0));
	before = callbacks(p.rig.dev);
	EXPECT_OK(iommu_unmap_at(p.rig.iommufd, p.rig.other, IOVA_A, LEN));
	EXPECT_GT(before, callbacks(p.rig.dev));
	EXPECT_EQ(0, pins_now());
	/* Both go where they came from without leaving the other's place. */
	EXPECT_OK(mdma_detach(two));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.ioas));
	EXPECT_OK(mdma_detach(p.rig.dev));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.other));
}

TEST(replace_back_and_forth_counts_references)
{
	struct pair p = pair_new();

	for (unsigned int i = 0; i < 20; i++) {
		REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.other));
		REQUIRE_OK(mdma_attach(p.rig.dev, p.rig.ioas));
	}
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.other));
	EXPECT_RC(-EBUSY, iommu_destroy(p.rig.iommufd, p.rig.ioas));
	EXPECT_OK(mdma_detach(p.rig.dev));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.ioas));
}

TEST(close_detaches_and_releases)
{
	struct pair p = pair_new();

	REQUIRE_OK(mdma_do_pin(p.rig.queue, IOVA_A, LEN, 0));
	mdma_close(p.rig.dev);
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(iommu_unmap_at(p.rig.iommufd, p.rig.ioas, IOVA_A, LEN));
	EXPECT_OK(iommu_destroy(p.rig.iommufd, p.rig.ioas));
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
