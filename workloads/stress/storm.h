/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * storm.h - storms, roles and the world they play in
 *
 * A *storm* is a row of storms.c: what it aims at, who plays, which overlaps it
 * must reach. A *part* is a role given to an actor (a thread) with its device,
 * queue and share of the slots. A storm runs in *epochs*: set up a world, let
 * the actors run their plans in parallel until enough operations were made,
 * stop them, check, tear the world down in one of several orders, check that
 * nothing is left.
 *
 * The world is a few IOAS with a window of NSLOTS adjacent slots each, at the
 * same IOVAs. A slot is mapped as a whole or not at all, each time to a buffer
 * whose words say which mapping they belong to (stamp.h). Slots below
 * storm->nstable are mapped for the whole epoch in every IOAS; the others belong
 * to a mapper each, who alone maps them; anybody may unmap them.
 *
 * LOCKING
 *   world->lock    the first finding of each check, gates; no call is made
 *                  under it
 *   registers      have their own (history.h), innermost
 *   immutable      everything the engine fills in before the actors start
 *   per actor      a field of struct actor belongs to its thread until joined,
 *                  except those marked atomic
 */
#ifndef _KIT_STRESS_STORM_H
#define _KIT_STRESS_STORM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "events.h"
#include "history.h"
#include "mdma_dev.h"
#include "oracle.h"
#include "plan.h"
#include "stamp.h"

#define MAX_ACTORS 24
#define MAX_CAST 16
#define MAX_OVERLAPS 8
#define NERRNOS 16 /* distinct results kept for each kind of operation */

/* What a storm can fail, one TAP case each. */
enum check {
	CHECK_UNMAP, /* 1. after UNMAP the device reaches nothing */
	CHECK_DATA, /* 2. what DMA moved was mapped */
	CHECK_ERRNO, /* 3. every result is allowed in its state */
	CHECK_STRICT, /* 3. and where this project's core promises more */
	CHECK_REPLACE, /* 4. a failed replace changed nothing */
	CHECK_CLOSE, /* 5. after close nothing is left */
	CHECK_LEDGER, /* 6. the driver saw no broken promise */
	CHECK_HANG, /* nothing hangs */
	CHECK_PLAN, /* 7. same seed, same plan */
	CHECK_OVERLAP, /* the storm reached what it aims at */
	NCHECKS,
};

struct actor;

/**
 * struct role - something an actor can be
 * @name: for statistics and histories
 * @queue: needs a device queue
 * @maps: owns a share of the slots
 * @draw: the next operation of the plan; pure
 * @enter: make ready, called in the actor's thread; 0 or negative errno
 * @act: make one operation
 * @leave: finish what is in flight; the world is still there
 * @fini: look back and free, called by the engine when the world is gone
 */
struct role {
	const char *name;
	bool queue;
	bool maps;
	void (*draw)(const struct part *part, struct rng *rng, struct op *op);
	int (*enter)(struct actor *actor);
	void (*act)(struct actor *actor, const struct op *op);
	void (*leave)(struct actor *actor);
	void (*fini)(struct actor *actor);
};

extern const struct role role_auditor;
extern const struct role role_destroyer;
extern const struct role role_dma;
extern const struct role role_faulter;
extern const struct role role_forker;
extern const struct role role_guesser;
extern const struct role role_holder;
extern const struct role role_killer;
extern const struct role role_mapper;
extern const struct role role_opener;
extern const struct role role_presser;
extern const struct role role_rover;
extern const struct role role_swapper;
extern const struct role role_unmapper;

/* Flags of a part. */
#define PART_PIN (1u << 0) /* dma: by pin, touch, unpin instead of by copy */
#define PART_IOVA_RINGS (1u << 1) /* dma: rings in IOVA memory */
#define PART_DETACH (1u << 2) /* swapper: detaches now and then */
#define PART_ALL (1u << 3) /* unmapper: the whole IOAS, not only ranges */
#define PART_EAGER (1u << 4) /* does not wait for others between operations */
#define PART_BLIND (1u << 5) /* swapper: has no queue, does not look */

/**
 * struct part - a role in one storm
 * @role: NULL ends the list
 * @dev: ordinal of the device that it uses
 * @flags: PART_*
 * @storm: set by the engine, as is everything below
 * @share: which of the roles that map this is
 * @nshares: of how many
 * @writer: number of a DMA actor in the storm, decides its lanes
 */
struct part {
	const struct role *role;
	uint8_t dev;
	uint8_t flags;
	const struct storm *storm;
	uint8_t share;
	uint8_t nshares;
	uint8_t writer;
};

/* Flags of a storm. */
#define STORM_BARE (1u << 0) /* no IOAS; the devices are not attached */
#define STORM_NODEV (1u << 1) /* devices are left to the roles, unopened */
#define STORM_LIMITED (1u << 2) /* without CAP_IPC_LOCK, see limit.h */

#define MAX_SIGHTS 6
#define NVICTIMS 6 /* IOAS that come and go */
#define NIDS 256 /* ids whose existence is recorded */

/** struct sight - a result that must have been seen, else nothing was proven */
struct sight {
	uint8_t kind; /* enum op_kind, OP_NONE ends the list */
	int rc;
};

/**
 * struct storm - a row of the table
 * @name: for --storm
 * @aim: what it is for, one line
 * @ndevs: devices in the world
 * @nioas: IOAS in the world
 * @nstable: slots that stay mapped
 * @delay_unmap_us: largest value of that knob; each epoch draws one from 0 up
 * @delay_pin_us: likewise
 * @cast: who plays
 * @overlap: ledger facts that must not stay 0; ends with 0
 * @sight: results that must have come
 * @flags: STORM_*
 */
struct storm {
	const char *name;
	const char *aim;
	uint8_t ndevs;
	uint8_t nioas;
	uint8_t nstable;
	uint32_t delay_unmap_us;
	uint32_t delay_pin_us;
	struct part cast[MAX_CAST];
	enum mdma_ledger overlap[MAX_OVERLAPS];
	struct sight sight[MAX_SIGHTS];
	uint8_t flags;
};

const struct storm *storm_find(const char *name);
const struct storm *storm_at(unsigned int i); /* NULL after the last */

/* Counts results of one kind of operation. */
struct tally {
	uint64_t n;
	struct {
		int rc;
		uint64_t n;
	} rc[NERRNOS];
};

/**
 * struct actor - one thread of a storm
 * @world: where it plays
 * @part: what it plays
 * @index: its ordinal in the storm
 * @thread: the thread
 * @plan: its operations
 * @queue: of the device, if the part has one
 * @irq: eventfd of the queue, -1 without one
 * @nops: atomic, operations made; the watchdog looks at it
 * @now: atomic, kind of the operation under way
 * @role_data: belongs to the role, from enter to fini
 * @events: what it did lately
 * @tally: results by kind of operation
 */
struct actor {
	struct world *world;
	const struct part *part;
	unsigned int index;
	pthread_t thread;
	struct plan plan;
	struct mdma_queue queue;
	int irq;
	_Atomic uint64_t nops;
	_Atomic int now;
	void *role_data;
	struct event_ring events;
	struct tally tally[OP_NKINDS];
};

/* A count that others can wait on. */
struct gate {
	_Atomic uint64_t count;
	_Atomic unsigned int waiters;
};

/**
 * struct world - everything of one epoch
 * @storm: what is played
 * @seed: of the run
 * @epoch: number of the epoch
 * @shadow: what is known of slots and attachments
 * @iommufd: the context, -1 when it is closed
 * @ioas: ids
 * @misfit: id of an IOAS that no device can attach to
 * @noid: an id that is no object
 * @dev: devices, fd -1 when closed
 * @dev_name: their names
 * @patience_us: that knob of the device before, 0: not changed
 * @rings: memory mapped at RINGS_IOVA in every IOAS, or NULL
 * @stable: buffers of the stable slots
 * @stop: atomic, the actors end after their current operation
 * @total: atomic, operations of all actors
 * @victim: atomic, ids of IOAS that come and go, 0 for none
 * @exists: register of each id: 0, or which of its lives
 * @lives: atomic, names for them
 * @owner: register of each device: 0, or the file that is bound
 * @maps: gate: successful MAPs
 * @dmas: gate: completed descriptors
 * @lock: protects @failed and @finding, and sleeps with @wake
 * @wake: a gate opened, or the storm stops
 * @start: all actors are ready
 * @counted: what the actors did is in the totals
 * @strict: it is this project's core, which promises more than the kernel's
 * @nweak: atomic, how often such a promise was broken
 * @nactors: how many
 * @actor: the actors
 * @failed: by check
 * @finding: the first one of each check
 */
struct world {
	const struct storm *storm;
	uint64_t seed;
	unsigned int epoch;
	struct shadow shadow;
	int iommufd;
	uint32_t ioas[NIOAS];
	uint32_t misfit;
	uint32_t noid;
	struct mdma_dev dev[NDEVS];
	struct cdev_name dev_name[NDEVS];
	uint64_t patience_us[NDEVS];
	uint8_t *rings;
	struct arena stable;
	_Atomic uint32_t victim[NVICTIMS];
	struct reg exists[NIDS];
	_Atomic uint64_t lives;
	struct reg owner[NDEVS];
	_Atomic bool stop;
	_Atomic uint64_t total;
	struct gate maps;
	struct gate dmas;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_barrier_t start;
	bool counted;
	bool strict;
	_Atomic uint64_t nweak;
	unsigned int nactors;
	struct actor actor[MAX_ACTORS];
	bool failed[NCHECKS];
	struct finding finding[NCHECKS];
};

/* ---- for roles ---------------------------------------------------------- */

/** world_fail() - keep the first finding of a check and stop the storm */
void world_fail(struct world *world, enum check check,
		const struct finding *finding);

/** world_failf() - the same for a finding without a history */
void world_failf(struct world *world, enum check check, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * world_judge() - act on the oracle's verdict
 * @world: the world
 * @check: what WRONG fails
 * @verdict: the verdict
 * @finding: in words
 *
 * WRONG fails the check. WEAK is counted; on the strict core it fails too.
 *
 * Return: true when it was one of the two.
 */
bool world_judge(struct world *world, enum check check, enum verdict verdict,
		 const struct finding *finding);

/** gate_add() - one more; wakes who waits */
void gate_add(struct world *world, struct gate *gate);

/** gate_wait() - until @n more have come, or the storm stops */
void gate_wait(struct world *world, struct gate *gate, uint64_t n);

/** part_slot() - a slot of the part's share; pure */
unsigned int part_slot(const struct part *part, struct rng *rng);

/** actor_note() - record an operation in the history and the statistics */
void actor_note(struct actor *actor, const struct event *event);

/** destroy_id() - DESTROY of any id, judged (role_destroyer.c) */
void destroy_id(struct actor *actor, enum op_kind kind, uint32_t id);

/** actor_reap() - consume one completion, sleeping on the queue's eventfd
 *
 * Return: 0, or the errno that stopped the queue, or -ETIMEDOUT.
 */
int actor_reap(struct actor *actor, struct mdma_comp *comp);

#endif
