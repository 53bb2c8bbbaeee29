// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_mapper.c - maps slots, unmaps them, and watches over the memory after
 *
 * A mapper owns every nshares-th slot that is not stable, in all IOAS: nobody
 * else maps it. Its buffers go round: stamped, mapped, unmapped, overwritten
 * with canaries, kept in quarantine, checked, stamped again. What the device
 * writes after UNMAP returned breaks a canary; what it reads then is one.
 *
 * Others unmap slots too. The owner knows that a mapping is gone when its own
 * UNMAP returned, with 0 or -ENOENT, or when the next MAP of the slot succeeded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "iommu.h"
#include "kit_tap.h"
#include "mem.h"
#include "slots.h"

#define QUARANTINE 24 /* buffers that wait with canaries */
#define MAX_WAIT 6 /* completions let pass */
#define NBUFS (NIOAS * NSLOTS + QUARANTINE)

struct buf {
	uint8_t *va;
	uint32_t gen; /* of the canary, 0: none written */
	uint8_t ioas;
	uint8_t slot;
	tick_t since; /* of the canary */
};

struct mapper {
	struct arena arena;
	struct buf buf[NBUFS];
	struct buf absent[NIOAS][NSLOTS]; /* addresses without memory */
	uint8_t *nowhere;
	struct buf *mapped[NIOAS][NSLOTS];
	struct buf *queue[NBUFS]; /* in quarantine, oldest first */
	unsigned int first;
	unsigned int n;
};

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	static const struct op_weight weight[] = {
		{ OP_REMAP, 55 },
		{ OP_MAP, 25 },
		{ OP_UNMAP, 12 },
		{ OP_UNMAP_PART, 8 },
	};
	op->kind = op_draw(rng, weight, sizeof(weight) / sizeof(weight[0]));
	op->ioas = rng_below(rng, part->storm->nioas);
	op->slot = part_slot(part, rng);
	op->nslots = 1;
	op->flag = rng_chance(rng, 8); /* read-only */
	op->item = rng_chance(rng, 16); /* no memory behind the addresses */
	op->wait = rng_chance(rng, 2) ? 0 : rng_below(rng, MAX_WAIT);
	op->offset = PAGE_BYTES * rng_below(rng, SLOT_PAGES);
}

static int enter(struct actor *actor)
{
	struct mapper *mapper = calloc(1, sizeof(*mapper));
	int rc;

	if (!mapper)
		return -ENOMEM;
	actor->role_data = mapper;
	rc = arena_alloc(&mapper->arena, (uint64_t)NBUFS * SLOT_BYTES,
			 arena_draw(actor->world->seed, actor->world->epoch,
				    actor->index));
	if (rc)
		return rc;
	mapper->nowhere = mmap(NULL, SLOT_BYTES, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapper->nowhere == MAP_FAILED)
		return -ENOMEM;
	for (unsigned int i = 0; i < NBUFS; i++) {
		mapper->buf[i].va = mapper->arena.va + (uint64_t)i * SLOT_BYTES;
		mapper->queue[mapper->n++] = &mapper->buf[i];
	}
	return 0;
}

static void check_canary(struct actor *actor, const struct buf *buf)
{
	struct stamp s = {
		.kind = STAMP_CANARY,
		.ioas = buf->ioas,
		.slot = buf->slot,
		.gen = buf->gen,
	};
	struct finding finding;
	char text[96];
	long word;

	if (!buf->gen)
		return;
	word = stamp_changed(buf->va, SLOT_PAGES, s);
	if (word < 0)
		return;
	finding_set(
		&finding, buf->since, tick_next(), EVENT_ANY, EVENT_ANY,
		buf->slot, 1,
		"memory of ioas %u slot %u gen %u, unmapped before %llu, was written after: page %ld word %ld is a %s",
		buf->ioas, buf->slot, buf->gen, (unsigned long long)buf->since,
		word / (long)PAGE_WORDS, word % (long)PAGE_WORDS,
		stamp_text(((volatile uint64_t *)buf->va)[word], text));
	/* The story begins when the mapping was made. */
	finding.window.from = reg_written(
		&actor->world->shadow.slot[buf->ioas][buf->slot], buf->gen);
	world_fail(actor->world, CHECK_UNMAP, &finding);
}

static struct buf *take(struct actor *actor)
{
	struct mapper *mapper = actor->role_data;
	struct buf *buf = mapper->queue[mapper->first];

	mapper->first = (mapper->first + 1) % NBUFS;
	mapper->n--;
	check_canary(actor, buf);
	buf->gen = 0;
	return buf;
}

/* The buffer is not mapped any more, for certain. */
static void retire(struct mapper *mapper, struct buf *buf)
{
	if (!buf->va) /* nothing to watch over */
		return;
	buf->since = tick_next();
	stamp_fill(buf->va, SLOT_PAGES,
		   (struct stamp){ .kind = STAMP_CANARY,
				   .ioas = buf->ioas,
				   .slot = buf->slot,
				   .gen = buf->gen });
	mapper->queue[(mapper->first + mapper->n++) % NBUFS] = buf;
}

static int map_call(struct actor *actor, const struct op *op,
		    const struct buf *buf)
{
	struct world *world = actor->world;
	struct mapper *mapper = actor->role_data;
	uint32_t ioas = world->ioas[op->ioas];
	uint32_t flags = op->flag ? IOMMU_IOAS_MAP_READABLE : IOMMU_MAP_RW;
	uint64_t iova = slot_iova(op->slot);

	if (buf->va)
		return arena_map(&mapper->arena, world->iommufd, ioas, buf->va,
				 SLOT_BYTES, flags, iova);
	return iommu_map(world->iommufd, ioas, mapper->nowhere, SLOT_BYTES,
			 flags | IOMMU_IOAS_MAP_FIXED_IOVA, &iova);
}

static void map(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct mapper *mapper = actor->role_data;
	struct buf *old = mapper->mapped[op->ioas][op->slot];
	struct buf *buf;
	struct slot_map change;
	int rc;

	buf = op->item ? &mapper->absent[op->ioas][op->slot] : take(actor);
	buf->ioas = op->ioas;
	buf->slot = op->slot;
	buf->gen = shadow_gen(&world->shadow, op->ioas, op->slot, buf->va,
			      (op->flag ? 0 : GEN_WRITABLE) |
				      (op->item ? GEN_ABSENT : 0));
	if (!buf->gen) { /* the epoch has used up all names */
		retire(mapper, buf);
		return;
	}
	if (buf->va)
		stamp_fill(buf->va, SLOT_PAGES,
			   (struct stamp){ .kind = STAMP_LIVE,
					   .ioas = op->ioas,
					   .slot = op->slot,
					   .gen = buf->gen });
	slot_map_begin(actor, &change, op->ioas, op->slot, buf->gen);
	rc = map_call(actor, op, buf);
	slot_map_end(actor, &change, rc);
	if (rc) {
		retire(mapper, buf);
		return;
	}
	if (old)
		retire(mapper, old);
	mapper->mapped[op->ioas][op->slot] = buf;
}

static void unmap(struct actor *actor, const struct op *op)
{
	struct mapper *mapper = actor->role_data;
	struct buf *buf = mapper->mapped[op->ioas][op->slot];
	int rc = slot_unmap(actor, op->ioas, op->slot, buf ? buf->gen : 0);

	if ((rc && rc != -ENOENT) || !buf)
		return;
	mapper->mapped[op->ioas][op->slot] = NULL;
	retire(mapper, buf);
}

/* Half of a slot: never succeeds, never changes anything (promise S2). */
static void unmap_part(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct reg *reg = &world->shadow.slot[op->ioas][op->slot];
	uint64_t length = PAGE_BYTES;
	uint64_t ticket;
	tick_t s, c;
	int rc;

	s = tick_next();
	ticket = reg_begin(reg, UNMAPPED, s);
	rc = iommu_unmap(world->iommufd, world->ioas[op->ioas],
			 slot_iova(op->slot) + op->offset, &length);
	c = tick_next();
	reg_end(reg, ticket, c, false);
	actor_note(actor, &(struct event){
				  .start = s,
				  .done = c,
				  .kind = OP_UNMAP_PART,
				  .dev = EVENT_ANY,
				  .ioas = op->ioas,
				  .slot = op->slot,
				  .nslots = 1,
				  .rc = rc,
				  .offset = op->offset,
				  .length = PAGE_BYTES,
			  });
	if (rc != -ENOENT) {
		struct finding finding;

		finding_set(&finding, s, c, EVENT_ANY, op->ioas, op->slot, 1,
			    "unmap of one page of ioas %u slot %u returned %s",
			    op->ioas, op->slot, tap_errno_name(rc));
		world_fail(world, CHECK_ERRNO, &finding);
	}
}

static void act(struct actor *actor, const struct op *op)
{
	gate_wait(actor->world, &actor->world->dmas, op->wait);
	switch (op->kind) {
	case OP_UNMAP:
		unmap(actor, op);
		break;
	case OP_UNMAP_PART:
		unmap_part(actor, op);
		break;
	case OP_REMAP:
		unmap(actor, op);
		map(actor, op);
		break;
	default:
		map(actor, op);
		break;
	}
}

/* The world is gone: what was unmapped before must still be as it was. */
static void fini(struct actor *actor)
{
	struct mapper *mapper = actor->role_data;

	if (!mapper)
		return;
	if (mapper->arena.va) {
		while (mapper->n)
			take(actor);
		arena_free(&mapper->arena);
		munmap(mapper->nowhere, SLOT_BYTES);
	}
	free(mapper);
	actor->role_data = NULL;
}

const struct role role_mapper = {
	.name = "mapper",
	.maps = true,
	.draw = draw,
	.enter = enter,
	.act = act,
	.fini = fini,
};
