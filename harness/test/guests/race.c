// SPDX-License-Identifier: GPL-2.0-only
/*
 * race.c - two threads race, and the outcome is printed
 *
 * Two threads, one per CPU, start together and take numbers from one counter; who
 * took which number is what the schedule decided. The order is hashed and printed on
 * console and results. On the deterministic machine the same seed must print the
 * same bytes, another seed others.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "liar.h"

#define TURNS 4000000

static atomic_uint ready;
static atomic_uint next;
static unsigned char taken_by[TURNS];

static void *racer(void *data)
{
	unsigned char me = *(unsigned char *)data;
	unsigned int turn;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(me, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	atomic_fetch_add(&ready, 1);
	while (atomic_load(&ready) < 2)
		;
	while ((turn = atomic_fetch_add(&next, 1)) < TURNS)
		taken_by[turn] = me;
	return NULL;
}

int main(void)
{
	static unsigned char names[2] = { 0, 1 };
	unsigned int changes = 0;
	uint64_t hash = 14695981039346656037ull;
	pthread_t thread[2];

	liar_setup();
	liar_say(
		"KTAP version 1\n1..1\n# start race\n    KTAP version 1\n    1..1\n");
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, racer, &names[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	for (unsigned int i = 0; i < TURNS; i++) {
		hash = (hash ^ taken_by[i]) * 1099511628211ull;
		changes += i && taken_by[i] != taken_by[i - 1];
	}
	dprintf(2, "race: order %016llx, %u changes\n",
		(unsigned long long)hash, changes);
	liar_say(
		"    # order %016llx, %u changes\n    ok 1 raced\nok 1 race\n# mdevkit end 0\n",
		(unsigned long long)hash, changes);
	liar_power_off();
}
