// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict_test.c - the class of a cell, from the facts alone
 *
 * Every class, and which of two wins. A failure means that a report would name
 * the wrong cause, or that an exit status would mislead a bisection.
 */
#include <string.h>

#include "verdict.h"

#define END "# mdevkit end 0\n"
#define PASS "KTAP version 1\n1..1\n# start t\n    1..1\n    ok 1 a\nok 1 t\n"
#define FAIL \
	"KTAP version 1\n1..1\n# start t\n    1..1\n    not ok 1 a # broke\nnot ok 1 t # exit 1\n"
#define HUNG \
	"KTAP version 1\n1..1\n# start t\nnot ok 1 t # hung\n# mdevkit end 4\n"
#define WARN "[    1.000000] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2"
#define STUCK "[    1.000000] INFO: task a:1 blocked for more than 30 seconds."
#define FINE "[    1.000000] fine"

struct facts {
	const char *name;
	const char *results;
	const char *console;
	enum deadline_layer expired;
	const char *unscanned;
	const char *harness;
	bool interrupted;
	const char *xfail; /* of test t */
	const char *extra; /* a test that was asked for beside t */
	enum verdict verdict;
	const char *reason;
	enum kit_status status;
};

static const struct facts table[] = {
	{ .name = "passed", .results = PASS END, .verdict = VERDICT_PASSED },
	{ .name = "failed",
	  .results = FAIL "# mdevkit end 1\n",
	  .verdict = VERDICT_FAILED,
	  .reason = "t: a: broke",
	  .status = 1 },
	{ .name = "no-end",
	  .results = PASS,
	  .verdict = VERDICT_FAILED,
	  .reason = "missing",
	  .status = 1 },
	{ .name = "bail",
	  .results = "KTAP version 1\n1..1\nBail out! no module\n",
	  .verdict = VERDICT_FAILED,
	  .reason = "no module",
	  .status = 1 },
	{ .name = "end-not-0",
	  .results = PASS "# mdevkit end 3\n",
	  .verdict = VERDICT_FAILED,
	  .reason = "status 3",
	  .status = 1 },
	{ .name = "not-run",
	  .results = PASS END,
	  .extra = "u",
	  .verdict = VERDICT_FAILED,
	  .reason = "u was asked for",
	  .status = 1 },
	{ .name = "no-plan",
	  .results = "KTAP version 1\n1..1\n# start t\nok 1 t\n" END,
	  .verdict = VERDICT_FAILED,
	  .reason = "without a plan",
	  .status = 1 },
	{ .name = "xfail",
	  .results = FAIL "# mdevkit end 1\n",
	  .xfail = "known",
	  .verdict = VERDICT_PASSED },
	{ .name = "xpass",
	  .results = PASS END,
	  .xfail = "known",
	  .verdict = VERDICT_FAILED,
	  .reason = "though expected to fail: known",
	  .status = 1 },
	{ .name = "splat",
	  .results = PASS END,
	  .console = WARN,
	  .verdict = VERDICT_SPLAT,
	  .reason = "warning:",
	  .status = 3 },
	{ .name = "splat-beats-failed",
	  .results = FAIL "# mdevkit end 1\n",
	  .console = WARN,
	  .verdict = VERDICT_SPLAT,
	  .reason = "warning:",
	  .status = 3 },
	{ .name = "splat-beats-hung",
	  .results = PASS,
	  .console = WARN,
	  .expired = DEADLINE_IDLE,
	  .verdict = VERDICT_SPLAT,
	  .reason = "warning:",
	  .status = 3 },
	{ .name = "hung",
	  .results = "KTAP version 1\n1..1\n# start t\n",
	  .expired = DEADLINE_IDLE,
	  .verdict = VERDICT_HUNG,
	  .reason = "idle limit of 30 s expired in t",
	  .status = 4 },
	{ .name = "hung-test",
	  .results = HUNG,
	  .verdict = VERDICT_HUNG,
	  .reason = "t could not be killed",
	  .status = 4 },
	{ .name = "stuck-and-hung",
	  .results = HUNG,
	  .console = STUCK,
	  .verdict = VERDICT_HUNG,
	  .reason = "t could not be killed",
	  .status = 4 },
	{ .name = "stuck-alone",
	  .results = PASS END,
	  .console = STUCK,
	  .verdict = VERDICT_SPLAT,
	  .reason = "hung-task",
	  .status = 3 },
	{ .name = "died",
	  .results = "",
	  .verdict = VERDICT_DIED,
	  .reason = "ended before",
	  .status = 1 },
	{ .name = "died-by-splat",
	  .results = "",
	  .console = WARN,
	  .verdict = VERDICT_DIED,
	  .reason = "warning:",
	  .status = 3 },
	{ .name = "died-silent",
	  .results = "",
	  .expired = DEADLINE_BOOT,
	  .verdict = VERDICT_DIED,
	  .reason = "within 30 s",
	  .status = 4 },
	{ .name = "unscanned",
	  .results = PASS END,
	  .unscanned = "too long",
	  .verdict = VERDICT_FAILED,
	  .reason = "too long",
	  .status = 1 },
	{ .name = "harness",
	  .results = PASS END,
	  .harness = "disk full",
	  .verdict = VERDICT_HARNESS,
	  .reason = "disk full",
	  .status = 125 },
	{ .name = "interrupted",
	  .results = PASS END,
	  .interrupted = true,
	  .verdict = VERDICT_INTERRUPTED,
	  .reason = "stopped",
	  .status = 130 },
};

static struct splat_rules *rules;

static void test_facts(gconstpointer data)
{
	const struct facts *row = data;
	struct ktap *ktap = ktap_new(KTAP_GUEST, NULL, NULL);
	struct splat_scanner *splats = splat_scanner_new(rules, NULL);
	g_autoptr(GPtrArray)
		tests = g_ptr_array_new_with_free_func(verdict_test_free);
	g_auto(GStrv) lines = g_strsplit(row->results, "\n", -1);
	g_autofree char *reason = NULL;
	struct verdict_facts facts = {
		.interrupted = row->interrupted,
		.harness = row->harness,
		.expired = row->expired,
		.limit = 30,
		.ktap = ktap,
		.splats = splats,
		.unscanned = row->unscanned,
		.tests = tests,
	};
	enum verdict verdict;

	for (int i = 0; lines[i]; i++) {
		if (*lines[i])
			ktap_line(ktap, lines[i], 0);
	}
	ktap_finish(ktap);
	splat_scan(splats, row->console ? row->console : FINE);
	splat_finish(splats);
	g_ptr_array_add(tests, verdict_test_new("t", 0, true, row->xfail));
	if (row->extra)
		g_ptr_array_add(tests,
				verdict_test_new(row->extra, 0, true, NULL));
	facts.spoke = ktap_spoke(ktap);
	verdict_expect(ktap, tests);
	verdict = verdict_judge(&facts, &reason);

	g_assert_cmpstr(verdict_name(verdict), ==, verdict_name(row->verdict));
	if (!row->reason)
		g_assert_cmpstr(reason, ==, NULL);
	else if (!reason || !strstr(reason, row->reason))
		g_error("expected '%s', seen '%s'", row->reason,
			reason ? reason : "no reason");
	g_assert_cmpint(verdict_status(verdict, splat_bad(splats),
				       row->expired != DEADLINE_NONE),
			==, row->status);
	splat_scanner_free(splats);
	ktap_free(ktap);
}

static void test_names(void)
{
	for (enum verdict v = VERDICT_PASSED; v <= VERDICT_INTERRUPTED; v++) {
		enum verdict back;

		g_assert_true(verdict_from_name(verdict_name(v), &back));
		g_assert_cmpint(back, ==, v);
	}
}

int main(int argc, char **argv)
{
	g_autofree char *patterns =
		path_source("harness", "splat.patterns", NULL);
	g_autofree char *allow = path_source("harness", "splat.allow", NULL);
	int rc;

	g_test_init(&argc, &argv, NULL);
	rules = splat_rules_load(patterns, allow, NULL);
	g_assert_nonnull(rules);
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *path =
			g_strdup_printf("/verdict/%s", table[i].name);

		g_test_add_data_func(path, &table[i], test_facts);
	}
	g_test_add_func("/verdict/names", test_names);
	rc = g_test_run();
	splat_rules_free(rules);
	return rc;
}
