// SPDX-License-Identifier: GPL-2.0-only
/*
 * area_test.c - area.c: ranges, their places and their states
 *
 * Promised: areas do not overlap; a failed insert leaves nothing; a NEW area takes
 * its place but cannot be used, an UNMAPPING one refuses; a check of a range looks
 * at all of it. Random operations are compared with an array that has an entry for
 * each page.
 */
#include "world.h"

#define SPACE 96UL /* pages of IOVA that the random test uses */

/* What is mapped at a page, by the model. */
struct cell {
	struct area *area; /* NULL: a hole */
	enum area_state state;
	bool readable, writable;
};

struct areas {
	struct world world;
	struct ioas *ioas;
	struct backing *backing;
	struct cell cells[SPACE];
};

static void areas_open(struct areas *t)
{
	world_open(&t->world);
	t->ioas = ioas_get(t->world.ictx, t->world.a);
	t->backing = backing_alloc_user(t->world.ictx, WORLD_VA,
					pages(WORLD_PAGES), true);
	memset(t->cells, 0, sizeof(t->cells));
}

static void areas_close(struct areas *t)
{
	ioas_put(t->ioas);
	backing_put(t->backing);
	world_close(&t->world);
}

static struct area *new_area(struct areas *t, unsigned long npages, u32 flags)
{
	struct area *area = area_alloc(t->backing, 0, pages(npages), flags);

	REQUIRE(area);
	return area;
}

static int insert_one(struct areas *t, struct area *area, unsigned long page)
{
	unsigned long iova = pages(page);
	LIST_HEAD(list);

	list_add(&area->node, &list);
	return areas_insert(t->ioas, &list, &iova, true);
}

static void publish_one(struct areas *t, struct area *area)
{
	LIST_HEAD(list);

	list_add(&area->node, &list);
	areas_publish(t->ioas, &list);
}

static void erase_one(struct areas *t, struct area *area)
{
	LIST_HEAD(list);

	list_add(&area->node, &list);
	areas_erase(t->ioas, &list);
}

TEST(area_new_is_not_usable)
{
	struct areas t;
	struct area *area;

	areas_open(&t);
	area = new_area(&t, 4, RW);
	REQUIRE_EQ(insert_one(&t, area, 8), 0);
	EXPECT_EQ(PTR_ERR(area_check(t.ioas, pages(8), pages(8), AREA_READ)),
		  -ENOENT);
	publish_one(&t, area);
	EXPECT(area_check(t.ioas, pages(8), pages(12) - 1, AREA_READ) == area);
	EXPECT(area_find(t.ioas, pages(12) - 1) == area);
	EXPECT(!area_find(t.ioas, pages(12)));
	areas_close(&t);
}

TEST(area_failed_insert_leaves_nothing)
{
	struct areas t;
	struct area *area, *other;

	areas_open(&t);
	area = new_area(&t, 4, RW);
	REQUIRE_EQ(insert_one(&t, area, 8), 0);
	publish_one(&t, area);
	other = new_area(&t, 4, RW);
	EXPECT_EQ(insert_one(&t, other, 5), -EEXIST);
	EXPECT_EQ(insert_one(&t, other, 11), -EEXIST);
	EXPECT(!area_find(t.ioas, pages(7)));
	EXPECT(!area_find(t.ioas, pages(12)));
	EXPECT_EQ(insert_one(&t, other, 12), 0);
	publish_one(&t, other);
	EXPECT(area_check(t.ioas, pages(8), pages(16) - 1, AREA_WRITE) == area);
	areas_close(&t);
}

TEST(area_at_the_end_of_the_space)
{
	struct areas t;
	struct area *area;
	unsigned long iova = 0UL - pages(2);
	LIST_HEAD(list);

	areas_open(&t);
	area = new_area(&t, 2, RW);
	list_add(&area->node, &list);
	REQUIRE_EQ(areas_insert(t.ioas, &list, &iova, true), 0);
	areas_publish(t.ioas, &list);
	EXPECT(area_find(t.ioas, ULONG_MAX) == area);
	EXPECT(area_check(t.ioas, iova, ULONG_MAX, AREA_READ) == area);
	areas_close(&t);
}

/* The first area with something wrong decides, in the order of addresses. */
static int model_check(struct areas *t, unsigned long first, unsigned long last,
		       unsigned int need)
{
	unsigned long i;

	for (i = first; i <= last; i++) {
		struct cell *cell = &t->cells[i];

		if (!cell->area || cell->state == AREA_NEW)
			return -ENOENT;
		if (cell->state == AREA_UNMAPPING)
			return -EINVAL;
		if (((need & AREA_READ) && !cell->readable) ||
		    ((need & AREA_WRITE) && !cell->writable))
			return -EPERM;
	}
	return 0;
}

static void random_insert(struct areas *t, struct rng *rng)
{
	static const u32 flags[] = { RW, IOMMU_IOAS_MAP_READABLE,
				     IOMMU_IOAS_MAP_WRITEABLE };
	unsigned long first = rng_below(rng, SPACE - 12);
	unsigned long n = 1 + rng_below(rng, 3), i, j, at = first;
	struct area *areas[3], *tmp;
	unsigned long lengths[3], iova = pages(first);
	bool taken = false;
	u32 flag[3];
	LIST_HEAD(list);
	int rc;

	for (i = 0; i < n; i++) {
		lengths[i] = 1 + rng_below(rng, 4);
		flag[i] = flags[rng_below(rng, 3)];
		areas[i] = new_area(t, lengths[i], flag[i]);
		list_add_tail(&areas[i]->node, &list);
		for (j = 0; j < lengths[i]; j++)
			taken |= !!t->cells[at++].area;
	}
	rc = areas_insert(t->ioas, &list, &iova, true);
	EXPECT_EQ(rc, taken ? -EEXIST : 0);
	if (rc) {
		list_for_each_entry_safe(areas[0], tmp, &list, node)
			area_free(areas[0]);
		return;
	}
	for (i = 0, at = first; i < n; i++)
		for (j = 0; j < lengths[i]; j++)
			t->cells[at++] = (struct cell){
				.area = areas[i],
				.state = AREA_NEW,
				.readable = flag[i] & IOMMU_IOAS_MAP_READABLE,
				.writable = flag[i] & IOMMU_IOAS_MAP_WRITEABLE,
			};
}

static void set_state(struct areas *t, struct area *area, enum area_state state)
{
	unsigned long i;

	for (i = 0; i < SPACE; i++)
		if (t->cells[i].area == area)
			t->cells[i].state = state;
}

static void random_change(struct areas *t, struct rng *rng)
{
	struct area *area = t->cells[rng_below(rng, SPACE)].area;
	unsigned long i;

	if (!area)
		return;
	switch (area->state) {
	case AREA_NEW:
		publish_one(t, area);
		set_state(t, area, AREA_LIVE);
		break;
	case AREA_LIVE:
		mutex_lock(&t->ioas->lock);
		WRITE_ONCE(area->state, AREA_UNMAPPING);
		mutex_unlock(&t->ioas->lock);
		set_state(t, area, AREA_UNMAPPING);
		break;
	default:
		erase_one(t, area);
		for (i = 0; i < SPACE; i++)
			if (t->cells[i].area == area)
				t->cells[i].area = NULL;
	}
}

static void random_check(struct areas *t, struct rng *rng)
{
	unsigned long first = rng_below(rng, SPACE);
	unsigned long last = min(first + rng_below(rng, 10), SPACE - 1);
	unsigned int need = 1 + rng_below(rng, 3);
	struct area *seen;

	seen = area_check(t->ioas, pages(first) + rng_below(rng, PAGE_SIZE),
			  pages(last + 1) - 1, need);
	EXPECT_EQ(IS_ERR(seen) ? PTR_ERR(seen) : 0,
		  model_check(t, first, last, need));
	if (!IS_ERR(seen))
		EXPECT(seen == t->cells[first].area);
	EXPECT(area_find(t->ioas, pages(first)) == t->cells[first].area);
}

TEST(area_random)
{
	struct areas t;
	struct rng rng;
	int i;

	areas_open(&t);
	rng_init(&rng, test_seed());
	for (i = 0; i < 4000 && !test_has_failed(); i++) {
		switch (rng_below(&rng, 4)) {
		case 0:
			random_insert(&t, &rng);
			break;
		case 1:
			random_change(&t, &rng);
			break;
		default:
			random_check(&t, &rng);
		}
		if (!(i % 64))
			rcu_barrier();
	}
	areas_close(&t);
}
