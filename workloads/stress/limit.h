/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * limit.h - an epoch as a user who may lock only so much memory
 */
#ifndef _KIT_STRESS_LIMIT_H
#define _KIT_STRESS_LIMIT_H

#include "storm.h"

#define LIMIT_PAGES 10u

/**
 * limit_enter() - give up CAP_IPC_LOCK and take a small RLIMIT_MEMLOCK
 *
 * For the calling thread and those it creates from now on.
 *
 * Return: 0 or negative errno.
 */
int limit_enter(void);

/**
 * limit_check() - exactly the limit can be pinned, neither less nor more
 * @world: for the findings
 *
 * Less: something that was charged was never given back. Called when the
 * world's context and devices are closed.
 */
void limit_check(struct world *world);

/** limit_leave() - undo limit_enter() */
void limit_leave(void);

#endif
