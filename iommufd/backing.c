// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing.c - memory behind areas
 *
 * A backing is a page aligned range of one process's memory. MAP makes one, COPY
 * shares it. Its pages are pinned in memory (and charged) when the first pin
 * needs them and released with the last, however many pins, areas and IOAS there
 * are in between.
 *
 * What is pinned is kept as stretches of pages that follow each other inside one
 * folio, in a tree by page index. A stretch counts the pins that hold it; where a
 * pin begins or ends inside a stretch, the stretch is cut in two, so that every
 * pin holds whole stretches. A huge page pinned at once is one stretch.
 *
 *      index  0        8   12            512
 *             [ count 1 ][ 2 ][   hole   ]...
 *
 * Pages are pinned without the lock: a fault may take for ever. Two pins may
 * fault the same hole at the same time; the second to come back finds it filled,
 * gives its own pages back and holds the first one's.
 *
 * LOCKING
 *   backing->lock   ->pinned and the counts; not held over faults
 *   immutable       va, npages, writable, charge
 * MAY SLEEP         everything but backing_get()
 */
#include <linux/mm.h>
#include "private.h"

/* A stretch: its range of indexes is its place in the tree. */
struct pinned {
	struct page *page;
	unsigned long count;
};

/**
 * backing_alloc - the caller's memory, not touched yet
 * @ictx: the context, whose option says who pays
 * @va: first byte, user address of the current process
 * @length: bytes, not 0; @va + @length is more than a page below the top
 * @writable: pin for writing
 *
 * Return: the backing, which the caller owes a backing_put(), or NULL.
 */
struct backing *backing_alloc(struct iommufd_ctx *ictx, unsigned long va,
			      unsigned long length, bool writable)
{
	struct backing *backing;

	backing = kzalloc(sizeof(*backing), GFP_KERNEL_ACCOUNT);
	if (!backing)
		return NULL;
	kref_init(&backing->kref);
	backing->va = va & PAGE_MASK;
	backing->npages = PAGE_ALIGN(va + length - backing->va) >> PAGE_SHIFT;
	backing->writable = writable;
	mutex_init(&backing->lock);
	mt_init_flags(&backing->pinned, MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&backing->pinned, &backing->lock);
	charge_init(&backing->charge, READ_ONCE(ictx->charge_mode));
	count(COUNT_BACKINGS, 1);
	return backing;
}

/**
 * backing_get - one more area
 * @backing: the backing
 */
void backing_get(struct backing *backing)
{
	kref_get(&backing->kref);
}

static void backing_free(struct kref *kref)
{
	struct backing *backing = container_of(kref, struct backing, kref);

	WARN_ON_ONCE(!mtree_empty(&backing->pinned));
	charge_fini(&backing->charge);
	mutex_destroy(&backing->lock);
	kfree(backing);
	count(COUNT_BACKINGS, -1);
}

/**
 * backing_put - one area less
 * @backing: no pin of the caller's is left in it
 */
void backing_put(struct backing *backing)
{
	kref_put(&backing->kref, backing_free);
}

static int store_pinned(struct backing *backing, unsigned long first,
			unsigned long last, struct page *page,
			unsigned long count)
{
	MA_STATE(mas, &backing->pinned, first, last);
	struct pinned *pinned;
	int rc;

	lockdep_assert_held(&backing->lock);
	pinned = kmalloc(sizeof(*pinned), GFP_KERNEL_ACCOUNT);
	if (!pinned)
		return -ENOMEM;
	pinned->page = page;
	pinned->count = count;
	rc = mas_store_gfp(&mas, pinned, GFP_KERNEL_ACCOUNT);
	if (rc)
		kfree(pinned);
	return rc;
}

static void erase_pinned(struct backing *backing, unsigned long first,
			 unsigned long last)
{
	MA_STATE(mas, &backing->pinned, first, last);

	/* The tree may need a node to become smaller; release must not fail. */
	mas_store_gfp(&mas, NULL, GFP_KERNEL | __GFP_NOFAIL);
}

/*
 * Hold the stretch that is pinned at index, up to last. Returns its first page,
 * or NULL for a hole; either way *n says how many pages that is true of.
 */
static struct page *hold(struct backing *backing, unsigned long index,
			 unsigned long last, unsigned long *n)
{
	MA_STATE(mas, &backing->pinned, index, index);
	unsigned long first, end;
	struct pinned *pinned;
	int rc;

	lockdep_assert_held(&backing->lock);
	pinned = mas_find(&mas, last);
	if (!pinned || mas.index > index) {
		*n = (pinned ? mas.index - 1 : last) - index + 1;
		return NULL;
	}
	first = mas.index;
	end = mas.last;
	/* Cut off what is before and behind: this entry keeps the middle. */
	if (first < index) {
		rc = store_pinned(backing, first, index - 1, pinned->page,
				  pinned->count);
		if (rc)
			return ERR_PTR(rc);
		pinned->page += index - first;
	}
	if (end > last) {
		rc = store_pinned(backing, last + 1, end,
				  pinned->page + (last + 1 - index),
				  pinned->count);
		if (rc)
			return ERR_PTR(rc);
		end = last;
	}
	pinned->count++;
	*n = end - index + 1;
	return pinned->page;
}

/* How many of the pages follow each other in one folio. */
static unsigned long stretch(struct page **pages, unsigned long npages)
{
	struct folio *folio = page_folio(pages[0]);
	unsigned long n = 1;

	while (n < npages && pages[n] == pages[0] + n &&
	       page_folio(pages[n]) == folio)
		n++;
	return n;
}

static void set_pages(struct page **pages, struct page *first, unsigned long n)
{
	while (n--)
		*pages++ = first++;
}

/* Pages that were pinned and charged but not handed out. */
static void give_back(struct backing *backing, struct page **pages,
		      unsigned long npages)
{
	charge_sub(&backing->charge, npages);
	while (npages) {
		unsigned long n = stretch(pages, npages);

		gup_unpin(*pages, n, false);
		pages += n;
		npages -= n;
	}
}

/*
 * Pages of a hole came back from GUP: keep them. Where others filled the hole
 * meanwhile hold theirs. Takes the pages; *done counts those that are held, all
 * of them when it returns 0.
 */
static int fill(struct backing *backing, unsigned long index,
		struct page **pages, unsigned long npages, unsigned long *done)
{
	unsigned long last = index + npages - 1;
	struct page *page;
	unsigned long n;
	int rc = 0;

	for (*done = 0; *done < npages; *done += n) {
		page = hold(backing, index + *done, last, &n);
		if (IS_ERR(page)) {
			rc = PTR_ERR(page);
			break;
		}
		if (page) {
			give_back(backing, pages + *done, n);
			set_pages(pages + *done, page, n);
			continue;
		}
		n = stretch(pages + *done, n);
		rc = store_pinned(backing, index + *done, index + *done + n - 1,
				  pages[*done], 1);
		if (rc)
			break;
	}
	if (rc)
		give_back(backing, pages + *done, npages - *done);
	return rc;
}

/* Pin and charge the pages of a hole, as many as come at once. */
static long fault_in(struct backing *backing, unsigned long index,
		     unsigned long npages, struct page **pages)
{
	long got;
	int rc;

	rc = charge_add(&backing->charge, npages);
	if (rc)
		return rc;
	got = gup_pin(backing->charge.mm, backing->va + index * PAGE_SIZE,
		      npages, backing->writable, pages);
	charge_sub(&backing->charge, npages - max(got, 0L));
	return got;
}

/**
 * backing_pin - hold pages
 * @backing: the backing
 * @first: index of the first page
 * @npages: how many, not 0
 * @pages: filled, one entry for each page
 *
 * Return: 0, and the caller owes a backing_unpin() of the same range; or nothing
 * is held: -EFAULT, -ENOMEM, -EINTR, or what pin_user_pages() says.
 */
int backing_pin(struct backing *backing, unsigned long first,
		unsigned long npages, struct page **pages)
{
	unsigned long done = 0, n;
	int rc = 0;

	mutex_lock(&backing->lock);
	while (done < npages) {
		struct page *page;
		long got;

		page = hold(backing, first + done, first + npages - 1, &n);
		if (IS_ERR(page)) {
			rc = PTR_ERR(page);
			break;
		}
		if (page) {
			set_pages(pages + done, page, n);
			done += n;
			continue;
		}

		mutex_unlock(&backing->lock);
		got = fault_in(backing, first + done, n, pages + done);
		mutex_lock(&backing->lock);
		if (got < 0) {
			rc = got;
			break;
		}
		rc = fill(backing, first + done, pages + done, got, &n);
		done += n;
		if (rc)
			break;
	}
	mutex_unlock(&backing->lock);
	if (rc && done)
		backing_unpin(backing, first, done);
	return rc;
}

/**
 * backing_unpin - let pages go
 * @backing: the backing
 * @first: as pinned
 * @npages: as pinned
 *
 * A page that nobody holds any more is unpinned, and marked dirty if devices may
 * have written to it.
 */
void backing_unpin(struct backing *backing, unsigned long first,
		   unsigned long npages)
{
	unsigned long index = first;
	unsigned long last = first + npages - 1;
	unsigned long end;

	mutex_lock(&backing->lock);
	for (; index <= last; index = end + 1) {
		MA_STATE(mas, &backing->pinned, index, index);
		struct pinned *pinned = mas_walk(&mas);

		/* A pin holds whole stretches: hold() cut them. */
		if (WARN_ON_ONCE(!pinned || mas.index != index ||
				 mas.last > last))
			break;
		end = mas.last;
		if (--pinned->count)
			continue;
		erase_pinned(backing, index, end);
		gup_unpin(pinned->page, end - index + 1, backing->writable);
		charge_sub(&backing->charge, end - index + 1);
		kfree(pinned);
	}
	mutex_unlock(&backing->lock);
}

/**
 * backing_borrow - the page at an index, if it is pinned
 * @backing: the backing
 * @index: of the page
 *
 * Return: the page, which the caller owes a put_page(), or NULL.
 */
struct page *backing_borrow(struct backing *backing, unsigned long index)
{
	MA_STATE(mas, &backing->pinned, index, index);
	struct page *page = NULL;
	struct pinned *pinned;

	mutex_lock(&backing->lock);
	pinned = mas_walk(&mas);
	if (pinned) {
		page = pinned->page + (index - mas.index);
		get_page(page);
	}
	mutex_unlock(&backing->lock);
	return page;
}
