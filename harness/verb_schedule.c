// SPDX-License-Identifier: GPL-2.0-only
/*
 * verb_schedule.c - hunt and replay: storms on the deterministic machine
 *
 * hunt runs the same storms once per seed; a seed is a plan of operations and a
 * schedule of the CPUs at once, and it is all that is needed to come back. Each
 * schedule's console and results are remembered by their digests (build/
 * schedules/KEY, where KEY covers kernel, modules, programs, plan and machine),
 * so that replay can say whether it was the same run, to the byte.
 */
#include <string.h>

#include "report.h"
#include "vars.h"
#include "verbs.h"

#define FIRST_SEED 1
#define LAST_SEED 20

/* What a schedule depends on. */
static char *schedule_key(const struct session *session,
			  const struct cell_spec *spec)
{
	g_autofree char *text = g_strdup_printf(
		"%s %s %s %u %u %" G_GUINT64_FORMAT " %s", session->kernel->id,
		session->modules->key, session->root->key, spec->cpus,
		spec->mem_mib, spec->seed, spec->plan);
	g_autofree char *sum =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	return g_strndup(sum, 24);
}

static char *schedule_path(const struct session *session,
			   const struct cell_spec *spec)
{
	g_autofree char *key = schedule_key(session, spec);

	return path_build("schedules", key, NULL);
}

static char *digests(const struct cell *cell)
{
	return g_strdup_printf("console %s\nresults %s\n", cell->console_digest,
			       cell->results_digest);
}

/* A run that was cut short by the host says nothing about the schedule. */
static bool is_whole(const struct cell *cell)
{
	return cell->begin && cell->console_digest &&
	       cell->expired == DEADLINE_NONE &&
	       cell->verdict != VERDICT_INTERRUPTED &&
	       cell->verdict != VERDICT_HARNESS;
}

static void remember(const struct session *session, const struct cell *cell)
{
	g_autofree char *path = schedule_path(session, cell->spec);
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *text = NULL;

	if (!is_whole(cell) || !path_mkdir(dir, NULL))
		return;
	text = digests(cell);
	g_file_set_contents(path, text, -1, NULL);
}

/* One line: was this the schedule that is remembered? */
static void compare(struct session *session, const struct cell *cell)
{
	g_autofree char *path = schedule_path(session, cell->spec);
	g_autofree char *before = NULL;
	g_autofree char *now = NULL;
	struct cell_spec *spec;

	if (!is_whole(cell))
		return;
	if (!g_file_get_contents(path, &before, NULL, NULL)) {
		progress_note(
			session->progress,
			"no earlier run of this seed with these sources is known");
		remember(session, cell);
		return;
	}
	now = digests(cell);
	spec = cell_spec_new("same-schedule");
	spec->replay = g_strdup(cell->spec->replay);
	cell_conclude(
		session_add(session, spec),
		strcmp(before, now) ?
			"1..1\nnot ok 1 same_schedule # console or results differ from the "
			"earlier run of this seed\n" :
			"1..1\nok 1 same_schedule\n");
	progress_note(session->progress, "%s",
		      strcmp(before, now) ?
			      "this is NOT the schedule of the earlier run" :
			      "the same schedule as before, to the byte");
}

static char *replay_command(const struct session *session, uint64_t seed)
{
	g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
	const char *set[] = { "SEED",	    number, "SEEDS", NULL,
			      "REPEAT",	    NULL,   "JOBS",  NULL,
			      "UNTIL_FAIL", NULL,   NULL };

	return vars_command(session->vars, "replay", set);
}

static void add_schedule(struct session *session, const GPtrArray *storms,
			 uint64_t seed)
{
	g_autofree char *name =
		g_strdup_printf("seed %" G_GUINT64_FORMAT, seed);
	g_autofree char *replay = replay_command(session, seed);
	struct session_guest guest = {
		.name = name,
		.tests = storms,
		.machine = QEMU_DETERMINISTIC,
		.seed = seed,
		.replay = replay,
	};

	session_add_guest(session, &guest);
}

static GPtrArray *choose_storms(struct session *session, GError **error)
{
	GPtrArray *chosen =
		manifest_select(session->manifest, NULL, session->vars, error);

	for (unsigned int i = chosen ? chosen->len : 0; i-- > 0;) {
		struct manifest_test *test = g_ptr_array_index(chosen, i);

		if (!test->storm)
			g_ptr_array_remove_index(chosen, i);
	}
	if (!chosen || chosen->len)
		return chosen;
	g_ptr_array_unref(chosen);
	g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
		    "there is no storm to run; `make list` names them");
	return NULL;
}

static void remember_all(const struct session *session)
{
	for (unsigned int i = 0; i < session->cells->len; i++)
		remember(session, g_ptr_array_index(session->cells, i));
}

enum kit_status verb_hunt(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error)
{
	struct session *session = verb_begin(verb, vars, progress, error);
	struct pool_policy policy = { .jobs = vars->jobs,
				      .stop_at_failure = vars->until_fail };
	uint64_t first = vars->seeds_set ? vars->seed_first : FIRST_SEED;
	uint64_t last = vars->seeds_set ? vars->seed_last : LAST_SEED;
	g_autoptr(GPtrArray) storms = NULL;
	enum kit_status status = KIT_STATUS_USAGE;
	unsigned int ran;
	int64_t begin;

	if (!session)
		return status;
	storms = choose_storms(session, error);
	if (!storms) {
		session_free(session);
		return status;
	}
	if (vars->seed_set) {
		first = vars->seed;
		last = vars->seed;
	}
	for (uint64_t seed = first; seed <= last && seed >= first; seed++)
		add_schedule(session, storms, seed);

	session->lean = session->cells->len > SESSION_LEAN;
	begin = g_get_monotonic_time();
	progress_begin(progress, verb->name);
	session_run(session, &policy);
	ran = session->cells->len - session->not_started;
	progress_end(progress, "%u schedules, %.1f a minute", ran,
		     ran * 60.0 * G_USEC_PER_SEC /
			     MAX(g_get_monotonic_time() - begin, 1));
	remember_all(session);
	status = verb_report(session, error);
	session_free(session);
	return status;
}

enum kit_status verb_replay(const struct verb *verb,
			    const struct kit_vars *vars,
			    struct kit_progress *progress, GError **error)
{
	struct session *session;
	struct pool_policy policy = { .jobs = 1 };
	g_autoptr(GPtrArray) storms = NULL;
	enum kit_status status = KIT_STATUS_USAGE;

	if (!vars->seed_set) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_USAGE,
			"replay needs SEED=n, and the STORM= of the run it repeats");
		return status;
	}
	session = verb_begin(verb, vars, progress, error);
	if (!session)
		return status;
	storms = choose_storms(session, error);
	if (storms) {
		add_schedule(session, storms, vars->seed);
		progress_begin(progress, verb->name);
		session_run(session, &policy);
		progress_end(progress, NULL);
		compare(session, g_ptr_array_index(session->cells, 0));
		status = verb_report(session, error);
	}
	session_free(session);
	return status;
}
