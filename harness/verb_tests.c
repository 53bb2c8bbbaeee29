// SPDX-License-Identifier: GPL-2.0-only
/*
 * verb_tests.c - run, check, stress: tests and storms on the parallel machine
 *
 *   run     tests of the suite "run": the main job
 *   check   tests of the suite "check", the host's, and the harness' own
 *   stress  storms of the suite "stress", with a new seed each time
 *
 * REPEAT=n runs the same again, with the next seeds if the seed was not given.
 * UNTIL_FAIL=1 goes on until something fails.
 */
#include <string.h>

#include "mutants.h"
#include "report.h"
#include "selftest.h"
#include "vars.h"
#include "verbs.h"

#define DEFAULT_SEED 1
#define ENDLESS 1000000

struct session *verb_begin(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error)
{
	struct session *session =
		session_new(verb->name, vars, progress, error);

	if (session && session_build(session, error) &&
	    session_probe(session, NULL, error) && session_open(session, error))
		return session;
	session_free(session);
	return NULL;
}

enum kit_status verb_report(struct session *session, GError **error)
{
	struct report *report = report_new(session);
	enum kit_status status = report->status;
	g_autoptr(GError) why = NULL;

	if (!report_write(report, &why) && status == KIT_STATUS_PASS)
		g_propagate_error(error, g_steal_pointer(&why));
	else if (why)
		progress_note(session->progress, "no report: %s", why->message);
	report_print(report);
	report_free(report);
	return status;
}

enum kit_status verb_finish(struct session *session,
			    const struct pool_policy *policy, GError **error)
{
	progress_begin(session->progress, session->verb);
	session_run(session, policy);
	progress_end(session->progress, "%u cells",
		     session->cells->len - session->not_started);
	return verb_report(session, error);
}

static bool has_failed(const struct session *session)
{
	for (unsigned int i = 0; i < session->cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);

		if (cell->begin && cell->verdict != VERDICT_PASSED)
			return true;
	}
	return false;
}

/* Run @tests as often as REPEAT and UNTIL_FAIL say, then at most @mutants, then report. */
static enum kit_status run_tests(struct session *session,
				 const GPtrArray *tests, uint64_t seed,
				 unsigned int mutants, GError **error)
{
	const struct kit_vars *vars = session->vars;
	struct pool_policy policy = { .jobs = vars->jobs,
				      .stop_at_failure = vars->until_fail };
	unsigned int rounds =
		vars->until_fail && vars->repeat == 1 ? ENDLESS : vars->repeat;
	GCancellable *cancellable = progress_cancellable(session->progress);

	if (!session_find_source(session, tests, error))
		return KIT_STATUS_BUILD;
	session->lean = rounds > SESSION_LEAN;
	progress_begin(session->progress, session->verb);
	for (unsigned int i = 0;
	     i < rounds && !g_cancellable_is_cancelled(cancellable); i++) {
		session->round = rounds > 1 ? i + 1 : 0;
		session_add_tests(session, tests,
				  vars->seed_set ? seed : seed + i);
		session_run(session, &policy);
		if (vars->until_fail && has_failed(session))
			break;
	}
	selftest_conclude(session);
	if (mutants && !g_cancellable_is_cancelled(cancellable) &&
	    !mutants_run(session, mutants, error)) {
		progress_end(session->progress, "failed");
		return KIT_STATUS_BUILD;
	}
	progress_end(session->progress, "%u cells",
		     session->cells->len - session->not_started);
	return verb_report(session, error);
}

enum kit_status verb_run(const struct verb *verb, const struct kit_vars *vars,
			 struct kit_progress *progress, GError **error)
{
	struct session *session = verb_begin(verb, vars, progress, error);
	g_autoptr(GPtrArray) tests = NULL;
	enum kit_status status = KIT_STATUS_USAGE;

	if (!session)
		return status;
	tests = manifest_select(session->manifest, "run", vars, error);
	if (tests)
		status = run_tests(session, tests,
				   vars->seed_set ? vars->seed : DEFAULT_SEED,
				   0, error);
	session_free(session);
	return status;
}

enum kit_status verb_stress(const struct verb *verb,
			    const struct kit_vars *vars,
			    struct kit_progress *progress, GError **error)
{
	struct session *session = verb_begin(verb, vars, progress, error);
	g_autoptr(GPtrArray) tests = NULL;
	enum kit_status status = KIT_STATUS_USAGE;

	if (!session)
		return status;
	tests = manifest_select(session->manifest, "stress", vars, error);
	/* A new plan every time; each failure says its seed. */
	if (tests)
		status = run_tests(session, tests,
				   vars->seed_set ? vars->seed : g_random_int(),
				   0, error);
	session_free(session);
	return status;
}

enum kit_status verb_check(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error)
{
	struct session *session = verb_begin(verb, vars, progress, error);
	g_autoptr(GPtrArray) tests = NULL;
	g_autoptr(GError) none = NULL;
	enum kit_status status = KIT_STATUS_USAGE;
	bool own;
	unsigned int mutants;

	if (!session)
		return status;
	tests = manifest_select(session->manifest, "check", vars, &none);
	if (!tests)
		tests = g_ptr_array_new();
	mutants = mutants_wanted(session) ? MUTANTS_IN_CHECK : 0;
	own = selftest_add(session, error);
	/* TESTS may name the harness' own tests only, the workloads' only, or nothing at all. */
	if (own && !tests->len && !session->cells->len && !mutants)
		g_propagate_error(error, g_steal_pointer(&none));
	else if (own)
		status = run_tests(session, tests,
				   vars->seed_set ? vars->seed : DEFAULT_SEED,
				   mutants, error);
	session_free(session);
	return status;
}
