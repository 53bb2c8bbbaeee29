// SPDX-License-Identifier: GPL-2.0-only
/*
 * gup.c - the edge to the memory manager: pinning and copying user memory
 *
 * The only caller of pin_user_pages*() and of the user copy primitives. Whose
 * memory it is follows from the backing, never from who calls: the caller may be
 * the process itself, a kernel thread that borrows its mm, or another process.
 *
 * LOCKING
 *   mmap_lock of the memory's mm, by killable waits; given up while a fault waits
 * MAY SLEEP   everything here, for as long as a fault takes
 */
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include "private.h"

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

static long pin_flags(struct mm_struct *mm, unsigned long va,
		      unsigned long npages, unsigned int gup_flags,
		      struct page **pages)
{
	long got;

	if (mm == current->mm)
		got = pin_user_pages_fast(va, npages, gup_flags, pages);
	else
		got = pin_remote(mm, va, npages, gup_flags, pages);
	return got ?: -EFAULT;
}

/**
 * gup_pin - pin pages for as long as a driver wants
 * @mm: whose memory; need not be alive
 * @va: page aligned user address
 * @npages: at most this many
 * @write: the pages will be written to
 * @pages: filled
 *
 * Return: how many were pinned, at least 1; -EFAULT when there is no memory there
 * or the process is gone; -EINTR when killed; other errno of pin_user_pages().
 */
long gup_pin(struct mm_struct *mm, unsigned long va, unsigned long npages,
	     bool write, struct page **pages)
{
	unsigned int gup_flags = FOLL_LONGTERM;
	long got;

	if (write)
		gup_flags |= FOLL_WRITE;
	got = pin_flags(mm, va, min_t(unsigned long, npages, INT_MAX),
			gup_flags, pages);
	if (got > 0)
		count(COUNT_PINNED_PAGES, got);
	return got;
}

/**
 * gup_unpin - release pages that follow each other in one folio
 * @page: the first
 * @npages: how many
 * @dirty: they may have been written to
 */
void gup_unpin(struct page *page, unsigned long npages, bool dirty)
{
	unpin_user_page_range_dirty_lock(page, npages, dirty);
	count(COUNT_PINNED_PAGES, -(long)npages);
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

/* One page of memory that is not the caller's. */
static int copy_remote(struct backing *backing, unsigned long index,
		       unsigned int offset, void *data, unsigned int length,
		       bool write)
{
	struct page *page = backing_borrow(backing, index);
	long got;

	if (page) {
		copy_in_page(page, offset, data, length, write);
		if (write)
			set_page_dirty_lock(page);
		put_page(page);
		return 0;
	}
	got = pin_flags(backing->charge.mm, backing->va + index * PAGE_SIZE, 1,
			write ? FOLL_WRITE : 0, &page);
	if (got < 0)
		return got;
	copy_in_page(page, offset, data, length, write);
	unpin_user_pages_dirty_lock(&page, 1, write);
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
	struct mm_struct *mm = backing->charge.mm;
	bool write = flags & IOMMUFD_ACCESS_RW_WRITE;
	unsigned long va = backing->va + offset;

	if (!(flags & __IOMMUFD_ACCESS_RW_SLOW_PATH)) {
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

		rc = copy_remote(backing, offset >> PAGE_SHIFT, in_page, data,
				 n, write);
		if (rc)
			return rc;
		offset += n;
		data += n;
		length -= n;
	}
	return 0;
}
