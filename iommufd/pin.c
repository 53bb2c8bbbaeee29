// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin.c - pins of an access
 *
 * A pin is a range of IOVA whose pages a driver holds through one attachment. The
 * record of it lives in a hash table of its access, found by attachment and exact
 * range; the same range may be pinned any number of times. What a pin costs does
 * not depend on how many others there are. The pages themselves are counted in
 * the backings.
 *
 * A pin counts in each area it covers (which cannot be removed before the count
 * is 0) and in its attachment (which cannot be freed before). unpin takes the
 * record out of the table first: whoever got it out releases it, exactly once,
 * be it the driver or the core that reclaims what a driver left behind.
 *
 * LOCKING
 *   access->pins   takes its own bucket locks; RCU for lookups
 *   area->npins, attachment->npins   atomic; the decrement is the last access to
 *                  the area and the attachment, and wakes whoever waits for 0
 * MAY SLEEP        everything here
 */
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/seq_file.h>
#include "private.h"
#include "trace.h"

/* Padding would be hashed: all members are longs. */
struct pin_key {
	struct attachment *att;
	unsigned long iova;
	unsigned long last;
};

struct pin {
	struct rhlist_head node;
	struct pin_key key;
	union {
		struct pin *next; /* reclaimed together, out of the table */
		struct rcu_head rcu;
	};
};

static const struct rhashtable_params pin_params = {
	.head_offset = offsetof(struct pin, node),
	.key_offset = offsetof(struct pin, key),
	.key_len = sizeof(struct pin_key),
	.automatic_shrinking = true,
};

/**
 * pins_init - prepare the table of an access
 * @access: being created
 *
 * Return: 0 or -ENOMEM.
 */
int pins_init(struct iommufd_access *access)
{
	return rhltable_init(&access->pins, &pin_params);
}

/**
 * pins_fini - free the table
 * @access: detached, so the table is empty
 */
void pins_fini(struct iommufd_access *access)
{
	WARN_ON_ONCE(atomic_read(&access->pins.ht.nelems));
	rhltable_destroy(&access->pins);
}

/*
 * Release the pages of [iova, last], which a pin covers. The areas are there
 * because the pin counts in them; each is forgotten once it is not counted.
 */
static void unpin_areas(struct ioas *ioas, unsigned long iova,
			unsigned long last)
{
	for (;;) {
		struct area *area = area_find(ioas, iova);
		unsigned long to = min(area->last, last);
		unsigned long first = area_offset(area, iova) >> PAGE_SHIFT;
		unsigned long end = area_offset(area, to) >> PAGE_SHIFT;

		backing_unpin(area->backing, first, end - first + 1);
		/* ORDER: what was done to the pages, before they may go away */
		atomic_dec_return_release(&area->npins);
		if (to == last)
			return;
		iova = to + 1;
	}
}

static int pin_area(struct area *area, unsigned long iova, unsigned long to,
		    bool ends_here, struct page **pages, unsigned long *npages)
{
	unsigned long first = area_offset(area, iova);
	unsigned long end = area_offset(area, to);
	int rc;

	/* A page must not be cut where the pin begins or goes on. */
	if (first & ~PAGE_MASK)
		return -EINVAL;
	if (!ends_here && ((end + 1) & ~PAGE_MASK))
		return -EINVAL;
	first >>= PAGE_SHIFT;
	*npages = (end >> PAGE_SHIFT) - first + 1;
	rc = backing_pin(area->backing, first, *npages, pages);
	if (!rc)
		atomic_inc(&area->npins);
	return rc;
}

static int pin_areas(struct op *op, unsigned int need, struct page **pages)
{
	struct ioas *ioas = op->att->ioas;
	unsigned long iova = op->iova;
	unsigned long npages;
	struct area *area;
	int rc;

	area = area_check(ioas, iova, op->last, need);
	if (IS_ERR(area))
		return PTR_ERR(area);
	for (;;) {
		unsigned long to = min(area->last, op->last);

		rc = pin_area(area, iova, to, to == op->last, pages, &npages);
		if (rc)
			goto err_unpin;
		if (to == op->last)
			return 0;
		pages += npages;
		iova = to + 1;
		area = area_find(ioas, iova);
	}

err_unpin:
	if (iova != op->iova)
		unpin_areas(ioas, op->iova, iova - 1);
	return rc;
}

static int pin_in_op(struct iommufd_access *access, struct op *op,
		     struct pin *pin, unsigned int need, struct page **pages)
{
	int rc;

	/* Set before the new attachment was published: see attach.c. */
	if (rcu_access_pointer(access->old))
		return -EAGAIN;
	rc = pin_areas(op, need, pages);
	if (rc)
		return rc;
	pin->key = (struct pin_key){ op->att, op->iova, op->last };
	rc = rhltable_insert(&access->pins, &pin->node, pin_params);
	if (rc) {
		unpin_areas(op->att->ioas, op->iova, op->last);
		return -ENOMEM;
	}
	atomic_long_inc(&op->att->npins);
	return 0;
}

/**
 * iommufd_access_pin_pages - hold the pages of a range
 * @access: an access whose ops have needs_pin_pages and unmap
 * @iova: first byte, page aligned
 * @length: bytes, not 0; need not be a multiple of the page size
 * @out_pages: one entry for each page, in order; undefined on failure
 * @flags: IOMMUFD_ACCESS_RW_WRITE to write to them; otherwise to read
 *
 * All or nothing, across any number of adjacent areas. The pages stay where they
 * are until iommufd_access_unpin_pages() with the same range, which the caller
 * owes, at the latest inside the unmap callback.
 *
 * Context: may sleep and fault. From any thread, in parallel; also inside an unmap
 * callback, where the range being unmapped is refused.
 * Return: 0; -EINVAL for length 0, an address inside a page, an area that begins
 * or ends inside a page of the range, an area that is being unmapped, an access
 * without the ops for it; -EOVERFLOW when the end wraps; -ENOENT when not attached
 * or not mapped throughout; -EAGAIN while a replace waits for pins of the old
 * IOAS; -EPERM when the mapping does not allow the access; -EFAULT when
 * there is no memory behind it any more; -ENOMEM also at the limit of locked
 * memory; -EINTR when killed; other errno of pin_user_pages().
 */
int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **out_pages,
			     unsigned int flags)
{
	unsigned int need = flags & IOMMUFD_ACCESS_RW_WRITE ? AREA_WRITE :
							      AREA_READ;
	unsigned long last;
	struct pin *pin;
	struct op op;
	int rc;

	if (!length || !access->ops->needs_pin_pages)
		return -EINVAL;
	if (check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;

	pin = kmalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);
	if (!pin)
		return -ENOMEM;
	rc = op_enter(access, &op, iova, last, true);
	if (rc)
		goto out_free;
	rc = pin_in_op(access, &op, pin, need, out_pages);
	op_exit(&op);
	trace_iommufd_pin(access->obj.id, iova, last, rc);
out_free:
	if (rc)
		kfree(pin);
	else
		count(COUNT_PINS, 1);
	return rc;
}
EXPORT_SYMBOL_KIT(iommufd_access_pin_pages);

static struct pin *take_from(struct iommufd_access *access,
			     struct attachment *att, unsigned long iova,
			     unsigned long last)
{
	struct pin_key key = { att, iova, last };
	struct rhlist_head *list;
	struct pin *pin;

	do {
		list = rhltable_lookup(&access->pins, &key, pin_params);
		if (!list)
			return NULL;
		pin = container_of(list, struct pin, node);
		/* Somebody else may have taken just this one: look again. */
	} while (rhltable_remove(&access->pins, &pin->node, pin_params));
	return pin;
}

/*
 * The pin is in the attachment it was made through, which is the current one, or
 * the old one while it drains. A replace sets access->old before it changes
 * access->att, and one that fails changes access->att back before it clears
 * access->old; so who sees the same access->att before and after looking at
 * access->old has missed neither.
 */
static struct pin *take(struct iommufd_access *access, unsigned long iova,
			unsigned long last)
{
	struct attachment *att, *old;
	struct pin *pin = NULL;

	/* RCU keeps the attachments' addresses from being used again. */
	rcu_read_lock();
	do {
		att = rcu_dereference(access->att);
		/* ORDER: pairs with rcu_assign_pointer() in attach.c:publish() */
		smp_rmb();
		old = rcu_dereference(access->old);
		if (old)
			pin = take_from(access, old, iova, last);
		if (!pin && att)
			pin = take_from(access, att, iova, last);
		/* ORDER: access->old before access->att again */
		smp_rmb();
	} while (!pin && att != rcu_access_pointer(access->att));
	rcu_read_unlock();
	return pin;
}

/* Ends a pin that is out of the table. */
static void release(struct pin *pin)
{
	struct attachment *att = pin->key.att;
	struct ioas *ioas = att->ioas;

	unpin_areas(ioas, pin->key.iova, pin->key.last);
	trace_iommufd_unpin(att->access->obj.id, pin->key.iova, pin->key.last,
			    0);
	kfree_rcu(pin, rcu);
	count(COUNT_PINS, -1);

	/* At 0 the attachment may go, and the IOAS after it. */
	rcu_read_lock();
	atomic_long_dec_return_release(&att->npins);
	ioas_wake(ioas);
	rcu_read_unlock();
}

/**
 * iommufd_access_unpin_pages - release a pin
 * @access: the access that pinned
 * @iova: as pinned
 * @length: as pinned
 *
 * Releases one pin of exactly this range that this access holds, also when the
 * access is being detached or replaced. A range that is not pinned is a mistake
 * of the driver: it is reported and nothing happens.
 *
 * Context: may sleep; may be called inside the unmap callback.
 */
void iommufd_access_unpin_pages(struct iommufd_access *access,
				unsigned long iova, unsigned long length)
{
	unsigned long last;
	struct pin *pin = NULL;

	if (length && !check_add_overflow(iova, length - 1, &last))
		pin = take(access, iova, last);
	if (!pin) {
		pr_warn_ratelimited(
			"iommufd: %ps: unpin of [%lx, +%lx], which is not pinned\n",
			access->ops->unmap, iova, length);
		return;
	}
	release(pin);
}
EXPORT_SYMBOL_KIT(iommufd_access_unpin_pages);

/* What a walk over the table calls for each pin; under RCU. */
typedef void (*pin_fn)(struct pin *pin, void *data);

static void for_each_pin(struct iommufd_access *access, pin_fn fn, void *data)
{
	struct rhashtable_iter iter;
	struct pin *pin;

	rhltable_walk_enter(&access->pins, &iter);
	rhashtable_walk_start(&iter);
	while ((pin = rhashtable_walk_next(&iter)))
		/* While the table is resized a pin may be seen twice. */
		if (!IS_ERR(pin))
			fn(pin, data);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

/* Pins of an attachment in a range: how many, and one of them. */
struct tally {
	struct pin_key range;
	struct pin_key one;
	unsigned long n;
};

static bool overlaps(struct pin *pin, const struct pin_key *range)
{
	return pin->key.att == range->att && pin->key.iova <= range->last &&
	       pin->key.last >= range->iova;
}

static void add_to_tally(struct pin *pin, void *data)
{
	struct tally *tally = data;

	if (!overlaps(pin, &tally->range))
		return;
	tally->one = pin->key;
	tally->n++;
}

/**
 * pins_report - say in the log which pins a driver did not release
 * @att: the attachment they were made through
 * @iova: first byte of the range in question
 * @last: last byte
 * @what: what the driver did wrong
 */
void pins_report(struct attachment *att, unsigned long iova, unsigned long last,
		 const char *what)
{
	struct tally tally = { .range = { att, iova, last } };
	struct iommufd_access *access = att->access;

	for_each_pin(access, add_to_tally, &tally);
	if (tally.n)
		pr_warn_ratelimited(
			"iommufd: %ps (access %u) %s: %lu pins, one at [%lx, %lx]\n",
			access->ops->unmap, access->obj.id, what, tally.n,
			tally.one.iova, tally.one.last);
}

static void show_pin(struct pin *pin, void *data)
{
	seq_printf(data, "    pin [%lx, %lx]\n", pin->key.iova, pin->key.last);
}

/**
 * pins_show - a line for each pin of an access
 * @seq: where to
 * @access: the access
 */
void pins_show(struct seq_file *seq, struct iommufd_access *access)
{
	for_each_pin(access, show_pin, seq);
}

/* Takes every pin of an attachment out of the table, onto a list. */
struct harvest {
	struct pin_key range;
	struct rhltable *pins;
	struct pin *taken;
};

static void take_pin(struct pin *pin, void *data)
{
	struct harvest *harvest = data;

	/* Who fails to remove it does not have it. */
	if (!overlaps(pin, &harvest->range) ||
	    rhltable_remove(harvest->pins, &pin->node, pin_params))
		return;
	pin->next = harvest->taken;
	harvest->taken = pin;
}

static struct pin *take_all(struct attachment *att)
{
	struct harvest harvest = {
		.range = { att, 0, ULONG_MAX },
		.pins = &att->access->pins,
	};

	for_each_pin(att->access, take_pin, &harvest);
	return harvest.taken;
}

static bool no_pins(struct attachment *att)
{
	return !atomic_long_read_acquire(&att->npins);
}

/**
 * pins_reclaim - report and release what a driver left behind
 * @att: an attachment that nothing is pinned through any more
 *
 * On return it has no pins, those included that somebody else was releasing.
 */
void pins_reclaim(struct attachment *att)
{
	pins_report(att, 0, ULONG_MAX, "left pins behind");
	while (!no_pins(att)) {
		struct pin *pin = take_all(att);

		if (!pin)
			wait_event_timeout(att->ioas->wait, no_pins(att), 1);
		while (pin) {
			struct pin *next = pin->next;

			release(pin);
			pin = next;
		}
	}
}
