/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict.h - what a cell comes out as
 */
#ifndef _KIT_HARNESS_VERDICT_H
#define _KIT_HARNESS_VERDICT_H

#include "deadline.h"
#include "kit.h"
#include "ktap.h"
#include "splat.h"

/* From best to worst: the verdict of many cells is the worst of theirs. */
enum verdict {
	VERDICT_PASSED,
	VERDICT_FAILED,
	VERDICT_HUNG,
	VERDICT_SPLAT,
	VERDICT_DIED,
	VERDICT_HARNESS,
	VERDICT_INTERRUPTED,
};

/* What a cell expects of one test; in the order of the plan. */
struct verdict_test {
	char *name;
	double limit; /* seconds on a machine of speed 1, 0 = the default */
	bool has_plan; /* it prints a plan of its own */
	char *xfail; /* why it is expected to fail, or NULL */
};

/**
 * struct verdict_facts - everything a verdict rests on
 * @interrupted: the user stopped it
 * @harness: what broke in the harness, or NULL
 * @spoke: PID 1 said something
 * @expired: the limit that ended the guest
 * @limit: that limit in seconds
 * @where: where it hung, or NULL
 * @ktap: finished document
 * @splats: finished scanner; NULL for a program on the host
 * @unscanned: why the console could not be scanned as a whole, or NULL
 * @tests: struct verdict_test, or NULL: whatever was planned will do
 */
struct verdict_facts {
	bool interrupted;
	const char *harness;
	bool spoke;
	enum deadline_layer expired;
	double limit;
	const char *where;
	const struct ktap *ktap;
	const struct splat_scanner *splats;
	const char *unscanned;
	const GPtrArray *tests;
};

/* The verdict; @reason receives one line, NULL for VERDICT_PASSED. */
enum verdict verdict_judge(const struct verdict_facts *facts, char **reason);

/* Failures that were expected become KTAP_XFAIL in the document. Before verdict_judge(). */
void verdict_expect(struct ktap *ktap, const GPtrArray *tests);

/* "passed", "failed", "died before init", ... */
const char *verdict_name(enum verdict verdict);
bool verdict_from_name(const char *name, enum verdict *verdict);

/* @splat: a kernel complaint was seen; @expired: a limit ended it (for VERDICT_DIED). */
enum kit_status verdict_status(enum verdict verdict, bool splat, bool expired);

struct verdict_test *verdict_test_new(const char *name, double limit,
				      bool has_plan, const char *xfail);
void verdict_test_free(gpointer test);

#endif /* _KIT_HARNESS_VERDICT_H */
