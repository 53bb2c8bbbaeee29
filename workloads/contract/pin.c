// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin.c - contract row pin, through mdma's PIN descriptor
 *
 * Promises: pinning is all or nothing across areas; one entry for each page that
 * the range touches; the first byte is page aligned, the length need not be;
 * permissions are those of the mapping; every errno is upstream's; what is
 * pinned is the very page that user space sees.
 *
 * A failure means leaked or missing pins, or a driver that reads and writes
 * memory that the user did not mean.
 *
 * History: B21 and B56 (leaks without a splat), B40 and B43 (wrapping),
 * B49 (kernel addresses), B63 (zero page), B64 and B72 (unwinding), B85.
 */
#include <sys/mman.h>

#include "fixture.h"

static void map_flags(struct rig *rig, void *va, uint64_t len, uint64_t iova,
		      uint32_t flags)
{
	REQUIRE_OK(iommu_map(rig->iommufd, rig->ioas, va, len,
			     flags | IOMMU_IOAS_MAP_FIXED_IOVA, &iova));
}

/*
 * PIN that must succeed with so many pages, and UNPIN; in large folios one pin
 * may hold many pages.
 */
static void pins_in_folios(struct mdma_queue *queue, uint64_t iova,
			   uint32_t len, uint64_t npages, uint64_t min_pins)
{
	struct mdma_desc desc = {
		.opcode = MDMA_OP_PIN,
		.flags = MDMA_F_WRITE,
		.length = len,
		.iova = iova,
	};
	struct mdma_comp comp = { 0 };

	EXPECT_OK(mdma_exec(queue, &desc, &comp));
	EXPECT_EQ(npages, comp.result);
	EXPECT_EQ(npages, mdma_npins(queue->dev));
	EXPECT_GE(min_pins, pins_now());
	EXPECT_LE(npages, pins_now());
	EXPECT_OK(mdma_do_unpin(queue, iova, len));
	EXPECT_EQ(0, pins_now());
}

static void pins_pages(struct mdma_queue *queue, uint64_t iova, uint32_t len,
		       uint64_t npages)
{
	pins_in_folios(queue, iova, len, npages, npages);
}

TEST(pin_counts_the_pages_it_touches)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, 16 * PAGE, 1);
	pins_pages(rig.queue, IOVA_A, 1, 1);
	pins_pages(rig.queue, IOVA_A, PAGE - 1, 1);
	pins_pages(rig.queue, IOVA_A, PAGE, 1);
	pins_pages(rig.queue, IOVA_A, PAGE + 1, 2);
	pins_pages(rig.queue, IOVA_A + 3 * PAGE, 5 * PAGE - 7, 5);
	pins_pages(rig.queue, IOVA_A, 16 * PAGE, 16);
	pins_pages(rig.queue, IOVA_A + 15 * PAGE, PAGE, 1);
}

TEST(pin_start_must_be_page_aligned)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, 4 * PAGE, 1);
	EXPECT_RC(-EINVAL, mdma_do_pin(rig.queue, IOVA_A + 1, PAGE, 0));
	EXPECT_RC(-EINVAL, mdma_do_pin(rig.queue, IOVA_A + PAGE - 1, 1, 0));
	EXPECT_EQ(0, pins_now());
}

TEST(pin_is_the_users_page)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, 4 * PAGE, 1);

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, 4 * PAGE, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, 4 * PAGE, 0x1122));
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(0x1122, *(uint64_t *)(mem + i * PAGE));
		EXPECT_EQ(-1, mem_check(mem + i * PAGE + 8, PAGE - 8, 1,
					i * PAGE + 8));
	}
	/* And what the user writes afterwards is what the device reads. */
	mem_fill(mem, 4 * PAGE, 2, 0);
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, 0, 4 * PAGE, MDMA_F_PIN));
	EXPECT_EQ(-1, mem_check(rig.dev->mem, 4 * PAGE, 2, 0));
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, 4 * PAGE, 4 * PAGE, 0));
	EXPECT_EQ(-1, mem_check(rig.dev->mem + 4 * PAGE, 4 * PAGE, 2, 0));
}

TEST(pin_across_areas)
{
	struct rig rig = fixture_rig();
	uint8_t *a = fixture_map(rig.iommufd, rig.ioas, IOVA_A, 2 * PAGE, 1);
	uint8_t *b =
		fixture_map(rig.iommufd, rig.ioas, IOVA_A + 2 * PAGE, PAGE, 2);
	uint8_t *c = fixture_map(rig.iommufd, rig.ioas, IOVA_A + 3 * PAGE,
				 2 * PAGE, 3);

	pins_pages(rig.queue, IOVA_A + PAGE, 3 * PAGE, 3);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, 5 * PAGE, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, 5 * PAGE, 6));
	EXPECT_EQ(6, *(uint64_t *)(a + PAGE));
	EXPECT_EQ(6, *(uint64_t *)b);
	EXPECT_EQ(6, *(uint64_t *)(c + PAGE));
}

enum defect {
	HOLE,
	READONLY,
	UNREACHABLE,
};

/* Five areas of a page each, of which number @bad cannot be pinned. */
static void all_or_nothing(unsigned int bad, enum defect defect, int expected)
{
	struct rig rig = fixture_rig();

	for (unsigned int i = 0; i < 5; i++) {
		uint8_t *mem = fixture_mem(PAGE, i);
		uint32_t flags = IOMMU_MAP_RW;

		if (i == bad && defect == HOLE)
			continue;
		if (i == bad && defect == READONLY)
			flags = IOMMU_IOAS_MAP_READABLE;
		if (i == bad && defect == UNREACHABLE)
			REQUIRE_TRUE(!mprotect(mem, PAGE, PROT_NONE));
		map_flags(&rig, mem, PAGE, IOVA_A + i * PAGE, flags);
	}
	EXPECT_RC(expected,
		  mdma_do_pin(rig.queue, IOVA_A, 5 * PAGE, MDMA_F_WRITE));
	EXPECT_EQ(0, mdma_npins(rig.dev));
	EXPECT_EQ(0, pins_now());
	/* Nothing is left behind that an UNMAP would have to wait for. */
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	mdma_close(rig.dev);
}

TEST(pin_over_a_hole_is_nothing)
{
	all_or_nothing(0, HOLE, -ENOENT);
	all_or_nothing(2, HOLE, -ENOENT);
	all_or_nothing(4, HOLE, -ENOENT);
}

TEST(pin_over_readonly_is_nothing)
{
	all_or_nothing(0, READONLY, -EPERM);
	all_or_nothing(2, READONLY, -EPERM);
	all_or_nothing(4, READONLY, -EPERM);
}

TEST(pin_over_an_unreachable_area_is_nothing)
{
	all_or_nothing(0, UNREACHABLE, -EFAULT);
	all_or_nothing(2, UNREACHABLE, -EFAULT);
	all_or_nothing(4, UNREACHABLE, -EFAULT);
}

TEST(pin_over_bad_memory_is_nothing)
{
	for (unsigned int bad = 0; bad < 5; bad += 2) {
		struct rig rig = fixture_rig();
		uint8_t *mem =
			fixture_map(rig.iommufd, rig.ioas, IOVA_A, 5 * PAGE, 1);

		REQUIRE_TRUE(!mprotect(mem + bad * PAGE, PAGE, PROT_NONE));
		EXPECT_RC(-EFAULT, mdma_do_pin(rig.queue, IOVA_A, 5 * PAGE, 0));
		EXPECT_EQ(0, pins_now());
		EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
		mdma_close(rig.dev);
	}
}

TEST(pin_permissions_are_the_mappings)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(2 * PAGE, 1);

	map_flags(&rig, mem, PAGE, IOVA_A, IOMMU_IOAS_MAP_READABLE);
	map_flags(&rig, mem + PAGE, PAGE, IOVA_B, IOMMU_IOAS_MAP_WRITEABLE);
	EXPECT_OK(mdma_do_pin(rig.queue, IOVA_A, PAGE, 0));
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, PAGE));
	EXPECT_RC(-EPERM, mdma_do_pin(rig.queue, IOVA_A, PAGE, MDMA_F_WRITE));
	EXPECT_RC(-EPERM, mdma_do_pin(rig.queue, IOVA_B, PAGE, 0));
	EXPECT_OK(mdma_do_pin(rig.queue, IOVA_B, PAGE, MDMA_F_WRITE));
	EXPECT_EQ(1, pins_now());
}

TEST(pin_of_memory_the_user_cannot_reach_is_efault)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, 2 * PAGE, 1);

	REQUIRE_TRUE(!mprotect(mem, PAGE, PROT_NONE));
	REQUIRE_TRUE(!mprotect(mem + PAGE, PAGE, PROT_READ));
	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, NOBODYS_VA, PAGE,
				IOVA_A + 2 * PAGE));
	EXPECT_RC(-EFAULT, mdma_do_pin(rig.queue, IOVA_A, PAGE, 0));
	EXPECT_RC(-EFAULT,
		  mdma_do_pin(rig.queue, IOVA_A + PAGE, PAGE, MDMA_F_WRITE));
	EXPECT_RC(-EFAULT, mdma_do_pin(rig.queue, IOVA_A + 2 * PAGE, PAGE, 0));
	/* A kernel address may be mapped, lazily, but is nobody's memory. */
	REQUIRE_OK(
		iommu_map_at(rig.iommufd, rig.ioas, KERNELS_VA, PAGE, IOVA_B));
	EXPECT_RC(-EFAULT, mdma_do_pin(rig.queue, IOVA_B, PAGE, 0));
	EXPECT_EQ(0, pins_now());
}

TEST(pin_that_wraps_is_eoverflow)
{
	struct rig rig = fixture_rig();

	EXPECT_RC(-EOVERFLOW,
		  mdma_do_pin(rig.queue, UINT64_MAX - PAGE + 1, PAGE + 1, 0));
	EXPECT_RC(-EOVERFLOW,
		  mdma_do_pin(rig.queue, UINT64_MAX - PAGE + 1, 64 * PAGE, 0));
	/* The last page is a page like any other. */
	EXPECT_RC(-ENOENT,
		  mdma_do_pin(rig.queue, UINT64_MAX - PAGE + 1, PAGE, 0));
}

TEST(pin_at_the_ends_of_the_space)
{
	struct rig rig = fixture_rig();
	uint64_t top = UINT64_MAX - 2 * PAGE + 1;
	uint8_t *low = fixture_map(rig.iommufd, rig.ioas, 0, 2 * PAGE, 1);
	uint8_t *high = fixture_map(rig.iommufd, rig.ioas, top, 2 * PAGE, 2);

	pins_pages(rig.queue, 0, 2 * PAGE, 2);
	pins_pages(rig.queue, top, 2 * PAGE, 2);
	REQUIRE_OK(mdma_do_pin(rig.queue, 0, PAGE, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(rig.queue, top + PAGE, PAGE, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, 0, PAGE, 8));
	EXPECT_OK(mdma_do_touch(rig.queue, top + PAGE, PAGE, 9));
	EXPECT_EQ(8, *(uint64_t *)low);
	EXPECT_EQ(9, *(uint64_t *)(high + PAGE));
	/* The callback for the last page must not see a range that wraps. */
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, top, 2 * PAGE));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, 0, 2 * PAGE));
	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_ledger_violations(rig.dev));
}

TEST(pin_twice_needs_two_unpins)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, 4 * PAGE, 1);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, 4 * PAGE, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, 4 * PAGE, MDMA_F_WRITE));
	EXPECT_EQ(4, pins_now());
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, 4 * PAGE));
	EXPECT_EQ(4, pins_now());
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, 4 * PAGE, 1));
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, 4 * PAGE));
	EXPECT_EQ(0, pins_now());
	EXPECT_RC(-ENOENT, mdma_do_unpin(rig.queue, IOVA_A, 4 * PAGE));
}

TEST(pin_overlaps_are_released_one_by_one)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, 8 * PAGE, 1);

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, 4 * PAGE, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + 2 * PAGE, 4 * PAGE,
			       MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + 3 * PAGE, PAGE, 0));
	EXPECT_EQ(6, pins_now());
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, 4 * PAGE));
	EXPECT_EQ(4, pins_now());
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A + 2 * PAGE, 4 * PAGE, 3));
	EXPECT_EQ(3, *(uint64_t *)(mem + 5 * PAGE));
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A + 2 * PAGE, 4 * PAGE));
	EXPECT_EQ(1, pins_now());
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A + 3 * PAGE, PAGE));
	EXPECT_EQ(0, pins_now());
}

TEST(pin_of_one_page_mapped_twice_is_one_pin)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, PAGE, 1);

	/* Two mappings of the same memory may be two pins, or share one. */
	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, mem, PAGE, IOVA_B));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, PAGE, MDMA_F_WRITE));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_B, PAGE, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, PAGE, 21));
	EXPECT_EQ(21, *(uint64_t *)mem);
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_B, PAGE, 22));
	EXPECT_EQ(22, *(uint64_t *)mem);
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, PAGE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_B, PAGE, 23));
	EXPECT_EQ(23, *(uint64_t *)mem);
}

TEST(pin_large_range)
{
	struct rig rig = fixture_rig();
	uint32_t len = MDMA_MAX_LENGTH;
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, len, 1);

	pins_pages(rig.queue, IOVA_A, len, len / PAGE);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, len, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, len, 4));
	EXPECT_EQ(4, *(uint64_t *)(mem + len - PAGE));
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, pins_now());
}

TEST(pin_zero_page_is_balanced)
{
	struct rig rig = fixture_rig();
	void *mem = mem_alloc(4 * PAGE); /* never written: the zero page */

	REQUIRE_TRUE(mem);
	map_flags(&rig, mem, 4 * PAGE, IOVA_A, IOMMU_IOAS_MAP_READABLE);
	EXPECT_EQ(-1, mem_check_byte(mem, 4 * PAGE, 0));
	for (unsigned int i = 0; i < 50; i++) {
		REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, 4 * PAGE, 0));
		REQUIRE_OK(mdma_do_unpin(rig.queue, IOVA_A, 4 * PAGE));
	}
	EXPECT_EQ(0, pins_now());
	/* What was pinned for reading is what the user sees later, too. */
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, PAGE, 0));
	mem_fill(mem, PAGE, 3, 0);
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, 0, PAGE, MDMA_F_PIN));
	EXPECT_EQ(-1, mem_check(rig.dev->mem, PAGE, 3, 0));
	mem_free(mem, 4 * PAGE);
}

TEST(pin_shared_memory)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = mem_alloc_shared(4 * PAGE);

	REQUIRE_TRUE(mem);
	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, mem, 4 * PAGE, IOVA_A));
	pins_pages(rig.queue, IOVA_A, 4 * PAGE, 4);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, 4 * PAGE, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, 4 * PAGE, 31));
	EXPECT_EQ(31, *(uint64_t *)(mem + 3 * PAGE));
	mem_free(mem, 4 * PAGE);
	/* A pin outlives the user's own mapping of the memory. */
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, 4 * PAGE, 32));
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, 4 * PAGE));
	EXPECT_EQ(0, pins_now());
}

TEST(pin_huge_pages)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = mem_alloc_huge(2 * MEM_HUGE);

	if (!mem)
		tap_skip("no 2 MiB pages can be had in this guest");
	mem_fill(mem, 2 * MEM_HUGE, 1, 0);
	REQUIRE_OK(
		iommu_map_at(rig.iommufd, rig.ioas, mem, 2 * MEM_HUGE, IOVA_A));
	pins_in_folios(rig.queue, IOVA_A, 2 * MEM_HUGE, 2 * MEM_HUGE / PAGE, 2);
	/* From the middle of one into the middle of the other. */
	pins_in_folios(rig.queue, IOVA_A + MEM_HUGE - 3 * PAGE, 7 * PAGE, 7, 2);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + MEM_HUGE - PAGE, 2 * PAGE,
			       MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A + MEM_HUGE - PAGE, 2 * PAGE,
				41));
	EXPECT_EQ(41, *(uint64_t *)(mem + MEM_HUGE - PAGE));
	EXPECT_EQ(41, *(uint64_t *)(mem + MEM_HUGE));
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, pins_now());
	mem_free(mem, 2 * MEM_HUGE);
}

TEST(pin_never_unmapped_goes_with_the_device)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, 32 * PAGE, 1);
	for (unsigned int i = 0; i < 32; i++)
		REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + i * PAGE,
				       (32 - i) * PAGE, 0));
	EXPECT_EQ(32, pins_now());
	mdma_close(rig.dev);
	EXPECT_EQ(0, pins_now());
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
