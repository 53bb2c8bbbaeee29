/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pool.h - many cells, some at a time
 */
#ifndef _KIT_HARNESS_POOL_H
#define _KIT_HARNESS_POOL_H

#include "cell.h"

/**
 * struct pool_policy - how to run them
 * @jobs: cells at a time, 0 = what CPUs and memory allow
 * @stop_at_failure: start no more cells once one was not passed
 */
struct pool_policy {
	unsigned int jobs;
	bool stop_at_failure;
};

/**
 * pool_run() - run cells, the longest first, and wait for all of them
 * @cells: struct cell, new ones
 * @policy: how
 * @progress: live line and cancellation
 * @each: called for each cell when it is over, or NULL
 * @data: for @each
 *
 * After SIGINT or SIGTERM the running cells are stopped and no more are started.
 *
 * Return: the number of cells that were not started.
 */
unsigned int pool_run(const GPtrArray *cells, const struct pool_policy *policy,
		      struct kit_progress *progress,
		      void (*each)(struct cell *cell, void *data), void *data);

#endif /* _KIT_HARNESS_POOL_H */
