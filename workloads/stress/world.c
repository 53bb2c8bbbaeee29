// SPDX-License-Identifier: GPL-2.0-only
/*
 * world.c - the objects of an epoch: made, looked at when all is quiet, undone
 *
 * There are four ways down, drawn by the seed, because each makes another part
 * of the core release the pins that are still held:
 *
 *   END_UNMAP    UNMAP of everything; then nothing may be pinned
 *   END_DETACH   DETACH; then nothing may be pinned
 *   END_CLOSE    close the devices; then nothing may be pinned
 *   END_CONTEXT  close /dev/iommu while the devices still use it, then those
 *
 * Where /dev/iommu is still open afterwards, every IOAS is destroyed, destroyed
 * again, and every id in reach is tried: the object table must be empty.
 *
 * The kernel may finish a close in a work item, so the counters of pinned pages
 * get SETTLE_MS to come back; a leak does not come back.
 */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iommu.h"
#include "kit_tap.h"
#include "limit.h"
#include "mem.h"

#define SETTLE_MS 3000
#define PROBE_MS 10000
#define STREAM_WORLD 0xffffffffull /* not the ordinal of any actor */
#define IDS_TRIED 16 /* beyond the highest id that was handed out */
#define RINGS_BYTES ((uint64_t)NDEVS * MDMA_RINGS_BYTES)
#define MISFIT_BYTES 512 /* no device can use a mapping of this size */

enum ending {
	END_UNMAP,
	END_DETACH,
	END_CLOSE,
	END_CONTEXT,
	NENDINGS
};

static const char *const ending_names[NENDINGS] = {
	"unmap",
	"detach",
	"close",
	"context",
};

static void world_rng(const struct world *world, struct rng *rng)
{
	rng_split(rng, world->seed,
		  (uint64_t)world->epoch << 32 | STREAM_WORLD);
}

void baseline_read(struct baseline *baseline)
{
	baseline->held = mem_pins_held();
	baseline->pinned_kb = mem_status_kb(0, "VmPin");
	baseline->locked_kb = mem_status_kb(0, "VmLck");
}

/* ---- setting up --------------------------------------------------------- */

static int failed(struct world *world, const char *step, int rc)
{
	world_failf(world, CHECK_ERRNO, "setting up: %s: %s", step,
		    tap_errno_name(rc));
	return rc;
}

static void *stable_buf(struct world *world, unsigned int ioas,
			unsigned int slot)
{
	return world->stable.va +
	       (ioas * world->storm->nstable + slot) * (uint64_t)SLOT_BYTES;
}

static int map_stable(struct world *world, unsigned int ioas)
{
	for (unsigned int slot = 0; slot < world->storm->nstable; slot++) {
		uint8_t *buf = stable_buf(world, ioas, slot);
		uint32_t gen = shadow_gen(&world->shadow, ioas, slot, buf,
					  GEN_WRITABLE);
		struct reg *reg = &world->shadow.slot[ioas][slot];
		uint64_t ticket;
		int rc;

		stamp_fill(buf, SLOT_PAGES,
			   (struct stamp){ .kind = STAMP_LIVE,
					   .ioas = ioas,
					   .slot = slot,
					   .gen = gen });
		ticket = reg_begin(reg, gen, tick_next());
		rc = arena_map(&world->stable, world->iommufd,
			       world->ioas[ioas], buf, SLOT_BYTES, IOMMU_MAP_RW,
			       slot_iova(slot));
		reg_end(reg, ticket, tick_next(), !rc);
		if (rc)
			return rc;
	}
	return 0;
}

static int open_ioas(struct world *world)
{
	const struct storm *storm = world->storm;
	int rc;

	for (unsigned int i = 0; i < storm->nioas; i++) {
		rc = iommu_ioas_alloc(world->iommufd, &world->ioas[i]);
		if (rc)
			return failed(world, "IOAS_ALLOC", rc);
		rc = map_stable(world, i);
		if (rc)
			return failed(world, "IOAS_MAP", rc);
		if (!world->rings)
			continue;
		rc = iommu_map_at(world->iommufd, world->ioas[i], world->rings,
				  RINGS_BYTES, RINGS_IOVA);
		if (rc)
			return failed(world, "IOAS_MAP of the rings", rc);
	}
	if (storm->flags & STORM_BARE)
		return 0;
	rc = iommu_ioas_alloc(world->iommufd, &world->misfit);
	if (!rc && world->stable.va)
		rc = iommu_map_at(world->iommufd, world->misfit,
				  world->stable.va + MISFIT_BYTES, MISFIT_BYTES,
				  MISFIT_BYTES);
	if (rc)
		return failed(world, "IOAS_MAP of less than a page", rc);
	return 0;
}

static int open_device(struct world *world, unsigned int d, struct rng *rng)
{
	const struct storm *storm = world->storm;
	struct mdma_dev *dev = &world->dev[d];
	unsigned int ioas;
	uint64_t ticket;
	int rc;

	rc = cdev_find(d, MDMA_DEV_TYPE, &world->dev_name[d]);
	if (rc)
		return failed(world, "finding an mdma device", rc);
	mdma_knobs_reset(&world->dev_name[d]);
	if (storm->flags & STORM_NODEV)
		return 0;
	rc = mdma_open(dev, d, world->iommufd);
	if (rc)
		return failed(world, "opening an mdma device", rc);
	if (storm->flags & STORM_BARE)
		return 0;
	ioas = rng_below(rng, storm->nioas);
	ticket = reg_begin(&world->shadow.attach[d], ATTACHED(ioas),
			   tick_next());
	rc = mdma_attach(dev, world->ioas[ioas]);
	reg_end(&world->shadow.attach[d], ticket, tick_next(), !rc);
	if (rc)
		return failed(world, "ATTACH", rc);

	/* Half of the epochs run without delays. */
	if (storm->delay_unmap_us && rng_chance(rng, 2))
		mdma_knob_set(&dev->name, "delay_unmap_us",
			      rng_below(rng, storm->delay_unmap_us + 1));
	if (storm->delay_pin_us && rng_chance(rng, 2))
		mdma_knob_set(&dev->name, "delay_pin_us",
			      rng_below(rng, storm->delay_pin_us + 1));
	/*
	 * A driver that waits for its own pins in the callback hides whether the
	 * core would; the kernel's own core counts on it.
	 */
	if (world->strict && rng_chance(rng, 2) &&
	    !mdma_knob_get(&dev->name, "patience_us", &world->patience_us[d]))
		mdma_knob_set(&dev->name, "patience_us", 0);
	return 0;
}

static bool storm_rings(const struct storm *storm)
{
	for (const struct part *part = storm->cast; part->role; part++)
		if (part->flags & PART_IOVA_RINGS)
			return true;
	return false;
}

int world_open(struct world *world)
{
	const struct storm *storm = world->storm;
	struct rng rng;
	int rc;

	world_rng(world, &rng);
	world->iommufd = -1;
	for (unsigned int d = 0; d < NDEVS; d++) {
		world->dev[d].fd = -1;
		reg_init(&world->owner[d], 0);
	}
	for (unsigned int id = 0; id < NIDS; id++)
		reg_init(&world->exists[id], 0);
	rc = shadow_init(&world->shadow, storm->nioas);
	if (rc)
		return failed(world, "memory for the record", rc);
	world->noid = 0x7ffffff0;
	if (storm->flags & STORM_LIMITED) {
		rc = limit_enter();
		if (rc)
			return failed(world, "RLIMIT_MEMLOCK", rc);
		world->shadow.nomem = true;
	}
	if (storm->nstable) {
		rc = arena_alloc(
			&world->stable,
			(uint64_t)storm->nioas * storm->nstable * SLOT_BYTES,
			arena_draw(world->seed, world->epoch, MAX_ACTORS));
		if (rc)
			return failed(world, "memory", rc);
	}
	if (storm_rings(storm)) {
		world->rings = mem_alloc(RINGS_BYTES);
		if (!world->rings)
			return failed(world, "memory", -ENOMEM);
	}
	world->iommufd = iommu_open();
	if (world->iommufd < 0)
		return failed(world, "opening /dev/iommu", world->iommufd);
	rc = open_ioas(world);
	for (unsigned int d = 0; !rc && d < storm->ndevs; d++)
		rc = open_device(world, d, &rng);
	return rc;
}

/* ---- when all is quiet -------------------------------------------------- */

static void probe(struct world *world, unsigned int d, bool pin)
{
	struct mdma_dev *dev = &world->dev[d];
	struct dma dma = {
		.kind = OP_READ,
		.dev = d,
		.pin = pin,
		.src = { .length = PAGE_BYTES },
	};
	struct mdma_queue queue;
	struct finding finding;
	enum verdict verdict;
	bool canary;
	int rc;

	rc = mdma_queue_start(&queue, dev, 0, 2);
	if (rc) {
		world_failf(world, CHECK_ERRNO, "starting a queue: %s",
			    tap_errno_name(rc));
		return;
	}
	dma.s = tick_next();
	dma.status = mdma_do_read(&queue, slot_iova(0), 0, PAGE_BYTES,
				  pin ? MDMA_F_PIN : 0);
	dma.c = tick_next();
	mdma_queue_stop(&queue);
	if (world_judge(world, CHECK_ERRNO,
			oracle_status(&world->shadow, &dma, &finding),
			&finding) ||
	    dma.status)
		return;
	verdict = oracle_data(&world->shadow, &dma, &dma.src, dev->mem, &canary,
			      &finding);
	world_judge(world, canary ? CHECK_UNMAP : CHECK_DATA, verdict,
		    &finding);
}

void world_check(struct world *world)
{
	if (!world->storm->nstable)
		return;
	for (unsigned int d = 0; d < world->storm->ndevs; d++) {
		probe(world, d, false);
		probe(world, d, true);
	}
}

/* ---- taking down -------------------------------------------------------- */

static void expect_rc(struct world *world, enum check check, const char *what,
		      int expected, int seen)
{
	if (seen != expected)
		world_failf(world, check, "%s: expected %s, seen %s", what,
			    tap_errno_name(expected), tap_errno_name(seen));
}

/* Nothing that this process mapped may be pinned now. */
static void expect_no_pins(struct world *world, enum check check,
			   const struct baseline *baseline, const char *after)
{
	struct baseline now;

	(void)TAP_WAIT_FOR((baseline_read(&now),
			    now.held == baseline->held &&
				    now.pinned_kb == baseline->pinned_kb &&
				    now.locked_kb == baseline->locked_kb),
			   SETTLE_MS);
	if (now.held != baseline->held)
		world_failf(world, check, "after %s %lld pages are pinned",
			    after, (long long)(now.held - baseline->held));
	if (now.pinned_kb != baseline->pinned_kb ||
	    now.locked_kb != baseline->locked_kb)
		world_failf(
			world, check,
			"after %s VmPin is %lld kB, VmLck %lld kB; they were %lld, %lld",
			after, (long long)now.pinned_kb,
			(long long)now.locked_kb,
			(long long)baseline->pinned_kb,
			(long long)baseline->locked_kb);
}

static void expect_no_held(struct world *world, enum check check,
			   const char *after)
{
	if (world->storm->flags & STORM_NODEV)
		return;
	for (unsigned int d = 0; d < world->storm->ndevs; d++) {
		uint64_t npins = mdma_npins(&world->dev[d]);

		if (npins)
			world_failf(world, check,
				    "after %s device %u still holds %llu pages",
				    after, d, (unsigned long long)npins);
	}
}

static void unmap_everything(struct world *world,
			     const struct baseline *baseline)
{
	for (unsigned int i = 0; i < world->storm->nioas; i++)
		expect_rc(world, CHECK_ERRNO, "UNMAP of everything", 0,
			  iommu_unmap_all(world->iommufd, world->ioas[i]));
	expect_no_held(world, CHECK_UNMAP, "UNMAP of everything");
	expect_no_pins(world, CHECK_UNMAP, baseline, "UNMAP of everything");
}

static void detach_all(struct world *world, const struct baseline *baseline)
{
	if (world->storm->flags & STORM_NODEV)
		return;
	for (unsigned int d = 0; d < world->storm->ndevs; d++)
		expect_rc(world, CHECK_ERRNO, "DETACH", 0,
			  mdma_detach(&world->dev[d]));
	expect_no_held(world, CHECK_CLOSE, "DETACH");
	expect_no_pins(world, CHECK_CLOSE, baseline, "DETACH");
}

static void close_devices(struct world *world, uint64_t *overlap)
{
	for (unsigned int d = 0; d < world->storm->ndevs; d++) {
		struct mdma_dev *dev = &world->dev[d];
		uint64_t before = mdma_violations();
		uint64_t seen[MDMA_LEDGER_NVIOLATIONS];

		if (dev->fd < 0)
			continue;
		for (unsigned int i = 0; i < MDMA_LEDGER_N; i++)
			overlap[i] += mdma_ledger(dev, i);
		for (unsigned int i = 0; i < MDMA_LEDGER_NVIOLATIONS; i++) {
			seen[i] = mdma_ledger(dev, i);
			if (seen[i])
				world_failf(world, CHECK_LEDGER,
					    "device %u counted %s %llu times",
					    d, mdma_ledger_name(i),
					    (unsigned long long)seen[i]);
		}
		mdma_close(dev);
		if (mdma_violations() != before)
			world_failf(
				world, CHECK_LEDGER,
				"device %u counted %llu broken promises up to its close",
				d,
				(unsigned long long)(mdma_violations() -
						     before));
		mdma_knobs_reset(&world->dev_name[d]);
		if (world->patience_us[d])
			mdma_knob_set(&world->dev_name[d], "patience_us",
				      world->patience_us[d]);
	}
}

static void empty_table(struct world *world)
{
	uint32_t highest = world->misfit;

	if (world->storm->flags & STORM_BARE) {
		/* What the roles left is theirs to be destroyed now. */
		highest = NIDS;
		for (uint32_t id = 1; id < highest; id++)
			iommu_destroy(world->iommufd, id);
	}

	for (unsigned int i = 0; i < world->storm->nioas; i++) {
		expect_rc(world, CHECK_CLOSE, "DESTROY of an idle IOAS", 0,
			  iommu_destroy(world->iommufd, world->ioas[i]));
		if (world->ioas[i] > highest)
			highest = world->ioas[i];
	}
	if (world->misfit)
		expect_rc(world, CHECK_CLOSE, "DESTROY of an idle IOAS", 0,
			  iommu_destroy(world->iommufd, world->misfit));
	for (uint32_t id = 1; id < highest + NDEVS + IDS_TRIED; id++) {
		int rc = iommu_destroy(world->iommufd, id);

		if (rc != -ENOENT)
			world_failf(
				world, CHECK_CLOSE,
				"the object table is not empty: DESTROY of id %u: %s",
				id, tap_errno_name(rc));
	}
}

static void close_context(struct world *world)
{
	if (world->iommufd >= 0)
		close(world->iommufd);
	world->iommufd = -1;
}

void world_close(struct world *world, const struct baseline *baseline,
		 uint64_t *overlap)
{
	const struct storm *storm = world->storm;
	bool complete = world->iommufd >= 0;
	enum ending ending;
	struct rng rng;

	for (unsigned int d = 0; d < storm->ndevs; d++)
		complete = complete && (world->dev[d].fd >= 0 ||
					(storm->flags & STORM_NODEV));
	world_rng(world, &rng);
	rng_next(&rng); /* not the number that chose the first IOAS */
	ending = (rng_next(&rng) >> 32) % NENDINGS;
	if (complete && ending == END_UNMAP && !(storm->flags & STORM_BARE))
		unmap_everything(world, baseline);
	if (complete && (ending == END_DETACH || ending == END_UNMAP))
		detach_all(world, baseline);
	if (complete && ending == END_CONTEXT)
		close_context(world);
	close_devices(world, overlap);
	if (complete && ending != END_CONTEXT)
		empty_table(world);
	close_context(world);
	if (complete)
		expect_no_pins(world, CHECK_CLOSE, baseline,
			       ending_names[ending]);
	if (storm->flags & STORM_LIMITED) {
		if (complete)
			limit_check(world);
		limit_leave();
	}
	arena_free(&world->stable);
	mem_free(world->rings, RINGS_BYTES);
}
