// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing.c - memory behind areas
 *
 * A backing is a page aligned range of one process's memory or of a memfd. MAP
 * makes one, COPY shares it. Its pages are pinned in memory (and charged) when the
 * first pin needs them and released with the last, however many pins, areas and
 * IOAS there are in between.
 *
 * What is pinned is kept as stretches of pages that follow each other inside one
 * folio, in a tree by page index. A stretch counts the pins that hold it. A huge
 * page pinned at once is one stretch.
 *
 *      index  0        8   12            512
 *             [ count 1 ][ 2 ][   hole   ]...
 *
 * Pages of a process are pinned one by one, so where a pin begins or ends inside a
 * stretch the stretch is cut in two and every pin holds whole stretches. Pages of
 * a memfd are pinned by the folio; a stretch is not cut, and a pin holds all
 * stretches that it touches.
 *
 * Pages are pinned without the lock: a fault may take for ever. If others filled
 * the same hole meanwhile the late one gives its pages back and holds theirs.
 *
 * LOCKING
 *   backing->lock   ->pinned, ->npinned, ->payer and the counts of stretches; not
 *                   held over faults
 *   immutable       mm, file, start, npages, writable
 * MAY SLEEP         everything but backing_get()
 */
#include <linux/file.h>
#include <linux/mm.h>
#include "private.h"

/* A stretch: its range of indexes is its place in the tree. */
struct pinned {
	struct page *page;
	unsigned long count;
};

static struct backing *backing_alloc(struct iommufd_ctx *ictx,
				     unsigned long start, unsigned long length,
				     bool writable)
{
	struct backing *backing;

	backing = kzalloc(sizeof(*backing), GFP_KERNEL_ACCOUNT);
	if (!backing)
		return NULL;
	backing->payer = payer_alloc(READ_ONCE(ictx->charge_mode));
	if (!backing->payer) {
		kfree(backing);
		return NULL;
	}
	kref_init(&backing->kref);
	backing->start = start & PAGE_MASK;
	backing->npages = PAGE_ALIGN(start + length - backing->start) >>
			  PAGE_SHIFT;
	backing->writable = writable;
	mutex_init(&backing->lock);
	mt_init_flags(&backing->pinned, MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&backing->pinned, &backing->lock);
	count(COUNT_BACKINGS, 1);
	return backing;
}

/**
 * backing_alloc_user - the caller's memory, not touched yet
 * @ictx: the context, whose option says who pays
 * @va: first byte, user address of the current process
 * @length: bytes, not 0; @va + @length is more than a page below the top
 * @writable: pin for writing
 *
 * Return: the backing, which the caller owes a backing_put(), or NULL.
 */
struct backing *backing_alloc_user(struct iommufd_ctx *ictx, unsigned long va,
				   unsigned long length, bool writable)
{
	struct backing *backing = backing_alloc(ictx, va, length, writable);

	if (backing) {
		backing->mm = current->mm;
		gup_init(backing);
	}
	return backing;
}

/**
 * backing_alloc_file - a range of a memfd, not touched yet
 * @ictx: the context, whose option says who pays
 * @file: the file; the backing takes a reference of its own
 * @start: first byte in the file
 * @length: bytes, not 0
 * @writable: pin for writing
 *
 * Return: the backing, which the caller owes a backing_put(), or NULL.
 */
struct backing *backing_alloc_file(struct iommufd_ctx *ictx, struct file *file,
				   unsigned long start, unsigned long length,
				   bool writable)
{
	struct backing *backing = backing_alloc(ictx, start, length, writable);

	if (backing) {
		backing->file = get_file(file);
		gup_init(backing);
	}
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
	gup_fini(backing);
	if (backing->file)
		fput(backing->file);
	payer_put(backing->payer);
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

/* Cut off what lies before and behind: the entry itself keeps the middle. */
static int cut(struct backing *backing, struct pinned *pinned,
	       unsigned long first, unsigned long end, unsigned long from,
	       unsigned long to)
{
	int rc;

	if (first < from) {
		rc = store_pinned(backing, first, from - 1, pinned->page,
				  pinned->count);
		if (rc)
			return rc;
		pinned->page += from - first;
		first = from;
	}
	if (end > to)
		return store_pinned(backing, to + 1, end,
				    pinned->page + (to + 1 - first),
				    pinned->count);
	return 0;
}

/*
 * Hold the stretch that is pinned at index, up to last. Returns the page at index,
 * or NULL for a hole; either way *n says for how many pages that is true.
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
	*n = min(end, last) - index + 1;
	if (!backing->file) {
		rc = cut(backing, pinned, first, end, index, min(end, last));
		if (rc)
			return ERR_PTR(rc);
		first = max(first, index);
	}
	pinned->count++;
	return pinned->page + (index - first);
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
static void give_back(struct backing *backing, struct payer *payer,
		      struct page **pages, unsigned long npages)
{
	payer_uncharge(payer, npages);
	while (npages) {
		unsigned long n = stretch(pages, npages);

		gup_unpin(backing, *pages, n, false);
		pages += n;
		npages -= n;
	}
}

/*
 * Pages of a hole came back from GUP: keep them, unless it is no hole any more or
 * somebody else pays now; then give them back, and let the caller look again.
 * *done counts what is held, also on failure.
 */
static int fill(struct backing *backing, struct payer *payer,
		unsigned long index, struct page **pages, unsigned long npages,
		unsigned long *done)
{
	MA_STATE(mas, &backing->pinned, index, index);
	unsigned long n;
	int rc = 0;

	lockdep_assert_held(&backing->lock);
	*done = 0;
	if (payer == backing->payer && !mas_find(&mas, index + npages - 1)) {
		for (; *done < npages && !rc; *done += rc ? 0 : n) {
			n = stretch(pages + *done, npages - *done);
			rc = store_pinned(backing, index + *done,
					  index + *done + n - 1, pages[*done],
					  1);
		}
	}
	backing->npinned += *done;
	if (*done < npages)
		give_back(backing, payer, pages + *done, npages - *done);
	return rc;
}

/*
 * Pin and charge the pages of a hole, as many as come at once, without the lock.
 * *done counts what is held; it may be 0 with success.
 */
static int fault_in(struct backing *backing, unsigned long index,
		    unsigned long npages, struct page **pages,
		    unsigned long *done)
{
	struct payer *payer = payer_get(backing->payer);
	long got;
	int rc;

	*done = 0;
	mutex_unlock(&backing->lock);
	rc = payer_charge(payer, npages);
	if (!rc) {
		got = gup_pin(backing, index, npages, pages);
		payer_uncharge(payer, npages - max(got, 0L));
		rc = min(got, 0L);
	}
	mutex_lock(&backing->lock);
	if (!rc)
		rc = fill(backing, payer, index, pages, got, done);
	payer_put(payer);
	return rc;
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
	struct page *page;
	int rc = 0;

	mutex_lock(&backing->lock);
	while (done < npages && !rc) {
		page = hold(backing, first + done, first + npages - 1, &n);
		if (IS_ERR(page)) {
			rc = PTR_ERR(page);
			break;
		}
		if (page)
			set_pages(pages + done, page, n);
		else
			rc = fault_in(backing, first + done, n, pages + done,
				      &n);
		done += n;
	}
	mutex_unlock(&backing->lock);
	if (rc && done)
		backing_unpin(backing, first, done);
	return rc;
}

/* Nobody holds the stretch any more. */
static void release(struct backing *backing, struct pinned *pinned,
		    unsigned long first, unsigned long last)
{
	unsigned long npages = last - first + 1;

	lockdep_assert_held(&backing->lock);
	erase_pinned(backing, first, last);
	gup_unpin(backing, pinned->page, npages, backing->writable);
	payer_uncharge(backing->payer, npages);
	backing->npinned -= npages;
	kfree(pinned);
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

		/* What a pin holds is there, and cut to fit if it can be. */
		if (WARN_ON_ONCE(!pinned))
			break;
		end = mas.last;
		if (--pinned->count)
			continue;
		release(backing, pinned, mas.index, end);
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

/**
 * backing_change_payer - let somebody else pay
 * @backing: the backing
 * @payer: from now on
 * @old: out, on success: until now; the caller owes a payer_put()
 *
 * Return: 0; -ENOMEM at the new payer's limit, and then nothing changed.
 */
int backing_change_payer(struct backing *backing, struct payer *payer,
			 struct payer **old)
{
	int rc;

	mutex_lock(&backing->lock);
	rc = payer_charge(payer, backing->npinned);
	if (!rc) {
		payer_uncharge(backing->payer, backing->npinned);
		*old = backing->payer;
		backing->payer = payer_get(payer);
	}
	mutex_unlock(&backing->lock);
	return rc;
}

/**
 * backing_restore_payer - take a backing_change_payer() back
 * @backing: the backing
 * @payer: who paid before; charged whatever its limit is
 */
void backing_restore_payer(struct backing *backing, struct payer *payer)
{
	struct payer *new;

	mutex_lock(&backing->lock);
	payer_charge_anyway(payer, backing->npinned);
	payer_uncharge(backing->payer, backing->npinned);
	new = backing->payer;
	backing->payer = payer_get(payer);
	mutex_unlock(&backing->lock);
	payer_put(new);
}
