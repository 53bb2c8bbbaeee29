// SPDX-License-Identifier: GPL-2.0-only
/*
 * verb_selftest.c - the harness' own tests, without the modules under test
 *
 * Needs a kernel and nothing of ours in it, so it answers the question "is it
 * the harness?" when everything else is red.
 */
#include "selftest.h"
#include "verbs.h"

static bool begin(struct session *session, GError **error)
{
	g_autofree char *root = NULL;

	session->kernel = kernel_get(session->vars, session->progress, error);
	if (!session->kernel || !selftest_build(session, error))
		return false;
	root = selftest_honest_root(session, error);
	return root && session_probe(session, root, error) &&
	       session_open(session, error);
}

/* Rows of harness/test/manifest: they run on the host. */
static void add_units(struct session *session)
{
	const GPtrArray *all = manifest_tests(session->manifest);
	g_autoptr(GPtrArray) units = g_ptr_array_new();

	for (unsigned int i = 0; i < all->len; i++) {
		struct manifest_test *test = g_ptr_array_index(all, i);

		if (test->host && g_str_has_prefix(test->name, "harness/") &&
		    manifest_wanted(test, session->vars))
			g_ptr_array_add(units, test);
	}
	session_add_tests(session, units, 0);
}

enum kit_status verb_selftest(const struct verb *verb,
			      const struct kit_vars *vars,
			      struct kit_progress *progress, GError **error)
{
	struct session *session =
		session_new(verb->name, vars, progress, error);
	struct pool_policy policy = { .jobs = vars->jobs,
				      .stop_at_failure = vars->until_fail };
	enum kit_status status = KIT_STATUS_USAGE;

	if (!session)
		return status;
	if (!begin(session, error) || !selftest_add(session, error))
		goto out_free;
	add_units(session);
	if (!session->cells->len) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_USAGE,
			"TESTS=%s matches none of the harness' own tests; `make list` names them",
			vars->tests ? vars->tests : "");
		goto out_free;
	}
	progress_begin(progress, verb->name);
	session_run(session, &policy);
	selftest_conclude(session);
	progress_end(progress, "%u cells",
		     session->cells->len - session->not_started);
	status = verb_report(session, error);

out_free:
	session_free(session);
	return status;
}
