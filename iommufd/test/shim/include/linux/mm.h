/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: pages that know who pins them (shim/pages.c). */
#ifndef _KIT_TEST_MM_H
#define _KIT_TEST_MM_H

#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(address) ALIGN(address, PAGE_SIZE)
/* Small, so that tests reach the edges of huge pages with few pages. */
#define HPAGE_SIZE (16 * PAGE_SIZE)

#include "../../memory.h"

struct folio;

struct folio *page_folio(const struct page *page);
void get_page(struct page *page);
void put_page(struct page *page);

#endif
