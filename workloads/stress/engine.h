/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * engine.h - running one epoch of a storm
 */
#ifndef _KIT_STRESS_ENGINE_H
#define _KIT_STRESS_ENGINE_H

#include "storm.h"

/**
 * struct limits - when an epoch ends
 * @ops: after so many operations of all actors
 * @deadline_ms: or at this time (tap_now_ms()), 0 for never
 */
struct limits {
	uint64_t ops;
	uint64_t deadline_ms;
};

/**
 * struct totals - what a storm did, over its epochs
 * @epochs: how many there were
 * @ops: operations of all actors
 * @tally: results by kind of operation
 * @overlap: sum of the ledgers, MDMA_LEDGER_N of them
 * @hash: of the plans
 * @nweak: broken promises that only the strict core makes
 */
struct totals {
	unsigned int epochs;
	uint64_t ops;
	struct tally tally[OP_NKINDS];
	uint64_t overlap[MDMA_LEDGER_N];
	uint64_t hash;
	uint64_t nweak;
};

/**
 * engine_init() - start the watchdog
 * @hung: called in its thread when something hangs: report and do not return
 */
int engine_init(void (*hung)(struct world *world, const char *what));

/**
 * engine_epoch() - run one epoch of a storm
 * @world: out: findings
 * @storm: what is played
 * @seed: of the run
 * @epoch: number of the epoch
 * @limits: when it ends
 * @totals: what it did is added
 * @stat: called several times a second while it runs
 *
 * Return: true when nothing failed.
 */
bool engine_epoch(struct world *world, const struct storm *storm, uint64_t seed,
		  unsigned int epoch, const struct limits *limits,
		  struct totals *totals,
		  void (*stat)(const struct world *world,
			       const struct totals *totals));

/** engine_cast() - fill in the parts of a storm; pure. Return: how many. */
unsigned int engine_cast(const struct storm *storm, struct part *part);

/** part_queue() - does the part need a device queue? */
bool part_queue(const struct part *part);

/** tally_add() - count one result */
void tally_add(struct tally *tally, int rc, uint64_t n);

/** tally_count() - how often was this the result? */
uint64_t tally_count(const struct tally *tally, int rc);

#endif
