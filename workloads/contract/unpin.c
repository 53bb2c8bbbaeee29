// SPDX-License-Identifier: GPL-2.0-only
/*
 * unpin.c - contract row unpin and promise S8: pins belong to an access
 *
 * Promises: an access releases what it pinned itself, with exactly this range,
 * whenever it likes: while attached, inside the callback of an unmap, a detach or
 * a replace. What another access pinned in the same IOAS at the same IOVA stays.
 *
 * A failure means that closing one virtual device pulls pages away under the DMA
 * of another, or that pages stay pinned for ever.
 *
 * History: B08 (unpin went to the wrong IOAS), B21 (silent leak), B37 and
 * B38 (released pages that another pin covers). Pins that a driver never gives
 * back are in deaf.c.
 */
#include "fixture.h"

#define LEN (8 * PAGE)

/* Two devices on one IOAS with LEN bytes at IOVA_A. */
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

TEST(unpin_releases_the_pages)
{
	struct two t = two_new();

	for (unsigned int i = 0; i < 10; i++) {
		REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A + PAGE, 4 * PAGE,
				       MDMA_F_WRITE));
		EXPECT_EQ(4, pins_now());
		REQUIRE_OK(mdma_do_unpin(t.queue, IOVA_A + PAGE, 4 * PAGE));
		EXPECT_EQ(0, pins_now());
		EXPECT_EQ(0, mem_status_kb(0, "VmPin"));
	}
}

TEST(unpin_leaves_the_area_free_to_go)
{
	struct two t = two_new();
	uint64_t before;

	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_do_unpin(t.queue, IOVA_A, LEN));
	before = mdma_ledger(t.dev, MDMA_LEDGER_REVOKED);
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(before, mdma_ledger(t.dev, MDMA_LEDGER_REVOKED));
}

TEST(unpin_leaves_the_other_accesses_pins)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_unpin(t.queue, IOVA_A, LEN));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(t.rig.queue, IOVA_A, LEN, 5));
	EXPECT_EQ(5, *(uint64_t *)(t.mem + LEN - PAGE));
	/* The area is still pinned, by the first: its callback must come. */
	EXPECT_OK(iommu_unmap_at(t.rig.iommufd, t.rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(1, mdma_ledger(t.rig.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(0, mdma_ledger(t.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(0, pins_now());
}

TEST(unpin_of_overlaps_leaves_the_other_accesses_pages)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, 5 * PAGE, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A + 3 * PAGE, 5 * PAGE,
			       MDMA_F_WRITE));
	EXPECT_EQ(8, pins_now());
	REQUIRE_OK(mdma_do_unpin(t.rig.queue, IOVA_A, 5 * PAGE));
	EXPECT_EQ(5, pins_now());
	EXPECT_OK(mdma_do_touch(t.queue, IOVA_A + 3 * PAGE, 5 * PAGE, 6));
	EXPECT_EQ(6, *(uint64_t *)(t.mem + 4 * PAGE));
	EXPECT_EQ(-1, mem_check(t.mem, 3 * PAGE, 1, 0));
}

TEST(replace_leaves_the_other_accesses_pins)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_attach(t.rig.dev, t.rig.other));
	EXPECT_EQ(0, mdma_npins(t.rig.dev));
	EXPECT_EQ(LEN / PAGE, mdma_npins(t.dev));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(t.queue, IOVA_A, LEN, 7));
	EXPECT_EQ(7, *(uint64_t *)t.mem);
}

TEST(detach_leaves_the_other_accesses_pins)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_detach(t.rig.dev));
	EXPECT_EQ(LEN / PAGE, mdma_npins(t.dev));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(t.queue, IOVA_A, LEN, 8));
	EXPECT_EQ(8, *(uint64_t *)t.mem);
}

TEST(close_leaves_the_other_accesses_pins)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A, LEN, MDMA_F_WRITE));
	mdma_close(t.rig.dev);
	EXPECT_EQ(LEN / PAGE, mdma_npins(t.dev));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(t.queue, IOVA_A, LEN, 9));
	EXPECT_EQ(9, *(uint64_t *)t.mem);
	REQUIRE_OK(mdma_do_unpin(t.queue, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
}

TEST(reset_releases_the_devices_own_pins)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(t.queue, IOVA_A, PAGE, MDMA_F_WRITE));
	REQUIRE_OK(cdev_reset(t.rig.dev->fd));
	EXPECT_EQ(0, mdma_npins(t.rig.dev));
	EXPECT_EQ(1, pins_now());
	EXPECT_OK(mdma_do_touch(t.queue, IOVA_A, PAGE, 9));
}

/* The range is one that another access pinned, or nobody did. */
TEST(unpin_of_what_it_did_not_pin_is_enoent)
{
	struct two t = two_new();

	REQUIRE_OK(mdma_do_pin(t.rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	EXPECT_RC(-ENOENT, mdma_do_unpin(t.queue, IOVA_A, LEN));
	EXPECT_RC(-ENOENT, mdma_do_unpin(t.rig.queue, IOVA_A, PAGE));
	EXPECT_RC(-ENOENT, mdma_do_unpin(t.rig.queue, IOVA_A + PAGE, PAGE));
	EXPECT_EQ(LEN / PAGE, pins_now());
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
