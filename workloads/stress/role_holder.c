// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_holder.c - pins ranges, holds them, touches them, lets go
 *
 * Each item is a pin that the device holds. Its length says whose it is (a pin
 * need not end at a page border), so no two items ever have the same range. When
 * nothing unmapped the range or changed the attachment since the PIN, the pin
 * must be there; when something certainly did, it must not.
 */
#include <errno.h>
#include <stdlib.h>

#include "kit_tap.h"
#include "storm.h"

#define NITEMS 6
#define RING_ENTRIES 16
#define MAX_PAGES (2 * SLOT_PAGES)

struct item {
	bool held; /* as far as we know */
	bool writable;
	struct held pin;
};

struct holder {
	struct item item[NITEMS];
	uint32_t touched; /* running number of TOUCHes */
	bool stopped;
};

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	static const struct op_weight weight[] = {
		{ OP_PIN, 30 },
		{ OP_TOUCH, 55 },
		{ OP_UNPIN, 15 },
	};
	unsigned int first_page, npages;

	(void)part;
	op->kind = op_draw(rng, weight, sizeof(weight) / sizeof(weight[0]));
	op->item = rng_below(rng, NITEMS);
	if (op->kind != OP_PIN)
		return;
	first_page = rng_below(rng, NSLOTS * SLOT_PAGES - 1);
	npages = rng_range(rng, 1, rng_chance(rng, 4) ? MAX_PAGES : 3);
	if (first_page + npages > NSLOTS * SLOT_PAGES)
		npages = NSLOTS * SLOT_PAGES - first_page;
	op->slot = first_page / SLOT_PAGES;
	op->offset = first_page % SLOT_PAGES * PAGE_BYTES;
	op->length = npages * PAGE_BYTES;
	op->flag = !rng_chance(rng, 5); /* writable */
	if (rng_chance(rng, 6))
		op->delay_us = rng_range(rng, 1, 300);
}

static int enter(struct actor *actor)
{
	actor->role_data = calloc(1, sizeof(struct holder));
	if (!actor->role_data)
		return -ENOMEM;
	return mdma_queue_start(&actor->queue,
				&actor->world->dev[actor->part->dev],
				actor->queue.index, RING_ENTRIES);
}

/* One descriptor, start to end. */
static int run(struct actor *actor, struct mdma_desc *desc, tick_t *s,
	       tick_t *c, struct mdma_comp *comp)
{
	struct holder *holder = actor->role_data;
	int rc;

	desc->flags |= MDMA_F_IRQ;
	*s = tick_next();
	rc = mdma_submit(&actor->queue, desc, 1);
	if (!rc)
		rc = actor_reap(actor, comp);
	*c = tick_next();
	if (!rc)
		return comp->status;
	world_failf(actor->world, rc == -ETIMEDOUT ? CHECK_HANG : CHECK_ERRNO,
		    "dev %u queue %u stopped: %s", actor->part->dev,
		    actor->queue.index, tap_errno_name(rc));
	holder->stopped = true;
	return rc;
}

static void note(struct actor *actor, enum op_kind kind,
		 const struct range *range, tick_t s, tick_t c, int rc,
		 uint64_t arg)
{
	actor_note(actor, &(struct event){
				  .start = s,
				  .done = c,
				  .kind = kind,
				  .dev = actor->part->dev,
				  .ioas = EVENT_ANY,
				  .slot = range->slot,
				  .nslots = (range->offset + range->length -
					     1) / SLOT_BYTES +
					    1,
				  .rc = rc,
				  .offset = range->offset,
				  .length = range->length,
				  .arg = arg,
			  });
}

static uint64_t range_iova(const struct range *range)
{
	return slot_iova(range->slot) + range->offset;
}

/* Was the pin rightly found (0) or rightly not found (-ENOENT)? */
static void judge(struct actor *actor, struct item *item, enum op_kind kind,
		  tick_t s, tick_t c, int rc)
{
	struct world *world = actor->world;
	struct finding finding;

	if (!item->held && rc == -ENOENT)
		return;
	if (!item->held || (rc && rc != -ENOENT)) {
		finding_set(&finding, item->pin.s, c, actor->part->dev,
			    EVENT_ANY, item->pin.range.slot, 0,
			    "dev %u %s of a range that was %s: %s",
			    actor->part->dev, op_name(kind),
			    item->held ? "pinned" : "not pinned",
			    tap_errno_name(rc));
		world_fail(world, CHECK_ERRNO, &finding);
		return;
	}
	if (oracle_held(&world->shadow, &item->pin, s, c, !rc, &finding) ==
	    WRONG)
		world_fail(world, rc ? CHECK_ERRNO : CHECK_UNMAP, &finding);
}

static void unpin(struct actor *actor, struct item *item)
{
	struct range *range = &item->pin.range;
	struct mdma_desc desc = {
		.opcode = MDMA_OP_UNPIN,
		.iova = range_iova(range),
		.length = range->length,
	};
	struct holder *holder = actor->role_data;
	struct mdma_comp comp;
	tick_t s, c;
	int rc;

	if (!range->length)
		return;
	rc = run(actor, &desc, &s, &c, &comp);
	if (holder->stopped)
		return;
	judge(actor, item, OP_UNPIN, s, c, rc);
	note(actor, OP_UNPIN, range, s, c, rc, 0);
	item->held = false;
}

static void pin(struct actor *actor, const struct op *op)
{
	struct holder *holder = actor->role_data;
	struct item *item = &holder->item[op->item];
	uint32_t mark = 8 * (1 + op->item) + 64 * actor->queue.index;
	struct dma dma = {
		.kind = OP_PIN,
		.dev = actor->part->dev,
		.pin = true,
	};
	struct range range = { op->slot, op->offset, op->length - mark };
	struct mdma_desc desc = {
		.opcode = MDMA_OP_PIN,
		.flags = op->flag ? MDMA_F_WRITE : 0,
		.iova = range_iova(&range),
		.length = range.length,
		.delay_us = op->delay_us,
	};
	struct finding finding;
	struct mdma_comp comp;

	if (item->held)
		unpin(actor, item);
	if (holder->stopped)
		return;
	dma.status = run(actor, &desc, &dma.s, &dma.c, &comp);
	if (holder->stopped)
		return;
	*(op->flag ? &dma.dst : &dma.src) = range;
	world_judge(actor->world, CHECK_ERRNO,
		    oracle_status(&actor->world->shadow, &dma, &finding),
		    &finding);
	note(actor, OP_PIN, &range, dma.s, dma.c, dma.status, op->flag);
	*item = (struct item){
		.held = !dma.status,
		.writable = op->flag,
		.pin = {
			.dev = actor->part->dev,
			.range = range,
			.s = dma.s,
			.c = dma.c,
		},
	};
	gate_add(actor->world, &actor->world->dmas);
}

/* What TOUCH wrote must be in the memory that was pinned, if that is certain. */
static void check_touched(struct actor *actor, const struct item *item,
			  uint64_t value, tick_t s, tick_t c)
{
	struct world *world = actor->world;
	const struct range *range = &item->pin.range;
	struct stamp mine = stamp_unpack(value);
	unsigned int first =
		range->slot * SLOT_PAGES + range->offset / PAGE_BYTES;
	unsigned int last = first + (range->length - 1) / PAGE_BYTES;

	for (unsigned int page = first; page <= last; page++) {
		unsigned int slot = page / SLOT_PAGES;
		uint32_t gen, again;
		struct finding finding;
		struct stamp seen;
		const uint8_t *buf;
		char text[96];
		uint64_t v;

		buf = oracle_settled(&world->shadow, actor->part->dev, slot,
				     item->pin.s, &gen);
		if (!buf)
			continue;
		v = *(const volatile uint64_t *)(buf + page % SLOT_PAGES *
							       PAGE_BYTES);
		if (!oracle_settled(&world->shadow, actor->part->dev, slot,
				    item->pin.s, &again) ||
		    again != gen)
			continue;
		seen = stamp_unpack(v);
		/* Another holder may have touched the page since. */
		if (v == value ||
		    (seen.kind == STAMP_TOUCH && seen.slot != mine.slot))
			continue;
		finding_set(
			&finding, item->pin.s, tick_next(), actor->part->dev,
			EVENT_ANY, slot, 1,
			"dev %u touch of slot %u page %u succeeded in [%llu, %llu], but gen %u there holds %s",
			actor->part->dev, slot, page % SLOT_PAGES,
			(unsigned long long)s, (unsigned long long)c, gen,
			stamp_text(v, text));
		world_fail(world, CHECK_DATA, &finding);
		return;
	}
}

static void touch(struct actor *actor, const struct op *op)
{
	struct holder *holder = actor->role_data;
	struct item *item = &holder->item[op->item];
	struct range *range = &item->pin.range;
	struct mdma_desc desc = {
		.opcode = MDMA_OP_TOUCH,
		.iova = range_iova(range),
		.length = range->length,
		.arg = stamp_pack((struct stamp){
			.kind = STAMP_TOUCH,
			.slot = actor->index,
			.gen = ++holder->touched,
		}),
	};
	struct mdma_comp comp;
	tick_t s, c;
	int rc;

	/* A pin made for reading is not written through. */
	if (!range->length || !item->writable)
		return;
	rc = run(actor, &desc, &s, &c, &comp);
	if (holder->stopped)
		return;
	judge(actor, item, OP_TOUCH, s, c, rc);
	note(actor, OP_TOUCH, range, s, c, rc, desc.arg);
	if (!rc)
		check_touched(actor, item, desc.arg, s, c);
	else
		item->held = false;
}

static void act(struct actor *actor, const struct op *op)
{
	struct holder *holder = actor->role_data;

	if (holder->stopped)
		return;
	switch (op->kind) {
	case OP_PIN:
		pin(actor, op);
		break;
	case OP_UNPIN:
		unpin(actor, &holder->item[op->item]);
		break;
	default:
		touch(actor, op);
		break;
	}
}

static void leave(struct actor *actor)
{
	/* The pins stay held: the end of the world has to deal with them. */
	if (actor->role_data && actor->queue.dev)
		mdma_queue_stop(&actor->queue);
}

static void fini(struct actor *actor)
{
	free(actor->role_data);
	actor->role_data = NULL;
}

const struct role role_holder = {
	.name = "holder",
	.queue = true,
	.draw = draw,
	.enter = enter,
	.act = act,
	.leave = leave,
	.fini = fini,
};
