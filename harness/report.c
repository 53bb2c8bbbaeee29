// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - what is left of a run
 *
 *   summary.txt    what was printed last
 *   results.ktap   every test of every cell
 *   junit.xml      the same for CI
 *   result.json    the same for programs, with everything a cell knows
 *   report.html    the same for people, with plots; needs no network
 *   console.log    the consoles, one after another
 *
 * The directory is made aside and renamed, so build/report/ is always whole and
 * always of one run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cell_json.h"
#include "mutants.h"
#include "report.h"
#include "vars.h"

#define CONSOLE_MAX (8u << 20)

static void add_counts(struct ktap_counts *sum, const struct ktap_counts *add)
{
	sum->passed += add->passed;
	sum->failed += add->failed;
	sum->skipped += add->skipped;
	sum->xfailed += add->xfailed;
}

struct report *report_new(const struct session *session)
{
	struct report *report = g_new0(struct report, 1);

	report->session = session;
	report->command = vars_command(session->vars, session->verb, NULL);
	report->seconds = (g_get_monotonic_time() - session->begin) /
			  (double)G_USEC_PER_SEC;
	for (unsigned int i = 0; i < session->cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);

		if (!cell->begin)
			continue;
		add_counts(&report->counts, &cell->counts);
		/* A guest that lies loses boots on purpose. */
		if (!cell->spec->expects)
			report->lost_boots += cell->lost_boots->len;
		if (cell->splats && !cell->spec->expects)
			report->allowed += splat_found(cell->splats)->len -
					   splat_bad(cell->splats);
		if (cell->verdict == VERDICT_PASSED)
			continue;
		report->bad_cells++;
		if (cell->verdict > report->verdict) {
			report->verdict = cell->verdict;
			report->worst = cell;
		}
	}
	report->status = report->worst ? cell_status(report->worst) :
					 KIT_STATUS_PASS;
	/* Nothing ran, or not everything did: that is no pass. */
	if (g_cancellable_is_cancelled(
		    progress_cancellable(session->progress))) {
		report->verdict = VERDICT_INTERRUPTED;
		report->status = KIT_STATUS_INTERRUPTED;
	} else if (!session->cells->len ||
		   (session->not_started && !report->bad_cells)) {
		report->verdict = VERDICT_HARNESS;
		report->status = KIT_STATUS_BUILD;
	}
	return report;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	g_free(report->command);
	g_free(report);
}

const char *report_status_text(enum kit_status status)
{
	switch (status) {
	case KIT_STATUS_PASS:
		return "passed";
	case KIT_STATUS_FAILED:
		return "a test failed";
	case KIT_STATUS_USAGE:
		return "wrong usage, or something is missing";
	case KIT_STATUS_SPLAT:
		return "kernel splat";
	case KIT_STATUS_HUNG:
		return "guest hung";
	case KIT_STATUS_BUILD:
		return "could not be judged: the build or the harness failed";
	case KIT_STATUS_INTERRUPTED:
		return "interrupted";
	}
	return "?";
}

/* Relative to where the user is, if that is shorter. */
static char *short_path(const char *path)
{
	g_autofree char *here = g_get_current_dir();
	size_t length = strlen(here);

	if (!strncmp(path, here, length) && path[length] == '/')
		return g_strdup(path + length + 1);
	return g_strdup(path);
}

static void describe_splats(GString *text, const struct cell *cell)
{
	g_autofree char *console =
		g_build_filename(cell->dir, "console.log", NULL);
	g_autofree char *path = short_path(console);
	const GPtrArray *found = cell->splats ? splat_found(cell->splats) :
						NULL;

	for (unsigned int i = 0; found && i < found->len; i++) {
		const struct splat *splat = g_ptr_array_index(found, i);

		g_string_append_printf(text, "  %s: %s:%u: %s [%s]\n",
				       splat->allowed ? "allowed" : "splat",
				       path, splat->line, splat->title,
				       splat->fingerprint);
	}
}

static void describe_tests(GString *text, const struct ktap_node *node,
			   const char *prefix)
{
	for (unsigned int i = 0; i < node->children->len; i++) {
		const struct ktap_node *child =
			g_ptr_array_index(node->children, i);
		g_autofree char *name =
			g_strdup_printf("%s%s", prefix, child->name);
		g_autofree char *below = g_strdup_printf("%s: ", name);

		if (child->outcome != KTAP_FAIL)
			continue;
		if (child->children->len)
			describe_tests(text, child, below);
		if (child->children->len && !child->reason)
			continue;
		g_string_append_printf(text, "  not ok: %s%s%s\n", name,
				       child->reason ? ": " : "",
				       child->reason ? child->reason : "");
		for (unsigned int j = 0; j < MIN(child->diagnostics->len, 20u);
		     j++) {
			const char *line =
				g_ptr_array_index(child->diagnostics, j);

			if (g_strcmp0(line, child->reason))
				g_string_append_printf(text, "      %s\n",
						       line);
		}
	}
}

static void describe_bad(GString *text, const struct cell *cell)
{
	g_autofree char *shout = g_ascii_strup(verdict_name(cell->verdict), -1);
	g_autofree char *dir = short_path(cell->dir);

	g_string_append_printf(text, "%s: %s: %s\n", shout, cell->spec->name,
			       cell->reason);
	describe_splats(text, cell);
	if (cell->ktap) {
		const GPtrArray *errors = ktap_errors(cell->ktap);

		describe_tests(text, ktap_root(cell->ktap), "");
		for (unsigned int i = 0; i < MIN(errors->len, 5u); i++)
			g_string_append_printf(text, "  %s\n",
					       (char *)g_ptr_array_index(errors,
									 i));
	}
	g_string_append_printf(
		text, "  evidence: %s/ (console.log, results.ktap%s)\n", dir,
		cell->verdict == VERDICT_HUNG ? ", registers.txt" : "");
	if (cell->spec->replay)
		g_string_append_printf(text, "  again:    %s\n",
				       cell->spec->replay);
}

static void describe_lost_boots(GString *text, const struct cell *cell)
{
	for (unsigned int i = 0; i < cell->lost_boots->len; i++) {
		const struct cell_boot *boot =
			g_ptr_array_index(cell->lost_boots, i);
		g_autofree char *path = short_path(boot->console);

		g_string_append_printf(text,
				       "boot lost: %s: %s\n  console:  %s\n",
				       cell->spec->name, boot->reason, path);
	}
}

/* The last line of every series over time: what a storm did. */
static void describe_stats(GString *text, const struct cell *cell)
{
	const struct ktap_node *root = cell->ktap ? ktap_root(cell->ktap) :
						    NULL;

	for (unsigned int i = 0; root && i < root->children->len; i++) {
		const struct ktap_node *node =
			g_ptr_array_index(root->children, i);
		const char *last;

		last = node->stats->len ?
			       g_ptr_array_index(node->stats,
						 node->stats->len - 1) :
			       NULL;
		if (last && g_str_has_prefix(last, "t="))
			g_string_append_printf(text, "numbers: %s: %s\n",
					       node->name, last);
	}
}

char *report_verdict_line(const struct report *report)
{
	const struct session *session = report->session;
	GString *line = g_string_new(NULL);
	g_autofree char *shout =
		g_ascii_strup(verdict_name(report->verdict), -1);
	unsigned int ran = session->cells->len - session->not_started;

	g_string_append_printf(line, "verdict: %s", shout);
	if (report->bad_cells)
		g_string_append_printf(line, " in %u of %u cells",
				       report->bad_cells, ran);
	else
		g_string_append_printf(line, ", %u cell%s", ran,
				       ran == 1 ? "" : "s");
	if (session->not_started)
		g_string_append_printf(line, ", %u not started",
				       session->not_started);
	if (session->kernel)
		g_string_append_printf(line, "; CORE=%s on %s (%s)",
				       vars_core_name(session->vars->core),
				       session->kernel->release,
				       session->kernel->profile);
	if (session->accel)
		g_string_append_printf(
			line, "; %s",
			session->accel->accel == KIT_ACCEL_KVM ? "KVM" : "TCG");
	if (report->counts.xfailed)
		g_string_append_printf(line, "; %u expected failures",
				       report->counts.xfailed);
	if (report->lost_boots)
		g_string_append_printf(line, "; %u boot%s lost",
				       report->lost_boots,
				       report->lost_boots == 1 ? "" : "s");
	if (report->allowed)
		g_string_append_printf(line, "; %u allowed splats",
				       report->allowed);
	g_string_append_printf(line, "; %.1f s", report->seconds);
	return g_string_free(line, FALSE);
}

char *report_summary(const struct report *report)
{
	const struct session *session = report->session;
	GString *text = g_string_new(NULL);
	g_autofree char *line = report_verdict_line(report);
	g_autofree char *mutants = mutants_summary(session);

	for (unsigned int i = 0; i < session->cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);

		if (cell->spec->expects)
			continue;
		describe_stats(text, cell);
		describe_lost_boots(text, cell);
	}
	for (unsigned int i = 0; i < session->cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);

		if (cell->begin && cell->verdict != VERDICT_PASSED)
			describe_bad(text, cell);
	}
	if (mutants)
		g_string_append_printf(text, "%s\n", mutants);
	g_string_append_printf(text, "%s\n", line);
	if (report->status != KIT_STATUS_PASS)
		g_string_append_printf(text, "exit status %d (%s)\n",
				       report->status,
				       report_status_text(report->status));
	/* An expected failure is no pass and no failure. */
	g_string_append_printf(text, "%u passed, %u failed, %u skipped\n",
			       report->counts.passed, report->counts.failed,
			       report->counts.skipped + report->counts.xfailed);
	return g_string_free(text, FALSE);
}

void report_print(const struct report *report)
{
	g_autofree char *text = report_summary(report);

	fputs(text, stdout);
	fflush(stdout);
}

/* ---------------------------------------------------------------------- files */

static const char *directive(const struct ktap_node *node)
{
	if (node->outcome == KTAP_SKIP)
		return " # SKIP";
	if (node->outcome == KTAP_XFAIL)
		return " # XFAIL";
	return node->reason ? " #" : "";
}

static void put_ktap(GString *text, const struct ktap_node *node,
		     const char *indent)
{
	g_autofree char *deeper = g_strconcat(indent, "  ", NULL);

	g_string_append_printf(text, "%sKTAP version 1\n%s1..%u\n", indent,
			       indent, node->children->len);
	for (unsigned int i = 0; i < node->children->len; i++) {
		const struct ktap_node *child =
			g_ptr_array_index(node->children, i);

		if (child->children->len)
			put_ktap(text, child, deeper);
		for (unsigned int j = 0; j < child->diagnostics->len; j++)
			g_string_append_printf(text, "%s# %s\n", indent,
					       (char *)g_ptr_array_index(
						       child->diagnostics, j));
		g_string_append_printf(text, "%s%s %u %s%s%s%s\n", indent,
				       child->outcome == KTAP_FAIL ||
						       child->outcome ==
							       KTAP_XFAIL ?
					       "not ok" :
					       "ok",
				       i + 1, child->name, directive(child),
				       child->reason ? " " : "",
				       child->reason ? child->reason : "");
	}
}

static char *results_ktap(const struct report *report)
{
	const GPtrArray *cells = report->session->cells;
	GString *text = g_string_new("KTAP version 1\n");

	g_string_append_printf(text, "1..%u\n", cells->len);
	for (unsigned int i = 0; i < cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(cells, i);
		bool passed = cell->verdict == VERDICT_PASSED;

		/* What a guest that lies says of its tests is not the report's to repeat. */
		if (!cell->spec->expects && cell->ktap &&
		    ktap_root(cell->ktap)->children->len)
			put_ktap(text, ktap_root(cell->ktap), "  ");
		g_string_append_printf(text, "%s %u %s",
				       passed ? "ok" : "not ok", i + 1,
				       cell->spec->name);
		if (!passed)
			g_string_append_printf(
				text, " # %s: %s", verdict_name(cell->verdict),
				cell->begin ? cell->reason : "not started");
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}

static void put_string(JsonBuilder *json, const char *name, const char *value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, value);
}

static void put_int(JsonBuilder *json, const char *name, int64_t value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_int_value(json, value);
}

static char *result_json(const struct report *report)
{
	const struct session *session = report->session;
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(JsonNode) root = NULL;

	json_builder_begin_object(json);
	put_string(json, "command", report->command);
	put_string(json, "verdict", verdict_name(report->verdict));
	put_int(json, "exit_status", report->status);
	put_int(json, "passed", report->counts.passed);
	put_int(json, "failed", report->counts.failed);
	put_int(json, "skipped", report->counts.skipped);
	put_int(json, "expected_failures", report->counts.xfailed);
	put_int(json, "lost_boots", report->lost_boots);
	put_int(json, "allowed_splats", report->allowed);
	put_int(json, "not_started", session->not_started);
	json_builder_set_member_name(json, "seconds");
	json_builder_add_double_value(json, report->seconds);
	if (session->accel)
		put_string(json, "accelerator", session->accel->why);
	json_builder_set_member_name(json, "cells");
	json_builder_begin_array(json);
	for (unsigned int i = 0; i < session->cells->len; i++)
		cell_json_put(json, g_ptr_array_index(session->cells, i));
	json_builder_end_array(json);
	json_builder_end_object(json);
	root = json_builder_get_root(json);
	return json_to_string(root, TRUE);
}

/* All consoles; of a very long one its end. */
static char *consoles(const struct report *report, size_t *length)
{
	const GPtrArray *cells = report->session->cells;
	GString *text = g_string_new(NULL);

	for (unsigned int i = 0; i < cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(cells, i);
		g_autofree char *path =
			g_build_filename(cell->dir, "console.log", NULL);
		g_autofree char *console = NULL;
		size_t size;
		size_t from;

		if (cell->spec->expects && cell->verdict == VERDICT_PASSED)
			continue;
		if (!g_file_get_contents(path, &console, &size, NULL))
			continue;
		from = size > CONSOLE_MAX ? size - CONSOLE_MAX : 0;
		if (cells->len > 1)
			g_string_append_printf(text, "======== %s%s\n",
					       cell->spec->name,
					       from ? " (its end)" : "");
		g_string_append_len(text, console + from, size - from);
	}
	*length = text->len;
	return g_string_free(text, FALSE);
}

static bool write_file(const char *dir, const char *name, char *text,
		       ssize_t length, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autofree char *owned = text;
	g_autoptr(GError) why = NULL;

	if (g_file_set_contents(path, owned, length, &why))
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "the report: %s",
		    why->message);
	return false;
}

bool report_write(const struct report *report, GError **error)
{
	const char *elsewhere = g_getenv("KIT_REPORT");
	g_autofree char *final = elsewhere ? g_strdup(elsewhere) :
					     path_build("report", NULL);
	g_autofree char *dir = path_temporary("report", error);
	size_t length;
	char *console;

	if (!dir)
		return false;
	console = consoles(report, &length);
	if (write_file(dir, "console.log", console, length, error) &&
	    write_file(dir, "summary.txt", report_summary(report), -1, error) &&
	    write_file(dir, "results.ktap", results_ktap(report), -1, error) &&
	    write_file(dir, "junit.xml", junit_xml(report), -1, error) &&
	    write_file(dir, "result.json", result_json(report), -1, error) &&
	    write_file(dir, "report.html", report_html(report), -1, error) &&
	    path_publish(dir, final, error))
		return true;
	path_remove(dir, NULL);
	return false;
}
