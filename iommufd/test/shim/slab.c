// SPDX-License-Identifier: GPL-2.0-only
/*
 * slab.c - allocations
 *
 * malloc() with the kernel's rules: may this one sleep here, may it fail. One with
 * __GFP_NOFAIL never fails. Every object is freed to malloc at once, so that the
 * address sanitizer sees each use after free.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <stdlib.h>
#include "fault.h"
#include "taken/radix-tree.h"

struct kmem_cache {
	unsigned int size;
	unsigned int align;
	void (*ctor)(void *object);
};

static long live; /* atomic */

/**
 * slab_live - objects allocated and not freed
 */
long slab_live(void)
{
	return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

static bool may_go_on(gfp_t gfp)
{
	might_alloc(gfp);
	if (!(gfp & __GFP_NOFAIL) && fault_now())
		return false;
	__atomic_fetch_add(&live, 1, __ATOMIC_RELAXED);
	return true;
}

static void *allocate(size_t size, size_t align)
{
	void *object;

	if (posix_memalign(&object,
			   align < sizeof(void *) ? sizeof(void *) : align,
			   size))
		shim_die("out of real memory");
	return object;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	void *object;

	if (!may_go_on(gfp))
		return NULL;
	object = allocate(size, 16);
	/* Garbage, so that nobody relies on zeroes he did not ask for. */
	memset(object, gfp & __GFP_ZERO ? 0 : 0x5a, size);
	return object;
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kzalloc(bytes, gfp);
}

void kfree(const void *object)
{
	if (!object)
		return;
	__atomic_fetch_sub(&live, 1, __ATOMIC_RELAXED);
	free((void *)object);
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned int flags,
				     void (*ctor)(void *object))
{
	struct kmem_cache *cache = allocate(sizeof(*cache), 0);

	(void)name;
	(void)flags;
	cache->size = size;
	cache->align = align;
	cache->ctor = ctor;
	return cache;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (!may_go_on(gfp))
		return NULL;
	object = allocate(cache->size, cache->align);
	memset(object, gfp & __GFP_ZERO ? 0 : 0x5a, cache->size);
	if (cache->ctor)
		cache->ctor(object);
	return object;
}

/* All or nothing, as the kernel's. */
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n,
			  void **objects)
{
	size_t i;

	for (i = 0; i < n; i++) {
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (!objects[i]) {
			kmem_cache_free_bulk(cache, i, objects);
			return 0;
		}
	}
	return n;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	(void)cache;
	kfree(object);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects)
{
	while (n--)
		kmem_cache_free(cache, objects[n]);
}

/* What lib/radix-tree.c has for the xarray. */

struct kmem_cache *radix_tree_node_cachep;

static void init_node(void *object)
{
	struct xa_node *node = object;

	memset(node, 0, sizeof(*node));
	INIT_LIST_HEAD(&node->private_list);
}

void radix_tree_node_rcu_free(struct rcu_head *head)
{
	kmem_cache_free(radix_tree_node_cachep,
			container_of(head, struct xa_node, rcu_head));
}

static void __attribute__((constructor)) make_caches(void)
{
	radix_tree_node_cachep = kmem_cache_create(
		"xa_node", sizeof(struct xa_node), 0, SLAB_PANIC, init_node);
	maple_tree_init();
}
