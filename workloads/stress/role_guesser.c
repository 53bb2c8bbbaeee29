// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_guesser.c - uses and destroys ids that nobody told it
 *
 * Ids are small numbers, so a guess often hits an object that is just being made,
 * one that somebody else destroys, a device, or something of another type. What
 * may come of it is judged as in role_destroyer.c.
 */
#include <errno.h>

#include "iommu.h"
#include "kit_tap.h"
#include "storm.h"

#define HIGHEST_GUESS 14
#define MAX_WAIT 6 /* allocations let pass before a DESTROY */

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	(void)part;
	op->kind = rng_chance(rng, 4) ? OP_GUESS : OP_LOOKUP;
	op->arg = rng_range(rng, 0, HIGHEST_GUESS);
	op->nslots = 1;
	if (op->kind == OP_GUESS)
		op->wait = rng_below(rng, MAX_WAIT);
}

static void lookup(struct actor *actor, uint32_t id)
{
	struct world *world = actor->world;
	struct iommu_iova_range range;
	struct finding finding;
	uint32_t n = 1;
	struct reg_set set;
	tick_t s, c;
	int rc;

	s = tick_next();
	rc = iommu_iova_ranges(world->iommufd, id, &range, &n, NULL);
	c = tick_next();
	reg_query(&world->exists[id], s, c, REG_NOBODY, &set);
	actor_note(actor, &(struct event){ .start = s,
					   .done = c,
					   .kind = OP_LOOKUP,
					   .dev = EVENT_ANY,
					   .ioas = EVENT_ANY,
					   .rc = rc,
					   .arg = id });
	if (rc == 0 ||
	    (rc == -ENOENT && (set.unknown || set.n != 1 || !set.value[0])))
		return;
	finding_set(&finding, s, c, EVENT_ANY, EVENT_ANY, 0, 0,
		    "IOVA_RANGES of id %u in [%llu, %llu] returned %s", id,
		    (unsigned long long)s, (unsigned long long)c,
		    tap_errno_name(rc));
	world_fail(world, CHECK_ERRNO, &finding);
}

static void act(struct actor *actor, const struct op *op)
{
	gate_wait(actor->world, &actor->world->maps, op->wait);
	if (op->kind == OP_LOOKUP)
		lookup(actor, op->arg);
	else
		destroy_id(actor, OP_GUESS, op->arg);
}

const struct role role_guesser = {
	.name = "guesser",
	.draw = draw,
	.act = act,
};
