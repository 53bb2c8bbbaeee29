// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_presser.c - makes the kernel move memory about
 *
 * Compaction, collapsing into huge pages, a heavy consumer that comes and goes,
 * dropped caches. Pages that are pinned must stay where they are; the others may
 * move, and the next copy or pin must find them. The other roles see the bytes.
 * What the kernel refuses is not our concern: none of it has a promise.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"
#include "storm.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define HOG_MAX_MIB 96
#define MAX_WAIT 64 /* completions let pass */

enum pressure {
	COMPACT,
	COLLAPSE,
	HOG,
	DROP,
	NPRESSURES
};

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	(void)part;
	op->kind = OP_PRESS;
	op->item = rng_below(rng, NPRESSURES);
	op->wait = rng_below(rng, MAX_WAIT);
	op->arg = rng_range(rng, 1, HOG_MAX_MIB);
}

static int tell(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = write(fd, "1\n", 2) == 2 ? 0 : -1;
	close(fd);
	return rc;
}

static void hog(size_t size)
{
	uint8_t *memory = mem_alloc(size);

	if (!memory)
		return;
	for (size_t at = 0; at < size; at += MEM_PAGE)
		((volatile uint8_t *)memory)[at] = 1;
	mem_free(memory, size);
}

static void act(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	tick_t s;

	gate_wait(world, &world->dmas, op->wait);
	s = tick_next();
	switch (op->item) {
	case COMPACT:
		tell("/proc/sys/vm/compact_memory");
		break;
	case COLLAPSE:
		madvise(world->stable.va, MEM_HUGE, MADV_COLLAPSE);
		break;
	case HOG:
		hog((size_t)op->arg << 20);
		break;
	default:
		tell("/proc/sys/vm/drop_caches");
		break;
	}
	actor_note(actor, &(struct event){ .start = s,
					   .done = tick_next(),
					   .kind = OP_PRESS,
					   .dev = EVENT_ANY,
					   .ioas = EVENT_ANY,
					   .arg = op->item });
}

const struct role role_presser = {
	.name = "presser",
	.draw = draw,
	.act = act,
};
