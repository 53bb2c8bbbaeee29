/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.h - made-up memory: of processes and of memfds
 *
 * A memory has npages pages. What lies at an index is a page of a folio: the first
 * half of the indexes are large folios, whose pages follow each other, then a
 * quarter small folios, then single pages in no order. Each page knows how often it
 * is pinned, has bytes that copies really move, and can be *revoked*: then pinning,
 * copying or touching it is a violation, and ends the test. That is what a test does
 * with the pages of an area once its UNMAP has returned.
 *
 * A fault on a page can be held: who pins or copies it waits, killably, until it is
 * let go. An index can be absent (-EFAULT), a process can be dead (-EFAULT).
 */
#ifndef _KIT_TEST_MEMORY_H
#define _KIT_TEST_MEMORY_H

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/wait.h>

/* Pages of the folios: of a process, of a memfd, and the small ones of both. */
#define FOLIO_PAGES 64UL
#define FILE_FOLIO_PAGES 16UL
#define SMALL_FOLIO_PAGES 4UL
#define PAGE_CANARY 0x70616765u

struct page {
	u32 canary;
	int pins; /* atomic; of a memfd: in the first page of the folio */
	int refs; /* atomic */
	int revoked; /* atomic */
	struct page *head;
	unsigned char *bytes;
};

struct memory {
	unsigned long start;
	unsigned long npages;
	bool is_file;
	bool dead; /* atomic */
	struct page *pages;
	struct page **at; /* by index */
	unsigned char *bytes;
	bool *held; /* by index; atomic */
	bool *absent; /* by index; atomic */
	/* Pages, of a memfd folios, pinned at once; 0: as many as asked for. */
	unsigned int most;
	int waiting; /* atomic: threads in a held fault */
	wait_queue_head_t wait;
};

struct mm_struct {
	struct memory memory;
	atomic64_t pinned_vm;
	atomic64_t locked_vm;
};

struct user_struct {
	atomic_long_t locked_vm;
	unsigned long limit; /* pages; atomic */
};

struct mm_struct *mm_make(unsigned long start, unsigned long npages);
void mm_unmake(struct mm_struct *mm);
struct file;
struct file *memfd_make(unsigned long npages);

void memory_hold(struct memory *memory, unsigned long index);
void memory_release(struct memory *memory, unsigned long index);
void memory_fill(struct memory *memory, unsigned long first,
		 unsigned long npages, unsigned char byte);
void memory_revoke(struct memory *memory, unsigned long first,
		   unsigned long npages);
void memory_allow(struct memory *memory, unsigned long first,
		  unsigned long npages);
unsigned long memory_pins(struct memory *memory, unsigned long first,
			  unsigned long npages);
void page_touch(struct page *page);
unsigned char page_byte(struct page *page);

#endif
