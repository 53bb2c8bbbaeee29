// SPDX-License-Identifier: GPL-2.0-only
/*
 * many_areas.c - promise S1: UNMAP of any number of pinned areas succeeds
 *
 * When the drivers answer, the number of areas, of pins and of accesses in a
 * range is no reason to fail, and the kernel has nothing to warn about.
 *
 * A failure means that a virtual machine with many small mappings cannot take
 * them back, or that an unprivileged user can make the kernel warn.
 *
 * History: B01, B03. Upstream 7.2 counts its retries over adjacent areas and gives
 * up after a hundred.
 */
#include "fixture.h"

#define NAREAS 300

/* NAREAS areas of a page, @stride pages apart, each pinned on its own. */
static uint8_t *pinned_areas(struct rig *rig, uint32_t ioas,
			     unsigned int stride)
{
	uint8_t *mem = fixture_mem(NAREAS * PAGE, 1);

	for (unsigned int i = 0; i < NAREAS; i++) {
		uint64_t iova = IOVA_A + i * stride * PAGE;

		REQUIRE_OK(iommu_map_at(rig->iommufd, ioas, mem + i * PAGE,
					PAGE, iova));
		REQUIRE_OK(mdma_do_pin(rig->queue, iova, PAGE, 0));
	}
	EXPECT_EQ(NAREAS, mdma_npins(rig->dev));
	return mem;
}

static void unmaps_them_all(struct rig *rig, unsigned int stride)
{
	int before = mem_kernel_taints();
	uint64_t length = NAREAS * stride * PAGE;

	EXPECT_OK(iommu_unmap(rig->iommufd, rig->ioas, IOVA_A, &length));
	EXPECT_EQ(NAREAS * PAGE, length);
	EXPECT_EQ(0, mdma_npins(rig->dev));
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(before, mem_kernel_taints());
	EXPECT_RC(-ENOENT, probe_rw(rig->queue, IOVA_A));
	EXPECT_RC(-ENOENT,
		  iommu_unmap_at(rig->iommufd, rig->ioas, IOVA_A, length));
}

TEST(unmap_300_adjacent_pinned_areas)
{
	struct rig rig = fixture_rig();

	pinned_areas(&rig, rig.ioas, 1);
	unmaps_them_all(&rig, 1);
}

TEST(unmap_300_spaced_pinned_areas)
{
	struct rig rig = fixture_rig();

	pinned_areas(&rig, rig.ioas, 3);
	unmaps_them_all(&rig, 3);
}

TEST(unmap_all_300_pinned_areas)
{
	struct rig rig = fixture_rig();

	pinned_areas(&rig, rig.ioas, 1);
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, pins_now());
}

TEST(unmap_300_pins_of_one_area)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, NAREAS * PAGE, 1);
	for (unsigned int i = 0; i < NAREAS; i++)
		REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + i * PAGE,
				       (NAREAS - i) * PAGE, 0));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, NAREAS * PAGE));
	EXPECT_EQ(NAREAS, mdma_ledger(rig.dev, MDMA_LEDGER_REVOKED));
	EXPECT_EQ(0, pins_now());
}

TEST(unmap_one_pin_across_300_areas)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(NAREAS * PAGE, 1);
	uint64_t length = NAREAS * PAGE;

	for (unsigned int i = 0; i < NAREAS; i++)
		REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, mem + i * PAGE,
					PAGE, IOVA_A + i * PAGE));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, NAREAS * PAGE, 0));
	EXPECT_EQ(NAREAS, pins_now());
	/* Any one of them takes the whole pin away; the others stay mapped. */
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A + 150 * PAGE,
				 PAGE));
	EXPECT_EQ(0, pins_now());
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_OK(iommu_unmap(rig.iommufd, rig.ioas, IOVA_A, &length));
	EXPECT_EQ((NAREAS - 1) * PAGE, length);
}

TEST(unmap_300_areas_pinned_by_two_devices)
{
	struct rig rig = fixture_rig();
	struct mdma_dev *dev = fixture_device(1, rig.iommufd, rig.ioas);
	struct mdma_queue *queue = fixture_queue(dev, 0);

	pinned_areas(&rig, rig.ioas, 1);
	for (unsigned int i = 0; i < NAREAS; i += 2)
		REQUIRE_OK(mdma_do_pin(queue, IOVA_A + i * PAGE, PAGE, 0));
	unmaps_them_all(&rig, 1);
	EXPECT_EQ(0, mdma_npins(dev));
}

TEST(replace_with_300_pinned_areas)
{
	struct rig rig = fixture_rig();
	int before = mem_kernel_taints();

	pinned_areas(&rig, rig.ioas, 1);
	EXPECT_OK(mdma_attach(rig.dev, rig.other));
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_npins(rig.dev));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.ioas));
	EXPECT_EQ(before, mem_kernel_taints());
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
