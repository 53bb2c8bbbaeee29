// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_forker.c - children that map their memory into our IOAS, and die
 *
 * Each operation unmaps a slot and forks. The child, which shares the context,
 * stamps its own copy of the memory and maps it; the device then works on memory
 * of another process. Some completions later the child is killed, exits, or the
 * mapping is taken away first. Without its process a mapping stays, and answers
 * -EFAULT (what was pinned stays pinned).
 *
 * fork() itself copies the page tables of memory that others have pinned: their
 * checks see whether the device still writes where the parent reads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "iommu.h"
#include "kit_tap.h"
#include "mem.h"
#include "slots.h"

enum end {
	END_UNMAP_FIRST,
	END_KILL,
	END_EXIT,
	NENDS
};

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	op->kind = OP_FORK;
	op->ioas = rng_below(rng, part->storm->nioas);
	op->slot = part_slot(part, rng);
	op->nslots = 1;
	op->item = rng_below(rng, NENDS);
	op->wait = rng_below(rng, 24);
}

static int enter(struct actor *actor)
{
	actor->role_data = mem_alloc(SLOT_BYTES);
	return actor->role_data ? 0 : -ENOMEM;
}

/* Only what is safe between fork and exec of a process with threads. */
static void child(struct actor *actor, const struct op *op, uint32_t gen,
		  int parent)
{
	struct world *world = actor->world;
	char word;
	int rc;

	stamp_fill(actor->role_data, SLOT_PAGES,
		   (struct stamp){ .kind = STAMP_LIVE,
				   .ioas = op->ioas,
				   .slot = op->slot,
				   .gen = gen });
	rc = iommu_map_at(world->iommufd, world->ioas[op->ioas],
			  actor->role_data, SLOT_BYTES, slot_iova(op->slot));
	if (write(parent, &rc, sizeof(rc)) == sizeof(rc))
		while (read(parent, &word, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

/* The child's MAP, from before the fork until its result has come. */
static bool born(struct actor *actor, int child_end,
		 const struct slot_map *change)
{
	int rc = -EIO;

	if (read(child_end, &rc, sizeof(rc)) != sizeof(rc))
		world_failf(actor->world, CHECK_ERRNO,
			    "a child did not answer");
	slot_map_end(actor, change, rc);
	return !rc;
}

static void act(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct slot_map change;
	uint32_t gen;
	int pair[2];
	pid_t pid;

	slot_unmap(actor, op->ioas, op->slot, 0);
	gen = shadow_gen(&world->shadow, op->ioas, op->slot, NULL,
			 GEN_WRITABLE | GEN_FOREIGN | GEN_MORTAL);
	if (!gen || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	slot_map_begin(actor, &change, op->ioas, op->slot, gen);
	pid = fork();
	if (!pid) {
		close(pair[0]);
		child(actor, op, gen, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		slot_map_end(actor, &change, -ENOMEM);
		close(pair[0]);
		return;
	}
	if (born(actor, pair[0], &change))
		gate_wait(world, &world->dmas, op->wait);
	if (op->item == END_UNMAP_FIRST)
		slot_unmap(actor, op->ioas, op->slot, 0);
	if (op->item == END_KILL)
		kill(pid, SIGKILL);
	close(pair[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	actor_note(actor, &(struct event){ .start = change.s,
					   .done = tick_next(),
					   .kind = OP_FORK,
					   .dev = EVENT_ANY,
					   .ioas = op->ioas,
					   .slot = op->slot,
					   .nslots = 1,
					   .arg = op->item });
	/* Some operations on memory whose process is gone. */
	gate_wait(world, &world->dmas, op->wait / 2);
	if (op->item != END_UNMAP_FIRST)
		slot_unmap(actor, op->ioas, op->slot, 0);
}

static void fini(struct actor *actor)
{
	mem_free(actor->role_data, SLOT_BYTES);
	actor->role_data = NULL;
}

const struct role role_forker = {
	.name = "forker",
	.maps = true,
	.draw = draw,
	.enter = enter,
	.act = act,
	.fini = fini,
};
