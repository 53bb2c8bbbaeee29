// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_faulter.c - maps memory whose page faults take their time
 *
 * The slots of a faulter are backed by memory under userfaultfd: each first
 * access to a page waits for the faulter's handler thread, which first lets the
 * drawn time pass and then fills the page with its stamps. So a copy or a pin is
 * in flight for long, and UNMAP, replace, detach and close meet it there. The
 * delay is what is being tested, not a way to order events.
 *
 * Remapping throws the pages away first, so that they fault again. A pin made
 * before keeps the old page, hence such a mapping is GEN_FOREIGN: what the device
 * wrote is not looked for.
 *
 * The handler lives until the world is gone: taking down waits for operations
 * that wait for faults.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "iommu.h"
#include "kit_tap.h"
#include "mem.h"
#include "slots.h"

#define DELAY_MAX_US 4000

struct faulter {
	uint8_t *memory; /* NIOAS * NSLOTS slots */
	_Atomic uint32_t gen[NIOAS][NSLOTS]; /* stamped into new pages */
	int uffd;
	int stop; /* eventfd */
	pthread_t handler;
	bool running;
	struct rng rng; /* the handler's */
};

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	op->kind = rng_chance(rng, 6) ? OP_UNMAP : OP_REMAP;
	op->ioas = rng_below(rng, part->storm->nioas);
	op->slot = part_slot(part, rng);
	op->nslots = 1;
	op->wait = rng_below(rng, 16);
}

/* One page of a slot's memory, filled as its mapping says. */
static void serve(struct faulter *faulter, uint64_t address)
{
	static _Thread_local uint64_t page[PAGE_WORDS]
		__attribute__((aligned(4096)));
	uint64_t at = (address & ~4095ull) - (uintptr_t)faulter->memory;
	unsigned int n = at / SLOT_BYTES;
	struct uffdio_copy copy = {
		.dst = address & ~4095ull,
		.src = (uintptr_t)page,
		.len = PAGE_BYTES,
	};
	struct stamp s = {
		.kind = STAMP_LIVE,
		.ioas = n / NSLOTS,
		.slot = n % NSLOTS,
		.page = at % SLOT_BYTES / PAGE_BYTES,
		.gen = atomic_load(&faulter->gen[n / NSLOTS][n % NSLOTS]),
	};
	struct timespec delay = {
		.tv_nsec = 1000 * rng_below(&faulter->rng, DELAY_MAX_US),
	};

	/* The fault that is being waited for: a delay point. */
	if (!rng_chance(&faulter->rng, 3))
		nanosleep(&delay, NULL);
	for (s.word = 0; s.word < PAGE_WORDS; s.word++)
		page[s.word] = stamp_pack(s);
	/* -EEXIST: two faults of one page; the first was served already. */
	if (ioctl(faulter->uffd, UFFDIO_COPY, &copy) && errno == EEXIST) {
		struct uffdio_range range = { copy.dst, PAGE_BYTES };

		ioctl(faulter->uffd, UFFDIO_WAKE, &range);
	}
}

static void *handle(void *arg)
{
	struct faulter *faulter = arg;
	struct pollfd fds[2] = {
		{ .fd = faulter->uffd, .events = POLLIN },
		{ .fd = faulter->stop, .events = POLLIN },
	};

	for (;;) {
		struct uffd_msg msg;

		poll(fds, 2, -1);
		if (fds[1].revents)
			return NULL;
		if (read(faulter->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
		    msg.event == UFFD_EVENT_PAGEFAULT)
			serve(faulter, msg.arg.pagefault.address);
	}
}

static int open_uffd(struct faulter *faulter, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)faulter->memory, size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	faulter->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (faulter->uffd < 0 || ioctl(faulter->uffd, UFFDIO_API, &api) ||
	    ioctl(faulter->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

static int enter(struct actor *actor)
{
	struct faulter *faulter = calloc(1, sizeof(*faulter));
	size_t size = (size_t)NIOAS * NSLOTS * SLOT_BYTES;
	int rc;

	if (!faulter)
		return -ENOMEM;
	actor->role_data = faulter;
	rng_init(&faulter->rng, rng_mix(actor->world->seed) ^ actor->index);
	faulter->uffd = -1;
	faulter->stop = eventfd(0, EFD_CLOEXEC);
	faulter->memory = mem_alloc(size);
	if (faulter->stop < 0 || !faulter->memory)
		return -ENOMEM;
	madvise(faulter->memory, size, MADV_NOHUGEPAGE);
	rc = open_uffd(faulter, size);
	if (rc)
		return rc;
	rc = -pthread_create(&faulter->handler, NULL, handle, faulter);
	faulter->running = !rc;
	return rc;
}

static void map(struct actor *actor, const struct op *op)
{
	struct world *world = actor->world;
	struct faulter *faulter = actor->role_data;
	uint8_t *va = faulter->memory +
		      (size_t)(op->ioas * NSLOTS + op->slot) * SLOT_BYTES;
	uint64_t iova = slot_iova(op->slot);
	struct slot_map change;
	uint32_t gen;
	int rc;

	gen = shadow_gen(&world->shadow, op->ioas, op->slot, va,
			 GEN_WRITABLE | GEN_FOREIGN);
	if (!gen)
		return;
	/* Nothing of the old mapping is in flight any more. */
	atomic_store(&faulter->gen[op->ioas][op->slot], gen);
	madvise(va, SLOT_BYTES, MADV_DONTNEED);
	slot_map_begin(actor, &change, op->ioas, op->slot, gen);
	rc = iommu_map(world->iommufd, world->ioas[op->ioas], va, SLOT_BYTES,
		       IOMMU_MAP_RW | IOMMU_IOAS_MAP_FIXED_IOVA, &iova);
	slot_map_end(actor, &change, rc);
}

static void act(struct actor *actor, const struct op *op)
{
	int rc;

	gate_wait(actor->world, &actor->world->dmas, op->wait);
	rc = slot_unmap(actor, op->ioas, op->slot, 0);
	if (op->kind == OP_REMAP && (!rc || rc == -ENOENT))
		map(actor, op);
}

static void fini(struct actor *actor)
{
	struct faulter *faulter = actor->role_data;

	if (!faulter)
		return;
	if (faulter->running) {
		eventfd_write(faulter->stop, 1);
		pthread_join(faulter->handler, NULL);
	}
	if (faulter->uffd >= 0)
		close(faulter->uffd);
	close(faulter->stop);
	mem_free(faulter->memory, (size_t)NIOAS * NSLOTS * SLOT_BYTES);
	free(faulter);
	actor->role_data = NULL;
}

const struct role role_faulter = {
	.name = "faulter",
	.maps = true,
	.draw = draw,
	.enter = enter,
	.act = act,
	.fini = fini,
};
