// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_swapper.c - attaches a device elsewhere, again and again
 *
 * ATTACH to any IOAS (attach or replace, as it comes), with PART_DETACH also
 * DETACH, and attempts that must fail: an id that is no object, an IOAS with
 * mappings that no device can use. After each of those the device reads a stable
 * slot by both data paths: a failed replace left everything as it was.
 *
 * Between two changes some completions pass (events, not a time), so that the
 * device is caught in the middle of something; with PART_EAGER none do.
 */
#include <errno.h>

#include "kit_tap.h"
#include "storm.h"

#define RING_ENTRIES 4
#define MAX_WAIT 24 /* completions let pass */

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	struct op_weight weight[] = {
		{ OP_ATTACH, 80 },
		{ OP_ATTACH_NOID, 8 },
		{ OP_ATTACH_MISFIT, 8 },
		{ OP_DETACH, part->flags & PART_DETACH ? 20 : 0 },
	};

	op->kind = op_draw(rng, weight, sizeof(weight) / sizeof(weight[0]));
	if (op->kind == OP_ATTACH)
		op->ioas = rng_below(rng, part->storm->nioas);
	op->slot = rng_below(rng, part->storm->nstable ? part->storm->nstable :
							 NSLOTS);
	if (!(part->flags & PART_EAGER))
		op->wait = rng_below(rng, MAX_WAIT);
}

static int enter(struct actor *actor)
{
	if (actor->part->flags & PART_BLIND)
		return 0;
	return mdma_queue_start(&actor->queue,
				&actor->world->dev[actor->part->dev],
				actor->queue.index, RING_ENTRIES);
}

static int change(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct mdma_dev *dev = &world->dev[actor->part->dev];

	switch (op->kind) {
	case OP_ATTACH:
		return mdma_attach(dev, world->ioas[op->ioas]);
	case OP_ATTACH_NOID:
		return mdma_attach(dev, world->noid);
	case OP_ATTACH_MISFIT:
		return mdma_attach(dev, world->misfit);
	default:
		return mdma_detach(dev);
	}
}

static int expected(enum op_kind kind)
{
	switch (kind) {
	case OP_ATTACH_NOID:
		return -ENOENT;
	case OP_ATTACH_MISFIT:
		return -EADDRINUSE;
	default:
		return 0;
	}
}

static void probe(struct actor *actor, const struct op *op, bool by_pin)
{
	struct world *world = actor->world;
	struct mdma_dev *dev = &world->dev[actor->part->dev];
	uint64_t share = dev->usable / MDMA_NQUEUES & ~4095ull;
	struct dma dma = {
		.kind = OP_READ,
		.dev = actor->part->dev,
		.pin = by_pin,
		.src = { op->slot, 0, PAGE_BYTES },
	};
	struct mdma_desc desc = {
		.opcode = MDMA_OP_READ,
		.flags = MDMA_F_IRQ | (by_pin ? MDMA_F_PIN : 0),
		.length = PAGE_BYTES,
		.iova = slot_iova(op->slot),
		.dev_offset = share * actor->queue.index,
	};
	struct finding finding;
	struct mdma_comp comp;
	enum verdict verdict;
	bool canary;
	int rc;

	dma.s = tick_next();
	rc = mdma_submit(&actor->queue, &desc, 1);
	if (!rc)
		rc = actor_reap(actor, &comp);
	dma.c = tick_next();
	if (rc) {
		world_failf(world, CHECK_HANG, "dev %u queue %u stopped: %s",
			    actor->part->dev, actor->queue.index,
			    tap_errno_name(rc));
		return;
	}
	dma.status = comp.status;
	verdict = oracle_status(&world->shadow, &dma, &finding);
	if (verdict == FINE && !dma.status)
		verdict = oracle_data(&world->shadow, &dma, &dma.src,
				      dev->mem + desc.dev_offset, &canary,
				      &finding);
	world_judge(world, CHECK_REPLACE, verdict, &finding);
	actor_note(actor, &(struct event){
				  .start = dma.s,
				  .done = dma.c,
				  .kind = OP_READ,
				  .dev = dma.dev,
				  .ioas = EVENT_ANY,
				  .slot = op->slot,
				  .nslots = 1,
				  .pin = by_pin,
				  .rc = dma.status,
				  .length = PAGE_BYTES,
			  });
}

static void act(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct reg *reg = &world->shadow.attach[actor->part->dev];
	bool works = op->kind == OP_ATTACH || op->kind == OP_DETACH;
	uint64_t ticket = REG_NOBODY;
	tick_t s, c;
	int rc;

	gate_wait(world, &world->dmas, op->wait);
	s = tick_next();
	if (works)
		ticket = reg_begin(reg,
				   op->kind == OP_DETACH ? DETACHED :
							   ATTACHED(op->ioas),
				   s);
	rc = change(actor, op);
	c = tick_next();
	if (works)
		reg_end(reg, ticket, c, !rc);
	actor_note(actor,
		   &(struct event){
			   .start = s,
			   .done = c,
			   .kind = op->kind,
			   .dev = actor->part->dev,
			   .ioas = op->kind == OP_ATTACH ? op->ioas : EVENT_ANY,
			   .rc = rc,
		   });
	if (rc != expected(op->kind)) {
		struct finding finding;

		finding_set(
			&finding, s, c, actor->part->dev, EVENT_ANY, 0, 0,
			"dev %u %s ioas %u in [%llu, %llu]: expected %s, seen %s",
			actor->part->dev, op_name(op->kind), op->ioas,
			(unsigned long long)s, (unsigned long long)c,
			tap_errno_name(expected(op->kind)), tap_errno_name(rc));
		world_fail(world, works ? CHECK_ERRNO : CHECK_REPLACE,
			   &finding);
	}
	if (works || (actor->part->flags & PART_BLIND))
		return;
	probe(actor, op, false);
	probe(actor, op, true);
}

static void leave(struct actor *actor)
{
	if (actor->queue.dev)
		mdma_queue_stop(&actor->queue);
}

const struct role role_swapper = {
	.name = "swapper",
	.queue = true,
	.draw = draw,
	.enter = enter,
	.act = act,
	.leave = leave,
};
