/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slots.h - MAP and UNMAP of one slot, recorded and judged
 *
 * What the roles that own slots have in common. A MAP may be made by another
 * process, hence in two halves around whatever makes it.
 */
#ifndef _KIT_STRESS_SLOTS_H
#define _KIT_STRESS_SLOTS_H

#include "storm.h"

/** struct slot_map - a MAP under way */
struct slot_map {
	uint8_t ioas;
	uint8_t slot;
	uint32_t gen;
	uint64_t ticket;
	tick_t s;
};

/** slot_map_begin() - a MAP of generation @gen is about to be made */
void slot_map_begin(struct actor *actor, struct slot_map *map,
		    unsigned int ioas, unsigned int slot, uint32_t gen);

/** slot_map_end() - it returned @rc */
void slot_map_end(struct actor *actor, const struct slot_map *map, int rc);

/**
 * slot_unmap() - UNMAP of the slot
 * @actor: who does it
 * @ioas: ordinal
 * @slot: ordinal
 * @arg: for the history
 *
 * Return: what UNMAP returned. With 0 and -ENOENT nothing is mapped there.
 */
int slot_unmap(struct actor *actor, unsigned int ioas, unsigned int slot,
	       uint64_t arg);

#endif
