/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan.h - from a seed to a sequence of operations
 *
 * A plan is a pure function of (seed, epoch, part): it never looks at what an
 * operation returned or at the state of anything. Objects are named by ordinal.
 * Whether operation k makes sense when it is made is not the plan's business;
 * the oracle knows which results it may have. So a seed stays valid when the
 * timing, the kernel or the machine changes.
 *
 * Every plan keeps a hash of what was drawn. After a run the engine draws the
 * same number of operations again and compares: the same seed, the same plan.
 */
#ifndef _KIT_STRESS_PLAN_H
#define _KIT_STRESS_PLAN_H

#include <stdint.h>

#include "rng.h"

enum op_kind {
	OP_NONE,
	/* of the memory */
	OP_MAP,
	OP_UNMAP,
	OP_REMAP, /* UNMAP, then MAP of other memory */
	OP_UNMAP_PART, /* half of a slot: must change nothing */
	OP_UNMAP_RANGE, /* several slots */
	OP_UNMAP_ALL,
	/* of the attachment */
	OP_ATTACH, /* attach or replace */
	OP_ATTACH_NOID, /* to an id that is no IOAS */
	OP_ATTACH_MISFIT, /* to an IOAS with mappings smaller than a page */
	OP_DETACH,
	/* of the device */
	OP_READ,
	OP_WRITE,
	OP_COPY,
	OP_FILL,
	OP_CRC,
	OP_PIN,
	OP_UNPIN,
	OP_TOUCH,
	/* of objects and processes */
	OP_ALLOC,
	OP_DESTROY,
	OP_GUESS, /* DESTROY of an id nobody told us */
	OP_LOOKUP, /* IOVA_RANGES of an id that may be gone */
	OP_OPEN,
	OP_BIND,
	OP_CLOSE,
	OP_RESET,
	OP_FORK,
	OP_EXEC,
	OP_KILL,
	OP_SEND, /* pass a file to another process */
	OP_PRESS, /* take memory away */
	OP_NKINDS,
};

const char *op_name(enum op_kind kind);

/**
 * struct op - one planned operation; unused fields are 0
 * @kind: enum op_kind
 * @ioas: ordinal
 * @slot: ordinal of the first slot
 * @nslots: how many
 * @flag: by kind: PIN writable, MAP read-only, DMA by the pin path
 * @item: ordinal of a held pin, a victim, a child
 * @offset: bytes from the begin of the slot
 * @length: bytes
 * @wait: events to let pass before (maps, completions); never a time
 * @delay_us: the device waits inside the descriptor
 * @arg: anything else
 */
struct op {
	uint8_t kind;
	uint8_t ioas;
	uint8_t slot;
	uint8_t nslots;
	uint8_t flag;
	uint8_t item;
	uint16_t wait;
	uint32_t offset;
	uint32_t length;
	uint32_t delay_us;
	uint32_t arg;
};

struct part;

struct plan {
	const struct part *part;
	struct rng rng;
	uint64_t hash;
	uint64_t n;
};

/**
 * plan_init() - the plan of one actor in one epoch
 * @plan: to be filled in
 * @part: what the actor plays, see storm.h; not copied
 * @seed: of the run
 * @epoch: number of the epoch
 * @actor: ordinal of the actor in the storm
 */
void plan_init(struct plan *plan, const struct part *part, uint64_t seed,
	       unsigned int epoch, unsigned int actor);

void plan_next(struct plan *plan, struct op *op);

/* Drawing a number out of a weighted list, the usual first step of a role. */
struct op_weight {
	enum op_kind kind;
	unsigned int weight;
};

enum op_kind op_draw(struct rng *rng, const struct op_weight *weight,
		     unsigned int n);

#endif
