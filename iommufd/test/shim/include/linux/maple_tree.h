/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taken, and around it: what the core does with a tree is a point where a schedule
 * may switch, and publication through a tree is made visible to TSan. The tree is
 * not instrumented (its readers race with its writers by design), so storing an
 * entry releases it and finding one acquires it.
 */
#ifndef _KIT_TEST_MAPLE_TREE_H
#define _KIT_TEST_MAPLE_TREE_H

#include <linux/atomic.h>
#include <linux/rcupdate.h>
#include <linux/init.h>
#include "taken/maple_tree.h"

#ifndef KIT_TAKEN
#include <linux/xarray.h>

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#else
#define __tsan_acquire(address) ((void)(address))
#define __tsan_release(address) ((void)(address))
#endif

static inline void *shim_found(void *entry)
{
	if (entry && !xa_is_value(entry))
		__tsan_acquire(entry);
	return entry;
}

static inline void *shim_stored(void *entry)
{
	if (entry && !xa_is_value(entry))
		__tsan_release(entry);
	return entry;
}

#define shim_tree(name, expression) \
	({                          \
		sched_point(name);  \
		expression;         \
	})
#define mas_walk(mas) shim_tree("mas_walk", shim_found((mas_walk)(mas)))
#define mas_find(mas, max) \
	shim_tree("mas_find", shim_found((mas_find)(mas, max)))
#define mas_next(mas, max) \
	shim_tree("mas_next", shim_found((mas_next)(mas, max)))
#define mas_store_gfp(mas, entry, gfp) \
	shim_tree("mas_store_gfp",     \
		  (mas_store_gfp)(mas, shim_stored(entry), gfp))
#endif

#endif
