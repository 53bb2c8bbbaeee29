/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - what is left of a run
 */
#ifndef _KIT_HARNESS_REPORT_H
#define _KIT_HARNESS_REPORT_H

#include "session.h"

/**
 * struct report - the sum of a session's cells
 * @session: whose
 * @command: what the user called
 * @verdict: the worst of the cells
 * @status: exit status
 * @worst: the cell that decided, or NULL
 * @counts: leaves of all cells
 * @bad_cells: cells that did not pass
 * @lost_boots: boots that were lost before PID 1 spoke
 * @allowed: splats that splat.allow excuses
 * @seconds: wall clock
 */
struct report {
	const struct session *session;
	char *command;
	enum verdict verdict;
	enum kit_status status;
	const struct cell *worst;
	struct ktap_counts counts;
	unsigned int bad_cells;
	unsigned int lost_boots;
	unsigned int allowed;
	double seconds;
};

struct report *report_new(const struct session *session);
void report_free(struct report *report);

/* Write build/report/ (or $KIT_REPORT): all formats; the older report is replaced at once. */
bool report_write(const struct report *report, GError **error);

/* What the user reads last: failures with evidence and replay, the verdict, the counts. */
void report_print(const struct report *report);

/* "a test failed", "kernel splat", ... */
const char *report_status_text(enum kit_status status);

/* The summary as report_print() prints it. */
char *report_summary(const struct report *report);

/* One line: the verdict of everything and the numbers behind it. */
char *report_verdict_line(const struct report *report);

/* ------------------------------------------------- report_html.c, junit.c */

char *report_html(const struct report *report);
char *junit_xml(const struct report *report);

/* @text, escaped for HTML and XML, without characters that XML forbids; free it. */
char *report_escape(const char *text);

#endif /* _KIT_HARNESS_REPORT_H */
