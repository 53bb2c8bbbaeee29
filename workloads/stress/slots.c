// SPDX-License-Identifier: GPL-2.0-only
/*
 * slots.c - MAP and UNMAP of one slot, recorded and judged
 */
#include "slots.h"

#include "iommu.h"

static void note(struct actor *actor, enum op_kind kind, unsigned int ioas,
		 unsigned int slot, tick_t s, tick_t c, int rc, uint64_t arg)
{
	actor_note(actor, &(struct event){
				  .start = s,
				  .done = c,
				  .kind = kind,
				  .dev = EVENT_ANY,
				  .ioas = ioas,
				  .slot = slot,
				  .nslots = 1,
				  .rc = rc,
				  .arg = arg,
			  });
}

void slot_map_begin(struct actor *actor, struct slot_map *map,
		    unsigned int ioas, unsigned int slot, uint32_t gen)
{
	*map = (struct slot_map){
		.ioas = ioas,
		.slot = slot,
		.gen = gen,
		.s = tick_next(),
	};
	map->ticket =
		reg_begin(&actor->world->shadow.slot[ioas][slot], gen, map->s);
}

void slot_map_end(struct actor *actor, const struct slot_map *map, int rc)
{
	struct world *world = actor->world;
	struct finding finding;
	tick_t c = tick_next();

	world_judge(world, CHECK_ERRNO,
		    oracle_map(&world->shadow, map->ioas, map->slot,
			       map->ticket, map->s, c, rc, &finding),
		    &finding);
	reg_end(&world->shadow.slot[map->ioas][map->slot], map->ticket, c, !rc);
	note(actor, OP_MAP, map->ioas, map->slot, map->s, c, rc, map->gen);
	if (!rc)
		gate_add(world, &world->maps);
}

int slot_unmap(struct actor *actor, unsigned int ioas, unsigned int slot,
	       uint64_t arg)
{
	struct world *world = actor->world;
	struct reg *reg = &world->shadow.slot[ioas][slot];
	uint64_t length = SLOT_BYTES;
	struct finding finding;
	uint64_t ticket;
	tick_t s, c;
	int rc;

	s = tick_next();
	ticket = reg_begin(reg, UNMAPPED, s);
	rc = iommu_unmap(world->iommufd, world->ioas[ioas], slot_iova(slot),
			 &length);
	c = tick_next();
	world_judge(world, CHECK_ERRNO,
		    oracle_unmap(&world->shadow, ioas, slot, 1, UNMAP_SLOTS,
				 &ticket, s, c, rc, length, &finding),
		    &finding);
	reg_end(reg, ticket, c, !rc);
	note(actor, OP_UNMAP, ioas, slot, s, c, rc, arg);
	return rc;
}
