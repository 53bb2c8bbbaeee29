/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * world.h - setting up an epoch's world and taking it down again
 */
#ifndef _KIT_STRESS_WORLD_H
#define _KIT_STRESS_WORLD_H

#include "storm.h"

/**
 * struct baseline - what the kernel counted before an epoch
 * @held: pages pinned in the whole system
 * @pinned_kb: VmPin of this process
 * @locked_kb: VmLck
 */
struct baseline {
	int64_t held;
	int64_t pinned_kb;
	int64_t locked_kb;
};

void baseline_read(struct baseline *baseline);

/** world_open() - contexts, IOAS, devices, stable mappings, first attachment
 *
 * Return: 0, or negative errno with a finding of CHECK_ERRNO or CHECK_CLOSE that
 * says which step failed.
 */
int world_open(struct world *world);

/**
 * world_check() - the actors have stopped: look at what is there
 * @world: the world
 *
 * Each device reads a stable slot by both data paths; what comes must agree with
 * the last state of the attachment.
 */
void world_check(struct world *world);

/**
 * world_close() - take down in the order that the seed drew, checking each step
 * @world: the world, however far world_open() came
 * @baseline: from before world_open()
 * @overlap: ledger facts, MDMA_LEDGER_N of them, are added to it
 */
void world_close(struct world *world, const struct baseline *baseline,
		 uint64_t *overlap);

#endif
