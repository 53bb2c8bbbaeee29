/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kit.h - what every file of the runner shares
 *
 * The runner is one process with one main loop (GLib's default context). A verb
 * first makes what it needs (kernel, modules, workloads, guest root: build.h),
 * synchronously, then runs guests as cells inside the main loop.
 *
 * ERRORS    GError everywhere, domain KIT_ERROR. The message is one line that
 *           says what went wrong and what the user can do about it. The code
 *           decides the exit status through error_status().
 * FILES     everything the runner makes lies under path_build() and appears by
 *           rename, so an interrupted run leaves nothing half-made.
 * CHILDREN  are started with command_run() or qemu.c only: both die with the
 *           runner, whatever kills it.
 * SIGNALS   SIGINT and SIGTERM trip progress_cancellable(); long work polls it
 *           or, better, happens in a child that command_run() kills then.
 */
#ifndef _KIT_HARNESS_KIT_H
#define _KIT_HARNESS_KIT_H

#include <gio/gio.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* ------------------------------------------------------------------ error.c */

#define KIT_ERROR (error_quark())

/**
 * enum kit_error - codes of the domain KIT_ERROR
 * @KIT_ERROR_FAILED: a test failed (exit status 1)
 * @KIT_ERROR_USAGE: the user asked for something that is not there (2)
 * @KIT_ERROR_TOOL: a program, package, permission or file is missing (2)
 * @KIT_ERROR_SPLAT: the guest's kernel complained (3)
 * @KIT_ERROR_HUNG: the guest hung (4)
 * @KIT_ERROR_BUILD: sources did not build (125, "cannot test" for git bisect run)
 * @KIT_ERROR_INTERRUPTED: SIGINT or SIGTERM (130)
 * @KIT_ERROR_HARNESS: the harness broke: disk full, QEMU died (125: nothing was judged)
 */
enum kit_error {
	KIT_ERROR_FAILED,
	KIT_ERROR_USAGE,
	KIT_ERROR_TOOL,
	KIT_ERROR_SPLAT,
	KIT_ERROR_HUNG,
	KIT_ERROR_BUILD,
	KIT_ERROR_INTERRUPTED,
	KIT_ERROR_HARNESS,
};

/* The exit statuses of the runner; README.md has them for people. */
enum kit_status {
	KIT_STATUS_PASS = 0,
	KIT_STATUS_FAILED = 1,
	KIT_STATUS_USAGE = 2,
	KIT_STATUS_SPLAT = 3,
	KIT_STATUS_HUNG = 4,
	KIT_STATUS_BUILD = 125,
	KIT_STATUS_INTERRUPTED = 130,
};

GQuark error_quark(void);

/* The exit status that @error deserves; errors of other domains count as KIT_ERROR_HARNESS. */
enum kit_status error_status(const GError *error);

/* ------------------------------------------------------------------- vars.c */

enum kit_accel {
	KIT_ACCEL_AUTO,
	KIT_ACCEL_KVM,
	KIT_ACCEL_TCG
};
enum kit_size {
	KIT_SIZE_SMOKE,
	KIT_SIZE_QUICK,
	KIT_SIZE_FULL,
	KIT_SIZE_SOAK
};
enum kit_core {
	KIT_CORE_KIT,
	KIT_CORE_TREE
};

/**
 * struct kit_vars - the NAME=value arguments, parsed and checked
 *
 * Immutable after vars_parse(). Strings are never NULL unless said so.
 *
 * @core: CORE, default kit
 * @kernel: KERNEL, default "stock"; a path is made absolute
 * @suite: SUITE, NULL = the suite of this machine
 * @accel: ACCEL as asked for; what is used is accel_probe()'s decision
 * @cpus: CPUS of a guest, default 2
 * @mem_mib: MEM of a guest in MiB, default 1024 (MEM=2G is 2048)
 * @jobs: JOBS, guests or compilers at a time; 0 = the number of host CPUs
 * @verbose: V=1, commands and console are echoed
 * @tests: TESTS, comma-separated globs over manifest names, NULL = all of the suite
 * @seed: SEED, valid if @seed_set; otherwise chosen by the verb and reported
 * @seed_set: the user gave SEED
 * @seed_first: SEEDS=first-last, closed interval, valid if @seeds_set
 * @seed_last: see @seed_first
 * @seeds_set: the user gave SEEDS
 * @storm: STORM, comma-separated globs over storm names, NULL = all
 * @seconds: SECONDS of a storm, 0 = as SIZE says
 * @size: SIZE, default quick
 * @repeat: REPEAT, default 1
 * @until_fail: UNTIL_FAIL=1, repeat until something fails
 * @driver: NULL; kept for the test of other drivers, which is not there yet
 * @given: what the user gave, "NAME=value" in order, for replay commands
 */
struct kit_vars {
	enum kit_core core;
	char *kernel;
	char *suite;
	enum kit_accel accel;
	unsigned int cpus;
	unsigned int mem_mib;
	unsigned int jobs;
	bool verbose;
	char *tests;
	uint64_t seed;
	bool seed_set;
	uint64_t seed_first;
	uint64_t seed_last;
	bool seeds_set;
	char *storm;
	unsigned int seconds;
	enum kit_size size;
	unsigned int repeat;
	bool until_fail;
	char *driver;
	GPtrArray *given;
};

/**
 * vars_parse() - parse NAME=value arguments over the defaults
 * @args: the arguments, without program and verb
 * @nargs: how many
 * @error: KIT_ERROR_USAGE with one line that names the argument and what is allowed
 *
 * Return: the variables, free with vars_free(); NULL on error.
 */
struct kit_vars *vars_parse(char *const *args, int nargs, GError **error);
void vars_free(struct kit_vars *vars);

const char *vars_core_name(enum kit_core core);
const char *vars_size_name(enum kit_size size);
const char *vars_accel_name(enum kit_accel accel);

/* -------------------------------------------------------------- progress.c */

struct kit_progress;

/* Start a phase: "kernel", "modules", "boot"; it is the live line until it ends. */
void progress_begin(struct kit_progress *progress, const char *phase);

/* End the phase: one line with the time it took and @format, a result in a few words or NULL. */
void progress_end(struct kit_progress *progress, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/* Replace the live line's text; costs nothing when piped. Call as often as you like. */
void progress_live(struct kit_progress *progress, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/* A line that stays, on a terminal and in a pipe. */
void progress_note(struct kit_progress *progress, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/* As progress_note(), only with V=1. */
void progress_verbose(struct kit_progress *progress, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

/* Tripped by SIGINT and SIGTERM. Never NULL. */
GCancellable *progress_cancellable(struct kit_progress *progress);

/* ------------------------------------------------------------------ path.c */

/*
 * path_source("harness", "guest", NULL): below the project's root, which is
 * $KIT_ROOT or what the place of the running program says.
 * path_build("runs", NULL): below $KIT_BUILD or build/ of the root.
 * Both return a new string; nothing is created.
 */
char *path_source(const char *first, ...) G_GNUC_NULL_TERMINATED;
char *path_build(const char *first, ...) G_GNUC_NULL_TERMINATED;

/* mkdir -p; the error names the path. */
bool path_mkdir(const char *path, GError **error);

/* rm -r of something below path_build(); refuses anything else. Missing is fine. */
bool path_remove(const char *path, GError **error);

/*
 * Publish the finished @temporary (file or directory) as @final by rename. An
 * older @final is replaced; a directory that somebody else published meanwhile wins.
 */
bool path_publish(const char *temporary, const char *final, GError **error);

/* A new directory "<build>/tmp/<stem>.XXXXXX", on the same file system as everything else. */
char *path_temporary(const char *stem, GError **error);

/* ---------------------------------------------------------------- command.c */

/**
 * struct kit_command - a child process that is run to its end
 * @argv: NULL-terminated; argv[0] is looked up in PATH
 * @cwd: directory, or NULL
 * @env: "NAME=value" strings added to the environment, NULL-terminated, or NULL
 * @log: file that receives stdout and stderr (appended), or NULL: both are dropped
 *       unless V=1
 * @output: if not NULL, receives stdout as a new string; stderr goes to @log
 * @quiet: do not show the last line of output as live progress
 */
struct kit_command {
	const char *const *argv;
	const char *cwd;
	const char *const *env;
	const char *log;
	char **output;
	bool quiet;
};

/**
 * command_run() - run a child and wait for it in the main loop
 * @command: what to run
 * @progress: live line and cancellation
 * @status: receives the exit status (128 + signal if killed), or NULL: any
 *          status but 0 is then a KIT_ERROR_HARNESS with the last lines of output
 * @error: KIT_ERROR_TOOL if the program is missing, KIT_ERROR_INTERRUPTED after a signal
 *
 * The child has a process group of its own, which is killed on cancellation, and
 * gets SIGKILL when the runner dies.
 */
bool command_run(const struct kit_command *command,
		 struct kit_progress *progress, int *status, GError **error);

#endif /* _KIT_HARNESS_KIT_H */
