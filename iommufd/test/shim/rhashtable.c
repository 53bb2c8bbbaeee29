// SPDX-License-Identifier: GPL-2.0-only
/* rhashtable.c - see linux/rhashtable.h */
#include <linux/kernel.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "fault.h"

int rhltable_init(struct rhltable *table,
		  const struct rhashtable_params *params)
{
	if (fault_now())
		return -ENOMEM;
	atomic_set(&table->ht.nelems, 0);
	table->params = *params;
	spin_lock_init(&table->lock);
	INIT_LIST_HEAD(&table->elements);
	table->walks = 0;
	return 0;
}

void rhltable_destroy(struct rhltable *table)
{
	if (!list_empty(&table->elements))
		shim_die("a table is destroyed with elements in it");
}

static void *object(struct rhltable *table, struct rhlist_head *head)
{
	return (char *)head - table->params.head_offset;
}

int rhltable_insert(struct rhltable *table, struct rhlist_head *head,
		    const struct rhashtable_params params)
{
	(void)params;
	if (fault_now())
		return -ENOMEM;
	spin_lock(&table->lock);
	list_add(&head->node, &table->elements);
	spin_unlock(&table->lock);
	atomic_inc(&table->ht.nelems);
	return 0;
}

int rhltable_remove(struct rhltable *table, struct rhlist_head *head,
		    const struct rhashtable_params params)
{
	struct rhlist_head *found;
	int rc = -ENOENT;

	(void)params;
	spin_lock(&table->lock);
	list_for_each_entry(found, &table->elements, node)
		if (found == head) {
			list_del(&head->node);
			rc = 0;
			break;
		}
	spin_unlock(&table->lock);
	if (!rc)
		atomic_dec(&table->ht.nelems);
	return rc;
}

struct rhlist_head *rhltable_lookup(struct rhltable *table, const void *key,
				    const struct rhashtable_params params)
{
	struct rhlist_head *head, *found = NULL;

	shim_rcu_check(rcu_read_lock_held(), __func__, 0);
	spin_lock(&table->lock);
	list_for_each_entry(head, &table->elements, node)
		if (!memcmp((char *)object(table, head) + params.key_offset,
			    key, params.key_len)) {
			found = head;
			break;
		}
	spin_unlock(&table->lock);
	return found;
}

void rhltable_walk_enter(struct rhltable *table, struct rhashtable_iter *iter)
{
	iter->table = table;
	iter->elements = NULL;
}

/* The elements of now; RCU keeps those that are removed meanwhile. */
void rhashtable_walk_start(struct rhashtable_iter *iter)
{
	struct rhltable *table = iter->table;
	struct rhlist_head *head;
	unsigned long room = atomic_read(&table->ht.nelems) + 16;

	rcu_read_lock();
	iter->elements = malloc(room * sizeof(*iter->elements));
	iter->n = 0;
	iter->next = 0;
	spin_lock(&table->lock);
	list_for_each_entry(head, &table->elements, node)
		if (iter->n < room)
			iter->elements[iter->n++] = object(table, head);
	/* Every third walk learns in its middle that the table was resized. */
	iter->resized = !(++table->walks % 3);
	spin_unlock(&table->lock);
}

void *rhashtable_walk_next(struct rhashtable_iter *iter)
{
	if (iter->resized && iter->next && iter->next >= iter->n / 2) {
		iter->resized = false;
		iter->next = 0;
		return ERR_PTR(-EAGAIN);
	}
	if (iter->next == iter->n)
		return NULL;
	return iter->elements[iter->next++];
}

void rhashtable_walk_stop(struct rhashtable_iter *iter)
{
	free(iter->elements);
	iter->elements = NULL;
	rcu_read_unlock();
}

void rhashtable_walk_exit(struct rhashtable_iter *iter)
{
	if (iter->elements)
		shim_die("a walk is left without being stopped");
}
