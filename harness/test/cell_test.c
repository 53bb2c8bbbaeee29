// SPDX-License-Identifier: GPL-2.0-only
/*
 * cell_test.c - programs on the host that lie, the pool that runs them, the report
 *
 * Shell one-liners as cells: each must come out as its class, its result.json must
 * be there whatever happens, and every form of the report must be readable and
 * agree with the others. A failure means that a red run could look green in some
 * reader's eyes.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "pool.h"
#include "progress.h"
#include "report.h"
#include "scratch.h"

#define LAST_LINE "^\\d+ passed, \\d+ failed, \\d+ skipped$"

struct program {
	const char *name;
	const char *script;
	enum verdict verdict;
	const char *reason;
};

static const struct program programs[] = {
	{ "passes", "echo 1..1; echo ok 1 a", VERDICT_PASSED, NULL },
	{ "fails", "echo 1..1; echo 'not ok 1 a # <broke> & \"why\"'; exit 1",
	  VERDICT_FAILED, "broke" },
	{ "fails-quietly", "echo 1..1; echo ok 1 a; exit 3", VERDICT_FAILED,
	  "exit 3" },
	{ "dies", "echo 1..1; echo ok 1 a; kill -SEGV $$", VERDICT_FAILED,
	  "signal 11" },
	{ "says-nothing", "exit 0", VERDICT_FAILED, "no results" },
	{ "stops-short", "echo 1..2; echo ok 1 a", VERDICT_FAILED,
	  "the plan says 2" },
	{ "sleeps", "echo 1..1; exec sleep 600", VERDICT_HUNG, "limit" },
	{ "leaves-a-child", "echo 1..1; echo ok 1 a; sleep 600 &",
	  VERDICT_PASSED, NULL },
};

static char *dir;
static struct kit_progress *progress;

static struct cell_spec *spec_of(const struct program *program)
{
	struct cell_spec *spec = cell_spec_new(program->name);
	const char *const words[] = { "sh", "-c", program->script, NULL };

	spec->host = g_strdupv((char **)words);
	spec->limits = (struct deadline_limits){
		.boot = 1, .test = 1, .idle = 1, .total = 2
	};
	spec->replay = g_strdup("make check TESTS='a<b>&*'");
	return spec;
}

/* A session without a kernel: only what a report reads. */
static struct session *session_of(const struct program *list, size_t n)
{
	struct session *session = g_new0(struct session, 1);

	session->verb = "check";
	session->vars = vars_parse(NULL, 0, NULL);
	session->progress = progress;
	session->begin = g_get_monotonic_time();
	session->cells = g_ptr_array_new_with_free_func(cell_free);
	session->dir = g_strdup(dir);
	for (size_t i = 0; i < n; i++)
		session_add(session, spec_of(&list[i]));
	return session;
}

static void session_done(struct session *session)
{
	vars_free((struct kit_vars *)session->vars);
	session_free(session);
}

static void run(struct session *session, bool stop_at_failure)
{
	struct pool_policy policy = { .jobs = 4,
				      .stop_at_failure = stop_at_failure };

	session->not_started =
		pool_run(session->cells, &policy, progress, NULL, NULL);
}

static char *verdict_in_file(const struct cell *cell)
{
	g_autofree char *path =
		g_build_filename(cell->dir, "result.json", NULL);
	g_autoptr(JsonParser) parser = json_parser_new();

	g_assert_true(json_parser_load_from_file(parser, path, NULL));
	return g_strdup(json_object_get_string_member(
		json_node_get_object(json_parser_get_root(parser)), "verdict"));
}

static void test_classes(void)
{
	struct session *session = session_of(programs, G_N_ELEMENTS(programs));

	run(session, false);
	for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);
		g_autofree char *stored = verdict_in_file(cell);

		g_test_message("%s: %s", cell->spec->name,
			       cell->reason ? cell->reason : "");
		g_assert_cmpstr(verdict_name(cell->verdict), ==,
				verdict_name(programs[i].verdict));
		g_assert_cmpstr(stored, ==, verdict_name(cell->verdict));
		if (programs[i].reason)
			g_assert_nonnull(
				strstr(cell->reason, programs[i].reason));
		g_assert_true((cell->verdict == VERDICT_PASSED) ==
			      !cell->counts.failed);
	}
	session_done(session);
}

/* The right colour for the right reason, and nothing else. */
static void test_expectations(void)
{
	static const struct {
		const char *script;
		bool red;
		enum verdict expected;
		const char *text;
		enum verdict verdict;
	} rows[] = {
		{ "echo 1..1; echo not ok 1 a", true, 0, NULL, VERDICT_PASSED },
		{ "echo 1..1; echo ok 1 a", true, 0, NULL, VERDICT_FAILED },
		{ "echo 'Bail out! no module'", true, 0, NULL, VERDICT_FAILED },
		{ "echo 1..1; echo ok 1 a", false, VERDICT_PASSED, NULL,
		  VERDICT_PASSED },
		{ "echo 1..1; echo ok 1 a", false, VERDICT_FAILED, NULL,
		  VERDICT_FAILED },
		{ "echo 1..1; echo 'not ok 1 a # x'", false, VERDICT_FAILED,
		  "x", VERDICT_PASSED },
		{ "echo 1..1; echo 'not ok 1 a # x'", false, VERDICT_FAILED,
		  "y", VERDICT_FAILED },
	};
	struct session *session = session_of(NULL, 0);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = g_strdup_printf("expect-%zu", i);
		struct program program = { .name = name,
					   .script = rows[i].script };
		struct cell *cell = session_add(session, spec_of(&program));

		cell->spec->expects = true;
		cell->spec->expects_red = rows[i].red;
		cell->spec->expected = rows[i].expected;
		cell->spec->expected_text = g_strdup(rows[i].text);
	}
	run(session, false);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);

		g_assert_cmpint(cell->verdict, ==, rows[i].verdict);
		g_assert_nonnull(cell->came_out_as);
	}
	session_done(session);
}

static void test_stop_at_failure(void)
{
	struct program list[40];
	struct session *session;
	struct report *report;

	for (size_t i = 0; i < G_N_ELEMENTS(list); i++)
		list[i] = programs[1];
	session = session_of(list, G_N_ELEMENTS(list));
	run(session, true);
	g_assert_cmpuint(session->not_started, >, 0);
	report = report_new(session);
	g_assert_cmpint(report->status, ==, KIT_STATUS_FAILED);
	report_free(report);
	session_done(session);
}

/* A run of nothing is no pass. */
static void test_nothing(void)
{
	struct session *session = session_of(NULL, 0);
	struct report *report = report_new(session);

	g_assert_cmpint(report->status, !=, KIT_STATUS_PASS);
	report_free(report);
	session_done(session);
}

static char *last_line(char *text)
{
	char *newline = strrchr(g_strchomp(text), '\n');

	return newline ? newline + 1 : text;
}

static void test_report(void)
{
	struct session *session = session_of(programs, G_N_ELEMENTS(programs));
	static const GMarkupParser parser;
	GMarkupParseContext *context =
		g_markup_parse_context_new(&parser, 0, NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonParser) json = json_parser_new();
	g_autofree char *target = g_build_filename(dir, "report", NULL);
	g_autofree char *results = NULL;
	g_autofree char *summary = NULL;
	g_autofree char *xml = NULL;
	g_autofree char *json_path =
		g_build_filename(target, "result.json", NULL);
	g_autofree char *ktap_path =
		g_build_filename(target, "results.ktap", NULL);
	struct ktap *ktap = ktap_new(KTAP_PROGRAM, NULL, NULL);
	g_auto(GStrv) lines = NULL;
	struct report *report;

	run(session, false);
	report = report_new(session);
	g_assert_cmpint(report->status, ==, KIT_STATUS_HUNG);
	g_setenv("KIT_REPORT", target, TRUE);
	g_assert_true(report_write(report, &error));
	g_assert_no_error(error);

	summary = report_summary(report);
	g_assert_nonnull(strstr(summary, "make check TESTS='a<b>&*'"));
	g_assert_nonnull(strstr(summary, "exit status 4 (guest hung)"));
	g_assert_true(
		g_regex_match_simple(LAST_LINE, last_line(summary), 0, 0));

	xml = junit_xml(report);
	g_markup_parse_context_parse(context, xml, strlen(xml), &error);
	g_assert_no_error(error);
	g_assert_true(g_markup_parse_context_end_parse(context, &error));
	g_markup_parse_context_free(context);

	g_assert_true(json_parser_load_from_file(json, json_path, &error));
	g_assert_cmpint(
		json_object_get_int_member(
			json_node_get_object(json_parser_get_root(json)),
			"exit_status"),
		==, 4);

	/* Our own results.ktap satisfies our own parser. */
	g_assert_true(g_file_get_contents(ktap_path, &results, NULL, NULL));
	lines = g_strsplit(g_strchomp(results), "\n", -1);
	for (int i = 0; lines[i]; i++)
		ktap_line(ktap, lines[i], 0);
	ktap_finish(ktap);
	for (unsigned int i = 0; i < ktap_errors(ktap)->len; i++)
		g_test_message("%s",
			       (char *)g_ptr_array_index(ktap_errors(ktap), i));
	g_assert_cmpuint(ktap_errors(ktap)->len, ==, 0);
	g_assert_cmpuint(ktap_root(ktap)->children->len, ==,
			 G_N_ELEMENTS(programs));
	ktap_free(ktap);
	report_free(report);
	session_done(session);
}

/* A second report replaces the first as a whole. */
static void test_replace(void)
{
	struct session *session = session_of(programs, 1);
	g_autofree char *target = g_build_filename(dir, "again", NULL);
	g_autofree char *stray = g_build_filename(target, "stray", NULL);
	struct report *report;

	run(session, false);
	report = report_new(session);
	g_setenv("KIT_REPORT", target, TRUE);
	g_assert_true(report_write(report, NULL));
	g_assert_true(g_file_set_contents(stray, "old", -1, NULL));
	g_assert_true(report_write(report, NULL));
	g_assert_false(g_file_test(stray, G_FILE_TEST_EXISTS));
	report_free(report);
	session_done(session);
}

int main(int argc, char **argv)
{
	int rc;

	g_test_init(&argc, &argv, NULL);
	scratch_begin();
	dir = scratch_dir();
	progress = progress_new(false);
	g_test_add_func("/cell/classes", test_classes);
	g_test_add_func("/cell/expectations", test_expectations);
	g_test_add_func("/pool/stop-at-failure", test_stop_at_failure);
	g_test_add_func("/report/nothing", test_nothing);
	g_test_add_func("/report/forms", test_report);
	g_test_add_func("/report/replace", test_replace);
	rc = g_test_run();
	progress_free(progress);
	scratch_end();
	g_free(dir);
	return rc;
}
