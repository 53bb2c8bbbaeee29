// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_auditor.c - watches that the limit of pinned memory is never exceeded
 *
 * For storms with STORM_LIMITED. VmPin counts what is charged; it may be below
 * the limit at any time, above it never, not even for a moment.
 */
#include "kit_tap.h"
#include "limit.h"
#include "mem.h"
#include "storm.h"

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	(void)part;
	op->kind = OP_LOOKUP;
	op->wait = rng_below(rng, 4);
}

static void act(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	tick_t s = tick_next();
	int64_t kb;

	gate_wait(world, &world->dmas, op->wait);
	kb = mem_status_kb(0, "VmPin");
	actor_note(actor, &(struct event){ .start = s,
					   .done = tick_next(),
					   .kind = OP_LOOKUP,
					   .dev = EVENT_ANY,
					   .ioas = EVENT_ANY,
					   .arg = kb });
	if (kb > (int64_t)(LIMIT_PAGES * MEM_PAGE >> 10))
		world_failf(world, CHECK_ERRNO,
			    "%lld kB are pinned, beyond the limit of %u pages",
			    (long long)kb, LIMIT_PAGES);
}

const struct role role_auditor = {
	.name = "auditor",
	.draw = draw,
	.act = act,
};
