// SPDX-License-Identifier: GPL-2.0-only
/*
 * area.c - ranges of IOVA and the states they go through
 *
 * An area maps [iova, last] to a range of a backing. Areas of an IOAS do not
 * overlap; they are never split and never merged.
 *
 *      NEW -> LIVE <-> UNMAPPING -> gone
 *
 * NEW takes its place in the tree but cannot be used: MAP first tells user space
 * the address, then, with nothing left that can fail, publishes. UNMAPPING
 * refuses new ops; it ends in removal or, when the UNMAP fails, back in LIVE as
 * if nothing had happened. Only ops that are registered (op.c) may use an area
 * they saw LIVE, and UNMAP removes it only when there is none and no pin.
 *
 * Words: 'last' is closed; offset and length are bytes; an area's offset is
 * counted from page 0 of its backing and need not be page aligned.
 *
 * Without ioas->lock the tree is only ever asked for one address (mas_walk()). To
 * step from entry to entry under RCU is not safe in a tree that may become empty
 * meanwhile: in 6.12 and later mas_next() walks again and then reads a node that is
 * not there.
 *
 * LOCKING
 *   ioas->lock   shape of ioas->areas, every change of area->state
 *   RCU          readers find areas; an area is freed after a grace period
 *   immutable    iova, last, backing, offset, readable, writable - from
 *                areas_insert() on
 * MAY SLEEP      area_alloc, areas_insert, areas_publish, areas_erase
 */
#include "private.h"

/**
 * area_alloc - an area that is in no IOAS yet
 * @backing: the memory; the area takes a reference of its own
 * @offset: first byte in @backing
 * @length: bytes, not 0
 * @map_flags: enum iommufd_ioas_map_flags, for what devices may do
 *
 * Return: the area, to be inserted or freed by area_free(); NULL without memory.
 */
struct area *area_alloc(struct backing *backing, unsigned long offset,
			unsigned long length, u32 map_flags)
{
	struct area *area;

	area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);
	if (!area)
		return NULL;
	backing_get(backing);
	area->backing = backing;
	area->offset = offset;
	/* Relative until areas_insert() knows where. */
	area->last = length - 1;
	area->readable = map_flags & IOMMU_IOAS_MAP_READABLE;
	area->writable = map_flags & IOMMU_IOAS_MAP_WRITEABLE;
	area->state = AREA_NEW;
	count(COUNT_AREAS, 1);
	return area;
}

/**
 * area_free - release an area that is in no IOAS any more
 * @area: nobody uses it; RCU readers may still see it
 */
void area_free(struct area *area)
{
	backing_put(area->backing);
	count(COUNT_AREAS, -1);
	kfree_rcu(area, rcu);
}

static bool area_aligned(const struct area *area, unsigned long alignment)
{
	unsigned long length = area->last - area->iova + 1;

	return !((area->iova | length | (area->offset & ~PAGE_MASK)) &
		 (alignment - 1));
}

/**
 * areas_aligned - do all areas satisfy an alignment?
 * @ioas: the IOAS, its lock held
 * @alignment: a power of two, at most PAGE_SIZE
 *
 * Return: 0 or -EADDRINUSE.
 */
int areas_aligned(struct ioas *ioas, unsigned long alignment)
{
	MA_STATE(mas, &ioas->areas, 0, 0);
	struct area *area;

	lockdep_assert_held(&ioas->lock);
	mas_for_each(&mas, area, ULONG_MAX)
		if (!area_aligned(area, alignment))
			return -EADDRINUSE;
	return 0;
}

/**
 * areas_length - bytes of all areas of a list
 * @areas: the list
 */
unsigned long areas_length(struct list_head *areas)
{
	unsigned long length = 0;
	struct area *area;

	list_for_each_entry(area, areas, node)
		length += area->last - area->iova + 1;
	return length;
}

static void erase_range(struct ioas *ioas, unsigned long iova,
			unsigned long last)
{
	MA_STATE(mas, &ioas->areas, iova, last);

	/* The tree may need a node to become smaller; removal must not fail. */
	mas_store_gfp(&mas, NULL, GFP_KERNEL | __GFP_NOFAIL);
}

/* Gives the areas their addresses, one behind the other, if all is well there. */
static int areas_place(struct ioas *ioas, struct list_head *areas,
		       unsigned long *iova, bool fixed)
{
	struct area *first = list_first_entry(areas, struct area, node);
	unsigned long length = areas_length(areas);
	unsigned long next, last;
	struct area *area;
	int rc;

	lockdep_assert_held(&ioas->lock);
	if (!fixed) {
		rc = iova_choose(ioas, length,
				 first->backing->start + first->offset, iova);
		if (rc)
			return rc;
	}
	if (check_add_overflow(*iova, length - 1, &last))
		return -EOVERFLOW;
	next = *iova;
	list_for_each_entry(area, areas, node) {
		length = area->last - area->iova + 1;
		area->iova = next;
		area->last = next + (length - 1);
		if (!area_aligned(area, ioas->alignment))
			return -EINVAL;
		next += length;
	}
	return iova_check_fixed(ioas, *iova, last);
}

/**
 * areas_insert - give new areas their place in an IOAS
 * @ioas: the IOAS
 * @areas: from area_alloc(), in the order they will lie in
 * @iova: where the first one goes, in with @fixed, out without
 * @fixed: whether user space chose
 *
 * The areas take the range but stay NEW: unusable until areas_publish().
 *
 * Return: 0; -EINVAL for an address that violates the alignment or overlaps a
 * reserved range; -EEXIST when a fixed range is taken; -ENOSPC when nothing fits;
 * -EOVERFLOW, -ENOMEM. On failure no area is in the IOAS.
 */
int areas_insert(struct ioas *ioas, struct list_head *areas,
		 unsigned long *iova, bool fixed)
{
	struct area *area;
	int rc;

	mutex_lock(&ioas->lock);
	rc = areas_place(ioas, areas, iova, fixed);
	if (rc)
		goto out_unlock;
	list_for_each_entry(area, areas, node) {
		MA_STATE(mas, &ioas->areas, area->iova, area->last);

		rc = mas_store_gfp(&mas, area, GFP_KERNEL_ACCOUNT);
		if (rc)
			goto err_erase;
	}
	goto out_unlock;

err_erase:
	/* All of the range was free: what is in it now is ours. */
	erase_range(ioas, *iova, *iova + (areas_length(areas) - 1));
out_unlock:
	mutex_unlock(&ioas->lock);
	return rc;
}

/* For those who wait until areas are in nobody's hands. */
static void areas_changed(struct ioas *ioas)
{
	lockdep_assert_held(&ioas->lock);
	WRITE_ONCE(ioas->changes, ioas->changes + 1);
}

static void areas_set_state(struct ioas *ioas, struct list_head *areas,
			    enum area_state state)
{
	struct area *area;

	mutex_lock(&ioas->lock);
	list_for_each_entry(area, areas, node)
		WRITE_ONCE(area->state, state);
	areas_changed(ioas);
	mutex_unlock(&ioas->lock);
	ioas_wake(ioas);
}

/**
 * areas_publish - make areas usable
 * @ioas: the IOAS
 * @areas: NEW after areas_insert(), or UNMAPPING when an UNMAP failed
 *
 * Cannot fail. The list is dead afterwards: others may remove the areas.
 */
void areas_publish(struct ioas *ioas, struct list_head *areas)
{
	areas_set_state(ioas, areas, AREA_LIVE);
}

/**
 * areas_run_last - the end of a run of areas without a gap
 * @areas: sorted by address
 * @first: where the run begins
 *
 * Return: the last area that continues @first.
 */
struct area *areas_run_last(struct list_head *areas, struct area *first)
{
	struct area *area = first;

	while (!list_is_last(&area->node, areas)) {
		struct area *next = list_next_entry(area, node);

		if (next->iova != area->last + 1)
			break;
		area = next;
	}
	return area;
}

/**
 * areas_erase - take areas out of an IOAS and free them
 * @ioas: the IOAS
 * @areas: NEW, or UNMAPPING without op and pin
 *
 * Cannot fail.
 */
void areas_erase(struct ioas *ioas, struct list_head *areas)
{
	struct area *area, *end, *tmp;

	mutex_lock(&ioas->lock);
	for (area = list_first_entry(areas, struct area, node);
	     !list_entry_is_head(area, areas, node);
	     area = list_next_entry(end, node)) {
		end = areas_run_last(areas, area);
		erase_range(ioas, area->iova, end->last);
	}
	areas_changed(ioas);
	mutex_unlock(&ioas->lock);
	ioas_wake(ioas);

	list_for_each_entry_safe(area, tmp, areas, node) {
		list_del(&area->node);
		area_free(area);
	}
}

/**
 * areas_exchange - two areas in the place of one
 * @ioas: the IOAS
 * @area: UNMAPPING without op and pin; freed
 * @halves: new, with their addresses, together exactly the range of @area
 *
 * Cannot fail.
 */
void areas_exchange(struct ioas *ioas, struct area *area,
		    struct area *halves[2])
{
	int i;

	mutex_lock(&ioas->lock);
	for (i = 0; i < 2; i++) {
		MA_STATE(mas, &ioas->areas, halves[i]->iova, halves[i]->last);

		halves[i]->state = AREA_LIVE;
		mas_store_gfp(&mas, halves[i], GFP_KERNEL | __GFP_NOFAIL);
	}
	areas_changed(ioas);
	mutex_unlock(&ioas->lock);
	ioas_wake(ioas);
	area_free(area);
}

/**
 * area_find - the area at an address
 * @ioas: the IOAS
 * @iova: the address
 *
 * Context: inside a registered op or another guarantee that the area stays.
 * Return: the area or NULL.
 */
struct area *area_find(struct ioas *ioas, unsigned long iova)
{
	MA_STATE(mas, &ioas->areas, iova, iova);
	struct area *area;

	rcu_read_lock();
	area = mas_walk(&mas);
	rcu_read_unlock();
	return area;
}

static int area_usable(const struct area *area, unsigned int need)
{
	switch (READ_ONCE(area->state)) {
	case AREA_LIVE:
		break;
	case AREA_UNMAPPING:
		return -EINVAL;
	default:
		return -ENOENT;
	}
	if ((need & AREA_WRITE) && !area->writable)
		return -EPERM;
	if ((need & AREA_READ) && !area->readable)
		return -EPERM;
	return 0;
}

/**
 * area_check - may an op use a range?
 * @ioas: the IOAS of the op
 * @iova: first byte
 * @last: last byte
 * @need: AREA_READ, AREA_WRITE
 *
 * Checks all areas before the caller uses the first, so that an op over a hole
 * has no effect.
 *
 * Context: inside the op; the areas stay until op_exit().
 * Return: the area at @iova; ERR_PTR(-ENOENT) for a hole or an area that is
 * being made; -EINVAL for one that is being unmapped; -EPERM.
 */
struct area *area_check(struct ioas *ioas, unsigned long iova,
			unsigned long last, unsigned int need)
{
	struct area *first = NULL;
	struct area *area;
	int rc = 0;

	/* Until it is seen LIVE only RCU keeps an area. */
	rcu_read_lock();
	for (;;) {
		MA_STATE(mas, &ioas->areas, iova, iova);

		/* Not mas_next(): see the top of the file. */
		area = mas_walk(&mas);
		rc = area ? area_usable(area, need) : -ENOENT;
		if (rc)
			break;
		if (!first)
			first = area;
		if (area->last >= last)
			break;
		iova = area->last + 1;
	}
	rcu_read_unlock();
	return rc ? ERR_PTR(rc) : first;
}
