// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing.c - memory behind areas
 *
 * A backing is a page aligned range of one process's memory or of a memfd. MAP
 * makes one, COPY shares it. Its pages are pinned in memory (and charged) when the
 * first pin needs them and released with the last, however many pins, areas and
 * IOAS there are in between.
 *
 * What is pinned is kept as stretches, in a tree by page index: pages that were
 * pinned at the same time. A stretch counts the pins that hold it. If its pages
 * follow each other inside one folio it is a *run* and knows only the first, so a
 * huge page costs as much as a small one; otherwise it lists them.
 *
 *      index  0        8   12            512
 *             [ count 1 ][ 2 ][   hole   ]...
 *
 * Where a pin begins or ends inside a stretch the stretch is cut in two, so that
 * every pin holds whole stretches. Pages of a process are pinned one by one and can
 * be cut anywhere; pages of a memfd are pinned by the folio, and a pin holds the
 * whole folios that it touches.
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

/* Fewer pages than this do not deserve a stretch of their own. */
#define RUN_MIN 32

/* Pages that one stretch lists at most. */
#define LIST_MAX 512

/**
 * struct pinned - a stretch; its range of indexes is its place in the tree
 * @count: pins that hold it
 * @run: the first page if they follow each other in one folio, else NULL
 * @pages: the pages if there is no @run
 */
struct pinned {
	unsigned long count;
	struct page *run;
	struct page *pages[];
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

static struct pinned *run_alloc(struct page *run, unsigned long count)
{
	struct pinned *pinned = kmalloc(sizeof(*pinned), GFP_KERNEL_ACCOUNT);

	if (pinned) {
		pinned->count = count;
		pinned->run = run;
	}
	return pinned;
}

static struct pinned *list_alloc(struct page **pages, unsigned long npages,
				 unsigned long count)
{
	struct pinned *pinned;

	pinned =
		kmalloc(struct_size(pinned, pages, npages), GFP_KERNEL_ACCOUNT);
	if (pinned) {
		pinned->count = count;
		pinned->run = NULL;
		memcpy(pinned->pages, pages, npages * sizeof(*pages));
	}
	return pinned;
}

/* Takes pinned, which may be NULL for want of memory. */
static int store_pinned(struct backing *backing, unsigned long first,
			unsigned long last, struct pinned *pinned)
{
	MA_STATE(mas, &backing->pinned, first, last);
	int rc;

	lockdep_assert_held(&backing->lock);
	if (!pinned)
		return -ENOMEM;
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

/* A part of a stretch as a stretch of its own. */
static int store_part(struct backing *backing, struct pinned *whole,
		      unsigned long first, unsigned long from, unsigned long to)
{
	unsigned long skip = from - first;
	struct pinned *part;

	if (whole->run)
		part = run_alloc(whole->run + skip, whole->count);
	else
		part = list_alloc(whole->pages + skip, to - from + 1,
				  whole->count);
	return store_pinned(backing, from, to, part);
}

/* Cut off what lies before and behind: the entry itself keeps the middle. */
static int cut(struct backing *backing, struct pinned *pinned,
	       unsigned long first, unsigned long end, unsigned long from,
	       unsigned long to)
{
	unsigned long skip = from - first;
	int rc;

	if (end > to) {
		rc = store_part(backing, pinned, first, to + 1, end);
		if (rc)
			return rc;
	}
	if (!skip)
		return 0;
	rc = store_part(backing, pinned, first, first, from - 1);
	if (rc)
		return rc;
	if (pinned->run)
		pinned->run += skip;
	else
		memmove(pinned->pages, pinned->pages + skip,
			(to - from + 1) * sizeof(*pinned->pages));
	return 0;
}

static void copy_pages(struct page **pages, const struct pinned *pinned,
		       unsigned long skip, unsigned long n)
{
	unsigned long i;

	if (!pinned->run) {
		memcpy(pages, pinned->pages + skip, n * sizeof(*pages));
		return;
	}
	for (i = 0; i < n; i++)
		pages[i] = pinned->run + skip + i;
}

static bool same_folio(const struct pinned *pinned, unsigned long skip)
{
	return pinned->run || page_folio(pinned->pages[skip]) ==
				      page_folio(pinned->pages[skip + 1]);
}

/* Extend a part of a stretch to whole folios. */
static void widen(const struct pinned *pinned, unsigned long first,
		  unsigned long end, unsigned long *from, unsigned long *to)
{
	while (*from > first && same_folio(pinned, *from - first - 1))
		(*from)--;
	while (*to < end && same_folio(pinned, *to - first))
		(*to)++;
}

/*
 * Hold what is pinned at index, up to last, and fill in the pages. *n says how many
 * they are, or, when there is a hole at index, how long that is.
 */
static int hold(struct backing *backing, unsigned long index,
		unsigned long last, struct page **pages, unsigned long *n,
		bool *hole)
{
	MA_STATE(mas, &backing->pinned, index, index);
	unsigned long first, from, to;
	struct pinned *pinned;
	int rc;

	lockdep_assert_held(&backing->lock);
	pinned = mas_find(&mas, last);
	*hole = !pinned || mas.index > index;
	if (*hole) {
		*n = (pinned ? mas.index - 1 : last) - index + 1;
		return 0;
	}
	first = mas.index;
	last = min(mas.last, last);
	*n = last - index + 1;
	from = index;
	to = last;
	if (backing->file)
		widen(pinned, first, mas.last, &from, &to);
	rc = cut(backing, pinned, first, mas.last, from, to);
	if (rc)
		return rc;
	first = from;
	pinned->count++;
	copy_pages(pages, pinned, index - first, *n);
	return 0;
}

/* How many of the pages follow each other in one folio. */
static unsigned long run_length(struct page **pages, unsigned long npages)
{
	struct folio *folio = page_folio(pages[0]);
	unsigned long n = 1;

	while (n < npages && pages[n] == pages[0] + n &&
	       page_folio(pages[n]) == folio)
		n++;
	return n;
}

/*
 * How many of the pages are best listed in one stretch: up to the next long run.
 * Never a part of a folio's pages, because of memfd pins.
 */
static unsigned long list_length(struct page **pages, unsigned long npages)
{
	unsigned long n = 0, run;

	while (n < npages) {
		run = run_length(pages + n, npages - n);
		if (run >= RUN_MIN || n + run > LIST_MAX)
			break;
		n += run;
	}
	return n;
}

/* A new stretch for as many of the pages as belong in one. */
static struct pinned *stretch_alloc(struct page **pages, unsigned long npages,
				    unsigned long *n)
{
	*n = run_length(pages, npages);
	if (*n >= RUN_MIN || *n == npages)
		return run_alloc(pages[0], 1);
	*n = list_length(pages, npages);
	return list_alloc(pages, *n, 1);
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
		while (*done < npages) {
			struct pinned *pinned;

			pinned = stretch_alloc(pages + *done, npages - *done,
					       &n);
			rc = store_pinned(backing, index + *done,
					  index + *done + n - 1, pinned);
			if (rc)
				break;
			*done += n;
		}
	}
	backing->npinned += *done;
	if (*done < npages) {
		/* Never handed out, so never written to. */
		payer_uncharge(payer, npages - *done);
		gup_unpin(backing, pages + *done, npages - *done, false);
	}
	return rc;
}

/*
 * Pin and charge the pages of a hole, as many as come at once. *done counts what is
 * held; it may be 0 with success. Takes the payer's reference.
 */
static int fault_in(struct backing *backing, struct payer *payer,
		    unsigned long index, unsigned long npages,
		    struct page **pages, unsigned long *done)
{
	long got;
	int rc;

	*done = 0;
	rc = payer_charge(payer, npages);
	if (rc)
		goto out_put;
	got = gup_pin(backing, index, npages, pages);
	payer_uncharge(payer, npages - max(got, 0L));
	if (got < 0) {
		rc = got;
		goto out_put;
	}
	mutex_lock(&backing->lock);
	rc = fill(backing, payer, index, pages, got, done);
	mutex_unlock(&backing->lock);
out_put:
	payer_put(payer);
	return rc;
}

/* Hold or fault in what comes next; *done counts it. */
static int pin_next(struct backing *backing, unsigned long index,
		    unsigned long npages, struct page **pages,
		    unsigned long *done)
{
	struct payer *payer = NULL;
	bool hole;
	int rc;

	*done = 0;
	mutex_lock(&backing->lock);
	rc = hold(backing, index, index + npages - 1, pages, &npages, &hole);
	if (!rc && hole)
		payer = payer_get(backing->payer);
	mutex_unlock(&backing->lock);
	if (rc)
		return rc;
	if (payer)
		return fault_in(backing, payer, index, npages, pages, done);
	*done = npages;
	return 0;
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

	while (done < npages && !rc) {
		rc = pin_next(backing, first + done, npages - done,
			      pages + done, &n);
		done += n;
	}
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
	if (pinned->run)
		gup_unpin_run(backing, pinned->run, npages, backing->writable);
	else
		gup_unpin(backing, pinned->pages, npages, backing->writable);
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
		copy_pages(&page, pinned, index - mas.index, 1);
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
	/* First this, or who pays already would pay twice for a moment. */
	payer_uncharge(backing->payer, backing->npinned);
	rc = payer_charge(payer, backing->npinned);
	if (rc) {
		payer_charge_anyway(backing->payer, backing->npinned);
	} else {
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
