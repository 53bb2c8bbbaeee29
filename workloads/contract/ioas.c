// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioas.c - IOAS_ALLOC, IOVA_RANGES, DESTROY and the choice of addresses
 *
 * Promises: ids are small positive numbers, found by their type only; a new IOAS
 * is one empty range; the kernel chooses IOVA that overlap nothing, keep the
 * offset in the page, never 0, and is honest when there is no room, up to both
 * ends of the space.
 *
 * A failure means two mappings on one address, or a kernel that loops or
 * overflows on numbers that user space may choose.
 *
 * History: B27 (late failure of an allocation), B39 (aligning wraps), B89
 * (negative ids). Argument checks that all commands share are in uapi/.
 */
#include "fixture.h"
#include "rng.h"

#define LEN (4 * PAGE)

TEST(alloc_ids_are_positive)
{
	int iommufd = fixture_iommufd();
	uint32_t ids[20];

	for (unsigned int i = 0; i < 20; i++) {
		ids[i] = fixture_ioas(iommufd);
		EXPECT_GT(0, ids[i]);
		EXPECT_LE(INT32_MAX, ids[i]);
		for (unsigned int j = 0; j < i; j++)
			EXPECT_NE(ids[j], ids[i]);
	}
	for (unsigned int i = 0; i < 20; i++)
		EXPECT_OK(iommu_destroy(iommufd, ids[i]));
}

TEST(alloc_unanswerable_makes_nothing)
{
	int iommufd = fixture_iommufd();
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	void *readonly = fixture_readonly(&cmd, sizeof(cmd));
	uint64_t val = 0;

	for (unsigned int i = 0; i < 10; i++)
		EXPECT_RC(-EFAULT,
			  iommu_call(iommufd, IOMMU_IOAS_ALLOC, readonly));
	/* This option may change only while there is no object. */
	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
			       IOMMU_OPTION_OP_SET, 0, &val));
	for (uint32_t id = 1; id < 20; id++)
		EXPECT_RC(-ENOENT, iommu_destroy(iommufd, id));
}

TEST(destroy_unknown_is_enoent)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);

	EXPECT_RC(-ENOENT, iommu_destroy(iommufd, 0));
	EXPECT_RC(-ENOENT, iommu_destroy(iommufd, ioas + 1));
	EXPECT_RC(-ENOENT, iommu_destroy(iommufd, INT32_MAX));
	EXPECT_RC(-ENOENT, iommu_destroy(iommufd, UINT32_MAX));
	EXPECT_OK(iommu_destroy(iommufd, ioas));
	EXPECT_RC(-ENOENT, iommu_destroy(iommufd, ioas));
}

TEST(destroy_takes_the_mappings_along)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);

	for (unsigned int i = 0; i < 50; i++)
		fixture_map(iommufd, ioas, IOVA_A + i * 2 * PAGE, PAGE, 1);
	EXPECT_OK(iommu_destroy(iommufd, ioas));
	EXPECT_EQ(0, pins_now());
}

TEST(ids_of_one_context_mean_nothing_in_another)
{
	int one = fixture_iommufd();
	int two = fixture_iommufd();
	uint32_t ioas = fixture_ioas(one);
	struct mdma_dev *dev = fixture_device(0, two, 0);

	/* In the other context this id is the device, or nothing. */
	EXPECT_RC(-ENOENT, iommu_unmap_all(two, ioas));
	EXPECT_RC(-ENOENT, mdma_attach(dev, ioas + 100));
	EXPECT_RC(-ENOENT, mdma_attach(dev, dev->devid));
	EXPECT_OK(iommu_destroy(one, ioas));
}

TEST(ranges_of_a_new_ioas)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	struct iommu_iova_range range[4] = { 0 };
	uint64_t alignment = 0;
	uint32_t num = 4;

	EXPECT_OK(iommu_iova_ranges(iommufd, ioas, range, &num, &alignment));
	EXPECT_EQ(1, num);
	EXPECT_EQ(1, alignment);
	EXPECT_EQ(0, range[0].start);
	EXPECT_EQ(UINT64_MAX, range[0].last);
	/* Mappings do not change what may be mapped. */
	fixture_map(iommufd, ioas, IOVA_A, LEN, 1);
	num = 4;
	EXPECT_OK(iommu_iova_ranges(iommufd, ioas, range, &num, &alignment));
	EXPECT_EQ(1, num);
	EXPECT_EQ(UINT64_MAX, range[0].last);
}

TEST(ranges_errors)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
	};
	struct iommu_iova_range range;
	uint32_t num = 0;

	EXPECT_RC(-EMSGSIZE,
		  iommu_iova_ranges(iommufd, ioas, &range, &num, NULL));
	EXPECT_EQ(1, num);
	num = 1;
	EXPECT_RC(-EFAULT,
		  iommu_iova_ranges(iommufd, ioas, NOBODYS_VA, &num, NULL));
	num = 1;
	EXPECT_RC(-ENOENT, iommu_iova_ranges(iommufd, 0, &range, &num, NULL));
	num = 1;
	EXPECT_RC(-ENOENT,
		  iommu_iova_ranges(iommufd, ioas + 9, &range, &num, NULL));
	cmd.num_iovas = 1;
	cmd.allowed_iovas = (uintptr_t)&range;
	cmd.__reserved = 1;
	EXPECT_RC(-EOPNOTSUPP,
		  iommu_call(iommufd, IOMMU_IOAS_IOVA_RANGES, &cmd));
}

/* ---- addresses that the kernel chooses ---------------------------------- */

static int map_auto(int iommufd, uint32_t ioas, const void *va, uint64_t len,
		    uint64_t *iova)
{
	*iova = 0;
	return iommu_map(iommufd, ioas, va, len, IOMMU_MAP_RW, iova);
}

TEST(auto_iova_overlaps_nothing)
{
	enum {
		N = 200
	};
	static struct iommu_iova_range taken[N];
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(64 * PAGE, 1);
	struct rng rng;

	rng_init(&rng, tap_seed());
	for (unsigned int i = 0; i < N; i++) {
		uint64_t offset = rng_below(&rng, 32 * PAGE);
		uint64_t len = 1 + rng_below(&rng, 32 * PAGE);
		uint64_t iova;

		REQUIRE_OK(map_auto(iommufd, ioas, mem + offset, len, &iova));
		EXPECT_GT(0, iova);
		EXPECT_EQ((uintptr_t)(mem + offset) % PAGE, iova % PAGE);
		for (unsigned int j = 0; j < i; j++)
			EXPECT_TRUE(iova > taken[j].last ||
				    iova + len - 1 < taken[j].start);
		taken[i].start = iova;
		taken[i].last = iova + len - 1;
		if (rng_chance(&rng, 4)) {
			REQUIRE_OK(iommu_unmap_at(iommufd, ioas, iova, len));
			taken[i].start = UINT64_MAX;
			taken[i].last = UINT64_MAX;
		}
	}
}

TEST(auto_iova_reaches_the_memory)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_mem(LEN, 1);
	uint64_t iova;

	REQUIRE_OK(map_auto(rig.iommufd, rig.ioas, mem, LEN, &iova));
	EXPECT_EQ(0, iova % PAGE);
	EXPECT_TRUE(reaches(rig.queue, iova + LEN - 8, mem + LEN - 8));
}

/*
 * Mappings of nobody's memory are cheap: they are never touched. Together these
 * leave only [first, last] of the space.
 */
static void leave_only(int iommufd, uint32_t ioas, uint64_t first,
		       uint64_t last)
{
	uint64_t chunk = 1ull << 62;

	for (uint64_t at = 0, len; at < first; at += len) {
		len = first - at < chunk ? first - at : chunk;
		REQUIRE_OK(iommu_map_at(iommufd, ioas, (void *)PAGE, len, at));
	}
	if (last != UINT64_MAX)
		REQUIRE_OK(iommu_map_at(iommufd, ioas, (void *)PAGE,
					UINT64_MAX - last, last + 1));
}

TEST(auto_iova_without_room_is_enospc)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(LEN, 1);
	uint64_t iova;

	leave_only(iommufd, ioas, IOVA_A, IOVA_A + 2 * PAGE - 1);
	EXPECT_RC(-ENOSPC, map_auto(iommufd, ioas, mem, 3 * PAGE, &iova));
	EXPECT_OK(map_auto(iommufd, ioas, mem, PAGE, &iova));
	EXPECT_TRUE(iova == IOVA_A || iova == IOVA_A + PAGE);
	EXPECT_OK(map_auto(iommufd, ioas, mem, PAGE, &iova));
	EXPECT_RC(-ENOSPC, map_auto(iommufd, ioas, mem, PAGE, &iova));
	EXPECT_RC(-ENOSPC, map_auto(iommufd, ioas, mem, 1, &iova));
	EXPECT_OK(iommu_unmap_at(iommufd, ioas, IOVA_A, PAGE));
	EXPECT_OK(map_auto(iommufd, ioas, mem, PAGE, &iova));
	EXPECT_EQ(IOVA_A, iova);
}

TEST(auto_iova_at_the_top_does_not_wrap)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint64_t first = UINT64_MAX - (1 << 20) + 1;
	uint8_t *mem = fixture_mem(MEM_HUGE * 2, 1);
	uint8_t *huge =
		(uint8_t *)(((uintptr_t)mem + MEM_HUGE - 1) & ~(MEM_HUGE - 1));
	uint64_t iova = 0;
	int rc;

	/* Only the last MiB is free; 2 MiB alignment of it leaves the space. */
	leave_only(iommufd, ioas, first, UINT64_MAX);
	EXPECT_RC(-ENOSPC, map_auto(iommufd, ioas, huge, MEM_HUGE, &iova));
	EXPECT_RC(-ENOSPC,
		  map_auto(iommufd, ioas, huge, MEM_HUGE - PAGE, &iova));
	for (unsigned int i = 0; i < 4; i++) {
		rc = map_auto(iommufd, ioas, huge, 64 * 1024, &iova);
		EXPECT_TRUE(!rc || rc == -ENOSPC);
		if (!rc)
			EXPECT_TRUE(iova >= first &&
				    iova <= UINT64_MAX - 64 * 1024 + 1);
	}
	EXPECT_OK(map_auto(iommufd, ioas, mem, PAGE, &iova));
	EXPECT_TRUE(iova >= first && iova <= UINT64_MAX - PAGE + 1);
}

TEST(auto_iova_stays_in_what_is_allowed)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint8_t *mem = fixture_mem(LEN, 1);
	struct iommu_iova_range allowed[2] = {
		{ IOVA_A, IOVA_A + PAGE - 1 },
		{ IOVA_B, IOVA_B + 2 * PAGE - 1 },
	};
	uint64_t iova;

	REQUIRE_OK(iommu_allow_iovas(iommufd, ioas, allowed, 2));
	EXPECT_OK(map_auto(iommufd, ioas, mem, 2 * PAGE, &iova));
	EXPECT_EQ(IOVA_B, iova);
	EXPECT_OK(map_auto(iommufd, ioas, mem, PAGE, &iova));
	EXPECT_EQ(IOVA_A, iova);
	EXPECT_RC(-ENOSPC, map_auto(iommufd, ioas, mem, PAGE, &iova));
	/* It is a wish for the kernel's choice, not a limit on the user's. */
	EXPECT_OK(iommu_map_at(iommufd, ioas, mem, PAGE, IOVA_C));
	/* A list that is refused leaves the old one. */
	allowed[1].last = allowed[1].start;
	EXPECT_RC(-EINVAL, iommu_allow_iovas(iommufd, ioas, allowed, 2));
	allowed[1] = allowed[0];
	EXPECT_RC(-EINVAL, iommu_allow_iovas(iommufd, ioas, allowed, 2));
	EXPECT_RC(-EFAULT, iommu_allow_iovas(iommufd, ioas, NOBODYS_VA, 2));
	EXPECT_RC(-ENOENT, iommu_allow_iovas(iommufd, 0, allowed, 1));
	EXPECT_RC(-ENOSPC, map_auto(iommufd, ioas, mem, PAGE, &iova));
	EXPECT_OK(iommu_allow_iovas(iommufd, ioas, NULL, 0));
	EXPECT_OK(map_auto(iommufd, ioas, mem, PAGE, &iova));
}

/* ---- the type1 choice --------------------------------------------------- */

TEST(vfio_ioas_set_get_clear)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint32_t id = 0;

	EXPECT_RC(-ENODEV, iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_GET, &id));
	id = ioas + 7;
	EXPECT_RC(-ENOENT, iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_SET, &id));
	id = ioas;
	EXPECT_OK(iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_SET, &id));
	id = 0;
	EXPECT_OK(iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_GET, &id));
	EXPECT_EQ(ioas, id);
	EXPECT_RC(-EOPNOTSUPP, iommu_vfio_ioas(iommufd, 3, &id));
	EXPECT_OK(iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_CLEAR, &id));
	EXPECT_RC(-ENODEV, iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_GET, &id));
	/* The choice is no user of the IOAS, and goes with it. */
	id = ioas;
	EXPECT_OK(iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_SET, &id));
	EXPECT_OK(iommu_destroy(iommufd, ioas));
	EXPECT_RC(-ENODEV, iommu_vfio_ioas(iommufd, IOMMU_VFIO_IOAS_GET, &id));
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
