// SPDX-License-Identifier: GPL-2.0-only
/*
 * verb_list.c - list, help, build: what there is, and having it ready
 */
#include <stdio.h>

#include "selftest.h"
#include "vars.h"
#include "verbs.h"

static void put_test(GString *text, const struct manifest_test *test)
{
	g_autofree char *suites = g_strjoinv(",", test->suites);
	g_autofree char *cores = g_strjoinv(",", test->cores);
	GHashTableIter iter;
	gpointer core, reason;

	g_string_append_printf(text, "  %-28s %-5s %4u s  %-16s CORE=%s\n",
			       test->name,
			       test->host  ? "host" :
			       test->storm ? "storm" :
					     "test",
			       test->seconds, suites, cores);
	g_hash_table_iter_init(&iter, test->xfail);
	while (g_hash_table_iter_next(&iter, &core, &reason))
		g_string_append_printf(
			text, "    expected to fail with CORE=%s: %s\n",
			(char *)core, (char *)reason);
}

enum kit_status verb_list(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error)
{
	struct session *session =
		session_new(verb->name, vars, progress, error);
	g_autoptr(GString) text = g_string_new(NULL);
	const GPtrArray *tests;

	if (!session)
		return KIT_STATUS_USAGE;
	tests = manifest_tests(session->manifest);
	for (unsigned int i = 0; i < tests->len; i++) {
		struct manifest_test *test = g_ptr_array_index(tests, i);

		if (manifest_wanted(test, vars))
			put_test(text, test);
	}
	if (!vars->storm && !vars->tests) {
		g_string_append(text,
				"The harness' own guests (make selftest):\n");
		selftest_list(text);
	}
	fputs(text->str, stdout);
	session_free(session);
	return KIT_STATUS_PASS;
}

enum kit_status verb_help(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error)
{
	g_autoptr(GString)
		text = g_string_new("usage: make VERB [NAME=value...]\n\n");

	(void)verb;
	(void)vars;
	(void)progress;
	(void)error;
	for (const struct verb *row = verbs; row->name; row++)
		g_string_append_printf(text, "  %-11s %s\n", row->name,
				       row->help);
	g_string_append(text, "\nVariables:\n");
	vars_help(text);
	g_string_append(
		text,
		"\nExit status: 0 passed, 1 a test failed, 2 wrong usage or a missing tool,\n"
		"3 kernel splat, 4 guest hung, 125 could not be judged (for git bisect run),\n"
		"130 interrupted. (make itself turns every failure into 2.)\n");
	fputs(text->str, stdout);
	return KIT_STATUS_PASS;
}

enum kit_status verb_build(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error)
{
	struct session *session =
		session_new(verb->name, vars, progress, error);
	enum kit_status status = KIT_STATUS_BUILD;

	if (!session)
		return status;
	if (session_build(session, error)) {
		printf("kernel:  %s (%s)\nmodules: %s\nroot:    %s\n",
		       session->kernel->image, session->kernel->release,
		       session->modules->dir, session->root->path);
		status = KIT_STATUS_PASS;
	}
	session_free(session);
	return status;
}
