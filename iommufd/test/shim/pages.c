// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages.c - made-up pages, in the place of gup.c
 *
 * See memory.h. Copies are relaxed atomic accesses: user memory has no owner, and
 * two copies to one page race by the user's choice, not by a fault of the core.
 */
#include <linux/fs.h>
#include <stdlib.h>
#include "private.h"
#include "fault.h"
#include "memory.h"

static void check_page(const struct page *page)
{
	if (page->canary != PAGE_CANARY)
		shim_die("this is no page");
}

static void check_allowed(struct page *page, const char *what)
{
	check_page(page);
	if (__atomic_load_n(&page->revoked, __ATOMIC_SEQ_CST))
		shim_die("%s of a page whose mapping is gone", what);
}

static unsigned long round_down_to(unsigned long n, unsigned long unit)
{
	return n - n % unit;
}

/* Folios first, then single pages in an order that is always the same. */
static void arrange(struct memory *memory)
{
	unsigned long unit = memory->is_file ? FILE_FOLIO_PAGES : FOLIO_PAGES;
	unsigned long large = round_down_to(memory->npages / 2, unit);
	unsigned long small =
		large + round_down_to(memory->npages / 4, SMALL_FOLIO_PAGES);
	unsigned long i;

	for (i = 0; i < memory->npages; i++) {
		struct page *page = &memory->pages[i];
		unsigned long head = i, n = i;

		if (i < large)
			head = round_down_to(i, unit);
		else if (i < small)
			head = round_down_to(i, SMALL_FOLIO_PAGES);
		else if (((i - small) ^ 1) < memory->npages - small)
			/* Neighbours swapped, so that none follows another. */
			n = small + ((i - small) ^ 1);
		page->canary = PAGE_CANARY;
		page->head = &memory->pages[head];
		page->bytes = memory->bytes + i * PAGE_SIZE;
		memory->at[i] = &memory->pages[n];
	}
}

static void memory_init(struct memory *memory, unsigned long start,
			unsigned long npages, bool is_file)
{
	memory->start = start;
	memory->npages = npages;
	memory->is_file = is_file;
	memory->dead = false;
	memory->most = 0;
	memory->waiting = 0;
	memory->pages = calloc(npages, sizeof(*memory->pages));
	memory->at = calloc(npages, sizeof(*memory->at));
	memory->bytes = calloc(npages, PAGE_SIZE);
	memory->held = calloc(npages, sizeof(*memory->held));
	memory->absent = calloc(npages, sizeof(*memory->absent));
	init_waitqueue_head(&memory->wait);
	arrange(memory);
}

/* Every page must have been given back. */
static void memory_fini(struct memory *memory)
{
	unsigned long i;

	for (i = 0; i < memory->npages; i++)
		if (memory->pages[i].pins || memory->pages[i].refs)
			shim_die("page %lu is left with %d pins, %d references",
				 i, memory->pages[i].pins,
				 memory->pages[i].refs);
	free(memory->pages);
	free(memory->at);
	free(memory->bytes);
	free(memory->held);
	free(memory->absent);
}

/**
 * mm_make - the memory of a process
 * @start: address of its first page
 * @npages: how many there are
 */
struct mm_struct *mm_make(unsigned long start, unsigned long npages)
{
	struct mm_struct *mm = calloc(1, sizeof(*mm));

	memory_init(&mm->memory, start, npages, false);
	return mm;
}

/**
 * mm_unmake - the process is gone and so is everybody who held its memory
 * @mm: nothing is pinned or charged
 */
void mm_unmake(struct mm_struct *mm)
{
	if (atomic64_read(&mm->pinned_vm) || atomic64_read(&mm->locked_vm))
		shim_die("pinned_vm %lld, locked_vm %lld are left",
			 (long long)mm->pinned_vm.counter,
			 (long long)mm->locked_vm.counter);
	memory_fini(&mm->memory);
	free(mm);
}

static void memfd_release(struct file *file)
{
	memory_fini(file->memory);
	free(file->memory);
	free(file);
}

/**
 * memfd_make - a memfd, with one reference
 * @npages: how long it is
 */
struct file *memfd_make(unsigned long npages)
{
	struct file *file = calloc(1, sizeof(*file));

	atomic_set(&file->refs, 1);
	file->f_mode = FMODE_READ | FMODE_WRITE;
	file->release = memfd_release;
	file->memory = calloc(1, sizeof(*file->memory));
	memory_init(file->memory, 0, npages, true);
	return file;
}

/**
 * memory_hold - let faults on a page wait
 * @memory: the memory
 * @index: of the page
 */
void memory_hold(struct memory *memory, unsigned long index)
{
	__atomic_store_n(&memory->held[index], true, __ATOMIC_SEQ_CST);
}

/**
 * memory_release - end of memory_hold()
 * @memory: the memory
 * @index: of the page
 */
void memory_release(struct memory *memory, unsigned long index)
{
	__atomic_store_n(&memory->held[index], false, __ATOMIC_SEQ_CST);
	wake_up_all(&memory->wait);
}

void memory_fill(struct memory *memory, unsigned long first,
		 unsigned long npages, unsigned char byte)
{
	unsigned long i, j;

	for (i = first; i < first + npages; i++)
		for (j = 0; j < PAGE_SIZE; j++)
			__atomic_store_n(&memory->at[i]->bytes[j], byte,
					 __ATOMIC_RELAXED);
}

/**
 * memory_revoke - from now on nobody may use these pages
 * @memory: the memory
 * @first: index
 * @npages: how many
 */
void memory_revoke(struct memory *memory, unsigned long first,
		   unsigned long npages)
{
	unsigned long i;

	for (i = first; i < first + npages; i++)
		__atomic_store_n(&memory->at[i]->revoked, 1, __ATOMIC_SEQ_CST);
}

/**
 * memory_allow - end of memory_revoke()
 * @memory: the memory
 * @first: index
 * @npages: how many
 */
void memory_allow(struct memory *memory, unsigned long first,
		  unsigned long npages)
{
	unsigned long i;

	for (i = first; i < first + npages; i++)
		__atomic_store_n(&memory->at[i]->revoked, 0, __ATOMIC_SEQ_CST);
}

/**
 * memory_pins - how often pages are pinned
 * @memory: the memory
 * @first: index
 * @npages: how many
 *
 * Return: the sum.
 */
unsigned long memory_pins(struct memory *memory, unsigned long first,
			  unsigned long npages)
{
	unsigned long i, pins = 0;

	for (i = first; i < first + npages; i++)
		pins += __atomic_load_n(&memory->at[i]->pins, __ATOMIC_SEQ_CST);
	return pins;
}

/**
 * page_touch - a device reads or writes a page
 * @page: one that a driver got by pinning
 */
void page_touch(struct page *page)
{
	check_allowed(page, "use");
	if (__atomic_load_n(&page->pins, __ATOMIC_SEQ_CST) <= 0 &&
	    __atomic_load_n(&page->head->pins, __ATOMIC_SEQ_CST) <= 0)
		shim_die("use of a page that is not pinned");
}

unsigned char page_byte(struct page *page)
{
	return __atomic_load_n(page->bytes, __ATOMIC_RELAXED);
}

/* What backing.c asks of pages. */

struct folio *page_folio(const struct page *page)
{
	check_page(page);
	return (struct folio *)page->head;
}

void get_page(struct page *page)
{
	check_allowed(page, "a reference");
	__atomic_fetch_add(&page->refs, 1, __ATOMIC_SEQ_CST);
}

void put_page(struct page *page)
{
	check_page(page);
	if (__atomic_fetch_sub(&page->refs, 1, __ATOMIC_SEQ_CST) <= 0)
		shim_die("a page is put once too often");
}

/* In the place of gup.c. */

static struct memory *memory_of(struct backing *backing)
{
	return backing->file ? backing->file->memory : &backing->mm->memory;
}

void gup_init(struct backing *backing)
{
	(void)backing;
}

void gup_fini(struct backing *backing)
{
	(void)backing;
}

static bool is_held(struct memory *memory, unsigned long index)
{
	return __atomic_load_n(&memory->held[index], __ATOMIC_SEQ_CST);
}

/* Bring a page in: 0, -EFAULT, -EINTR. */
static int fault(struct memory *memory, unsigned long index)
{
	int rc;

	shim_may_fault("a page fault");
	if (index >= memory->npages ||
	    __atomic_load_n(&memory->dead, __ATOMIC_SEQ_CST) ||
	    __atomic_load_n(&memory->absent[index], __ATOMIC_SEQ_CST))
		return -EFAULT;
	if (fault_now())
		return -ENOMEM;
	if (!is_held(memory, index))
		return 0;
	__atomic_fetch_add(&memory->waiting, 1, __ATOMIC_SEQ_CST);
	rc = wait_event_killable(memory->wait, !is_held(memory, index));
	__atomic_fetch_sub(&memory->waiting, 1, __ATOMIC_SEQ_CST);
	return rc ? -EINTR : 0;
}

/* Of a page of the backing, in its memory. */
static unsigned long memory_index(struct backing *backing, unsigned long index)
{
	return (backing->start + index * PAGE_SIZE -
		memory_of(backing)->start) >>
	       PAGE_SHIFT;
}

static void pin_page(struct memory *memory, struct page *page, bool first)
{
	check_allowed(page, "a pin");
	/* A memfd's folio is pinned once for a run of its pages. */
	if (memory->is_file && !first)
		return;
	if (memory->is_file)
		page = page->head;
	__atomic_fetch_add(&page->pins, 1, __ATOMIC_SEQ_CST);
}

long gup_pin(struct backing *backing, unsigned long index, unsigned long npages,
	     struct page **pages)
{
	struct memory *memory = memory_of(backing);
	unsigned int folios = 0;
	struct page *before = NULL;
	unsigned long got;
	int rc = 0;

	if (memory->most && !memory->is_file)
		npages = min(npages, (unsigned long)memory->most);
	index = memory_index(backing, index);
	for (got = 0; got < npages; got++) {
		struct page *page;

		rc = fault(memory, index + got);
		if (rc)
			break;
		page = memory->at[index + got];
		folios += !before || before->head != page->head;
		if (memory->is_file && memory->most && folios > memory->most)
			break;
		pin_page(memory, page, !before || before->head != page->head);
		pages[got] = page;
		before = page;
	}
	if (!got)
		return rc;
	count(COUNT_PINNED_PAGES, got);
	return got;
}

static void unpin_page(struct memory *memory, struct page *page, bool first)
{
	check_page(page);
	if (memory->is_file && !first)
		return;
	if (memory->is_file)
		page = page->head;
	if (__atomic_fetch_sub(&page->pins, 1, __ATOMIC_SEQ_CST) <= 0)
		shim_die("a page is unpinned once too often");
}

void gup_unpin(struct backing *backing, struct page **pages,
	       unsigned long npages, bool dirty)
{
	struct memory *memory = memory_of(backing);
	unsigned long i;

	(void)dirty;
	count(COUNT_PINNED_PAGES, -(long)npages);
	for (i = 0; i < npages; i++)
		unpin_page(memory, pages[i],
			   !i || pages[i]->head != pages[i - 1]->head);
}

void gup_unpin_run(struct backing *backing, struct page *page,
		   unsigned long npages, bool dirty)
{
	struct memory *memory = memory_of(backing);
	unsigned long i;

	(void)dirty;
	count(COUNT_PINNED_PAGES, -(long)npages);
	for (i = 0; i < npages; i++) {
		if (page[i].head != page->head)
			shim_die("pages of two folios are unpinned as one");
		unpin_page(memory, page + i, !i);
	}
}

static void move_bytes(unsigned char *user, unsigned char *data,
		       unsigned long n, bool write)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		if (write)
			__atomic_store_n(&user[i], data[i], __ATOMIC_RELAXED);
		else
			data[i] = __atomic_load_n(&user[i], __ATOMIC_RELAXED);
}

static int copy_in_page(struct backing *backing, unsigned long index,
			unsigned int offset, void *data, unsigned long n,
			unsigned int flags)
{
	struct memory *memory = memory_of(backing);
	bool write = flags & IOMMUFD_ACCESS_RW_WRITE;
	struct page *page = NULL;
	int rc;

	shim_may_fault("a copy");
	/* Another's memory: a page that is pinned anyway needs no fault. */
	if (flags & __IOMMUFD_ACCESS_RW_SLOW_PATH || backing->mm != current->mm)
		page = backing_borrow(backing, index);
	if (page) {
		move_bytes(page->bytes + offset, data, n, write);
		put_page(page);
		return 0;
	}
	rc = fault(memory, memory_index(backing, index));
	if (rc)
		return rc;
	page = memory->at[memory_index(backing, index)];
	check_allowed(page, "a copy");
	move_bytes(page->bytes + offset, data, n, write);
	/* Still: the copy may have taken long. */
	check_allowed(page, "a copy");
	return 0;
}

int gup_copy(struct backing *backing, unsigned long offset, void *data,
	     unsigned long length, unsigned int flags)
{
	while (length) {
		unsigned int in_page = offset & ~PAGE_MASK;
		unsigned long n = min(length, PAGE_SIZE - in_page);
		int rc;

		rc = copy_in_page(backing, offset >> PAGE_SHIFT, in_page, data,
				  n, flags);
		if (rc)
			return rc;
		offset += n;
		data = (char *)data + n;
		length -= n;
	}
	return 0;
}
