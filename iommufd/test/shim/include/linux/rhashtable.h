/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Custom: the part of the rhltable API that the core uses, as a list under a lock.
 * The order of the elements does not depend on addresses, so a seed repeats. A walk
 * sees what was there when it began, and now and then that the table was resized.
 */
#ifndef _KIT_TEST_RHASHTABLE_H
#define _KIT_TEST_RHASHTABLE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

struct rhlist_head {
	struct list_head node;
};

struct rhashtable_params {
	u16 key_len;
	u16 key_offset;
	u16 head_offset;
	bool automatic_shrinking;
};

struct rhashtable {
	atomic_t nelems;
};

struct rhltable {
	struct rhashtable ht;
	struct rhashtable_params params;
	spinlock_t lock; /* protects elements and walks */
	struct list_head elements; /* the newest first */
	unsigned long walks;
};

struct rhashtable_iter {
	struct rhltable *table;
	void **elements;
	unsigned long n;
	unsigned long next;
	bool resized;
};

int rhltable_init(struct rhltable *table,
		  const struct rhashtable_params *params);
void rhltable_destroy(struct rhltable *table);
int rhltable_insert(struct rhltable *table, struct rhlist_head *head,
		    const struct rhashtable_params params);
int rhltable_remove(struct rhltable *table, struct rhlist_head *head,
		    const struct rhashtable_params params);
struct rhlist_head *rhltable_lookup(struct rhltable *table, const void *key,
				    const struct rhashtable_params params);
void rhltable_walk_enter(struct rhltable *table, struct rhashtable_iter *iter);
void rhashtable_walk_start(struct rhashtable_iter *iter);
void *rhashtable_walk_next(struct rhashtable_iter *iter);
void rhashtable_walk_stop(struct rhashtable_iter *iter);
void rhashtable_walk_exit(struct rhashtable_iter *iter);

#endif
