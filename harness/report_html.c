// SPDX-License-Identifier: GPL-2.0-only
/*
 * report_html.c - the report as one page
 *
 * Everything is inside: style, plots (SVG), excerpts of the consoles. No script,
 * no network, so that the page can be mailed and opened anywhere. In order of
 * what a reader asks: what is the verdict, what broke and how do I repeat it,
 * which tests ran, what did the storms do over time, what did the console say.
 */
#include <string.h>

#include "report.h"
#include "stat.h"

#define EXCERPT_BEFORE 5
#define EXCERPT_AFTER 60
#define TAIL_LINES 80

static const char style[] =
	"body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;"
	"color:#1b1f24;background:#fff}"
	"h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;"
	"border-bottom:1px solid #d0d7de}h3{font-size:1rem;margin:1.2rem 0 .3rem}"
	"table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .6rem;"
	"border-bottom:1px solid #d8dee4;vertical-align:top}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
	"code,pre{font:13px/1.45 ui-monospace,monospace}"
	"pre{background:#f6f8fa;padding:.7rem;overflow-x:auto;border-radius:4px}"
	"mark{background:#ffd8d3}.good{color:#11632c}.bad{color:#a40e26}.dim{color:#59636e}"
	".badge{display:inline-block;padding:.1rem .6rem;border-radius:1rem;color:#fff;"
	"font-weight:600}.badge.good{background:#1a7f37;color:#fff}"
	".badge.bad{background:#cf222e;color:#fff}"
	"svg.plot{width:100%;max-width:44rem;display:block}"
	"svg.plot text{font:9px system-ui,sans-serif;fill:currentColor}"
	"svg.plot text.max{text-anchor:end;opacity:.65}"
	"svg.plot polyline{fill:none;stroke:#0969da;stroke-width:1.2}"
	"svg.plot line{stroke:currentColor;opacity:.25}"
	"details{margin:.4rem 0}summary{cursor:pointer}"
	"@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}"
	"pre{background:#161b22}td,th{border-color:#30363d}h2{border-color:#30363d}"
	"mark{background:#6e2a2a;color:inherit}.good{color:#3fb950}.bad{color:#ff7b72}"
	".dim{color:#9198a1}svg.plot polyline{stroke:#58a6ff}}";

static void put(GString *html, const char *text)
{
	g_autofree char *escaped = report_escape(text ? text : "");

	g_string_append(html, escaped);
}

static void put_head(GString *html, const struct report *report)
{
	bool good = report->verdict == VERDICT_PASSED;
	g_autofree char *line = report_verdict_line(report);

	g_string_append_printf(
		html,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width\">"
		"<title>mdevkit: %s</title><style>%s</style></head>\n<body>\n",
		verdict_name(report->verdict), style);
	g_string_append_printf(html,
			       "<h1><span class=\"badge %s\">%s</span> <code>",
			       good ? "good" : "bad",
			       verdict_name(report->verdict));
	put(html, report->command);
	g_string_append(html, "</code></h1>\n<p>");
	put(html, line);
	g_string_append_printf(
		html, "<br><b>%u passed, %u failed, %u skipped</b></p>\n",
		report->counts.passed, report->counts.failed,
		report->counts.skipped + report->counts.xfailed);
	if (report->session->accel) {
		g_string_append(html, "<p class=\"dim\">");
		put(html, report->session->accel->why);
		g_string_append_printf(html, "; a boot takes %.1f s</p>\n",
				       report->session->accel->boot_seconds);
	}
}

/* Lines @first to @last of @lines, the ones of [@mark, @mark_last] marked. */
static void put_lines(GString *html, char **lines, int first, int last,
		      int mark, int mark_last)
{
	g_string_append(html, "<pre>");
	for (int i = first; i <= last && lines[i]; i++) {
		bool marked = i >= mark && i <= mark_last;

		g_string_append(html, marked ? "<mark>" : "");
		put(html, lines[i]);
		g_string_append(html, marked ? "</mark>\n" : "\n");
	}
	g_string_append(html, "</pre>\n");
}

static char **console_lines(const struct cell *cell)
{
	g_autofree char *path =
		g_build_filename(cell->dir, "console.log", NULL);
	g_autofree char *text = NULL;
	size_t length;

	if (!g_file_get_contents(path, &text, &length, NULL))
		return g_new0(char *, 1);
	for (size_t i = 0; i < length; i++) {
		if (!text[i])
			text[i] = '?';
	}
	return g_strsplit(text, "\n", -1);
}

static void put_splats(GString *html, const struct cell *cell, char **lines)
{
	const GPtrArray *found = cell->splats ? splat_found(cell->splats) :
						NULL;

	for (unsigned int i = 0; found && i < found->len; i++) {
		const struct splat *splat = g_ptr_array_index(found, i);
		int line = splat->line - 1;

		g_string_append(html, splat->allowed ?
					      "<p>allowed (" :
					      "<p class=\"bad\">splat (");
		put(html, splat->allowed ? splat->allowed : splat->kind);
		g_string_append(html, "): ");
		put(html, splat->title);
		g_string_append(html, "<br><code>");
		put(html, splat->fingerprint);
		g_string_append(html, "</code></p>\n");
		if ((unsigned int)line < g_strv_length(lines))
			put_lines(html, lines, MAX(0, line - EXCERPT_BEFORE),
				  MIN(line + EXCERPT_AFTER, (int)splat->last),
				  line, splat->last - 1);
	}
}

static void put_failures(GString *html, const struct ktap_node *node,
			 const char *prefix)
{
	for (unsigned int i = 0; i < node->children->len; i++) {
		const struct ktap_node *child =
			g_ptr_array_index(node->children, i);
		g_autofree char *name =
			g_strdup_printf("%s%s", prefix, child->name);
		g_autofree char *below = g_strdup_printf("%s / ", name);

		if (child->outcome != KTAP_FAIL)
			continue;
		put_failures(html, child, below);
		g_string_append(html, "<p><code class=\"bad\">");
		put(html, name);
		g_string_append(html, "</code> ");
		put(html, child->reason ? child->reason : "");
		g_string_append(html, "</p>\n");
		if (!child->diagnostics->len ||
		    (child->diagnostics->len == 1 &&
		     !g_strcmp0(child->reason,
				g_ptr_array_index(child->diagnostics, 0))))
			continue;
		g_string_append(html, "<pre>");
		for (unsigned int j = 0; j < child->diagnostics->len; j++) {
			put(html, g_ptr_array_index(child->diagnostics, j));
			g_string_append_c(html, '\n');
		}
		g_string_append(html, "</pre>\n");
	}
}

static void put_registers(GString *html, const struct cell *cell)
{
	g_autofree char *path =
		g_build_filename(cell->dir, "registers.txt", NULL);
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	g_string_append(html, "<details><summary>registers</summary><pre>");
	put(html, text);
	g_string_append(html, "</pre></details>\n");
}

static void put_bad_cell(GString *html, const struct cell *cell)
{
	g_auto(GStrv) lines = console_lines(cell);
	int count = g_strv_length(lines);

	g_string_append_printf(html, "<h3><span class=\"bad\">%s</span>: ",
			       verdict_name(cell->verdict));
	put(html, cell->spec->name);
	g_string_append(html, "</h3>\n<p>");
	put(html, cell->reason);
	g_string_append(html, "</p>\n");
	if (cell->spec->replay) {
		g_string_append(html, "<p>again: <code>");
		put(html, cell->spec->replay);
		g_string_append(html, "</code></p>\n");
	}
	put_splats(html, cell, lines);
	if (cell->ktap) {
		const GPtrArray *errors = ktap_errors(cell->ktap);

		put_failures(html, ktap_root(cell->ktap), "");
		for (unsigned int i = 0; i < errors->len; i++) {
			g_string_append(html, "<p>");
			put(html, g_ptr_array_index(errors, i));
			g_string_append(html, "</p>\n");
		}
	}
	put_registers(html, cell);
	g_string_append(html,
			"<details><summary>end of the console</summary>\n");
	put_lines(html, lines, MAX(0, count - TAIL_LINES), count - 1, -1, -1);
	g_string_append(html, "</details>\n");
}

static void put_bad(GString *html, const struct report *report)
{
	const GPtrArray *cells = report->session->cells;

	if (report->bad_cells)
		g_string_append(html, "<h2>What broke</h2>\n");
	for (unsigned int i = 0; i < cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(cells, i);

		if (cell->begin && cell->verdict != VERDICT_PASSED)
			put_bad_cell(html, cell);
	}
}

static void put_row(GString *html, const struct cell *cell)
{
	bool good = cell->verdict == VERDICT_PASSED;

	g_string_append_printf(
		html, "<tr><td class=\"%s\">%s</td><td>", good ? "good" : "bad",
		cell->begin ? verdict_name(cell->verdict) : "not started");
	put(html, cell->spec->name);
	for (unsigned int i = 0; i < cell->lost_boots->len; i++) {
		const struct cell_boot *boot =
			g_ptr_array_index(cell->lost_boots, i);

		g_string_append(html, "<br><span class=\"bad\">boot lost: ");
		put(html, boot->reason);
		g_string_append(html, "</span>");
	}
	if (cell->came_out_as) {
		g_string_append(html, "<br><span class=\"dim\">came out as ");
		put(html, cell->came_out_as);
		g_string_append(html, "</span>");
	}
	g_string_append_printf(
		html,
		"</td><td class=\"n\">%u</td><td class=\"n\">%u</td>"
		"<td class=\"n\">%u</td><td class=\"n\">%.1f</td></tr>\n",
		cell->counts.passed, cell->counts.failed,
		cell->counts.skipped + cell->counts.xfailed, cell->seconds);
}

static void put_cells(GString *html, const struct report *report)
{
	const GPtrArray *cells = report->session->cells;

	g_string_append(
		html,
		"<h2>Cells</h2>\n<table><tr><th>verdict</th><th>cell</th>"
		"<th class=\"n\">passed</th><th class=\"n\">failed</th>"
		"<th class=\"n\">skipped</th><th class=\"n\">seconds</th></tr>\n");
	for (unsigned int i = 0; i < cells->len; i++)
		put_row(html, g_ptr_array_index(cells, i));
	g_string_append(html, "</table>\n");
}

static void put_tree(GString *html, const struct ktap_node *node)
{
	g_string_append(html, "<ul>\n");
	for (unsigned int i = 0; i < node->children->len; i++) {
		const struct ktap_node *child =
			g_ptr_array_index(node->children, i);

		g_string_append_printf(
			html, "<li><span class=\"%s\">%s</span> <code>",
			child->outcome == KTAP_FAIL ? "bad" : "good",
			ktap_outcome_name(child->outcome));
		put(html, child->name);
		g_string_append(html, "</code> <span class=\"dim\">");
		put(html, child->reason);
		g_string_append(html, "</span>");
		if (child->children->len)
			put_tree(html, child);
		g_string_append(html, "</li>\n");
	}
	g_string_append(html, "</ul>\n");
}

static void put_tests(GString *html, const struct report *report)
{
	const GPtrArray *cells = report->session->cells;

	g_string_append(html, "<h2>Tests</h2>\n");
	for (unsigned int i = 0; i < cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(cells, i);

		if (!cell->ktap || cell->spec->expects ||
		    !ktap_root(cell->ktap)->children->len)
			continue;
		g_string_append(html, "<details><summary>");
		put(html, cell->spec->name);
		g_string_append_printf(html,
				       " (%u passed, %u failed)</summary>\n",
				       cell->counts.passed,
				       cell->counts.failed);
		put_tree(html, ktap_root(cell->ktap));
		g_string_append(html, "</details>\n");
	}
}

static void put_plot(GString *html, const char *cell,
		     const struct ktap_node *node)
{
	g_autoptr(GPtrArray) series = stat_parse(node->stats);

	if (!series->len)
		return;
	g_string_append(html, "<h3>");
	put(html, cell);
	if (strcmp(cell, node->name)) {
		g_string_append(html, ": ");
		put(html, node->name);
	}
	g_string_append(html, "</h3>\n");
	stat_plot(html, series);
	g_string_append(html, "<p class=\"dim\"><code>");
	put(html, g_ptr_array_index(node->stats, node->stats->len - 1));
	g_string_append(html, "</code></p>\n");
}

static void put_plots(GString *html, const struct report *report)
{
	const GPtrArray *cells = report->session->cells;
	g_autoptr(GString) plots = g_string_new(NULL);

	for (unsigned int i = 0; i < cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(cells, i);
		const struct ktap_node *root =
			cell->ktap ? ktap_root(cell->ktap) : NULL;

		for (unsigned int j = 0; root && j < root->children->len; j++)
			put_plot(plots, cell->spec->name,
				 g_ptr_array_index(root->children, j));
	}
	if (plots->len)
		g_string_append_printf(html, "<h2>Over time</h2>\n%s",
				       plots->str);
}

char *report_html(const struct report *report)
{
	GString *html = g_string_new(NULL);

	put_head(html, report);
	put_bad(html, report);
	put_cells(html, report);
	put_plots(html, report);
	put_tests(html, report);
	g_string_append(html, "</body></html>\n");
	return g_string_free(html, FALSE);
}
