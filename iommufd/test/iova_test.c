// SPDX-License-Identifier: GPL-2.0-only
/*
 * iova_test.c - iova.c: where areas may lie
 *
 * Promised: a chosen address is free, inside the allowed ranges, outside the
 * reserved ones, aligned as the memory and the IOAS ask, the lowest there is; and
 * when none is found there is none. The naive model tries every address. The ioctls
 * on the sets change them as a whole or not at all.
 */
#include "world.h"

#define SPACE 80UL /* pages of IOVA in which the model searches */

struct spot {
	unsigned long first, last; /* bytes */
};

/* What the IOAS has been told, once more. */
struct picture {
	struct spot taken[64], reserved[4], allowed[4];
	unsigned int ntaken, nreserved, nallowed;
};

static bool overlaps(const struct spot *spots, unsigned int n,
		     unsigned long first, unsigned long last)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (spots[i].first <= last && spots[i].last >= first)
			return true;
	return false;
}

/* Every page, in the order of the allowed ranges. 0 when there is none. */
static unsigned long model_choose(const struct picture *p, unsigned long length,
				  unsigned long va)
{
	unsigned long alignment = PAGE_SIZE, page;
	unsigned int i;

	/* As well as the memory is aligned, up to a huge page and the length. */
	while (!(va & ~PAGE_MASK) && alignment < HPAGE_SIZE &&
	       alignment < length && !(va & alignment))
		alignment *= 2;
	for (i = 0; i < p->nallowed; i++)
		for (page = 1; page < 2 * SPACE; page++) {
			unsigned long first = pages(page);
			unsigned long last;

			if (first & (alignment - 1))
				continue;
			first += va & ~PAGE_MASK;
			last = first + length - 1;
			if (pages(page) < p->allowed[i].first ||
			    last > p->allowed[i].last)
				continue;
			/* In a page that something else begins it is not put. */
			if (!overlaps(p->taken, p->ntaken, pages(page), last) &&
			    !overlaps(p->reserved, p->nreserved, first, last))
				return first;
		}
	return 0;
}

static void reserve(struct ioas *ioas, struct picture *p, unsigned long first,
		    unsigned long last)
{
	struct spot spot = { pages(first), pages(last + 1) - 1 };

	if (overlaps(p->reserved, p->nreserved, spot.first, spot.last))
		return;
	p->reserved[p->nreserved++] = spot;
	REQUIRE_EQ(mtree_insert_range(&ioas->reserved, spot.first, spot.last,
				      xa_mk_value(1), GFP_KERNEL),
		   0);
}

static void allow(struct world *world, struct picture *p, struct rng *rng)
{
	struct iommu_iova_range ranges[4];
	unsigned long at = rng_below(rng, 8);
	unsigned int i;

	p->nallowed = 1 + rng_below(rng, 4);
	for (i = 0; i < p->nallowed; i++) {
		unsigned long n = 1 + rng_below(rng, 30);

		p->allowed[i] = (struct spot){ pages(at), pages(at + n) - 1 };
		ranges[i].start = p->allowed[i].first;
		ranges[i].last = p->allowed[i].last;
		at += n + rng_below(rng, 3);
	}
	REQUIRE_EQ(user_allow(world, world->a, ranges, p->nallowed), 0);
}

/* One random picture, filled until nothing fits any more. */
static void fill(struct rng *rng)
{
	struct picture p = { 0 };
	struct world world;
	struct ioas *ioas;
	unsigned int i;

	world_open(&world);
	ioas = ioas_get(world.ictx, world.a);
	allow(&world, &p, rng);
	for (i = rng_below(rng, 3); i; i--) {
		unsigned long first = rng_below(rng, SPACE);

		/* Allowed ranges may not be reserved: only behind their backs. */
		reserve(ioas, &p, first, first + rng_below(rng, 5));
	}
	for (i = 0; i < 40 && p.ntaken < 64 && !test_has_failed(); i++) {
		unsigned long length = 1 + rng_below(rng, pages(10));
		unsigned long va = page_va(rng_below(rng, 40));
		u64 iova = 0;
		unsigned long expected;
		int rc;

		if (rng_one_in(rng, 2))
			length = (length + PAGE_SIZE - 1) & PAGE_MASK;
		if (rng_one_in(rng, 3))
			va += rng_below(rng, PAGE_SIZE);
		expected = model_choose(&p, length, va);
		rc = user_map(&world, world.a, va, length, RW, &iova);
		EXPECT_EQ(rc, expected ? 0 : -ENOSPC);
		if (rc)
			continue;
		EXPECT_EQ(iova, expected);
		p.taken[p.ntaken++] = (struct spot){ iova, iova + length - 1 };
	}
	ioas_put(ioas);
	world_close(&world);
}

TEST(iova_choice_random)
{
	struct rng rng;
	int i;

	rng_init(&rng, test_seed());
	for (i = 0; i < 60 && !test_has_failed(); i++)
		fill(&rng);
}

TEST(iova_choice_without_limits)
{
	struct world world;
	u64 first = 0, second = 0, third = 0;

	world_open(&world);
	/* Never 0, never the last page. */
	EXPECT_EQ(user_map(&world, world.a, page_va(1), pages(1), RW, &first),
		  0);
	EXPECT_EQ(first, PAGE_SIZE);
	/* As well aligned as the memory, up to a huge page. */
	EXPECT_EQ(user_map(&world, world.a, page_va(16), pages(32), RW,
			   &second),
		  0);
	EXPECT_EQ(second % (HPAGE_SIZE), 0);
	/* The page offset of the memory is kept. */
	EXPECT_EQ(user_map(&world, world.a, page_va(3) + 12, 100, RW, &third),
		  0);
	EXPECT_EQ(third % PAGE_SIZE, 12);
	world_close(&world);
}

TEST(iova_too_long)
{
	struct world world;
	u64 iova = 0;

	world_open(&world);
	EXPECT_EQ(user_map(&world, world.a, 0, ULONG_MAX / 2, RW, &iova),
		  -EOVERFLOW);
	EXPECT_EQ(user_map(&world, world.a, 0, ULONG_MAX / 4, RW, &iova), 0);
	world_close(&world);
}

/* Choosing must not look at 10,000 small areas one by one, and find the one gap. */
TEST(iova_gap_among_many)
{
	struct world world;
	u64 iova;
	unsigned long i, n = 3000;

	world_open(&world);
	for (i = 0; i < n; i++)
		if (i != n / 2)
			REQUIRE_EQ(user_map_at(&world, world.a, pages(i + 1), 1,
					       1),
				   0);
	REQUIRE_EQ(user_map(&world, world.a, page_va(1), pages(1), RW, &iova),
		   0);
	EXPECT_EQ(iova, pages(n / 2 + 1));
	REQUIRE_EQ(user_map(&world, world.a, page_va(1), pages(1), RW, &iova),
		   0);
	EXPECT_EQ(iova, pages(n + 1));
	world_close(&world);
}

TEST(iova_allow_errors_change_nothing)
{
	struct iommu_iova_range good[] = { { pages(4), pages(8) - 1 } };
	struct iommu_iova_range empty[] = { { pages(9), pages(9) } };
	struct iommu_iova_range overlapping[] = {
		{ pages(1), pages(4) - 1 },
		{ pages(3), pages(6) - 1 },
	};
	struct iommu_iova_range reserved[] = { { pages(30), pages(50) - 1 } };
	struct picture p = { 0 };
	struct world world;
	struct ioas *ioas;
	u64 iova = 0;

	world_open(&world);
	ioas = ioas_get(world.ictx, world.a);
	reserve(ioas, &p, 40, 41);
	EXPECT_EQ(user_allow(&world, world.a, good, 1), 0);
	EXPECT_EQ(user_allow(&world, world.a, empty, 1), -EINVAL);
	EXPECT_EQ(user_allow(&world, world.a, overlapping, 2), -EINVAL);
	EXPECT_EQ(user_allow(&world, world.a, reserved, 1), -EADDRINUSE);
	EXPECT_EQ(user_allow(&world, world.a, BAD_USER, 1), -EFAULT);
	EXPECT_EQ(user_allow(&world, 99, good, 1), -ENOENT);
	/* Still the good one. */
	EXPECT_EQ(user_map(&world, world.a, page_va(1), pages(1), RW, &iova),
		  0);
	EXPECT_EQ(iova, pages(4));
	EXPECT_EQ(user_map(&world, world.a, page_va(1), pages(4), RW, &iova),
		  -ENOSPC);
	/* A fixed address is not limited by it, but by what is reserved. */
	EXPECT_EQ(user_map_at(&world, world.a, pages(20), 1, 1), 0);
	EXPECT_EQ(user_map_at(&world, world.a, pages(40), 1, 1), -EINVAL);
	/* An empty set means no limit. */
	EXPECT_EQ(user_allow(&world, world.a, NULL, 0), 0);
	EXPECT_EQ(user_map(&world, world.a, page_va(1), pages(4), RW, &iova),
		  0);
	ioas_put(ioas);
	world_close(&world);
}

static int ranges(struct world *world, struct iommu_ioas_iova_ranges *cmd,
		  struct iommu_iova_range *array, u32 room)
{
	*cmd = (struct iommu_ioas_iova_ranges){
		.size = sizeof(*cmd),
		.ioas_id = world->a,
		.num_iovas = room,
		.allowed_iovas = (unsigned long)array,
	};
	return context_ioctl(world->ictx, iova_ranges_ioctl, cmd, cmd);
}

TEST(iova_ranges_between_the_reserved)
{
	struct iommu_ioas_iova_ranges cmd;
	struct iommu_iova_range array[4];
	struct picture p = { 0 };
	struct world world;
	struct ioas *ioas;

	world_open(&world);
	ioas = ioas_get(world.ictx, world.a);
	EXPECT_EQ(ranges(&world, &cmd, array, 4), 0);
	EXPECT_EQ(cmd.num_iovas, 1);
	EXPECT_EQ(array[0].start, 0);
	EXPECT_EQ(array[0].last, ULONG_MAX);
	EXPECT_EQ(cmd.out_iova_alignment, 1);

	reserve(ioas, &p, 0, 0);
	reserve(ioas, &p, 10, 19);
	EXPECT_EQ(ranges(&world, &cmd, array, 1), -EMSGSIZE);
	EXPECT_EQ(cmd.num_iovas, 2);
	EXPECT_EQ(array[0].start, pages(1));
	EXPECT_EQ(array[0].last, pages(10) - 1);
	EXPECT_EQ(ranges(&world, &cmd, array, 2), 0);
	EXPECT_EQ(array[1].start, pages(20));
	EXPECT_EQ(array[1].last, ULONG_MAX);
	EXPECT_EQ(ranges(&world, &cmd, BAD_USER, 2), -EFAULT);

	REQUIRE_EQ(mtree_insert_range(&ioas->reserved, pages(30), ULONG_MAX,
				      xa_mk_value(1), GFP_KERNEL),
		   0);
	EXPECT_EQ(ranges(&world, &cmd, array, 4), 0);
	EXPECT_EQ(cmd.num_iovas, 2);
	EXPECT_EQ(array[1].last, pages(30) - 1);
	ioas_put(ioas);
	world_close(&world);
}
