/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * deadline.h - how long a guest may take, in layers
 */
#ifndef _KIT_HARNESS_DEADLINE_H
#define _KIT_HARNESS_DEADLINE_H

#include "kit.h"

/* Seconds on a machine of speed 1; the scale is what deadline_scale() says. */
struct deadline_limits {
	double boot; /* until PID 1 says its first word */
	double test; /* for a test that brings no limit of its own */
	double idle; /* without a byte on console or results */
	double total; /* for everything */
};

enum deadline_layer {
	DEADLINE_NONE,
	DEADLINE_BOOT,
	DEADLINE_TEST,
	DEADLINE_IDLE,
	DEADLINE_TOTAL,
};

/**
 * struct deadline - one guest's clock
 *
 * Times are microseconds of a monotonic clock that the caller passes in.
 *
 * @limits: as given, unscaled
 * @scale: 1 or more
 * @start: when the guest started
 * @activity: when it last said anything
 * @spoke: PID 1 has said something; ends the boot layer
 * @test_begin: when the running test began, 0 = none runs
 * @test_limit: its limit in unscaled seconds
 */
struct deadline {
	struct deadline_limits limits;
	double scale;
	int64_t start;
	int64_t activity;
	bool spoke;
	int64_t test_begin;
	double test_limit;
};

/* How much longer than on a machine of speed 1 things take, if a boot took @boot_seconds. */
double deadline_scale(double boot_seconds);

void deadline_start(struct deadline *deadline,
		    const struct deadline_limits *limits, double scale,
		    int64_t now);

/* Anything was said. */
void deadline_activity(struct deadline *deadline, int64_t now);

/* PID 1 said its first word; the scale grows if the boot was slower than it promised. */
void deadline_spoke(struct deadline *deadline, int64_t now);

/* @limit in unscaled seconds, 0 = limits.test. */
void deadline_test_begin(struct deadline *deadline, double limit, int64_t now);
void deadline_test_end(struct deadline *deadline, int64_t now);

/* The layer that is over at @now, the most specific one, or DEADLINE_NONE. */
enum deadline_layer deadline_expired(const struct deadline *deadline,
				     int64_t now);

/* "boot", "test", ... */
const char *deadline_name(enum deadline_layer layer);

/* The scaled limit of @layer, in seconds. */
double deadline_limit(const struct deadline *deadline,
		      enum deadline_layer layer);

#endif /* _KIT_HARNESS_DEADLINE_H */
