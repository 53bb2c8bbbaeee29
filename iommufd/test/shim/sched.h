/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched.h - a seeded scheduler for the threads of a test
 *
 * sched_run() starts the threads and lets one run at a time. Which one is decided
 * at each point the shims report, from a seed alone: the same seed gives the same
 * sequence of points, so a failure comes back by its seed.
 *
 * Two kinds of schedules take turns. An odd seed gives each thread a priority and
 * runs the highest that can run; at a few steps, chosen beforehand, the running
 * thread falls behind all others (the PCT algorithm: a bug that needs d events in
 * one order is found with a probability that depends on d, not on luck in between).
 * An even seed switches at one in 2, 4, 8 or 16 points.
 *
 * A thread that waits for a time runs again when no other can; then the clock jumps.
 * If all wait for ever, that is a hang, and it is reported as one.
 */
#ifndef _KIT_TEST_SCHED_CONTROL_H
#define _KIT_TEST_SCHED_CONTROL_H

#include <stdbool.h>

#define SCHED_THREADS_MAX 8

struct sched_thread {
	const char *name;
	void (*body)(void *data);
	void *data;
};

/**
 * struct sched_result - what a schedule was like
 * @steps: points reached
 * @switches: times another thread went on
 * @hash: of the whole sequence
 */
struct sched_result {
	unsigned long steps;
	unsigned long switches;
	unsigned long hash;
};

void sched_run(unsigned long seed, unsigned long expected_steps, bool trace,
	       const struct sched_thread *threads, unsigned int n,
	       struct sched_result *result);

#endif
