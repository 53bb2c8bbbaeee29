// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_destroyer.c - makes IOAS, uses them and destroys them, against others
 *
 * The victims are shared by all destroyers: one allocates, others map, unmap,
 * look and destroy by the same ordinal at the same time; a rover has a device, which
 * it attaches to victims and pins in them. Ids are used again as soon as they are
 * free, so an id held for too long may name another object by then; the oracle
 * follows ids, not ordinals.
 *
 * Checked: a call on an id that surely exists does not answer -ENOENT; DESTROY
 * answers -EBUSY only for an id that a device may be attached to, or a device
 * itself, never because somebody else is just using it (promise S6), and never
 * destroys what a device is attached to.
 */
#include <errno.h>

#include "iommu.h"
#include "kit_tap.h"
#include "mem.h"
#include "storm.h"

#define RING_ENTRIES 4
#define PIN_PAGES 2

static void draw_victim(struct rng *rng, struct op *op)
{
	op->item = rng_below(rng, NVICTIMS);
	op->slot = rng_below(rng, NSLOTS);
	op->nslots = 1;
}

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	static const struct op_weight weight[] = {
		{ OP_ALLOC, 20 }, { OP_DESTROY, 8 }, { OP_MAP, 32 },
		{ OP_UNMAP, 20 }, { OP_LOOKUP, 20 },
	};

	(void)part;
	op->kind = op_draw(rng, weight, 5);
	draw_victim(rng, op);
}

static void draw_rover(const struct part *part, struct rng *rng, struct op *op)
{
	static const struct op_weight weight[] = {
		{ OP_ATTACH, 40 },
		{ OP_PIN, 40 },
		{ OP_DETACH, 20 },
	};

	(void)part;
	op->kind = op_draw(rng, weight, 3);
	draw_victim(rng, op);
}

static int enter(struct actor *actor)
{
	uint8_t *page = mem_alloc(SLOT_BYTES);

	if (!page)
		return -ENOMEM;
	actor->role_data = page;
	return 0;
}

static int enter_rover(struct actor *actor)
{
	return mdma_queue_start(&actor->queue,
				&actor->world->dev[actor->part->dev],
				actor->queue.index, RING_ENTRIES);
}

static void note(struct actor *actor, enum op_kind kind, uint32_t id, tick_t s,
		 tick_t c, int rc)
{
	actor_note(actor, &(struct event){
				  .start = s,
				  .done = c,
				  .kind = kind,
				  .dev = EVENT_ANY,
				  .ioas = EVENT_ANY,
				  .rc = rc,
				  .arg = id,
			  });
}

static void judge(struct actor *actor, enum verdict verdict, enum op_kind kind,
		  uint32_t id, tick_t s, tick_t c, int rc, const char *why)
{
	struct finding finding;
	tick_t from = id < NIDS ? reg_story(&actor->world->exists[id], s) : s;

	finding_set(&finding, from ? from : s, c, EVENT_ANY, EVENT_ANY, 0, 0,
		    "%s of id %u in [%llu, %llu] returned %s: %s",
		    op_name(kind), id, (unsigned long long)s,
		    (unsigned long long)c, tap_errno_name(rc), why);
	world_judge(actor->world, CHECK_ERRNO, verdict, &finding);
}

static void wrong(struct actor *actor, enum op_kind kind, uint32_t id, tick_t s,
		  tick_t c, int rc, const char *why)
{
	judge(actor, WRONG, kind, id, s, c, rc, why);
}

/* Was there an object of this id, the same, from s to c? */
static bool surely(struct reg *exists, tick_t s, tick_t c, uint64_t except)
{
	struct reg_set set;

	reg_query(exists, s, c, except, &set);
	return !set.unknown && set.n == 1 && set.value[0];
}

void destroy_id(struct actor *actor, enum op_kind kind, uint32_t id)
{
	struct world *world = actor->world;
	struct reg *exists = &world->exists[id < NIDS ? id : 0];
	bool may_be_used = false, is_used = false;
	uint64_t ticket;
	tick_t s, c;
	int rc;

	s = tick_next();
	ticket = reg_begin(exists, 0, s);
	rc = iommu_destroy(world->iommufd, id);
	c = tick_next();
	for (unsigned int d = 0; d < world->storm->ndevs; d++) {
		struct reg_set set;

		reg_query(&world->shadow.attach[d], s, c, REG_NOBODY, &set);
		may_be_used = may_be_used || set.unknown ||
			      reg_set_has(&set, id) ||
			      world->dev[d].devid == id;
		is_used = is_used || reg_set_is(&set, id) ||
			  world->dev[d].devid == id;
	}
	if (rc == -EBUSY && !may_be_used)
		/* S6: nobody else counts. */
		judge(actor, WEAK, kind, id, s, c, rc,
		      "nothing is attached to it");
	else if (rc == 0 && is_used)
		wrong(actor, kind, id, s, c, rc, "a device uses it");
	else if (rc == -ENOENT && id < NIDS && surely(exists, s, c, ticket))
		wrong(actor, kind, id, s, c, rc, "it exists");
	else if (rc && rc != -EBUSY && rc != -ENOENT)
		wrong(actor, kind, id, s, c, rc, "not an errno of DESTROY");
	reg_end(exists, ticket, c, !rc);
	note(actor, kind, id, s, c, rc);
}

static void alloc(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct reg *exists;
	uint32_t id, old;
	tick_t s, c;
	int rc;

	s = tick_next();
	rc = iommu_ioas_alloc(world->iommufd, &id);
	c = tick_next();
	note(actor, OP_ALLOC, rc ? 0 : id, s, c, rc);
	if (rc || id >= NIDS) {
		wrong(actor, OP_ALLOC, id, s, c, rc, "expected a small id");
		return;
	}
	/*
	 * Recorded when it is known, so others may have met it before: they were
	 * allowed -ENOENT for longer than it was true, which accuses nobody.
	 */
	exists = &world->exists[id];
	reg_end(exists,
		reg_begin(exists, atomic_fetch_add(&world->lives, 1) + 1, s), c,
		true);
	gate_add(world, &world->maps);
	old = atomic_exchange(&world->victim[op->item], id);
	if (old)
		destroy_id(actor, OP_DESTROY, old);
}

/* MAP, UNMAP, LOOKUP: short users of an IOAS that may be going away. */
static void use(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	uint32_t id = atomic_load(&world->victim[op->item]);
	struct iommu_iova_range range;
	uint32_t n = 1;
	bool ok;
	tick_t s, c;
	int rc;

	if (!id)
		return;
	s = tick_next();
	switch (op->kind) {
	case OP_MAP:
		rc = iommu_map_at(world->iommufd, id, actor->role_data,
				  SLOT_BYTES, slot_iova(op->slot));
		ok = rc == 0 || rc == -EEXIST;
		break;
	case OP_UNMAP:
		rc = iommu_unmap_at(world->iommufd, id, slot_iova(op->slot),
				    SLOT_BYTES);
		ok = rc == 0 || rc == -ENOENT; /* of the IOAS or the mapping */
		break;
	default:
		rc = iommu_iova_ranges(world->iommufd, id, &range, &n, NULL);
		ok = rc == 0;
		break;
	}
	c = tick_next();
	if (rc == -EBUSY)
		judge(actor, WEAK, op->kind, id, s, c, rc,
		      "somebody else uses the area");
	else if (!ok && (rc != -ENOENT ||
			 surely(&world->exists[id], s, c, REG_NOBODY)))
		wrong(actor, op->kind, id, s, c, rc, "it exists");
	note(actor, op->kind, id, s, c, rc);
}

static void attach(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct reg *reg = &world->shadow.attach[actor->part->dev];
	struct mdma_dev *dev = &world->dev[actor->part->dev];
	uint32_t id = 0;
	uint64_t ticket;
	tick_t s, c;
	int rc;

	if (op->kind == OP_ATTACH) {
		id = atomic_load(&world->victim[op->item]);
		if (!id)
			return;
	}
	s = tick_next();
	ticket = reg_begin(reg, id, s);
	rc = id ? mdma_attach(dev, id) : mdma_detach(dev);
	c = tick_next();
	if (id && rc == -ENOENT) {
		if (surely(&world->exists[id], s, c, REG_NOBODY))
			wrong(actor, op->kind, id, s, c, rc, "it exists");
	} else if (rc) {
		wrong(actor, op->kind, id, s, c, rc, "not an errno of it");
	}
	reg_end(reg, ticket, c, !rc);
	note(actor, op->kind, id, s, c, rc);
}

/* A pin that stays, for the next change to deal with. */
static void pin(struct actor *actor, const struct op *op)
{
	struct mdma_desc desc = {
		.opcode = MDMA_OP_PIN,
		.flags = MDMA_F_IRQ | MDMA_F_WRITE,
		.iova = slot_iova(op->slot),
		.length = PIN_PAGES * PAGE_BYTES,
	};
	struct mdma_comp comp;
	tick_t s, c;
	int rc;

	s = tick_next();
	rc = mdma_submit(&actor->queue, &desc, 1);
	if (!rc)
		rc = actor_reap(actor, &comp);
	c = tick_next();
	if (rc) {
		world_failf(actor->world, CHECK_HANG,
			    "dev %u queue %u stopped: %s", actor->part->dev,
			    actor->queue.index, tap_errno_name(rc));
		return;
	}
	rc = comp.status;
	/* -ENOSPC: the device holds as many pins as it can. */
	if (rc && rc != -ENOENT && rc != -EINVAL && rc != -EAGAIN &&
	    rc != -ENOSPC)
		wrong(actor, OP_PIN, 0, s, c, rc, "not an errno of a pin");
	note(actor, OP_PIN, 0, s, c, rc);
}

static void act(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	uint32_t id;

	switch (op->kind) {
	case OP_ALLOC:
		alloc(actor, op);
		break;
	case OP_DESTROY:
		id = atomic_load(&world->victim[op->item]);
		if (id)
			destroy_id(actor, OP_DESTROY, id);
		break;
	case OP_ATTACH:
	case OP_DETACH:
		attach(actor, op);
		break;
	case OP_PIN:
		pin(actor, op);
		break;
	default:
		use(actor, op);
		break;
	}
}

static void leave(struct actor *actor)
{
	if (actor->queue.dev)
		mdma_queue_stop(&actor->queue);
}

static void fini(struct actor *actor)
{
	mem_free(actor->role_data, SLOT_BYTES);
	actor->role_data = NULL;
}

const struct role role_destroyer = {
	.name = "destroyer",
	.draw = draw,
	.enter = enter,
	.act = act,
	.fini = fini,
};

const struct role role_rover = {
	.name = "rover",
	.queue = true,
	.draw = draw_rover,
	.enter = enter_rover,
	.act = act,
	.leave = leave,
};
