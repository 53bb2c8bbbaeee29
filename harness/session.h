/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - one call of the runner: what was asked, built, run and found
 */
#ifndef _KIT_HARNESS_SESSION_H
#define _KIT_HARNESS_SESSION_H

#include "accel.h"
#include "build.h"
#include "cell.h"
#include "guestplan.h"
#include "manifest.h"
#include "pool.h"

/* Cells, from which on a session is lean. */
#define SESSION_LEAN 64

/**
 * struct session - one call of the runner
 * @verb: what was asked for
 * @vars: with which variables
 * @progress: the user
 * @rules: what a splat is
 * @manifest: the tests there are
 * @kernel: NULL before session_build()
 * @modules: see @kernel
 * @workloads: see @kernel
 * @root: see @kernel
 * @accel: NULL before session_probe()
 * @cells: struct cell, everything that is run or was run
 * @dir: build/runs/<stamp>, directory of this run
 * @begin: when it began, microseconds of the monotonic clock
 * @not_started: cells that were never started
 * @selftest_built: units and guests that lie are up to date
 * @lean: many cells: directories of those that passed are not kept
 * @round: which repetition this is, from 1; 0 = there is only one
 */
struct session {
	const char *verb;
	const struct kit_vars *vars;
	struct kit_progress *progress;
	struct splat_rules *rules;
	struct manifest *manifest;
	struct kit_kernel *kernel;
	struct kit_modules *modules;
	char *workloads;
	struct kit_root *root;
	struct accel *accel;
	GPtrArray *cells;
	char *source;
	char *dir;
	int64_t begin;
	unsigned int not_started;
	bool lean;
	unsigned int round;
	bool selftest_built;
};

/* Reads the rules and manifests; makes no directory yet. */
struct session *session_new(const char *verb, const struct kit_vars *vars,
			    struct kit_progress *progress, GError **error);
void session_free(struct session *session);

/* Kernel, modules, workloads, root. */
bool session_build(struct session *session, GError **error);

/* How guests execute. @initrd: what to boot for it; NULL after session_build(). */
bool session_probe(struct session *session, const char *initrd, GError **error);

/* Make @dir; keeps the directories of the last few runs. */
bool session_open(struct session *session, GError **error);

/**
 * struct session_guest - a guest that runs tests
 * @name: of the cell
 * @tests: struct manifest_test
 * @machine: on which machine
 * @seed: of the machine and of storms
 * @seconds: of storms, 0 = as SECONDS and SIZE say
 * @root: what it boots, NULL = the session's; must outlive the cell
 * @replay: the command that repeats it
 */
struct session_guest {
	const char *name;
	const GPtrArray *tests;
	enum qemu_machine machine;
	uint64_t seed;
	unsigned int seconds;
	const struct kit_root *root;
	const char *replay;
};

/* Add a cell for it. The session is built, probed and open. */
struct cell *session_add_guest(struct session *session,
			       const struct session_guest *guest);

/* The kernel's source, if a row of @tests asks for it by @SOURCE@: fetch and unpack it. */
bool session_find_source(struct session *session, const GPtrArray *tests,
			 GError **error);

/*
 * Add cells for @tests on the parallel machine: one for each storm, for each group
 * of others, and for each test on the host.
 */
void session_add_tests(struct session *session, const GPtrArray *tests,
		       uint64_t seed);

/* Add any other cell; takes over @spec. */
struct cell *session_add(struct session *session, struct cell_spec *spec);

/* A guest cell's spec with kernel, machine and limits filled in, but nothing to do. */
struct cell_spec *session_spec(struct session *session, const char *name,
			       enum qemu_machine machine);

/* Run all cells that have been added and not run; says what came out as it comes. */
void session_run(struct session *session, const struct pool_policy *policy);

#endif /* _KIT_HARNESS_SESSION_H */
