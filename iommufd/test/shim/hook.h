/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook.h - what the shims tell the seeded scheduler
 *
 * Each lock, wait, atomic and shared read of the core calls sched_point() before
 * it happens. While no schedule is running that is one test of a flag. In a
 * schedule one thread runs at a time, and a thread that has to wait parks in
 * sched_park() on an address until somebody calls sched_unpark() with it.
 */
#ifndef _KIT_TEST_HOOK_H
#define _KIT_TEST_HOOK_H

#include <stdbool.h>

struct sched_site {
	const char *what;
	const char *file;
	int line;
};

/* Set while a schedule runs: no thread exists that is not part of it. */
extern bool sched_active;

void sched_reach(const struct sched_site *site);
void sched_reach_unlocked(const struct sched_site *site);
void sched_park(const void *channel);
bool sched_park_timeout(const void *channel, unsigned long ticks);
/* NULL: whoever is parked, wherever. */
void sched_unpark(const void *channel);

#define sched_point_by(_reach, _what)                    \
	do {                                             \
		static const struct sched_site site_ = { \
			.what = (_what),                 \
			.file = __FILE__,                \
			.line = __LINE__,                \
		};                                       \
		if (__builtin_expect(sched_active, 0))   \
			_reach(&site_);                  \
	} while (0)
#ifdef KIT_TAKEN
/* Inside a tree only readers without its lock can be overtaken. */
#define sched_point(_what) sched_point_by(sched_reach_unlocked, _what)
#else
#define sched_point(_what) sched_point_by(sched_reach, _what)
#endif

/* Something happened that the kernel would not survive: say it and abort. */
void shim_die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
/* A stub that would make a test meaningless. */
#define shim_stub() shim_die("%s() is a stub", __func__)

#endif
