// SPDX-License-Identifier: GPL-2.0-only
/*
 * map.c - IOAS_MAP and IOAS_COPY, every errno
 *
 * Promises: MAP checks its numbers before it does anything and touches no memory
 * until a driver asks; a MAP that fails, in its last step too, has mapped nothing
 * and disturbed nothing; COPY shares the memory of its source.
 *
 * A failure means memory that a device reaches although user space was told that
 * it does not, or the other way round.
 *
 * History: B40 (user address wraps), B85 (neither readable nor writable),
 * B90 (unknown flags), B92 (alignment).
 */
#include "fixture.h"

#define LEN (4 * PAGE)

static int map_with(int iommufd, uint32_t ioas, const void *va, uint64_t len,
		    uint32_t flags, uint64_t iova)
{
	return iommu_map(iommufd, ioas, va, len, flags, &iova);
}

#define FIXED_RW (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_MAP_RW)

TEST(map_unknown_flags_are_eopnotsupp)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(LEN, 1);
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = FIXED_RW,
		.ioas_id = ioas,
		.__reserved = 1,
		.user_va = (uintptr_t)mem,
		.length = LEN,
		.iova = IOVA_A,
	};

	for (unsigned int bit = 3; bit < 32; bit++)
		EXPECT_RC(-EOPNOTSUPP, map_with(iommufd, ioas, mem, LEN,
						FIXED_RW | 1u << bit, IOVA_A));
	EXPECT_RC(-EOPNOTSUPP, iommu_call(iommufd, IOMMU_IOAS_MAP, &cmd));
	EXPECT_RC(-ENOENT, iommu_unmap_at(iommufd, ioas, IOVA_A, LEN));
}

TEST(map_needs_an_access_and_a_length)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(LEN, 1);

	EXPECT_RC(-EINVAL, map_with(iommufd, ioas, mem, LEN, 0, 0));
	EXPECT_RC(-EINVAL, map_with(iommufd, ioas, mem, LEN,
				    IOMMU_IOAS_MAP_FIXED_IOVA, IOVA_A));
	EXPECT_RC(-EINVAL, map_with(iommufd, ioas, mem, 0, FIXED_RW, IOVA_A));
	EXPECT_RC(-EINVAL, map_with(iommufd, ioas, mem, 0, IOMMU_MAP_RW, 0));
	EXPECT_RC(-ENOENT, iommu_unmap_at(iommufd, ioas, IOVA_A, LEN));
}

TEST(map_unknown_ioas_is_enoent)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(LEN, 1);

	EXPECT_RC(-ENOENT,
		  map_with(rig.iommufd, 0, mem, LEN, FIXED_RW, IOVA_A));
	EXPECT_RC(-ENOENT, map_with(rig.iommufd, rig.other + 50, mem, LEN,
				    FIXED_RW, IOVA_A));
	EXPECT_RC(-ENOENT, map_with(rig.iommufd, rig.dev->devid, mem, LEN,
				    FIXED_RW, IOVA_A));
}

TEST(map_numbers_that_wrap_are_eoverflow)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(LEN, 1);
	void *high = (void *)(UINTPTR_MAX - PAGE + 1);

	/* IOVA */
	EXPECT_RC(-EOVERFLOW,
		  map_with(iommufd, ioas, mem, PAGE, FIXED_RW, UINT64_MAX));
	EXPECT_RC(-EOVERFLOW, map_with(iommufd, ioas, mem, PAGE + 1, FIXED_RW,
				       UINT64_MAX - PAGE + 1));
	EXPECT_RC(-EOVERFLOW, map_with(iommufd, ioas, mem, LEN, FIXED_RW,
				       UINT64_MAX - PAGE + 1));
	/* length */
	EXPECT_RC(-EOVERFLOW,
		  map_with(iommufd, ioas, mem, UINT64_MAX, FIXED_RW, 0));
	EXPECT_RC(-EOVERFLOW,
		  map_with(iommufd, ioas, mem, UINT64_MAX, IOMMU_MAP_RW, 0));
	/* user address */
	EXPECT_RC(-EOVERFLOW,
		  map_with(iommufd, ioas, high, 2 * PAGE, FIXED_RW, IOVA_A));
	EXPECT_RC(-EOVERFLOW,
		  map_with(iommufd, ioas, high, PAGE + 1, FIXED_RW, IOVA_A));
	EXPECT_RC(-EOVERFLOW,
		  map_with(iommufd, ioas, mem, UINT64_MAX - PAGE, FIXED_RW, 0));
	EXPECT_OK(iommu_unmap_all(iommufd, ioas));
}

TEST(map_unaligned_is_einval_for_a_pinning_driver)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(LEN, 1);

	EXPECT_RC(-EINVAL, map_with(rig.iommufd, rig.ioas, mem, PAGE + 1,
				    FIXED_RW, IOVA_A));
	EXPECT_RC(-EINVAL, map_with(rig.iommufd, rig.ioas, mem, PAGE, FIXED_RW,
				    IOVA_A + 1));
	EXPECT_RC(-EINVAL, map_with(rig.iommufd, rig.ioas, mem + 1, PAGE,
				    FIXED_RW, IOVA_A));
	EXPECT_RC(-EINVAL, map_with(rig.iommufd, rig.ioas, mem + 1, PAGE,
				    IOMMU_MAP_RW, 0));
	/* Without an access every byte is as good as another. */
	EXPECT_OK(map_with(rig.iommufd, rig.other, mem + 1, 1, FIXED_RW,
			   IOVA_A + 3));
	EXPECT_OK(map_with(rig.iommufd, rig.other, mem, PAGE + 1, FIXED_RW,
			   IOVA_A + 4));
}

TEST(map_overlap_is_eexist_and_changes_nothing)
{
	struct rig rig = fixture_rig();
	uint8_t *old = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	uint8_t *mem = fixture_mem(3 * LEN, 2);
	static const struct {
		int64_t offset;
		uint64_t len;
	} overlaps[] = {
		{ 0, LEN },
		{ 0, PAGE },
		{ LEN - PAGE, PAGE },
		{ PAGE, PAGE },
		{ -LEN, 3 * LEN },
		{ -PAGE, 2 * PAGE },
		{ LEN - PAGE, 2 * PAGE },
	};

	for (unsigned int i = 0; i < sizeof(overlaps) / sizeof(*overlaps); i++)
		EXPECT_RC(-EEXIST,
			  map_with(rig.iommufd, rig.ioas, mem, overlaps[i].len,
				   FIXED_RW, IOVA_A + overlaps[i].offset));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, old));
	EXPECT_EQ(-1, mem_check(mem, 3 * LEN, 2, 0));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A - PAGE));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A + LEN));
	/* Side by side is no overlap. */
	EXPECT_OK(map_with(rig.iommufd, rig.ioas, mem, PAGE, FIXED_RW,
			   IOVA_A - PAGE));
	EXPECT_OK(map_with(rig.iommufd, rig.ioas, mem, PAGE, FIXED_RW,
			   IOVA_A + LEN));
}

TEST(map_unanswerable_maps_nothing)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(LEN, 1);
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = FIXED_RW,
		.ioas_id = rig.ioas,
		.user_va = (uintptr_t)mem,
		.length = LEN,
		.iova = IOVA_A,
	};
	void *readonly = fixture_readonly(&cmd, sizeof(cmd));

	EXPECT_RC(-EFAULT, iommu_call(rig.iommufd, IOMMU_IOAS_MAP, readonly));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
	EXPECT_OK(map_with(rig.iommufd, rig.ioas, mem, LEN, FIXED_RW, IOVA_A));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
}

TEST(map_is_lazy)
{
	struct rig rig = fixture_rig();

	EXPECT_OK(map_with(rig.iommufd, rig.ioas, NOBODYS_VA, LEN, FIXED_RW,
			   IOVA_A));
	EXPECT_OK(map_with(rig.iommufd, rig.ioas, (void *)PAGE, 1ull << 40,
			   FIXED_RW, IOVA_B));
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
}

TEST(map_the_same_memory_twice)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);

	REQUIRE_OK(iommu_map_at(rig.iommufd, rig.ioas, mem, LEN, IOVA_B));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_TRUE(reaches(rig.queue, IOVA_B, mem));
	REQUIRE_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_TRUE(reaches(rig.queue, IOVA_B, mem));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
}

TEST(map_unaligned_memory_reaches_the_right_bytes)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(2 * PAGE, 1);

	/*
	 * Such a mapping cannot be there while mdma is attached; what holds for
	 * aligned ones through COPY and offsets is in rw.c. Here: it goes away
	 * whole, at its own odd address.
	 */
	REQUIRE_OK(map_with(rig.iommufd, rig.other, mem + 5, 100, FIXED_RW,
			    IOVA_A + 5));
	EXPECT_RC(-ENOENT,
		  iommu_unmap_at(rig.iommufd, rig.other, IOVA_A + 5, 99));
	EXPECT_RC(-ENOENT,
		  iommu_unmap_at(rig.iommufd, rig.other, IOVA_A + 6, 100));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.other, IOVA_A + 5, 100));
}

TEST(copy_shares_the_memory)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.other, IOVA_A, LEN, 1);
	uint64_t iova = IOVA_B;

	REQUIRE_OK(iommu_copy(rig.iommufd, rig.ioas, rig.other, IOVA_A + PAGE,
			      2 * PAGE, FIXED_RW, &iova));
	EXPECT_TRUE(reaches(rig.queue, IOVA_B, mem + PAGE));
	EXPECT_TRUE(reaches(rig.queue, IOVA_B + PAGE, mem + 2 * PAGE));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_B + 2 * PAGE));
	/* The copy does not need its source. */
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_B, 2 * PAGE, MDMA_F_WRITE));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.other));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_B, 2 * PAGE, 6));
	EXPECT_EQ(6, *(uint64_t *)(mem + 2 * PAGE));
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, pins_now());
}

TEST(copy_pins_and_charges_once)
{
	struct rig rig = fixture_rig();
	uint64_t iova = IOVA_B;

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	REQUIRE_OK(iommu_copy(rig.iommufd, rig.ioas, rig.ioas, IOVA_A, LEN,
			      FIXED_RW, &iova));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_B, LEN, MDMA_F_WRITE));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_EQ(LEN / 1024, mem_status_kb(0, "VmPin"));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_B, LEN, 3));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_B, LEN));
	EXPECT_EQ(0, pins_now());
}

TEST(copy_errors)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.other, IOVA_A, LEN, 1);
	int fd = rig.iommufd;
	uint64_t iova;

#define COPY(dst, src, from, len, flags, to) \
	(iova = (to), iommu_copy(fd, dst, src, from, len, flags, &iova))

	REQUIRE_OK(map_with(fd, rig.other, mem, PAGE,
			    IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
			    IOVA_B));
	fixture_map(fd, rig.ioas, IOVA_C, PAGE, 2);
	EXPECT_RC(-ENOENT, COPY(rig.ioas, 0, IOVA_A, LEN, FIXED_RW, IOVA_B));
	EXPECT_RC(-ENOENT, COPY(0, rig.other, IOVA_A, LEN, FIXED_RW, IOVA_B));
	EXPECT_RC(-ENOENT, COPY(rig.ioas, rig.other, IOVA_A, LEN + PAGE,
				FIXED_RW, IOVA_B));
	EXPECT_RC(-ENOENT, COPY(rig.ioas, rig.other, IOVA_A - PAGE, LEN,
				FIXED_RW, IOVA_B));
	EXPECT_RC(-EPERM,
		  COPY(rig.ioas, rig.other, IOVA_B, PAGE, FIXED_RW, IOVA_B));
	EXPECT_RC(-EEXIST,
		  COPY(rig.ioas, rig.other, IOVA_A, PAGE, FIXED_RW, IOVA_C));
	EXPECT_RC(-EINVAL, COPY(rig.ioas, rig.other, IOVA_A, PAGE,
				IOMMU_IOAS_MAP_FIXED_IOVA, IOVA_B));
	EXPECT_RC(-EINVAL,
		  COPY(rig.ioas, rig.other, IOVA_A, 0, FIXED_RW, IOVA_B));
	EXPECT_RC(-EINVAL, COPY(rig.ioas, rig.other, IOVA_A, PAGE, FIXED_RW,
				IOVA_B + 1));
	EXPECT_RC(-EOPNOTSUPP, COPY(rig.ioas, rig.other, IOVA_A, PAGE,
				    FIXED_RW | 8, IOVA_B));
	EXPECT_RC(-EOVERFLOW, COPY(rig.ioas, rig.other, UINT64_MAX, PAGE,
				   FIXED_RW, IOVA_B));
	EXPECT_RC(-EOVERFLOW, COPY(rig.ioas, rig.other, IOVA_A, PAGE, FIXED_RW,
				   UINT64_MAX));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_B));
	EXPECT_OK(COPY(rig.ioas, rig.other, IOVA_B, PAGE,
		       IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		       IOVA_B));
	EXPECT_OK(probe_rw(rig.queue, IOVA_B));
#undef COPY
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
