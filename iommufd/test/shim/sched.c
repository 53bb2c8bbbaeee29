// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched.c - see sched.h
 *
 * All state is under one pthread mutex, `big`; each thread has a condition variable
 * on which it waits for its turn. Only the thread whose turn it is ever reaches a
 * point, so the sequence is total.
 *
 * LOCKING
 *   big         everything here
 *   the turn    whatever else the threads share
 */
#include <linux/sched.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "hook.h"
#include "sched.h"

/* Steps at which a thread loses its priority. */
#define CHANGES 3

enum state {
	RUNNABLE,
	PARKED,
	DONE
};

struct thread {
	pthread_t pthread;
	pthread_cond_t turn;
	const struct sched_thread *spec;
	enum state state;
	int priority;
	const void *channel; /* PARKED: on what */
	bool timed; /* PARKED: with a time */
	bool timed_out;
	unsigned long wakes_at; /* PARKED and timed: virtual time */
};

bool sched_active;

static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t all_done = PTHREAD_COND_INITIALIZER;
static struct thread threads[SCHED_THREADS_MAX];
static unsigned int nthreads;
static struct thread *running;
static __thread struct thread *self;

static uint64_t random_state;
static unsigned long seed;
static unsigned int odds; /* even seeds: one in so many points switches */
static unsigned long now; /* virtual time, in jiffies */
static unsigned long change_at[CHANGES];
static int lowest;
static bool tracing;
static struct sched_result *result;

static uint64_t draw(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* FNV-1a over what identifies a point: never an address. */
static void hash_bytes(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	while (n--)
		result->hash = (result->hash ^ *p++) * 0x100000001b3u;
}

static const char *base(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static void record(const struct sched_site *site)
{
	unsigned char who = self - threads;

	result->steps++;
	hash_bytes(&who, 1);
	hash_bytes(base(site->file), strlen(base(site->file)));
	hash_bytes(&site->line, sizeof(site->line));
	if (tracing)
		fprintf(stderr, "# %6lu %-10s %s:%d %s\n", result->steps,
			self->spec->name, base(site->file), site->line,
			site->what);
}

static void hang(void)
{
	unsigned int i;

	fprintf(stderr, "# seed %lu hangs after %lu steps:\n", seed,
		result->steps);
	for (i = 0; i < nthreads; i++)
		if (threads[i].state == PARKED)
			fprintf(stderr, "#   %s waits for ever\n",
				threads[i].spec->name);
	shim_die("hang");
}

/* Nobody can run: let the time of the first that waits for one come. */
static bool advance_time(void)
{
	struct thread *first = NULL;
	unsigned int i;

	for (i = 0; i < nthreads; i++) {
		struct thread *t = &threads[i];

		if (t->state == PARKED && t->timed &&
		    (!first || t->wakes_at < first->wakes_at))
			first = t;
	}
	if (!first)
		return false;
	if (first->wakes_at > now) {
		clock_advance(first->wakes_at - now);
		now = first->wakes_at;
	}
	first->timed_out = true;
	first->state = RUNNABLE;
	return true;
}

static unsigned int count_state(enum state state)
{
	unsigned int i, n = 0;

	for (i = 0; i < nthreads; i++)
		n += threads[i].state == state;
	return n;
}

static struct thread *best(void)
{
	struct thread *found = NULL;
	unsigned int i;

	for (i = 0; i < nthreads; i++)
		if (threads[i].state == RUNNABLE &&
		    (!found || threads[i].priority > found->priority))
			found = &threads[i];
	return found;
}

static struct thread *any(void)
{
	unsigned int i, n = draw() % count_state(RUNNABLE);

	for (i = 0;; i++)
		if (threads[i].state == RUNNABLE && !n--)
			return &threads[i];
}

static struct thread *choose(void)
{
	unsigned int i;

	while (!count_state(RUNNABLE)) {
		if (count_state(DONE) == nthreads)
			return NULL;
		if (!advance_time())
			hang();
	}
	if (!(seed & 1)) {
		if (self && self->state == RUNNABLE && draw() % odds)
			return self;
		return any();
	}
	for (i = 0; i < CHANGES; i++)
		if (self && result->steps == change_at[i])
			self->priority = --lowest;
	return best();
}

/* Hand the turn over and, unless the caller is done, wait to get it back. */
static void switch_turn(void)
{
	struct thread *next = choose();

	if (!next) {
		running = NULL;
		pthread_cond_signal(&all_done);
		return;
	}
	if (next == self)
		return;
	result->switches++;
	running = next;
	pthread_cond_signal(&next->turn);
	while (self && self->state != DONE && running != self)
		pthread_cond_wait(&self->turn, &big);
}

/**
 * sched_reach - the running thread has come to a point
 * @site: which one
 */
void sched_reach(const struct sched_site *site)
{
	if (!self)
		return;
	pthread_mutex_lock(&big);
	record(site);
	switch_turn();
	pthread_mutex_unlock(&big);
}

/**
 * sched_reach_unlocked - the same, if the thread holds no lock
 * @site: which one
 */
void sched_reach_unlocked(const struct sched_site *site)
{
	if (!current->mutexes && !current->spins)
		sched_reach(site);
}

static bool park(const void *channel, bool timed, unsigned long jiffies)
{
	bool timed_out;

	if (!self)
		shim_die("a thread outside the schedule has to wait");
	pthread_mutex_lock(&big);
	self->state = PARKED;
	self->channel = channel;
	self->timed = timed;
	self->timed_out = false;
	self->wakes_at = now + jiffies;
	switch_turn();
	timed_out = self->timed_out;
	pthread_mutex_unlock(&big);
	return !timed_out;
}

/**
 * sched_park - wait until somebody unparks the channel, or for no reason
 * @channel: an address
 */
void sched_park(const void *channel)
{
	park(channel, false, 0);
}

/**
 * sched_park_timeout - the same, for a time
 * @channel: an address
 * @jiffies: how long, in virtual time
 *
 * Return: false when the time is over.
 */
bool sched_park_timeout(const void *channel, unsigned long jiffies)
{
	return park(channel, true, jiffies);
}

/**
 * sched_unpark - whoever is parked there can run again
 * @channel: the address, or NULL for all
 */
void sched_unpark(const void *channel)
{
	unsigned int i;

	if (!sched_active)
		return;
	pthread_mutex_lock(&big);
	for (i = 0; i < nthreads; i++)
		if (threads[i].state == PARKED &&
		    (!channel || threads[i].channel == channel))
			threads[i].state = RUNNABLE;
	pthread_mutex_unlock(&big);
}

static void *start(void *data)
{
	struct thread *thread = data;

	pthread_mutex_lock(&big);
	self = thread;
	while (running != self)
		pthread_cond_wait(&self->turn, &big);
	pthread_mutex_unlock(&big);

	thread->spec->body(thread->spec->data);

	pthread_mutex_lock(&big);
	thread->state = DONE;
	switch_turn();
	pthread_mutex_unlock(&big);
	return NULL;
}

static void prepare(unsigned long expected_steps)
{
	unsigned int i, j;

	random_state = seed * 0x2545f4914f6cdd1du;
	odds = 2u << seed / 2 % 4;
	now = 0;
	lowest = 0;
	for (i = 0; i < CHANGES; i++)
		change_at[i] = 1 + draw() % (expected_steps ?: 1);
	for (i = 0; i < nthreads; i++) {
		threads[i].state = RUNNABLE;
		threads[i].priority = 1 + i;
		pthread_cond_init(&threads[i].turn, NULL);
	}
	for (i = nthreads - 1; i > 0; i--) {
		int priority = threads[i].priority;

		j = draw() % (i + 1);
		threads[i].priority = threads[j].priority;
		threads[j].priority = priority;
	}
}

/**
 * sched_run - run threads to their end under one schedule
 * @seed_: decides it
 * @expected_steps: about how many points will be reached, from an earlier run
 * @trace: print each point
 * @specs: the threads
 * @n: how many
 * @out: filled
 *
 * A hang ends the program.
 */
void sched_run(unsigned long seed_, unsigned long expected_steps, bool trace,
	       const struct sched_thread *specs, unsigned int n,
	       struct sched_result *out)
{
	unsigned int i;

	if (n > SCHED_THREADS_MAX)
		shim_die("too many threads for a schedule");
	memset(threads, 0, sizeof(threads));
	memset(out, 0, sizeof(*out));
	out->hash = 0xcbf29ce484222325u;
	result = out;
	seed = seed_;
	nthreads = n;
	tracing = trace;
	for (i = 0; i < n; i++)
		threads[i].spec = &specs[i];
	prepare(expected_steps);

	sched_active = true;
	for (i = 0; i < n; i++)
		pthread_create(&threads[i].pthread, NULL, start, &threads[i]);
	pthread_mutex_lock(&big);
	running = choose();
	pthread_cond_signal(&running->turn);
	while (running)
		pthread_cond_wait(&all_done, &big);
	pthread_mutex_unlock(&big);
	for (i = 0; i < n; i++)
		pthread_join(threads[i].pthread, NULL);
	sched_active = false;
}
