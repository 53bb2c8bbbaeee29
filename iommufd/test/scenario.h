/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scenario.h - a few threads on a stage, under one seeded schedule after the other
 *
 * Each schedule runs in a process of its own, on a fresh stage: two IOAS that map
 * different memory at the same addresses ([AT, 4 pages) and the 5 behind them), and a
 * driver attached to A. Oracles that hold for all scenarios: no unpin misses its pin,
 * nothing is left at the end, nobody hangs; the rest is the threads' own.
 *
 * A seed that fails is run twice more: the same steps must lead to the same end. To
 * see it step by step: core-test -t -s SEED CASE
 */
#ifndef _KIT_TEST_SCENARIO_H
#define _KIT_TEST_SCENARIO_H

#include "driver.h"
#include "shim/sched.h"

#define AT pages(16)

/**
 * struct stage - what the threads of a scenario share
 * @world: a process with two IOAS
 * @driver: attached to A
 * @other: a second driver or payer, if the scenario makes it
 * @other_user: a second payer
 * @replacer: whom a killer may kill; atomic
 * @number: of anything; atomic
 */
struct stage {
	struct world world;
	struct driver driver;
	struct driver other;
	struct user_struct other_user;
	struct task_struct *replacer;
	unsigned long number;
};

/**
 * struct scenario - who plays, and on what
 * @threads: run at the same time; their data is the stage
 * @n: how many
 * @set_up: changes the stage before it begins, or NULL
 * @tear_down: looks at it afterwards, or NULL
 */
struct scenario {
	struct sched_thread threads[SCHED_THREADS_MAX];
	unsigned int n;
	void (*set_up)(struct stage *stage);
	void (*tear_down)(struct stage *stage);
};

void scenario_play(const struct scenario *scenario);
void expect_one_of(int rc, int a, int b, int c);

#endif
