// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_killer.c - SIGKILL in the middle of everything
 *
 * The child opens a context and the storm's spare device, attaches, maps, pins,
 * keeps copies in flight, unmaps and replaces, without end, and says so each
 * round. After the drawn number of rounds it is killed, wherever it is. When
 * waitpid() has returned all is undone, soon: the driver saw no broken promise,
 * the device can be bound again, nothing is held. Leaked pins show in
 * the end of the epoch.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "iommu.h"
#include "kit_tap.h"
#include "mem.h"
#include "storm.h"

#define SPARE_DEVICE 1
#define CHILD_SLOTS 4
#define RING_ENTRIES 16
#define SETTLE_MS 3000

struct killer {
	struct cdev_name name;
	uint8_t *memory;
};

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	(void)part;
	op->kind = OP_KILL;
	op->wait = rng_below(rng, 16); /* rounds */
	op->arg = rng_next(rng) & UINT32_MAX;
}

static int enter(struct actor *actor)
{
	struct killer *killer = calloc(1, sizeof(*killer));

	if (!killer)
		return -ENOMEM;
	actor->role_data = killer;
	killer->memory = mem_alloc(CHILD_SLOTS * SLOT_BYTES);
	if (!killer->memory)
		return -ENOMEM;
	return cdev_find(SPARE_DEVICE, MDMA_DEV_TYPE, &killer->name);
}

struct life {
	int iommufd;
	uint32_t ioas[2];
	struct mdma_dev dev;
	struct mdma_queue queue;
	uint8_t *memory;
};

/*
 * A worker of the device may hold the dead process's address space, and with it
 * the device's file, until its copy is over: the end may come a little later.
 */
static int bind_when_free(int fd, int iommufd, uint32_t *devid)
{
	int rc = -EINVAL;

	(void)TAP_WAIT_FOR(!(rc = cdev_bind(fd, iommufd, devid)), SETTLE_MS);
	return rc;
}

static bool begin(struct life *life, const struct killer *killer)
{
	uint32_t devid;
	int fd;

	life->memory = killer->memory;
	life->iommufd = iommu_open();
	fd = cdev_open(&killer->name);
	return life->iommufd >= 0 && fd >= 0 &&
	       !iommu_ioas_alloc(life->iommufd, &life->ioas[0]) &&
	       !iommu_ioas_alloc(life->iommufd, &life->ioas[1]) &&
	       !bind_when_free(fd, life->iommufd, &devid) &&
	       !mdma_adopt(&life->dev, &killer->name, fd, devid) &&
	       !mdma_attach(&life->dev, life->ioas[0]) &&
	       !mdma_queue_start(&life->queue, &life->dev, 0, RING_ENTRIES);
}

/* Anything, without looking at what comes of it: the parent looks afterwards. */
static void live_on(struct life *life, struct rng *rng)
{
	uint64_t iova = slot_iova(rng_below(rng, CHILD_SLOTS));
	uint32_t ioas = life->ioas[rng_below(rng, 2)];
	struct mdma_desc desc = {
		.opcode = rng_chance(rng, 2) ? MDMA_OP_PIN : MDMA_OP_FILL,
		.flags = rng_chance(rng, 2) ? MDMA_F_WRITE : 0,
		.length = SLOT_BYTES,
		.iova = iova,
		.delay_us = rng_below(rng, 2000),
	};
	struct mdma_comp comp[RING_ENTRIES];

	switch (rng_below(rng, 6)) {
	case 0:
		iommu_unmap_at(life->iommufd, ioas, iova, SLOT_BYTES);
		break;
	case 1:
		mdma_attach(&life->dev, ioas);
		break;
	case 2:
	case 3:
		iommu_map_at(life->iommufd, ioas,
			     life->memory + (iova - slot_iova(0)), SLOT_BYTES,
			     iova);
		break;
	default:
		if (desc.opcode == MDMA_OP_FILL)
			desc.flags = rng_chance(rng, 2) ? MDMA_F_PIN : 0;
		mdma_submit(&life->queue, &desc, 1);
		break;
	}
	mdma_poll(&life->queue, comp, RING_ENTRIES);
}

static void child(struct killer *killer, int parent, uint64_t seed)
{
	struct life life = { .iommufd = -1 };
	struct rng rng;

	rng_init(&rng, seed);
	if (!begin(&life, killer))
		_exit(1);
	for (;;) {
		live_on(&life, &rng);
		if (write(parent, "", 1) != 1)
			_exit(0);
	}
}

/* The ledger as debugfs shows it: the file that could ask is gone. */
static void check_ledger(struct actor *actor, const struct killer *killer)
{
	unsigned long long n;
	char path[128];
	char word[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/mdma/%s/ledger",
		 killer->name.uuid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fscanf(file, "%63s %llu", word, &n) == 2)
		for (unsigned int i = 0; i < MDMA_LEDGER_NVIOLATIONS; i++)
			if (n && !strcasecmp(word, mdma_ledger_name(i)))
				world_failf(
					actor->world, CHECK_LEDGER,
					"after SIGKILL the device counted %s %llu times",
					word, n);
	fclose(file);
}

/*
 * Can the device be used, and is it empty? In a process of its own: a file of the
 * device in ours would live on in whatever else is forked just now.
 */
static int try_device(const struct killer *killer)
{
	struct mdma_dev dev;
	uint32_t devid;
	int iommufd = iommu_open();
	int fd = cdev_open(&killer->name);

	if (iommufd < 0 || fd < 0 || bind_when_free(fd, iommufd, &devid) ||
	    mdma_adopt(&dev, &killer->name, fd, devid))
		return 1;
	return mdma_npins(&dev) ? 2 : 0;
}

static void check_device(struct actor *actor, const struct killer *killer)
{
	static const char *const why[] = { "", "cannot be used",
					   "holds pages" };
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(try_device(killer));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		world_failf(actor->world, CHECK_CLOSE,
			    "after SIGKILL the device %s",
			    why[WEXITSTATUS(status)]);
}

static void act(struct actor *actor, const struct op *op)
{
	struct killer *killer = actor->role_data;
	tick_t s = tick_next();
	int ends[2];
	int status;
	char byte;
	pid_t pid;

	if (pipe(ends))
		return;
	pid = fork();
	if (!pid) {
		close(ends[0]);
		child(killer, ends[1], op->arg);
	}
	close(ends[1]);
	for (unsigned int i = 0; pid > 0 && i <= op->wait; i++)
		if (read(ends[0], &byte, 1) != 1)
			break;
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFEXITED(status))
			world_failf(
				actor->world, CHECK_CLOSE,
				"a child could not begin: the device is still in use");
	}
	close(ends[0]);
	check_ledger(actor, killer);
	check_device(actor, killer);
	actor_note(actor, &(struct event){ .start = s,
					   .done = tick_next(),
					   .kind = OP_KILL,
					   .dev = SPARE_DEVICE,
					   .ioas = EVENT_ANY,
					   .arg = op->wait });
}

static void fini(struct actor *actor)
{
	struct killer *killer = actor->role_data;

	if (killer)
		mem_free(killer->memory, CHILD_SLOTS * SLOT_BYTES);
	free(killer);
	actor->role_data = NULL;
}

const struct role role_killer = {
	.name = "killer",
	.draw = draw,
	.enter = enter,
	.act = act,
	.fini = fini,
};
