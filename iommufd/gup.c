// SPDX-License-Identifier: GPL-2.0-only
/*
 * gup.c - the edge to the memory manager: pinning and copying memory
 *
 * The only caller of pin_user_pages*(), memfd_pin_folios() and of the user copy
 * primitives. Whose memory it is follows from the backing, never from who calls:
 * the caller may be the process itself, a kernel thread that borrows its mm, or
 * another process.
 *
 * A page of a process carries a pin of its own. memfd_pin_folios() pins a folio
 * once however many of its pages were asked for, so for a memfd a run of pages in
 * one folio carries one pin.
 *
 * LOCKING
 *   mmap_lock of the memory's mm, by killable waits; given up while a fault waits
 * MAY SLEEP   everything here, for as long as a fault takes
 */
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/memfd.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include "private.h"
#include "selftest.h"

/* Folios asked of a memfd at once. */
#define FOLIOS_MAX 64

/**
 * gup_init - hold the mm of a new backing
 * @backing: ->mm or ->file is set
 */
void gup_init(struct backing *backing)
{
	if (backing->mm)
		mmgrab(backing->mm);
}

/**
 * gup_fini - end of gup_init()
 * @backing: nothing is pinned
 */
void gup_fini(struct backing *backing)
{
	if (backing->mm)
		mmdrop(backing->mm);
}

static long pin_remote(struct mm_struct *mm, unsigned long va,
		       unsigned long npages, unsigned int gup_flags,
		       struct page **pages)
{
	int locked = 1;
	long got;

	if (!mmget_not_zero(mm))
		return -EFAULT;
	got = mmap_read_lock_killable(mm);
	if (got)
		goto out_put;
	/* &locked lets GUP drop the lock while a fault sleeps. */
	got = pin_user_pages_remote(mm, va, npages, gup_flags, pages, &locked);
	if (locked)
		mmap_read_unlock(mm);
out_put:
	mmput(mm);
	return got;
}

static long pin_user(struct backing *backing, unsigned long index,
		     unsigned long npages, unsigned int gup_flags,
		     struct page **pages)
{
	unsigned long va = backing->start + index * PAGE_SIZE;
	struct mm_struct *mm = backing->mm;

	npages = min_t(unsigned long, npages, INT_MAX);
	if (mm == current->mm)
		return pin_user_pages_fast(va, npages, gup_flags, pages);
	return pin_remote(mm, va, npages, gup_flags, pages);
}

static long pin_file(struct backing *backing, unsigned long index,
		     unsigned long npages, struct page **pages)
{
	loff_t start = backing->start + (loff_t)index * PAGE_SIZE;
	loff_t last = start + (loff_t)npages * PAGE_SIZE - 1;
	struct folio *folios[FOLIOS_MAX];
	unsigned long got = 0, in_folio;
	pgoff_t offset;
	long nfolios, i;

	nfolios = memfd_pin_folios(backing->file, start, last, folios,
				   FOLIOS_MAX, &offset);
	if (nfolios < 0)
		return nfolios;
	in_folio = offset >> PAGE_SHIFT;
	for (i = 0; i < nfolios; i++, in_folio = 0)
		while (in_folio < folio_nr_pages(folios[i]) && got < npages)
			pages[got++] = folio_page(folios[i], in_folio++);
	return got;
}

/**
 * gup_pin - pin pages for as long as a driver wants
 * @backing: the memory; its process need not be alive
 * @index: of the first page
 * @npages: at most this many
 * @pages: filled
 *
 * Return: how many were pinned, at least 1; -EFAULT when there is no memory there
 * or the process is gone; -EINTR when killed; -EINVAL for a file that is not a
 * memfd; other errno of pin_user_pages().
 */
long gup_pin(struct backing *backing, unsigned long index, unsigned long npages,
	     struct page **pages)
{
	unsigned int gup_flags = FOLL_LONGTERM;
	long got;

	npages = selftest_batch(npages);
	if (backing->writable)
		gup_flags |= FOLL_WRITE;
	if (backing->file)
		got = pin_file(backing, index, npages, pages);
	else
		got = pin_user(backing, index, npages, gup_flags, pages);
	if (got > 0)
		count(COUNT_PINNED_PAGES, got);
	return got ?: -EFAULT;
}

/* One pin for each stay in a folio, as memfd_pin_folios() made them. */
static void unpin_file(struct page **pages, unsigned long npages, bool dirty)
{
	struct folio *folio = NULL;
	unsigned long i;

	for (i = 0; i < npages; i++) {
		if (page_folio(pages[i]) == folio)
			continue;
		folio = page_folio(pages[i]);
		if (dirty)
			set_page_dirty_lock(pages[i]);
		unpin_folio(folio);
	}
}

/**
 * gup_unpin - release pages
 * @backing: what they were pinned for
 * @pages: the pages; of a memfd: as they came from gup_pin() at once
 * @npages: how many
 * @dirty: they may have been written to
 */
void gup_unpin(struct backing *backing, struct page **pages,
	       unsigned long npages, bool dirty)
{
	count(COUNT_PINNED_PAGES, -(long)npages);
	if (backing->file)
		unpin_file(pages, npages, dirty);
	else
		unpin_user_pages_dirty_lock(pages, npages, dirty);
}

/**
 * gup_unpin_run - release pages that follow each other in one folio
 * @backing: what they were pinned for
 * @page: the first
 * @npages: how many
 * @dirty: they may have been written to
 */
void gup_unpin_run(struct backing *backing, struct page *page,
		   unsigned long npages, bool dirty)
{
	count(COUNT_PINNED_PAGES, -(long)npages);
	if (backing->file)
		unpin_file(&page, 1, dirty);
	else
		unpin_user_page_range_dirty_lock(page, npages, dirty);
}

static int copy_user(unsigned long va, void *data, unsigned long length,
		     bool write)
{
	void __user *user = (void __user *)va;

	if (write ? copy_to_user(user, data, length) :
		    copy_from_user(data, user, length))
		return -EFAULT;
	return 0;
}

static int copy_as_kthread(struct mm_struct *mm, unsigned long va, void *data,
			   unsigned long length, bool write)
{
	int rc;

	kthread_use_mm(mm);
	rc = copy_user(va, data, length, write);
	kthread_unuse_mm(mm);
	mmput(mm);
	return rc;
}

static void copy_in_page(struct page *page, unsigned int offset, void *data,
			 unsigned int length, bool write)
{
	if (write)
		memcpy_to_page(page, offset, data, length);
	else
		memcpy_from_page(data, page, offset, length);
}

/* One page, pinned for the moment unless it is pinned anyway. */
static int copy_pinned(struct backing *backing, unsigned long index,
		       unsigned int offset, void *data, unsigned int length,
		       bool write)
{
	struct page *page = backing_borrow(backing, index);
	bool borrowed = page;
	long got;

	if (!borrowed) {
		if (backing->file)
			got = pin_file(backing, index, 1, &page);
		else
			got = pin_user(backing, index, 1,
				       write ? FOLL_WRITE : 0, &page);
		if (got <= 0)
			return got ?: -EFAULT;
	}
	copy_in_page(page, offset, data, length, write);
	if (write)
		set_page_dirty_lock(page);
	if (borrowed)
		put_page(page);
	else if (backing->file)
		unpin_folio(page_folio(page));
	else
		unpin_user_page(page);
	return 0;
}

/**
 * gup_copy - copy between a buffer and a backing
 * @backing: the memory
 * @offset: first byte in it
 * @data: the buffer
 * @length: bytes, not 0
 * @flags: IOMMUFD_ACCESS_RW_*
 *
 * Return: 0; -EFAULT when there is no memory there, or the process is gone and
 * the page is not pinned; -EINTR when killed; other errno of pin_user_pages().
 */
int gup_copy(struct backing *backing, unsigned long offset, void *data,
	     unsigned long length, unsigned int flags)
{
	struct mm_struct *mm = backing->mm;
	bool write = flags & IOMMUFD_ACCESS_RW_WRITE;
	unsigned long va = backing->start + offset;

	if (mm && !(flags & __IOMMUFD_ACCESS_RW_SLOW_PATH)) {
		if (current->mm == mm)
			return copy_user(va, data, length, write);
		if ((flags & IOMMUFD_ACCESS_RW_KTHREAD) &&
		    (current->flags & PF_KTHREAD) && !current->mm &&
		    mmget_not_zero(mm))
			return copy_as_kthread(mm, va, data, length, write);
	}

	while (length) {
		unsigned int in_page = offset & ~PAGE_MASK;
		unsigned int n = min(length, PAGE_SIZE - in_page);
		int rc;

		rc = copy_pinned(backing, offset >> PAGE_SHIFT, in_page, data,
				 n, write);
		if (rc)
			return rc;
		offset += n;
		data += n;
		length -= n;
	}
	return 0;
}
