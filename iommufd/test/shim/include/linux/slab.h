/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: allocations that can be made to fail, by number (shim/fault.h). */
#ifndef _KIT_TEST_SLAB_H
#define _KIT_TEST_SLAB_H

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define SLAB_PANIC 0

struct kmem_cache;
struct list_lru;

void *kmalloc(size_t size, gfp_t gfp);
void *kcalloc(size_t n, size_t size, gfp_t gfp);
void kfree(const void *p);

#define kzalloc(size, gfp) kmalloc((size), (gfp) | __GFP_ZERO)
#define kvcalloc(n, size, gfp) kcalloc(n, size, gfp)
#define kvzalloc(size, gfp) kzalloc(size, gfp)
#define kvfree(p) kfree(p)

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned int flags,
				     void (*ctor)(void *object));
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n,
			  void **objects);
void kmem_cache_free(struct kmem_cache *cache, void *object);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects);

#define kmem_cache_alloc_lru(cache, lru, gfp) kmem_cache_alloc(cache, gfp)

#endif
