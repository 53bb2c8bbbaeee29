// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_dma.c - keeps a device queue busy with reads, writes, copies, fills, sums
 *
 * By copy, or with PART_PIN by pin, touch, unpin. DEPTH descriptors are in
 * flight at a time. Each place in flight has a part of device memory and a lane
 * in every page (stamp.h) to itself, so that the writes to one lane come one
 * after the other and the last one that succeeded is what must be there.
 *
 * What a completion claims is checked in three ways: its status against the
 * state of the world; what was read against the stamps; what was written by
 * looking at the memory of the mapping, when it was the same mapping all along.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kit_tap.h"
#include "storm.h"

#define DEPTH 4
#define RING_ENTRIES 16
#define READ_MAX (2 * SLOT_BYTES + PAGE_BYTES)
#define PLACE_BYTES (READ_MAX + PAGE_BYTES) /* device memory of one place */
#define CRC_MAX 512
#define DELAY_MAX_US 300

struct place {
	bool busy;
	struct dma dma;
	uint64_t pattern; /* FILL */
	uint64_t dev_offset; /* where READ puts and WRITE takes its data */
	uint32_t done; /* bytes that a success moves */
};

struct mover {
	struct place place[DEPTH];
	uint32_t written; /* running number of writes */
	uint64_t base; /* of this queue in device memory */
	bool stopped; /* the queue failed; nothing more comes */
};

static void draw_read(const struct part *part, struct rng *rng, struct op *op)
{
	(void)part;
	switch (rng_below(rng, 4)) {
	case 0: /* any bytes of a page */
		op->offset = PAGE_BYTES * rng_below(rng, SLOT_PAGES) + 8 +
			     rng_below(rng, 1024);
		op->length = rng_range(rng, 24, 900);
		break;
	case 1: /* over page and slot borders */
		op->offset = rng_below(rng, SLOT_BYTES);
		op->length = rng_range(rng, 64, READ_MAX);
		break;
	case 2: /* some pages */
		op->offset = PAGE_BYTES * rng_below(rng, SLOT_PAGES);
		op->length = PAGE_BYTES * rng_range(rng, 1, SLOT_PAGES);
		break;
	default: /* words of a page */
		op->offset = PAGE_BYTES * rng_below(rng, SLOT_PAGES) + 8 +
			     8 * rng_below(rng, 128);
		op->length = 8 * rng_range(rng, 1, 64);
		break;
	}
	/* Not beyond the last slot: that would only ever be -ENOENT. */
	while ((op->offset + op->length - 1) / SLOT_BYTES + op->slot >= NSLOTS)
		op->length /= 2;
}

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	static const struct op_weight weight[] = {
		{ OP_READ, 50 }, { OP_WRITE, 15 }, { OP_FILL, 15 },
		{ OP_COPY, 10 }, { OP_CRC, 10 },
	};

	op->kind = op_draw(rng, weight, sizeof(weight) / sizeof(weight[0]));
	op->slot = rng_below(rng, NSLOTS);
	op->nslots = 1;
	op->flag = !!(part->flags & PART_PIN);
	if (rng_chance(rng, 6))
		op->delay_us = rng_range(rng, 1, DELAY_MAX_US);
	switch (op->kind) {
	case OP_READ:
		draw_read(part, rng, op);
		break;
	case OP_CRC:
		op->offset = PAGE_BYTES * rng_below(rng, SLOT_PAGES) + 8 +
			     8 * rng_below(rng, 128);
		op->length = 8 * rng_range(rng, 1, CRC_MAX / 8);
		break;
	default: /* the lane is chosen by the place, when it is made */
		op->offset = PAGE_BYTES * rng_below(rng, SLOT_PAGES);
		op->length = 8 * rng_range(rng, 1, LANE_WORDS);
		/* COPY: where from */
		op->item = rng_below(rng, NSLOTS);
		op->arg = PAGE_BYTES * rng_below(rng, SLOT_PAGES) + 8 +
			  8 * rng_below(rng, STAMP_LANES - 2 * LANE_WORDS);
		break;
	}
}

static int start(struct actor *actor)
{
	struct world *world = actor->world;
	struct mdma_dev *dev = &world->dev[actor->part->dev];
	unsigned int q = actor->queue.index;
	uint64_t at;

	if (!(actor->part->flags & PART_IOVA_RINGS))
		return mdma_queue_start(&actor->queue, dev, q, RING_ENTRIES);
	at = (uint64_t)actor->part->dev * MDMA_RINGS_BYTES +
	     q * MDMA_RING_BYTES;
	return mdma_queue_start_at(
		&actor->queue, dev, q, RING_ENTRIES, 0, RINGS_IOVA + at,
		world->rings + at,
		RINGS_IOVA + at + RING_ENTRIES * sizeof(struct mdma_desc),
		world->rings + at + RING_ENTRIES * sizeof(struct mdma_desc));
}

static int enter(struct actor *actor)
{
	struct mdma_dev *dev = &actor->world->dev[actor->part->dev];
	uint64_t share = dev->usable / MDMA_NQUEUES & ~4095ull;
	struct mover *mover = calloc(1, sizeof(*mover));

	if (!mover)
		return -ENOMEM;
	actor->role_data = mover;
	if (share < DEPTH * (uint64_t)PLACE_BYTES)
		return -ENOSPC;
	mover->base = share * actor->queue.index;
	return start(actor);
}

/* ---- a completion ------------------------------------------------------- */

/* The memory that a write should have reached, if that is certain: is it there? */
static void check_written(struct actor *actor, const struct place *place)
{
	struct world *world = actor->world;
	const struct dma *dma = &place->dma;
	const struct range *dst = &dma->dst;
	const volatile uint64_t *dev_word =
		(const volatile uint64_t *)(world->dev[dma->dev].mem +
					    place->dev_offset);
	uint32_t gen, again, nwords = dst->length / 8;
	uint64_t seen[LANE_WORDS];
	struct finding finding;
	const uint8_t *buf;
	char text[96];

	buf = oracle_settled(&world->shadow, dma->dev, dst->slot, dma->s, &gen);
	if (!buf)
		return;
	for (uint32_t i = 0; i < nwords; i++)
		seen[i] = ((const volatile uint64_t *)(buf + dst->offset))[i];
	if (!oracle_settled(&world->shadow, dma->dev, dst->slot, dma->s,
			    &again) ||
	    again != gen)
		return;
	if (dma->kind == OP_COPY) {
		enum verdict verdict;
		bool canary;

		/* The lane now holds constant words of the source. */
		verdict = oracle_data(&world->shadow, dma, &dma->src, seen,
				      &canary, &finding);
		world_judge(world, canary ? CHECK_UNMAP : CHECK_DATA, verdict,
			    &finding);
		return;
	}
	for (uint32_t i = 0; i < nwords; i++) {
		uint64_t expected = dma->kind == OP_FILL ? place->pattern :
							   dev_word[i];

		if (seen[i] == expected)
			continue;
		finding_set(
			&finding, dma->s, tick_next(), dma->dev, EVENT_ANY,
			dst->slot, 1,
			"dev %u %s%s to slot %u+%#x %u bytes succeeded in [%llu, %llu], but word %u of gen %u is %s",
			dma->dev, op_name(dma->kind), dma->pin ? " by pin" : "",
			dst->slot, dst->offset, dst->length,
			(unsigned long long)dma->s, (unsigned long long)dma->c,
			i, gen, stamp_text(seen[i], text));
		world_fail(world, CHECK_DATA, &finding);
		return;
	}
}

static void check(struct actor *actor, struct place *place,
		  const struct mdma_comp *comp)
{
	struct world *world = actor->world;
	struct shadow *shadow = &world->shadow;
	struct dma *dma = &place->dma;
	struct finding finding;
	enum verdict verdict;
	bool canary = false;

	if (world_judge(world, CHECK_ERRNO,
			oracle_status(shadow, dma, &finding), &finding))
		return;
	if (dma->status)
		return;
	if (comp->done != place->done) {
		finding_set(
			&finding, dma->s, dma->c, dma->dev, EVENT_ANY, 0, 0,
			"dev %u %s of %u bytes succeeded with %u bytes done",
			dma->dev, op_name(dma->kind), place->done, comp->done);
		world_fail(world, CHECK_DATA, &finding);
	}
	switch (dma->kind) {
	case OP_READ:
		verdict = oracle_data(shadow, dma, &dma->src,
				      world->dev[dma->dev].mem +
					      place->dev_offset,
				      &canary, &finding);
		world_judge(world, canary ? CHECK_UNMAP : CHECK_DATA, verdict,
			    &finding);
		break;
	case OP_CRC:
		world_judge(world, CHECK_DATA,
			    oracle_crc(shadow, dma, comp->result, &finding),
			    &finding);
		break;
	default:
		check_written(actor, place);
		break;
	}
}

static void note(struct actor *actor, const struct place *place)
{
	const struct dma *dma = &place->dma;
	const struct range *range = dma->dst.length ? &dma->dst : &dma->src;

	actor_note(actor, &(struct event){
				  .start = dma->s,
				  .done = dma->c,
				  .kind = dma->kind,
				  .dev = dma->dev,
				  .ioas = EVENT_ANY,
				  .slot = range->slot,
				  .nslots = (range->offset + range->length -
					     1) / SLOT_BYTES +
					    1,
				  .pin = dma->pin,
				  .rc = dma->status,
				  .offset = range->offset,
				  .length = range->length,
				  .arg = place->pattern,
			  });
}

/*
 * The queue could not reach its rings, which are mapped in every IOAS: a replace
 * was seen as a moment without one (S3).
 */
static void restart(struct actor *actor)
{
	struct mover *mover = actor->role_data;
	struct finding finding;
	tick_t now = tick_next();
	int rc;

	finding_set(&finding, now, now, actor->part->dev, EVENT_ANY, 0, 0,
		    "dev %u queue %u stopped at its rings in IOVA memory",
		    actor->part->dev, actor->queue.index);
	world_judge(actor->world, CHECK_ERRNO, WEAK, &finding);
	for (unsigned int i = 0; i < DEPTH; i++)
		mover->place[i].busy = false;
	rc = start(actor);
	mover->stopped = rc != 0;
	if (rc)
		world_failf(actor->world, CHECK_ERRNO,
			    "dev %u queue %u cannot start again: %s",
			    actor->part->dev, actor->queue.index,
			    tap_errno_name(rc));
}

/* Wait for one completion and judge it. False: the queue is dead. */
static bool reap(struct actor *actor)
{
	struct mover *mover = actor->role_data;
	struct mdma_comp comp;
	struct place *place;
	int rc;

	rc = actor_reap(actor, &comp);
	if (rc == -ENOENT && (actor->part->flags & PART_IOVA_RINGS)) {
		restart(actor);
		return !mover->stopped;
	}
	if (rc) {
		/* -ETIMEDOUT with the storm stopped has its finding already. */
		world_failf(actor->world,
			    rc == -ETIMEDOUT ? CHECK_HANG : CHECK_ERRNO,
			    "dev %u queue %u stopped: %s", actor->part->dev,
			    actor->queue.index, tap_errno_name(rc));
		mover->stopped = true;
		return false;
	}
	place = comp.cookie < DEPTH ? &mover->place[comp.cookie] : NULL;
	if (!place || !place->busy) {
		world_failf(actor->world, CHECK_DATA,
			    "dev %u queue %u completed an unknown cookie %#llx",
			    actor->part->dev, actor->queue.index,
			    (unsigned long long)comp.cookie);
		mover->stopped = true;
		return false;
	}
	place->dma.c = tick_next();
	place->dma.status = comp.status;
	place->busy = false;
	check(actor, place, &comp);
	note(actor, place);
	gate_add(actor->world, &actor->world->dmas);
	return true;
}

/* ---- a descriptor ------------------------------------------------------- */

static uint64_t range_iova(const struct range *range)
{
	return slot_iova(range->slot) + range->offset;
}

static void prepare(struct actor *actor, struct place *place,
		    const struct op *op, struct mdma_desc *desc)
{
	static const uint16_t opcode[OP_NKINDS] = {
		[OP_READ] = MDMA_OP_READ,  [OP_WRITE] = MDMA_OP_WRITE,
		[OP_COPY] = MDMA_OP_COPY,  [OP_FILL] = MDMA_OP_FILL,
		[OP_CRC] = MDMA_OP_CRC32C,
	};
	struct mover *mover = actor->role_data;
	unsigned int i = place - mover->place;
	unsigned int lane = (actor->part->writer * DEPTH + i) % NLANES;
	uint8_t *mem = actor->world->dev[actor->part->dev].mem;
	struct range range = { op->slot, op->offset, op->length };
	struct stamp s = {
		.kind = STAMP_WRITE,
		.slot = actor->part->writer,
		.page = i,
		.gen = ++mover->written,
	};

	place->dma = (struct dma){
		.kind = op->kind,
		.dev = actor->part->dev,
		.pin = op->flag,
	};
	place->pattern = 0;
	/* Congruent to the offset, so that words stay words. */
	place->dev_offset =
		mover->base + i * (uint64_t)PLACE_BYTES + op->offset % 8;
	place->done = op->length;
	*desc = (struct mdma_desc){
		.opcode = opcode[op->kind],
		.flags = MDMA_F_IRQ | (op->flag ? MDMA_F_PIN : 0),
		.length = op->length,
		.cookie = i,
		.dev_offset = place->dev_offset,
		.delay_us = op->delay_us,
	};
	if (op->kind == OP_READ || op->kind == OP_CRC) {
		place->dma.src = range;
		desc->iova = range_iova(&range);
		return;
	}
	range.offset += STAMP_LANES * 8 + lane * LANE_BYTES;
	place->dma.dst = range;
	desc->iova = range_iova(&range);
	switch (op->kind) {
	case OP_WRITE:
		for (s.word = 0; s.word < op->length / 8; s.word++)
			((volatile uint64_t *)(mem +
					       place->dev_offset))[s.word] =
				stamp_pack(s);
		break;
	case OP_FILL:
		place->pattern = stamp_pack(s);
		desc->arg = place->pattern;
		break;
	default: /* COPY */
		place->dma.src =
			(struct range){ op->item, op->arg, op->length };
		desc->iova = range_iova(&place->dma.src);
		desc->arg = range_iova(&range);
		break;
	}
}

static void act(struct actor *actor, const struct op *op)
{
	struct mover *mover = actor->role_data;
	struct place *place = NULL;
	struct mdma_desc desc;
	int rc;

	if (mover->stopped)
		return;
	while (!place) {
		for (unsigned int i = 0; i < DEPTH && !place; i++)
			if (!mover->place[i].busy)
				place = &mover->place[i];
		if (!place && !reap(actor))
			return;
	}
	prepare(actor, place, op, &desc);
	place->busy = true;
	place->dma.s = tick_next();
	rc = mdma_submit(&actor->queue, &desc, 1);
	if (rc) {
		world_failf(actor->world, CHECK_ERRNO, "dev %u doorbell: %s",
			    actor->part->dev, tap_errno_name(rc));
		mover->stopped = true;
	}
}

static void leave(struct actor *actor)
{
	struct mover *mover = actor->role_data;

	if (!mover)
		return;
	for (unsigned int i = 0; i < DEPTH; i++)
		while (!mover->stopped && mover->place[i].busy)
			reap(actor);
	if (actor->queue.dev)
		mdma_queue_stop(&actor->queue);
}

static void fini(struct actor *actor)
{
	free(actor->role_data);
	actor->role_data = NULL;
}

const struct role role_dma = {
	.name = "dma",
	.queue = true,
	.draw = draw,
	.enter = enter,
	.act = act,
	.leave = leave,
	.fini = fini,
};
