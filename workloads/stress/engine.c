// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine.c - actors, their start and stop, and the watchdog
 *
 * An epoch goes through phases: setup, run, join, check, close. The watchdog
 * looks at each: a phase other than run has a deadline; while running, an actor
 * that has made no operation since the last looks for HANG_MS hangs. A thread
 * that is stuck in the kernel cannot be stopped, so a hang ends the program.
 *
 * Who stops an epoch: the actor that makes the last operation, the main thread
 * at the deadline, or whoever reports a finding.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "kit_tap.h"
#include "world.h"

#define HANG_MS 30000
#define QUEUE_MS 20000 /* a descriptor without a completion */
#define STOP_MS 8000 /* the same when the storm is over */
#define WATCH_MS 500

enum phase {
	PHASE_IDLE,
	PHASE_SETUP,
	PHASE_RUN,
	PHASE_JOIN,
	PHASE_CLOSE
};

static const char *const phase_names[] = {
	"idle", "setting up", "running", "stopping the actors", "taking down",
};

/* What the watchdog looks at; both atomic, the world before the phase. */
static struct world *_Atomic watched;
static _Atomic int phase;
static _Atomic uint64_t phase_since;
static void (*report_hung)(struct world *world, const char *what);

static uint64_t slowdown(void)
{
	const char *text = getenv("MDEVKIT_SLOWDOWN");
	unsigned long n = text ? strtoul(text, NULL, 10) : 1;

	return n ? n : 1;
}

/* ---- for roles ---------------------------------------------------------- */

static void stop(struct world *world)
{
	atomic_store(&world->stop, true);
	pthread_mutex_lock(&world->lock);
	pthread_cond_broadcast(&world->wake);
	pthread_mutex_unlock(&world->lock);
}

/* The first finding of each check is the one that is reported. */
static void keep(struct world *world, enum check check,
		 const struct finding *finding)
{
	pthread_mutex_lock(&world->lock);
	if (!world->failed[check]) {
		world->failed[check] = true;
		world->finding[check] = *finding;
	}
	pthread_mutex_unlock(&world->lock);
}

void world_fail(struct world *world, enum check check,
		const struct finding *finding)
{
	keep(world, check, finding);
	stop(world);
}

bool world_judge(struct world *world, enum check check, enum verdict verdict,
		 const struct finding *finding)
{
	if (verdict != WRONG && verdict != WEAK)
		return false;
	if (verdict == WRONG) {
		world_fail(world, check, finding);
		return true;
	}
	atomic_fetch_add(&world->nweak, 1);
	keep(world, CHECK_STRICT, finding);
	if (world->strict)
		stop(world);
	return true;
}

void world_failf(struct world *world, enum check check, const char *fmt, ...)
{
	struct finding finding = { .window = { .dev = EVENT_ANY,
					       .ioas = EVENT_ANY } };
	va_list args;

	va_start(args, fmt);
	vsnprintf(finding.text, sizeof(finding.text), fmt, args);
	va_end(args);
	world_fail(world, check, &finding);
}

void gate_add(struct world *world, struct gate *gate)
{
	atomic_fetch_add(&gate->count, 1);
	if (!atomic_load(&gate->waiters))
		return;
	pthread_mutex_lock(&world->lock);
	pthread_cond_broadcast(&world->wake);
	pthread_mutex_unlock(&world->lock);
}

void gate_wait(struct world *world, struct gate *gate, uint64_t n)
{
	uint64_t target = atomic_load(&gate->count) + n;

	if (!n)
		return;
	/* ORDER: waiters before the count; gate_add() the other way round */
	atomic_fetch_add(&gate->waiters, 1);
	pthread_mutex_lock(&world->lock);
	while (!atomic_load(&world->stop) && atomic_load(&gate->count) < target)
		pthread_cond_wait(&world->wake, &world->lock);
	pthread_mutex_unlock(&world->lock);
	atomic_fetch_sub(&gate->waiters, 1);
}

void tally_add(struct tally *tally, int rc, uint64_t n)
{
	tally->n += n;
	for (unsigned int i = 0; i < NERRNOS; i++) {
		if (tally->rc[i].n && tally->rc[i].rc != rc)
			continue;
		tally->rc[i].rc = rc;
		tally->rc[i].n += n;
		return;
	}
}

uint64_t tally_count(const struct tally *tally, int rc)
{
	for (unsigned int i = 0; i < NERRNOS; i++)
		if (tally->rc[i].n && tally->rc[i].rc == rc)
			return tally->rc[i].n;
	return 0;
}

void actor_note(struct actor *actor, const struct event *event)
{
	event_add(&actor->events, event);
	tally_add(&actor->tally[event->kind], event->rc, 1);
}

int actor_reap(struct actor *actor, struct mdma_comp *comp)
{
	uint64_t deadline = tap_now_ms() + QUEUE_MS * slowdown();
	struct pollfd poll_irq = { .fd = actor->irq, .events = POLLIN };
	bool stopping = false;

	for (;;) {
		uint64_t signals;
		int rc;

		if (mdma_poll(&actor->queue, comp, 1))
			return 0;
		if (poll(&poll_irq, 1, 1000) == 1) {
			if (read(actor->irq, &signals, sizeof(signals)) < 0)
				return -errno;
			continue;
		}
		/* Nothing for a second: is there still a queue? */
		rc = mdma_queue_status(&actor->queue);
		if (rc)
			return rc;
		/* The storm is over: there is less reason to be patient. */
		if (!stopping && atomic_load(&actor->world->stop)) {
			stopping = true;
			deadline = tap_now_ms() + STOP_MS * slowdown();
		}
		if (tap_now_ms() > deadline)
			return -ETIMEDOUT;
	}
}

/* ---- the watchdog ------------------------------------------------------- */

static void *watch(void *unused)
{
	uint64_t limit = HANG_MS * slowdown();
	uint64_t seen[MAX_ACTORS] = { 0 };
	uint64_t since[MAX_ACTORS] = { 0 };
	char what[128];

	(void)unused;
	for (;;) {
		struct world *world = atomic_load(&watched);
		int now_in = atomic_load(&phase);
		uint64_t now = tap_now_ms();

		/* The watchdog's own tick. */
		poll(NULL, 0, WATCH_MS);
		if (now_in == PHASE_IDLE || !world)
			continue;
		if (now_in != PHASE_RUN) {
			if (now < atomic_load(&phase_since) + limit)
				continue;
			report_hung(world, phase_names[now_in]);
		}
		for (unsigned int i = 0; i < world->nactors; i++) {
			struct actor *actor = &world->actor[i];
			uint64_t nops = atomic_load(&actor->nops);

			if (nops != seen[i] ||
			    since[i] < atomic_load(&phase_since)) {
				seen[i] = nops;
				since[i] = now;
			}
			if (now < since[i] + limit)
				continue;
			snprintf(what, sizeof(what), "%s.%u in %s",
				 actor->part->role->name, i,
				 op_name(atomic_load(&actor->now)));
			report_hung(world, what);
		}
	}
	return NULL;
}

static void enter_phase(enum phase next)
{
	atomic_store(&phase_since, tap_now_ms());
	atomic_store(&phase, next);
}

int engine_init(void (*hung)(struct world *world, const char *what))
{
	pthread_t thread;
	int rc;

	report_hung = hung;
	rc = pthread_create(&thread, NULL, watch, NULL);
	if (!rc)
		pthread_detach(thread);
	return -rc;
}

/* ---- actors ------------------------------------------------------------- */

unsigned int engine_cast(const struct storm *storm, struct part *part)
{
	unsigned int n = 0, mappers = 0, writers = 0;

	while (n < MAX_CAST && storm->cast[n].role) {
		part[n] = storm->cast[n];
		part[n].storm = storm;
		if (part[n].role->maps)
			part[n].share = mappers++;
		if (part[n].role == &role_dma)
			part[n].writer = writers++;
		n++;
	}
	for (unsigned int i = 0; i < n; i++)
		part[i].nshares = mappers;
	return n;
}

unsigned int part_slot(const struct part *part, struct rng *rng)
{
	unsigned int nslots = NSLOTS - part->storm->nstable;
	unsigned int mine =
		(nslots - part->share + part->nshares - 1) / part->nshares;

	return part->storm->nstable + part->share +
	       part->nshares * rng_below(rng, mine);
}

static void count(struct world *world, const struct limits *limits)
{
	if (atomic_fetch_add(&world->total, 1) + 1 == limits->ops)
		stop(world);
}

struct job {
	struct actor *actor;
	const struct limits *limits;
};

static void *play(void *arg)
{
	struct job *job = arg;
	struct actor *actor = job->actor;
	struct world *world = actor->world;
	const struct role *role = actor->part->role;
	int rc = role->enter ? role->enter(actor) : 0;

	if (rc)
		world_failf(world, CHECK_ERRNO, "starting %s.%u: %s",
			    role->name, actor->index, tap_errno_name(rc));
	pthread_barrier_wait(&world->start);
	while (!atomic_load(&world->stop)) {
		struct op op;

		plan_next(&actor->plan, &op);
		atomic_store(&actor->now, op.kind);
		role->act(actor, &op);
		atomic_fetch_add(&actor->nops, 1);
		count(world, job->limits);
	}
	if (role->leave)
		role->leave(actor);
	return NULL;
}

bool part_queue(const struct part *part)
{
	return part->role->queue && !(part->flags & PART_BLIND);
}

/* Give each actor that needs one a queue and an eventfd for it. */
static int deal_queues(struct world *world)
{
	int irq[NDEVS][MDMA_NVECTORS];
	unsigned int next[NDEVS] = { 0 };
	int rc = 0;

	memset(irq, -1, sizeof(irq));
	for (unsigned int i = 0; i < world->nactors; i++) {
		struct actor *actor = &world->actor[i];
		unsigned int d = actor->part->dev;

		actor->irq = -1;
		if (!part_queue(actor->part))
			continue;
		if (next[d] == MDMA_NQUEUES)
			return -ENOSPC;
		actor->queue.index = next[d];
		actor->irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (actor->irq < 0)
			return -errno;
		irq[d][next[d]++] = actor->irq;
	}
	for (unsigned int d = 0; !rc && d < world->storm->ndevs; d++)
		if (next[d])
			rc = cdev_irq_set(world->dev[d].fd,
					  VFIO_PCI_MSIX_IRQ_INDEX, 0, next[d],
					  irq[d]);
	return rc;
}

/* Draw every plan again: the same seed, the same operations. */
static void check_plans(struct world *world, struct totals *totals)
{
	for (unsigned int i = 0; i < world->nactors; i++) {
		struct actor *actor = &world->actor[i];
		struct plan again;
		struct op op;

		plan_init(&again, actor->part, world->seed, world->epoch, i);
		while (again.n < actor->plan.n)
			plan_next(&again, &op);
		if (again.hash != actor->plan.hash)
			world_failf(world, CHECK_PLAN,
				    "%s.%u drew another plan the second time",
				    actor->part->role->name, i);
		totals->hash = rng_mix(totals->hash ^ again.hash);
	}
}

static void run(struct world *world, const struct limits *limits,
		const struct totals *totals,
		void (*stat)(const struct world *, const struct totals *))
{
	struct job job[MAX_ACTORS];
	unsigned int n = world->nactors;

	pthread_barrier_init(&world->start, NULL, n + 1);
	for (unsigned int i = 0; i < n; i++) {
		job[i] = (struct job){ &world->actor[i], limits };
		if (pthread_create(&world->actor[i].thread, NULL, play,
				   &job[i]))
			abort();
	}
	pthread_barrier_wait(&world->start);
	enter_phase(PHASE_RUN);
	pthread_mutex_lock(&world->lock);
	while (!atomic_load(&world->stop)) {
		uint64_t now = tap_now_ms();
		struct timespec until;

		if (limits->deadline_ms && now >= limits->deadline_ms) {
			atomic_store(&world->stop, true);
			pthread_cond_broadcast(&world->wake);
			break;
		}
		stat(world, totals);
		until.tv_sec = (now + 200) / 1000;
		until.tv_nsec = (now + 200) % 1000 * 1000000;
		pthread_cond_clockwait(&world->wake, &world->lock,
				       CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&world->lock);
	enter_phase(PHASE_JOIN);
	for (unsigned int i = 0; i < n; i++)
		pthread_join(world->actor[i].thread, NULL);
	pthread_barrier_destroy(&world->start);
}

static void add_up(struct world *world, struct totals *totals)
{
	totals->epochs++;
	world->counted = true;
	for (unsigned int i = 0; i < world->nactors; i++) {
		const struct actor *actor = &world->actor[i];

		totals->ops += actor->nops;
		for (unsigned int k = 0; k < OP_NKINDS; k++)
			for (unsigned int e = 0; e < NERRNOS; e++)
				if (actor->tally[k].rc[e].n)
					tally_add(&totals->tally[k],
						  actor->tally[k].rc[e].rc,
						  actor->tally[k].rc[e].n);
	}
}

/* Ours is the one that was not built with the kernel. */
static bool core_is_strict(void)
{
	char taint[16] = "";
	int fd = open("/sys/module/iommufd/taint", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, taint, sizeof(taint) - 1);
	close(fd);
	return n > 0 && strchr(taint, 'O');
}

bool engine_epoch(struct world *world, const struct storm *storm, uint64_t seed,
		  unsigned int epoch, const struct limits *limits,
		  struct totals *totals,
		  void (*stat)(const struct world *world,
			       const struct totals *totals))
{
	static struct part part[MAX_CAST];
	struct baseline baseline;
	int rc;

	memset(world, 0, sizeof(*world));
	world->storm = storm;
	world->strict = core_is_strict();
	world->seed = seed;
	world->epoch = epoch;
	pthread_mutex_init(&world->lock, NULL);
	pthread_cond_init(&world->wake, NULL);
	world->nactors = engine_cast(storm, part);
	for (unsigned int i = 0; i < world->nactors; i++) {
		struct actor *actor = &world->actor[i];

		actor->world = world;
		actor->part = &part[i];
		actor->index = i;
		actor->events.who = part[i].role->name;
		actor->events.index = i;
		plan_init(&actor->plan, &part[i], seed, epoch, i);
	}
	atomic_store(&watched, world);
	enter_phase(PHASE_SETUP);
	baseline_read(&baseline);
	rc = world_open(world);
	if (!rc) {
		rc = deal_queues(world);
		if (rc)
			world_failf(world, CHECK_ERRNO, "queues: %s",
				    tap_errno_name(rc));
	}
	if (!rc) {
		run(world, limits, totals, stat);
		add_up(world, totals);
		enter_phase(PHASE_CLOSE);
		check_plans(world, totals);
		world_check(world);
	}
	enter_phase(PHASE_CLOSE);
	world_close(world, &baseline, totals->overlap);
	for (unsigned int i = 0; i < world->nactors; i++) {
		struct actor *actor = &world->actor[i];

		if (actor->part->role->fini)
			actor->part->role->fini(actor);
		if (!rc && actor->irq >= 0)
			close(actor->irq);
	}
	shadow_fini(&world->shadow);
	enter_phase(PHASE_IDLE);
	pthread_cond_destroy(&world->wake);
	pthread_mutex_destroy(&world->lock);
	totals->nweak += world->nweak;
	for (unsigned int i = 0; i < NCHECKS; i++)
		if (world->failed[i] && (i != CHECK_STRICT || world->strict))
			return false;
	return true;
}
