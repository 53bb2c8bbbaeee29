// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktap_test.c - the parser believes complete documents only
 *
 * A document and what must be found wrong with it; a failure means that a lie of
 * a guest would pass, or that honest results would be refused.
 */
#include <string.h>

#include "ktap.h"

#define GUEST(body) \
	"KTAP version 1\n1..1\n# start t\n" body "ok 1 t\n# mdevkit end 0\n"

static struct ktap *parse(enum ktap_dialect dialect, const char *text)
{
	struct ktap *ktap = ktap_new(dialect, NULL, NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	int n = g_strv_length(lines);

	for (int i = 0; i < n; i++) {
		if (i < n - 1 || *lines[i])
			ktap_line(ktap, lines[i], i);
	}
	ktap_finish(ktap);
	return ktap;
}

static const struct {
	const char *name;
	enum ktap_dialect dialect;
	const char *text;
	const char *error; /* part of the first error, NULL: there is none */
} documents[] = {
	{ "guest/simple", KTAP_GUEST,
	  GUEST("    KTAP version 1\n    1..1\n    ok 1 a\n"), NULL },
	{ "guest/tap13", KTAP_GUEST,
	  GUEST("    TAP version 13\n    1..1\n    ok 1 - a\n"), NULL },
	{ "guest/noise-in-test", KTAP_GUEST,
	  GUEST("    1..1\n    hello\n    ok 1 a\n"), NULL },
	{ "guest/no-tests", KTAP_GUEST,
	  "KTAP version 1\n1..0\n# mdevkit end 0\n", NULL },
	{ "guest/bail", KTAP_GUEST,
	  "KTAP version 1\n1..2\nBail out! insmod failed\n", NULL },
	{ "guest/nested", KTAP_GUEST,
	  GUEST("    1..2\n      KTAP version 1\n      1..2\n      ok 1 x\n      ok 2 y\n"
		"    ok 1 group\n    ok 2 b\n"),
	  NULL },
	{ "guest/skip-without-plan", KTAP_GUEST,
	  "KTAP version 1\n1..1\n# start t\nok 1 t # SKIP no device\n# mdevkit end 0\n",
	  NULL },
	{ "guest/failed-and-cut", KTAP_GUEST,
	  "KTAP version 1\n1..1\n# start t\n    1..3\n    ok 1 a\nnot ok 1 t # signal 11\n"
	  "# mdevkit end 1\n",
	  NULL },
	{ "guest/empty", KTAP_GUEST, "", "there are no results" },
	{ "guest/no-version", KTAP_GUEST, "1..0\n# mdevkit end 0\n",
	  "first line" },
	{ "guest/two-versions", KTAP_GUEST,
	  "KTAP version 1\nKTAP version 1\n1..0\n# mdevkit end 0\n",
	  "second version" },
	{ "guest/no-plan", KTAP_GUEST, "KTAP version 1\n# mdevkit end 0\n",
	  "plan is missing" },
	{ "guest/two-plans", KTAP_GUEST,
	  "KTAP version 1\n1..0\n1..0\n# mdevkit end 0\n", "second plan" },
	{ "guest/short-plan", KTAP_GUEST,
	  "KTAP version 1\n1..2\n# start t\n    1..1\n    ok 1 a\nok 1 t\n# mdevkit end 0\n",
	  "the plan says 2, there are 1" },
	{ "guest/long-plan", KTAP_GUEST,
	  "KTAP version 1\n1..0\n# start t\n    1..1\n    ok 1 a\nok 1 t\n# mdevkit end 0\n",
	  "the plan says 0, there are 1" },
	{ "guest/late-plan", KTAP_GUEST,
	  "KTAP version 1\n# start t\n    1..1\n    ok 1 a\nok 1 t\n1..1\n# mdevkit end 0\n",
	  "before the plan" },
	{ "guest/no-end", KTAP_GUEST, "KTAP version 1\n1..0\n",
	  "'# mdevkit end', is missing" },
	{ "guest/two-ends", KTAP_GUEST,
	  "KTAP version 1\n1..0\n# mdevkit end 0\n# mdevkit end 0\n",
	  "follows the end" },
	{ "guest/end-without-status", KTAP_GUEST,
	  "KTAP version 1\n1..0\n# mdevkit end well\n", "no status" },
	{ "guest/end-in-test", KTAP_GUEST,
	  "KTAP version 1\n1..1\n# start t\n    1..1\n# mdevkit end 0\n",
	  "has no result" },
	{ "guest/end-lies", KTAP_GUEST,
	  "KTAP version 1\n1..1\n# start t\nnot ok 1 t # exit 1\n# mdevkit end 0\n",
	  "the end says 0" },
	{ "guest/noise", KTAP_GUEST,
	  "KTAP version 1\n1..0\nhello\n# mdevkit end 0\n", "not KTAP" },
	{ "guest/not-started", KTAP_GUEST,
	  "KTAP version 1\n1..1\nok 1 t\n# mdevkit end 0\n", "never started" },
	{ "guest/other-result", KTAP_GUEST,
	  "KTAP version 1\n1..1\n# start a\n    1..1\n    ok 1 x\nok 1 b\n# mdevkit end 0\n",
	  "a was started, the result is for b" },
	{ "guest/two-starts", KTAP_GUEST,
	  "KTAP version 1\n1..2\n# start a\n    1..1\n    ok 1 x\n# start b\n    1..1\n    ok 1 x\n"
	  "ok 2 b\n# mdevkit end 0\n",
	  "starts before a had its result" },
	{ "guest/output-without-start", KTAP_GUEST,
	  "KTAP version 1\n1..0\n    ok 1 a\n# mdevkit end 0\n",
	  "not started" },
	{ "guest/test-short-plan", KTAP_GUEST, GUEST("    1..2\n    ok 1 a\n"),
	  "t: the plan says 2, there are 1" },
	{ "guest/test-no-plan", KTAP_GUEST, GUEST("    ok 1 a\n"),
	  "t: the plan is missing" },
	{ "guest/ok-but-failed", KTAP_GUEST,
	  GUEST("    1..1\n    not ok 1 a\n"),
	  "says ok, but its subtests failed" },
	{ "guest/number-gap", KTAP_GUEST,
	  GUEST("    1..2\n    ok 1 a\n    ok 3 b\n"),
	  "result 3 comes as number 2" },
	{ "guest/number-twice", KTAP_GUEST,
	  GUEST("    1..2\n    ok 1 a\n    ok 1 b\n"),
	  "result 1 comes as number 2" },
	{ "guest/group-without-result", KTAP_GUEST,
	  GUEST("    1..1\n      1..1\n      ok 1 x\n"), "no result line" },
	{ "guest/group-lies", KTAP_GUEST,
	  GUEST("    1..1\n      1..1\n      not ok 1 x\n    ok 1 group\n"),
	  "group says ok, but its subtests failed" },
	{ "guest/group-short", KTAP_GUEST,
	  GUEST("    1..1\n      1..2\n      ok 1 x\n    ok 1 group\n"),
	  "the plan says 2, there are 1" },
	{ "guest/near-miss", KTAP_GUEST, GUEST("    1..1\n    ok one\n"),
	  "the plan says 1, there are 0" },
	{ "program/plan-first", KTAP_PROGRAM,
	  "TAP version 13\n1..2\nok 1 a\nok 2 b\n", NULL },
	{ "program/plan-last", KTAP_PROGRAM, "ok 1 a\nok 2 b\n1..2\n", NULL },
	{ "program/short", KTAP_PROGRAM, "1..2\nok 1 a\n", "the plan says 2" },
	{ "program/none", KTAP_PROGRAM, "hello\n", "the plan is missing" },
	{ "program/empty", KTAP_PROGRAM, "", "there are no results" },
};

static void test_document(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	struct ktap *ktap = parse(documents[i].dialect, documents[i].text);
	const GPtrArray *errors = ktap_errors(ktap);
	const char *first = errors->len ? g_ptr_array_index(errors, 0) : NULL;

	if (!documents[i].error)
		g_assert_cmpstr(first, ==, NULL);
	else if (!first || !strstr(first, documents[i].error))
		g_error("expected '%s', seen '%s'", documents[i].error,
			first ? first : "no error");
	ktap_free(ktap);
}

static void test_tree(void)
{
	struct ktap *ktap = parse(
		KTAP_GUEST,
		"KTAP version 1\n1..3\n# start a/one\n    KTAP version 1\n    1..3\n"
		"    # expected 0, seen 5\n    not ok 1 first case # it broke # here\n"
		"    ok 2 second # SKIP no device\n    not ok 3 third # TODO known\n"
		"    # stat t=1 ops=10\n    # stat t=2 ops=30\n    # left over\n"
		"not ok 1 a/one # exit 1\n# start b\nok 2 b # SKIP kernel too old\n"
		"# start c\n    1..1\n    ok 1 only\nok 3 c\n# mdevkit end 1\n");
	const struct ktap_node *root = ktap_root(ktap);
	const struct ktap_node *one = g_ptr_array_index(root->children, 0);
	const struct ktap_node *first = g_ptr_array_index(one->children, 0);
	const struct ktap_node *third = g_ptr_array_index(one->children, 2);
	struct ktap_counts counts = { 0 };

	g_assert_cmpuint(ktap_errors(ktap)->len, ==, 0);
	g_assert_cmpint(ktap_end_status(ktap), ==, 1);
	g_assert_cmpuint(root->children->len, ==, 3);
	g_assert_cmpstr(one->name, ==, "a/one");
	g_assert_cmpstr(one->reason, ==, "exit 1");
	g_assert_cmpint(one->planned, ==, 3);
	g_assert_cmpstr(first->name, ==, "first case");
	g_assert_cmpstr(first->reason, ==, "it broke # here");
	g_assert_cmpstr(g_ptr_array_index(first->diagnostics, 0), ==,
			"expected 0, seen 5");
	g_assert_cmpint(third->outcome, ==, KTAP_XFAIL);
	g_assert_cmpuint(one->stats->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(one->stats, 1), ==, "t=2 ops=30");
	g_assert_cmpstr(g_ptr_array_index(one->diagnostics, 0), ==,
			"left over");

	ktap_count(root, &counts);
	g_assert_cmpuint(counts.failed, ==, 1);
	g_assert_cmpuint(counts.xfailed, ==, 1);
	g_assert_cmpuint(counts.skipped, ==, 2);
	g_assert_cmpuint(counts.passed, ==, 1);
	ktap_free(ktap);
}

/* A test that fails though all its cases passed is a failure of its own. */
static void test_count_parent(void)
{
	struct ktap *ktap =
		parse(KTAP_GUEST,
		      "KTAP version 1\n1..1\n# start a\n    1..1\n    ok 1 x\n"
		      "not ok 1 a # exit 3\n# mdevkit end 1\n");
	struct ktap_counts counts = { 0 };

	ktap_count(ktap_root(ktap), &counts);
	g_assert_cmpuint(counts.passed, ==, 1);
	g_assert_cmpuint(counts.failed, ==, 1);
	ktap_free(ktap);
}

static void test_running(void)
{
	struct ktap *ktap = ktap_new(KTAP_GUEST, NULL, NULL);

	g_assert_false(ktap_spoke(ktap));
	ktap_line(ktap, "KTAP version 1", 0);
	g_assert_true(ktap_spoke(ktap));
	ktap_line(ktap, "1..1", 0);
	g_assert_null(ktap_running(ktap));
	ktap_line(ktap, "# start a", 0);
	g_assert_cmpstr(ktap_running(ktap)->name, ==, "a");
	ktap_finish(ktap);
	g_assert_null(ktap_running(ktap));
	g_assert_cmpuint(ktap_root(ktap)->children->len, ==, 1);
	ktap_free(ktap);
}

/* Whatever bytes come, the parser neither crashes nor believes them. */
static void test_garbage(void)
{
	static const char *const words[] = {
		"ok ",	"not ok ", "1..", "KTAP version 1", "# start ",
		"    ", "  ",	   "# ",  "Bail out!",	    "1",
		"2",	" # SKIP", "a",	  "# mdevkit end ", "\t"
	};

	for (unsigned int round = 0; round < 3000; round++) {
		struct ktap *ktap = ktap_new(
			round % 2 ? KTAP_GUEST : KTAP_PROGRAM, NULL, NULL);
		struct ktap_counts counts = { 0 };

		for (int line = g_test_rand_int_range(0, 20); line > 0;
		     line--) {
			g_autoptr(GString) text = g_string_new(NULL);

			for (int word = g_test_rand_int_range(0, 6); word > 0;
			     word--)
				g_string_append(
					text, words[g_test_rand_int_range(
						      0, G_N_ELEMENTS(words))]);
			ktap_line(ktap, text->str, line);
		}
		ktap_finish(ktap);
		ktap_count(ktap_root(ktap), &counts);
		ktap_free(ktap);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(documents); i++) {
		g_autofree char *path =
			g_strdup_printf("/ktap/%s", documents[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_document);
	}
	g_test_add_func("/ktap/tree", test_tree);
	g_test_add_func("/ktap/count-parent", test_count_parent);
	g_test_add_func("/ktap/running", test_running);
	g_test_add_func("/ktap/garbage", test_garbage);
	return g_test_run();
}
