// SPDX-License-Identifier: GPL-2.0-only
/*
 * plan.c - drawing operations from a seed
 *
 * Each actor draws from a stream of its own (seed, epoch, ordinal), so that the
 * plan of one does not depend on how far another one came.
 */
#include "plan.h"

#include <stddef.h>
#include <string.h>

#include "storm.h"

static const char *const names[OP_NKINDS] = {
	[OP_NONE] = "none",
	[OP_MAP] = "map",
	[OP_UNMAP] = "unmap",
	[OP_REMAP] = "remap",
	[OP_UNMAP_PART] = "unmap_part",
	[OP_UNMAP_RANGE] = "unmap_range",
	[OP_UNMAP_ALL] = "unmap_all",
	[OP_ATTACH] = "attach",
	[OP_ATTACH_NOID] = "attach_noid",
	[OP_ATTACH_MISFIT] = "attach_misfit",
	[OP_DETACH] = "detach",
	[OP_READ] = "read",
	[OP_WRITE] = "write",
	[OP_COPY] = "copy",
	[OP_FILL] = "fill",
	[OP_CRC] = "crc",
	[OP_PIN] = "pin",
	[OP_UNPIN] = "unpin",
	[OP_TOUCH] = "touch",
	[OP_ALLOC] = "alloc",
	[OP_DESTROY] = "destroy",
	[OP_GUESS] = "guess",
	[OP_LOOKUP] = "lookup",
	[OP_OPEN] = "open",
	[OP_BIND] = "bind",
	[OP_CLOSE] = "close",
	[OP_RESET] = "reset",
	[OP_FORK] = "fork",
	[OP_EXEC] = "exec",
	[OP_KILL] = "kill",
	[OP_SEND] = "send",
	[OP_PRESS] = "press",
};

const char *op_name(enum op_kind kind)
{
	return kind < OP_NKINDS && names[kind] ? names[kind] : "?";
}

void plan_init(struct plan *plan, const struct part *part, uint64_t seed,
	       unsigned int epoch, unsigned int actor)
{
	plan->part = part;
	rng_split(&plan->rng, seed, (uint64_t)epoch << 32 | actor);
	plan->hash = 0;
	plan->n = 0;
}

static uint64_t hash(uint64_t h, uint64_t word)
{
	return rng_mix(h ^ word);
}

void plan_next(struct plan *plan, struct op *op)
{
	uint64_t h = plan->hash;

	*op = (struct op){ 0 };
	plan->part->role->draw(plan->part, &plan->rng, op);
	h = hash(h,
		 op->kind | op->ioas << 8 | op->slot << 16 |
			 (uint64_t)op->nslots << 24 | (uint64_t)op->flag << 32 |
			 (uint64_t)op->item << 40 | (uint64_t)op->wait << 48);
	h = hash(h, op->offset | (uint64_t)op->length << 32);
	plan->hash = hash(h, op->delay_us | (uint64_t)op->arg << 32);
	plan->n++;
}

enum op_kind op_draw(struct rng *rng, const struct op_weight *weight,
		     unsigned int n)
{
	unsigned int sum = 0;
	unsigned int x;

	for (unsigned int i = 0; i < n; i++)
		sum += weight[i].weight;
	x = rng_below(rng, sum);
	for (unsigned int i = 0; i < n; i++) {
		if (x < weight[i].weight)
			return weight[i].kind;
		x -= weight[i].weight;
	}
	return OP_NONE;
}
