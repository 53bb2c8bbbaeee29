/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cell.h - the unit of work: one guest (or one program on the host), one verdict
 */
#ifndef _KIT_HARNESS_CELL_H
#define _KIT_HARNESS_CELL_H

#include "deadline.h"
#include "ktap.h"
#include "qemu.h"
#include "splat.h"
#include "verdict.h"

struct cell_spec;

/* Makes the initramfs of a cell in @dir; returns its path. Called when the cell starts. */
typedef char *(*cell_root_fn)(const struct cell_spec *spec, const char *dir,
			      const void *data, GError **error);

/**
 * struct cell_spec - what a cell is; everything it depends on
 * @name: for people: "contract", "stress/swap seed 7"
 * @slug: its directory's name
 * @machine: which machine; the rest of these means nothing for @host
 * @accel: decided: KVM or TCG
 * @cpus: of the guest
 * @mem_mib: of the guest
 * @seed: of the machine and of the storms in it
 * @image: kernel
 * @initrd: an initramfs that is there already, or NULL
 * @make_root: makes one, if @initrd is NULL; the cell removes it at its end
 * @root_data: for @make_root
 * @append: kernel parameters, or NULL
 * @plan: what PID 1 is told, or NULL
 * @release: of the kernel
 * @profile: of the kernel
 * @core: "kit" or "tree", or NULL where neither is used
 * @host: command on the host instead of a guest: words, NULL-terminated
 * @replay: the command that repeats it
 * @tests: struct verdict_test, what it must run; NULL: whatever the plan says
 * @limits: time limits on a machine of speed 1
 * @scale: how slow this machine is known to be
 * @boots: 2: a guest that dies before PID 1 speaks is booted again, once
 * @console_limit: bytes; a guest that says more is stopped and cannot pass
 * @expects: not what it says of itself counts, but that it comes out as it should
 * @expects_red: it must be failed, splat or hung; else it must be @expected
 * @expected: see @expects_red
 * @expected_text: its reason must contain this, or NULL
 */
struct cell_spec {
	char *name;
	char *slug;
	enum qemu_machine machine;
	enum kit_accel accel;
	unsigned int cpus;
	unsigned int mem_mib;
	uint64_t seed;
	char *image;
	char *initrd;
	cell_root_fn make_root;
	const void *root_data;
	char *append;
	char *plan;
	char *release;
	char *profile;
	char *core;
	char **host;
	char *replay;
	GPtrArray *tests;
	struct deadline_limits limits;
	double scale;
	unsigned int boots;
	uint64_t console_limit;
	bool expects;
	bool expects_red;
	enum verdict expected;
	char *expected_text;
};

#define CELL_CONSOLE_LIMIT (64ull << 20)
#define CELL_RESULTS_LIMIT (64ull << 20)

/* All pointers NULL, two boots, limits that suit a stock kernel. */
struct cell_spec *cell_spec_new(const char *name);
void cell_spec_free(gpointer spec);

/* Longest it may take, in seconds; for the pool's order. */
double cell_spec_estimate(const struct cell_spec *spec);

/* A boot that was lost before PID 1 said a word. */
struct cell_boot {
	char *reason;
	char *console;
	double seconds;
};

/**
 * struct cell - a cell that runs, and then what it came out as
 *
 * Readable by everybody once @done was called; @running before that.
 *
 * @spec: owned
 * @dir: its directory
 * @verdict: VERDICT_FAILED until it is known better
 * @reason: one line, NULL if passed
 * @came_out_as: what it was before @expects was applied, or NULL
 * @ktap: the document
 * @splats: the scanner, NULL for a host cell
 * @lost_boots: struct cell_boot
 * @counts: leaves of the document; at least one failure if the verdict is bad
 * @begin: when it started, microseconds of the monotonic clock
 * @seconds: how long it took
 * @boot_seconds: until PID 1 spoke, 0 if it never did
 * @expired: the limit that ended it
 * @console_digest: SHA-256 of the console
 * @results_digest: SHA-256 of the results
 * @console_bytes: how much the console said
 * @status_text: what it says of itself while it runs
 * @failures: failed tests so far
 * @stats: statistics lines so far
 */
struct cell {
	struct cell_spec *spec;
	char *dir;
	enum verdict verdict;
	char *reason;
	char *came_out_as;
	struct ktap *ktap;
	struct splat_scanner *splats;
	GPtrArray *lost_boots;
	struct ktap_counts counts;
	int64_t begin;
	double seconds;
	double boot_seconds;
	enum deadline_layer expired;
	char *console_digest;
	char *results_digest;
	uint64_t console_bytes;
	char *status_text;
	unsigned int failures;
	unsigned int stats;

	/* private: cell.c, cell_guest.c and cell_host.c */
	const struct splat_rules *rules;
	struct kit_progress *progress;
	void (*done)(struct cell *cell, void *data);
	void *data;
	void (*stop)(struct cell *cell);
	void *runner;
};

/* Takes over @spec; @rules must outlive the cell. */
struct cell *cell_new(struct cell_spec *spec, const char *dir,
		      const struct splat_rules *rules);
void cell_free(gpointer cell);

/**
 * cell_start() - start it; everything else happens in the main loop
 * @cell: the cell
 * @progress: echo of the console with V=1
 * @done: called exactly once, also if it could not be started
 * @data: for @done
 */
void cell_start(struct cell *cell, struct kit_progress *progress,
		void (*done)(struct cell *cell, void *data), void *data);

/**
 * cell_conclude() - a cell that needs no runner: a check of other cells
 * @cell: new
 * @document: its results, as a program would print them
 */
void cell_conclude(struct cell *cell, const char *document);

/* The user wants to stop: end it soon, keep what was found. */
void cell_stop(struct cell *cell);

/* The exit status this cell deserves. */
enum kit_status cell_status(const struct cell *cell);

/* ------------------------------------- between cell.c, cell_guest.c, cell_host.c */

void cell_guest_start(struct cell *cell);
void cell_host_start(struct cell *cell);

/* The runner of @cell is over: judge, write the result, call @done. Frees nothing. */
void cell_finish(struct cell *cell, const struct verdict_facts *facts);

/* A path in the cell's directory. */
char *cell_path(const struct cell *cell, const char *name);

/* Say what it is doing. */
void cell_say(struct cell *cell, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* ------------------------------------------------------------ cell_json.c */

/* Write result.json, by rename. Before the start it says "failed: not finished". */
bool cell_write(const struct cell *cell, GError **error);

#endif /* _KIT_HARNESS_CELL_H */
