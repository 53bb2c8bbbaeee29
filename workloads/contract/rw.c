// SPDX-License-Identifier: GPL-2.0-only
/*
 * rw.c - contract row rw, by copy, from kernel threads and from the caller
 *
 * Promises: any alignment and length; exactly the bytes asked for and no others;
 * across areas; permissions of the mapping; an rw that meets a hole or lacks
 * permission fails before any byte is written (S12); what cannot be reached is
 * -EFAULT, in a kernel thread as in the caller, for kernel addresses too.
 *
 * A failure means that a device corrupts memory that user space did not map, or
 * writes a message half.
 *
 * History: B49 (unchecked address), B43 (overflow). Upstream 7.2 has written the
 * areas before the hole.
 */
#include <sys/mman.h>

#include "fixture.h"

#define LEN (4 * PAGE)

static void map_flags(struct rig *rig, void *va, uint64_t len, uint64_t iova,
		      uint32_t flags)
{
	REQUIRE_OK(iommu_map(rig->iommufd, rig->ioas, va, len,
			     flags | IOMMU_IOAS_MAP_FIXED_IOVA, &iova));
}

/* WRITE and READ of [offset, offset + len) of a mapping at IOVA_A. */
static void moves_exactly(struct rig *rig, uint8_t *mem, size_t map_len,
			  uint64_t offset, uint32_t len, uint16_t flags)
{
	uint8_t *dev = rig->dev->mem;

	mem_fill(mem, map_len, 1, 0);
	mem_fill(dev, len, 2, offset);
	EXPECT_OK(mdma_do_write(rig->queue, IOVA_A + offset, 0, len, flags));
	EXPECT_EQ(-1, mem_check(mem, offset, 1, 0));
	EXPECT_EQ(-1, mem_check(mem + offset, len, 2, offset));
	EXPECT_EQ(-1, mem_check(mem + offset + len, map_len - offset - len, 1,
				offset + len));

	mem_fill(mem, map_len, 3, 0);
	memset(dev, 0xee, len + 64);
	EXPECT_OK(mdma_do_read(rig->queue, IOVA_A + offset, 32, len, flags));
	EXPECT_EQ(-1, mem_check_byte(dev, 32, 0xee));
	EXPECT_EQ(-1, mem_check(dev + 32, len, 3, offset));
	EXPECT_EQ(-1, mem_check_byte(dev + 32 + len, 32, 0xee));
}

static const struct {
	uint32_t offset, len;
} shapes[] = {
	{ 0, 1 },
	{ 0, 8 },
	{ 0, PAGE },
	{ 0, LEN },
	{ 1, 1 },
	{ 7, 2 },
	{ 1, PAGE },
	{ 3, 64 },
	{ PAGE - 1, 1 },
	{ PAGE - 1, 2 },
	{ PAGE - 3, PAGE + 6 },
	{ PAGE, PAGE },
	{ PAGE + 5, 2 * PAGE - 3 },
	{ 1, LEN - 2 },
	{ LEN - 1, 1 },
	{ LEN - 9, 9 },
	{ 100, 3000 },
};

TEST(rw_any_alignment)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);

	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		moves_exactly(&rig, mem, LEN, shapes[i].offset, shapes[i].len,
			      0);
}

TEST(rw_any_alignment_across_areas)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(LEN, 1);

	/* One memory, four mappings that lie side by side. */
	for (unsigned int i = 0; i < LEN / PAGE; i++)
		REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, mem + i * PAGE,
					PAGE, IOVA_A + i * PAGE));
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		moves_exactly(&rig, mem, LEN, shapes[i].offset, shapes[i].len,
			      0);
}

TEST(rw_while_pinned_is_the_same_memory)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + PAGE, PAGE, MDMA_F_WRITE));
	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		moves_exactly(&rig, mem, LEN, shapes[i].offset, shapes[i].len,
			      0);
	EXPECT_EQ(1, pins_now());
}

TEST(rw_large)
{
	struct rig rig = fixture_rig();
	size_t len = 1 << 20;
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, len, 1);
	uint32_t n = len - 2 * PAGE - 7;

	REQUIRE_TRUE(rig.dev->usable > len);
	moves_exactly(&rig, mem, len, PAGE + 3, n, 0);
	EXPECT_EQ(0, pins_now());
}

TEST(rw_fill_and_copy)
{
	struct rig rig = fixture_rig();
	uint8_t *a = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	uint8_t *b = fixture_map(rig.iommufd, rig.ioas, IOVA_B, LEN, 2);

	EXPECT_OK(mdma_do_copy(rig.queue, IOVA_B + 8, IOVA_A + 8, LEN - 16, 0));
	EXPECT_EQ(-1, mem_check(b, 8, 2, 0));
	EXPECT_EQ(-1, mem_check(b + 8, LEN - 16, 1, 8));
	EXPECT_EQ(-1, mem_check(b + LEN - 8, 8, 2, LEN - 8));
	EXPECT_OK(mdma_do_fill(rig.queue, IOVA_A + PAGE, 0x1111111111111111,
			       PAGE, 0));
	EXPECT_EQ(-1, mem_check(a, PAGE, 1, 0));
	EXPECT_EQ(-1, mem_check_byte(a + PAGE, PAGE, 0x11));
	EXPECT_EQ(-1, mem_check(a + 2 * PAGE, 2 * PAGE, 1, 2 * PAGE));
}

/* Errors of a WRITE of @len at @iova, from a kernel thread and from the caller. */
static void write_fails(struct rig *rig, int expected, uint64_t iova,
			uint32_t len)
{
	memset(rig->dev->mem, 0xdd, len);
	EXPECT_RC(expected, mdma_do_write(rig->queue, iova, 0, len, 0));
	EXPECT_RC(expected, mdma_bench(rig->dev, MDMA_BENCH_RW_WRITE, iova, len,
				       1, NULL));
}

TEST(rw_hole_is_enoent)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	write_fails(&rig, -ENOENT, IOVA_B, 1);
	write_fails(&rig, -ENOENT, IOVA_A - 1, 1);
	write_fails(&rig, -ENOENT, IOVA_A + LEN, 1);
	write_fails(&rig, -ENOENT, IOVA_A - 1, 2);
	write_fails(&rig, -ENOENT, IOVA_A + LEN - 1, 2);
}

TEST(rw_hole_writes_nothing)
{
	struct rig rig = fixture_rig();
	uint8_t *a = fixture_map(rig.iommufd, rig.ioas, IOVA_A, PAGE, 1);
	uint8_t *b = fixture_map(rig.iommufd, rig.ioas, IOVA_A + PAGE, PAGE, 2);
	uint8_t *c =
		fixture_map(rig.iommufd, rig.ioas, IOVA_A + 3 * PAGE, PAGE, 3);

	write_fails(&rig, -ENOENT, IOVA_A, 4 * PAGE);
	write_fails(&rig, -ENOENT, IOVA_A + PAGE, PAGE + 1);
	write_fails(&rig, -ENOENT, IOVA_A + 1, 2 * PAGE);
	EXPECT_EQ(-1, mem_check(a, PAGE, 1, 0));
	EXPECT_EQ(-1, mem_check(b, PAGE, 2, 0));
	EXPECT_EQ(-1, mem_check(c, PAGE, 3, 0));
}

TEST(rw_permission_is_eperm)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(2 * PAGE, 1);

	map_flags(&rig, mem, PAGE, IOVA_A, IOMMU_IOAS_MAP_READABLE);
	map_flags(&rig, mem + PAGE, PAGE, IOVA_B, IOMMU_IOAS_MAP_WRITEABLE);
	write_fails(&rig, -EPERM, IOVA_A, 8);
	EXPECT_RC(-EPERM, probe_rw(rig.queue, IOVA_B));
	EXPECT_RC(-EPERM,
		  mdma_bench(rig.dev, MDMA_BENCH_RW_READ, IOVA_B, 8, 1, NULL));
	EXPECT_EQ(-1, mem_check(mem, 2 * PAGE, 1, 0));
	EXPECT_OK(probe_rw(rig.queue, IOVA_A));
	EXPECT_TRUE(reaches(rig.queue, IOVA_B, mem + PAGE));
}

TEST(rw_permission_writes_nothing)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(3 * PAGE, 1);

	map_flags(&rig, mem, PAGE, IOVA_A, IOMMU_MAP_RW);
	map_flags(&rig, mem + PAGE, PAGE, IOVA_A + PAGE, IOMMU_MAP_RW);
	map_flags(&rig, mem + 2 * PAGE, PAGE, IOVA_A + 2 * PAGE,
		  IOMMU_IOAS_MAP_READABLE);
	write_fails(&rig, -EPERM, IOVA_A, 3 * PAGE);
	write_fails(&rig, -EPERM, IOVA_A + 2 * PAGE - 1, 2);
	EXPECT_EQ(-1, mem_check(mem, 3 * PAGE, 1, 0));
}

TEST(rw_of_memory_the_user_cannot_reach_is_efault)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, 2 * PAGE, 1);

	REQUIRE_OK(
		iommu_map_at(rig.iommufd, rig.ioas, NOBODYS_VA, PAGE, IOVA_B));
	REQUIRE_OK(
		iommu_map_at(rig.iommufd, rig.ioas, KERNELS_VA, PAGE, IOVA_C));
	REQUIRE_TRUE(!mprotect(mem, PAGE, PROT_NONE));
	REQUIRE_TRUE(!mprotect(mem + PAGE, PAGE, PROT_READ));
	write_fails(&rig, -EFAULT, IOVA_A, 8);
	write_fails(&rig, -EFAULT, IOVA_A + PAGE, 8);
	write_fails(&rig, -EFAULT, IOVA_B, 8);
	write_fails(&rig, -EFAULT, IOVA_C, 8);
	EXPECT_RC(-EFAULT, probe_rw(rig.queue, IOVA_A));
	EXPECT_RC(-EFAULT, probe_rw(rig.queue, IOVA_B));
	EXPECT_RC(-EFAULT, probe_rw(rig.queue, IOVA_C));
	EXPECT_OK(probe_rw(rig.queue, IOVA_A + PAGE));
	EXPECT_EQ(-1, mem_check(mem + PAGE, PAGE, 1, PAGE));
	REQUIRE_TRUE(!mprotect(mem, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-1, mem_check(mem, PAGE, 1, 0));
}

TEST(rw_that_wraps_is_eoverflow)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, 0, PAGE, 1);
	write_fails(&rig, -EOVERFLOW, UINT64_MAX, 2);
	write_fails(&rig, -EOVERFLOW, UINT64_MAX - 7, 16);
	write_fails(&rig, -ENOENT, UINT64_MAX - 7, 8);
}

TEST(rw_at_the_ends_of_the_space)
{
	struct rig rig = fixture_rig();
	uint64_t top = UINT64_MAX - PAGE + 1;
	uint8_t *low = fixture_map(rig.iommufd, rig.ioas, 0, PAGE, 1);
	uint8_t *high = fixture_map(rig.iommufd, rig.ioas, top, PAGE, 2);

	EXPECT_TRUE(reaches(rig.queue, 0, low));
	EXPECT_TRUE(reaches(rig.queue, top + PAGE - 8, high + PAGE - 8));
}

TEST(rw_from_the_callers_own_context)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	uint64_t ns = 0;

	EXPECT_OK(mdma_bench(rig.dev, MDMA_BENCH_RW_READ, IOVA_A + 1, LEN - 2,
			     10, &ns));
	EXPECT_GT(0, ns);
	EXPECT_EQ(-1, mem_check(mem, LEN, 1, 0));
	EXPECT_OK(mdma_bench(rig.dev, MDMA_BENCH_RW_WRITE, IOVA_A + PAGE, PAGE,
			     10, NULL));
	EXPECT_EQ(-1, mem_check(mem, PAGE, 1, 0));
	EXPECT_EQ(-1, mem_check(mem + 2 * PAGE, 2 * PAGE, 1, 2 * PAGE));
	EXPECT_OK(mdma_bench(rig.dev, MDMA_BENCH_PIN, IOVA_A, LEN, 10, NULL));
	EXPECT_EQ(0, pins_now());
}

TEST(rw_populates_what_was_never_touched)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = mem_alloc(LEN);

	REQUIRE_TRUE(mem);
	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, mem, LEN, IOVA_A));
	memset(rig.dev->mem, 0xab, PAGE);
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A + PAGE, 0, PAGE, 0));
	EXPECT_EQ(-1, mem_check_byte(rig.dev->mem, PAGE, 0));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + PAGE, mem + PAGE));
	mem_free(mem, LEN);
}

TEST(rw_shared_and_huge_memory)
{
	struct rig rig = fixture_rig();
	uint8_t *shared = mem_alloc_shared(LEN);
	uint8_t *huge = mem_alloc_huge(MEM_HUGE);

	REQUIRE_TRUE(shared);
	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, shared, LEN, IOVA_A));
	moves_exactly(&rig, shared, LEN, PAGE - 3, PAGE + 6, 0);
	mem_free(shared, LEN);
	if (!huge) {
		tap_note("no 2 MiB pages in this guest: shared memory only");
		return;
	}
	REQUIRE_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, huge, MEM_HUGE, IOVA_A));
	moves_exactly(&rig, huge, MEM_HUGE, PAGE - 3, 9 * PAGE + 6, 0);
	mem_free(huge, MEM_HUGE);
}

/* Moving data by pin, touch and unpin has the same edges. */
TEST(rw_by_pin_moves_exactly)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);

	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		moves_exactly(&rig, mem, LEN, shapes[i].offset, shapes[i].len,
			      MDMA_F_PIN);
	EXPECT_EQ(0, pins_now());
	EXPECT_RC(-ENOENT,
		  mdma_do_write(rig.queue, IOVA_A + PAGE, 0, LEN, MDMA_F_PIN));
	EXPECT_EQ(0, pins_now());
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
