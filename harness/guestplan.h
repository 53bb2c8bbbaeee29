/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guestplan.h - from tests to what PID 1 is told
 */
#ifndef _KIT_HARNESS_GUESTPLAN_H
#define _KIT_HARNESS_GUESTPLAN_H

#include "cell.h"
#include "manifest.h"

/**
 * struct guestplan - one guest's work
 * @tests: struct manifest_test, in order
 * @modules: file names to load, in order, NULL-terminated; may be NULL
 * @seed: for @SEED@
 * @seconds: for @SECONDS@
 * @size: for @SIZE@
 * @core: decides which failures are expected
 * @stretch: factor for the time limits that PID 1 keeps
 * @shell: an interactive shell behind the devices, and no tests
 */
struct guestplan {
	const GPtrArray *tests;
	char *const *modules;
	uint64_t seed;
	unsigned int seconds;
	enum kit_size size;
	enum kit_core core;
	double stretch;
	bool shell;
};

/* The text of /etc/mdevkit/plan. Depends on nothing but @plan. */
char *guestplan_text(const struct guestplan *plan);

/* struct verdict_test for each test and the leak check. */
GPtrArray *guestplan_tests(const struct guestplan *plan);

/* SECONDS of a storm if the user did not say. */
unsigned int guestplan_seconds(enum kit_size size, enum qemu_machine machine);

/* Limits of a guest that does @plan. */
struct deadline_limits guestplan_limits(const struct guestplan *plan,
					enum qemu_machine machine);

#endif /* _KIT_HARNESS_GUESTPLAN_H */
