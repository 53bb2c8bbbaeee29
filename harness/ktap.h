/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktap.h - test results, parsed strictly
 */
#ifndef _KIT_HARNESS_KTAP_H
#define _KIT_HARNESS_KTAP_H

#include "kit.h"

enum ktap_outcome {
	KTAP_PASS,
	KTAP_FAIL,
	KTAP_SKIP,
	KTAP_XFAIL
};

/**
 * struct ktap_node - one test, or the whole document (the root)
 * @name: what stands behind the number; "" for the root
 * @number: 1, 2, ...; 0 for the root and for a test that never got its result
 * @outcome: KTAP_FAIL until the result line was read
 * @finished: the result line was read
 * @reason: what stands behind '#', without SKIP, TODO or XFAIL; may be NULL
 * @planned: tests that its plan announced, -1 if there was no plan
 * @begin: microseconds, the clock of ktap_line()'s caller
 * @end: see @begin
 * @children: struct ktap_node
 * @diagnostics: lines that belong to it, without '# '
 * @stats: what followed '# stat ', in order
 */
struct ktap_node {
	char *name;
	unsigned int number;
	enum ktap_outcome outcome;
	bool finished;
	char *reason;
	int planned;
	int64_t begin;
	int64_t end;
	GPtrArray *children;
	GPtrArray *diagnostics;
	GPtrArray *stats;
};

/* What somebody may want to see while it happens; any of them may be NULL. */
struct ktap_events {
	void (*start)(void *data, const char *name);
	void (*progress)(void *data, const char *text);
	void (*stat)(void *data, const char *text);
	void (*result)(void *data, const struct ktap_node *test);
};

/*
 * KTAP_GUEST: what PID 1 of our guest says: "# start NAME", the program's lines
 * indented by four, a result per test, "# mdevkit end STATUS" as the last line.
 * KTAP_PROGRAM: what a program says by itself.
 */
enum ktap_dialect {
	KTAP_GUEST,
	KTAP_PROGRAM
};

struct ktap;

struct ktap *ktap_new(enum ktap_dialect dialect,
		      const struct ktap_events *events, void *data);
void ktap_free(struct ktap *ktap);

/* One line, without its newline, read at @now (microseconds). */
void ktap_line(struct ktap *ktap, const char *line, int64_t now);

/* Whoever wrote the document failed after its last line: @reason becomes an error of it. */
void ktap_fail(struct ktap *ktap, const char *reason);

/* There will be no more lines: look for what is missing. */
void ktap_finish(struct ktap *ktap);

/* The document. Owned by @ktap. */
const struct ktap_node *ktap_root(const struct ktap *ktap);

/* What is wrong with the document, strings; empty if it can be trusted. */
const GPtrArray *ktap_errors(const struct ktap *ktap);

/* What followed "Bail out!", or NULL. */
const char *ktap_bail(const struct ktap *ktap);

/* Has anything valid been said at all? */
bool ktap_spoke(const struct ktap *ktap);

/* Was the last line of the protocol read? */
bool ktap_ended(const struct ktap *ktap);

/* What the last line said: 0 if everything passed. 0 as long as there was none. */
int ktap_end_status(const struct ktap *ktap);

/* The test that is running, or NULL. */
const struct ktap_node *ktap_running(const struct ktap *ktap);

/* Numbers of leaves; a node that failed though no leaf of it did counts as one more failure. */
struct ktap_counts {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
	unsigned int xfailed;
};

void ktap_count(const struct ktap_node *node, struct ktap_counts *counts);

const char *ktap_outcome_name(enum ktap_outcome outcome);

#endif /* _KIT_HARNESS_KTAP_H */
