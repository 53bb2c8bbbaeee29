// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_unmapper.c - unmaps what others mapped
 *
 * Ranges of several slots, or the whole IOAS. A range may end inside a slot; when
 * that slot is mapped the call must fail and change nothing (promise S2). Between
 * two operations it lets some maps happen (an event, not a time), else there would
 * be nothing to unmap.
 */
#include <errno.h>

#include "iommu.h"
#include "storm.h"

#define MAX_WAIT 24 /* maps let pass */

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	unsigned int first = part->storm->nstable;

	op->kind = OP_UNMAP_RANGE;
	op->ioas = rng_below(rng, part->storm->nioas);
	op->slot = rng_range(rng, first, NSLOTS - 2);
	op->nslots = rng_range(rng, 2, NSLOTS - op->slot);
	op->wait = rng_below(rng, MAX_WAIT);
	op->flag = rng_chance(rng, 6); /* the last slot only in part */
	if ((part->flags & PART_ALL) && !rng_chance(rng, 4)) {
		op->kind = OP_UNMAP_ALL;
		op->slot = 0;
		op->nslots = NSLOTS;
		op->flag = 0;
	}
}

static void act(struct actor *actor, const struct op *op)
{
	bool all = op->kind == OP_UNMAP_ALL;
	struct world *world = actor->world;
	/* A core that is not strict has then removed an unknown part. */
	bool cut = op->flag && world->strict;
	struct reg *reg = &world->shadow.slot[op->ioas][op->slot];
	uint64_t length =
		(uint64_t)op->nslots * SLOT_BYTES - (cut ? PAGE_BYTES : 0);
	uint64_t iova = slot_iova(op->slot);
	uint64_t ticket[NSLOTS];
	struct finding finding;
	tick_t s, c;
	int rc;

	gate_wait(world, &world->maps, op->wait);
	if (all) {
		iova = 0;
		length = UINT64_MAX;
	}
	s = tick_next();
	for (unsigned int i = 0; i < op->nslots; i++)
		ticket[i] = reg_begin(&reg[i], UNMAPPED, s);
	rc = iommu_unmap(world->iommufd, world->ioas[op->ioas], iova, &length);
	c = tick_next();
	world_judge(world, CHECK_ERRNO,
		    oracle_unmap(&world->shadow, op->ioas, op->slot, op->nslots,
				 all ? UNMAP_ALL :
				 cut ? UNMAP_CUT :
				       UNMAP_SLOTS,
				 ticket, s, c, rc, length, &finding),
		    &finding);
	/* A core that failed half-way: the changes stay open, anything goes. */
	for (unsigned int i = 0; rc != -EBUSY && i < op->nslots; i++)
		reg_end(&reg[i], ticket[i], c,
			!rc && !(cut && i + 1 == op->nslots));
	actor_note(actor, &(struct event){
				  .start = s,
				  .done = c,
				  .kind = op->kind,
				  .dev = EVENT_ANY,
				  .ioas = op->ioas,
				  .slot = op->slot,
				  .nslots = op->nslots,
				  .rc = rc,
				  .arg = rc ? 0 : length,
			  });
}

const struct role role_unmapper = {
	.name = "unmapper",
	.draw = draw,
	.act = act,
};
