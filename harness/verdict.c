// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c - what a cell comes out as
 *
 * A verdict is a pure function of facts, so that it can be tested without a
 * guest. The first that applies:
 *
 *   interrupted       the user stopped it: nothing is known
 *   harness error     QEMU did not start, broke, or the disk is full
 *   died before init  PID 1 never said a word, whatever the reason
 *   splat             the kernel complained; unless all it complained about was
 *                     that something is stuck, and something was
 *   failed            the console could not be scanned to its end
 *   hung              a limit expired, or PID 1 could not kill a test
 *   failed            a test, the plan, the document, the closing line
 *   passed            said by the last line of the results, and nothing above
 *
 * A complaint goes before a hang because it usually is its cause, and a hang
 * before the failures that follow from it.
 */
#include <string.h>

#include "verdict.h"

static const char *const names[] = {
	[VERDICT_PASSED] = "passed",
	[VERDICT_FAILED] = "failed",
	[VERDICT_HUNG] = "hung",
	[VERDICT_SPLAT] = "splat",
	[VERDICT_DIED] = "died before init",
	[VERDICT_HARNESS] = "harness error",
	[VERDICT_INTERRUPTED] = "interrupted",
};

const char *verdict_name(enum verdict verdict)
{
	return names[verdict];
}

bool verdict_from_name(const char *name, enum verdict *verdict)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (!strcmp(names[i], name)) {
			*verdict = i;
			return true;
		}
	}
	return false;
}

enum kit_status verdict_status(enum verdict verdict, bool splat, bool expired)
{
	switch (verdict) {
	case VERDICT_PASSED:
		return KIT_STATUS_PASS;
	case VERDICT_FAILED:
		return KIT_STATUS_FAILED;
	case VERDICT_HUNG:
		return KIT_STATUS_HUNG;
	case VERDICT_SPLAT:
		return KIT_STATUS_SPLAT;
	case VERDICT_DIED:
		if (splat)
			return KIT_STATUS_SPLAT;
		return expired ? KIT_STATUS_HUNG : KIT_STATUS_FAILED;
	case VERDICT_HARNESS:
		return KIT_STATUS_BUILD;
	case VERDICT_INTERRUPTED:
		return KIT_STATUS_INTERRUPTED;
	}
	return KIT_STATUS_BUILD;
}

struct verdict_test *verdict_test_new(const char *name, double limit,
				      bool has_plan, const char *xfail)
{
	struct verdict_test *test = g_new0(struct verdict_test, 1);

	test->name = g_strdup(name);
	test->limit = limit;
	test->has_plan = has_plan;
	test->xfail = g_strdup(xfail);
	return test;
}

void verdict_test_free(gpointer data)
{
	struct verdict_test *test = data;

	g_free(test->name);
	g_free(test->xfail);
	g_free(test);
}

static void excuse(struct ktap_node *node)
{
	if (node->outcome == KTAP_FAIL)
		node->outcome = KTAP_XFAIL;
	for (unsigned int i = 0; i < node->children->len; i++)
		excuse(g_ptr_array_index(node->children, i));
}

static struct ktap_node *find(const struct ktap_node *root, const char *name)
{
	for (unsigned int i = 0; i < root->children->len; i++) {
		struct ktap_node *node = g_ptr_array_index(root->children, i);

		if (!strcmp(node->name, name))
			return node;
	}
	return NULL;
}

static bool is_hung(const struct ktap_node *node)
{
	return node->outcome == KTAP_FAIL && node->reason &&
	       g_str_has_prefix(node->reason, "hung");
}

void verdict_expect(struct ktap *ktap, const GPtrArray *tests)
{
	for (unsigned int i = 0; tests && i < tests->len; i++) {
		const struct verdict_test *test = g_ptr_array_index(tests, i);
		struct ktap_node *node = find(ktap_root(ktap), test->name);

		/* A test that took the guest down did not fail as expected. */
		if (test->xfail && node && node->finished && !is_hung(node) &&
		    node->outcome == KTAP_FAIL)
			excuse(node);
	}
}

/* Do all complaints say no more than that something does not go on? */
static bool only_stuck(const struct splat_scanner *splats)
{
	static const char *const kinds[] = { "hung-task", "lockup", "stall",
					     "workqueue", NULL };
	const GPtrArray *found = splat_found(splats);

	for (unsigned int i = 0; i < found->len; i++) {
		const struct splat *splat = g_ptr_array_index(found, i);

		if (!splat->allowed && !g_strv_contains(kinds, splat->kind))
			return false;
	}
	return true;
}

static char *splat_reason(const struct verdict_facts *facts)
{
	const GPtrArray *found = splat_found(facts->splats);
	unsigned int bad = splat_bad(facts->splats);

	for (unsigned int i = 0; i < found->len; i++) {
		const struct splat *splat = g_ptr_array_index(found, i);

		if (splat->allowed)
			continue;
		if (bad == 1)
			return g_strdup_printf("%s [%s]", splat->title,
					       splat->fingerprint);
		return g_strdup_printf("%s [%s], and %u more", splat->title,
				       splat->fingerprint, bad - 1);
	}
	return NULL;
}

static char *died_reason(const struct verdict_facts *facts)
{
	g_autofree char *splat = facts->splats ? splat_reason(facts) : NULL;

	if (splat)
		return g_strdup_printf("PID 1 never said a word: %s", splat);
	if (facts->expired != DEADLINE_NONE)
		return g_strdup_printf(
			"PID 1 did not say a word within %.0f s%s%s",
			facts->limit, facts->where ? "; " : "",
			facts->where ? facts->where : "");
	return g_strdup("the guest ended before PID 1 said a word");
}

static char *hung_reason(const struct verdict_facts *facts)
{
	const struct ktap_node *root = ktap_root(facts->ktap);
	const struct ktap_node *test = NULL;

	for (unsigned int i = 0; i < root->children->len; i++) {
		const struct ktap_node *node =
			g_ptr_array_index(root->children, i);

		if (is_hung(node))
			return g_strdup_printf("%s could not be killed",
					       node->name);
		if (!node->finished)
			test = node;
	}
	if (facts->expired == DEADLINE_NONE)
		return NULL;
	return g_strdup_printf("%s limit of %.0f s expired%s%s%s%s",
			       deadline_name(facts->expired), facts->limit,
			       test ? " in " : "", test ? test->name : "",
			       facts->where ? "; " : "",
			       facts->where ? facts->where : "");
}

/* Why a test that is not ok is not. */
static char *failed_test_reason(const struct ktap_node *node)
{
	for (unsigned int i = 0; i < node->children->len; i++) {
		const struct ktap_node *child =
			g_ptr_array_index(node->children, i);

		if (child->outcome == KTAP_FAIL) {
			g_autofree char *inner = failed_test_reason(child);

			return g_strdup_printf("%s: %s", node->name, inner);
		}
	}
	if (!node->finished)
		return g_strdup_printf("%s: no result", node->name);
	return g_strdup_printf("%s: %s", node->name,
			       node->reason ? node->reason : "not ok");
}

static char *test_reason(const struct verdict_facts *facts)
{
	const struct ktap_node *root = ktap_root(facts->ktap);
	unsigned int failed = 0;
	char *first = NULL;

	for (unsigned int i = 0; i < root->children->len; i++) {
		const struct ktap_node *node =
			g_ptr_array_index(root->children, i);

		if (node->outcome != KTAP_FAIL)
			continue;
		if (!failed++)
			first = failed_test_reason(node);
	}
	if (failed > 1) {
		g_autofree char *one = first;

		first = g_strdup_printf("%s, and %u more", one, failed - 1);
	}
	return first;
}

static char *expectation_reason(const struct verdict_facts *facts)
{
	const struct ktap_node *root = ktap_root(facts->ktap);

	for (unsigned int i = 0; facts->tests && i < facts->tests->len; i++) {
		const struct verdict_test *test =
			g_ptr_array_index(facts->tests, i);
		const struct ktap_node *node = find(root, test->name);

		if (!node)
			return g_strdup_printf(
				"%s was asked for and did not run", test->name);
		if (test->xfail && node->outcome == KTAP_PASS)
			return g_strdup_printf(
				"%s passed, though expected to fail: %s",
				test->name, test->xfail);
		if (test->has_plan && node->outcome == KTAP_PASS &&
		    node->planned < 0)
			return g_strdup_printf("%s passed without a plan",
					       test->name);
	}
	return NULL;
}

static char *document_reason(const struct verdict_facts *facts)
{
	const GPtrArray *errors = ktap_errors(facts->ktap);

	if (ktap_bail(facts->ktap))
		return g_strdup_printf("bail out: %s", ktap_bail(facts->ktap));
	if (!errors->len)
		return NULL;
	if (errors->len == 1)
		return g_strdup(g_ptr_array_index(errors, 0));
	return g_strdup_printf("%s, and %u more errors",
			       (const char *)g_ptr_array_index(errors, 0),
			       errors->len - 1);
}

/* PID 1 does not know which failures were expected, and ends with a failure after them. */
static bool any_excused(const struct ktap *ktap)
{
	const struct ktap_node *root = ktap_root(ktap);

	for (unsigned int i = 0; i < root->children->len; i++) {
		const struct ktap_node *node =
			g_ptr_array_index(root->children, i);

		if (node->outcome == KTAP_XFAIL)
			return true;
	}
	return false;
}

/* Why a guest that lived to its end, or a program, has failed; NULL if it has not. */
static char *failed_reason(const struct verdict_facts *facts)
{
	char *reason = NULL;

	if (ktap_bail(facts->ktap))
		reason = document_reason(facts);
	if (!reason)
		reason = test_reason(facts);
	if (!reason)
		reason = document_reason(facts);
	if (!reason)
		reason = expectation_reason(facts);
	if (!reason && ktap_end_status(facts->ktap) &&
	    !any_excused(facts->ktap))
		reason = g_strdup_printf("PID 1 ended with status %d",
					 ktap_end_status(facts->ktap));
	return reason;
}

enum verdict verdict_judge(const struct verdict_facts *facts, char **reason)
{
	bool splat = facts->splats && splat_bad(facts->splats);
	g_autofree char *hung = NULL;

	*reason = NULL;
	if (facts->interrupted) {
		*reason = g_strdup("stopped before it was finished");
		return VERDICT_INTERRUPTED;
	}
	if (facts->harness) {
		*reason = g_strdup(facts->harness);
		return VERDICT_HARNESS;
	}
	if (!facts->spoke) {
		*reason = died_reason(facts);
		return VERDICT_DIED;
	}
	hung = hung_reason(facts);
	if (splat && !(hung && only_stuck(facts->splats))) {
		*reason = splat_reason(facts);
		return VERDICT_SPLAT;
	}
	if (facts->unscanned) {
		*reason =
			g_strdup_printf("the console could not be scanned: %s",
					facts->unscanned);
		return VERDICT_FAILED;
	}
	if (hung) {
		*reason = g_steal_pointer(&hung);
		return VERDICT_HUNG;
	}
	*reason = failed_reason(facts);
	return *reason ? VERDICT_FAILED : VERDICT_PASSED;
}
