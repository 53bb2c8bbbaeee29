// SPDX-License-Identifier: GPL-2.0-only
/*
 * junit.c - the report in the form that CI systems read
 *
 * A cell is a testsuite, a leaf of its document a testcase. A cell that is bad
 * without a failed leaf (a splat, a hang) gets a testcase of its own, so that no
 * reader of the file sees green where the verdict is red.
 */
#include <string.h>

#include "report.h"

char *report_escape(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) clean = g_string_new(NULL);

	for (const char *c = valid; *c; c++) {
		unsigned char byte = *c;

		/* XML 1.0 has no way to write the other control characters. */
		g_string_append_c(
			clean,
			byte < ' ' && byte != '\n' && byte != '\t' ? '?' : *c);
	}
	return g_markup_escape_text(clean->str, clean->len);
}

static void put_case(GString *xml, const char *class, const char *name,
		     const struct ktap_node *node)
{
	g_autofree char *escaped_class = report_escape(class);
	g_autofree char *escaped_name = report_escape(name);
	g_autofree char *reason =
		report_escape(node->reason ? node->reason : "");
	double seconds = (node->end - node->begin) / (double)G_USEC_PER_SEC;

	g_string_append_printf(
		xml,
		"    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\">",
		escaped_class, escaped_name, seconds);
	if (node->outcome == KTAP_FAIL) {
		g_string_append_printf(xml, "<failure message=\"%s\">", reason);
		for (unsigned int i = 0; i < node->diagnostics->len; i++) {
			g_autofree char *line = report_escape(
				g_ptr_array_index(node->diagnostics, i));

			g_string_append_printf(xml, "%s\n", line);
		}
		g_string_append(xml, "</failure>");
	} else if (node->outcome != KTAP_PASS) {
		g_string_append_printf(
			xml, "<skipped message=\"%s%s\"/>",
			node->outcome == KTAP_XFAIL ? "expected failure: " : "",
			reason);
	}
	g_string_append(xml, "</testcase>\n");
}

/* Leaves below @node; returns how many of them failed. */
static unsigned int put_leaves(GString *xml, const char *class,
			       const struct ktap_node *node)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < node->children->len; i++) {
		const struct ktap_node *child =
			g_ptr_array_index(node->children, i);
		g_autofree char *below =
			g_strdup_printf("%s.%s", class, child->name);
		unsigned int inside = 0;

		if (child->children->len)
			inside = put_leaves(xml, below, child);
		/* As ktap_count(): a node that failed though no leaf of it did. */
		if (!child->children->len ||
		    (child->outcome == KTAP_FAIL && !inside)) {
			put_case(xml, class, child->name, child);
			inside += child->outcome == KTAP_FAIL;
		}
		failed += inside;
	}
	return failed;
}

static void put_suite(GString *xml, const struct cell *cell)
{
	g_autofree char *name = report_escape(cell->spec->name);
	const struct ktap_counts *counts = &cell->counts;
	unsigned int skipped = counts->skipped + counts->xfailed;
	unsigned int failed = 0;

	g_string_append_printf(
		xml,
		"  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\" "
		"skipped=\"%u\" time=\"%.3f\">\n",
		name, counts->passed + counts->failed + skipped, counts->failed,
		skipped, cell->seconds);
	if (cell->spec->expects) {
		/* What a guest that lies says of its tests is not what is tested. */
		if (cell->verdict == VERDICT_PASSED)
			g_string_append_printf(
				xml,
				"    <testcase classname=\"%s\" name=\"class\"/>\n",
				name);
	} else if (cell->ktap) {
		failed = put_leaves(xml, cell->spec->name,
				    ktap_root(cell->ktap));
	}
	if (cell->verdict != VERDICT_PASSED && !failed) {
		g_autofree char *reason = report_escape(
			cell->begin ? cell->reason : "not started");

		g_string_append_printf(
			xml,
			"    <testcase classname=\"%s\" name=\"verdict\">"
			"<failure type=\"%s\" message=\"%s\"/></testcase>\n",
			name, verdict_name(cell->verdict), reason);
	}
	g_string_append(xml, "  </testsuite>\n");
}

char *junit_xml(const struct report *report)
{
	const GPtrArray *cells = report->session->cells;
	GString *xml =
		g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	const struct ktap_counts *counts = &report->counts;

	g_string_append_printf(
		xml,
		"<testsuites name=\"mdevkit\" tests=\"%u\" failures=\"%u\" "
		"time=\"%.3f\">\n",
		counts->passed + counts->failed + counts->skipped +
			counts->xfailed,
		counts->failed, report->seconds);
	for (unsigned int i = 0; i < cells->len; i++)
		put_suite(xml, g_ptr_array_index(cells, i));
	g_string_append(xml, "</testsuites>\n");
	return g_string_free(xml, FALSE);
}
