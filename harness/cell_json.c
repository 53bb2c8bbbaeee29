// SPDX-License-Identifier: GPL-2.0-only
/*
 * cell_json.c - a cell's result.json
 *
 * What other programs read: the fields are only ever added to. Written to a
 * temporary name and renamed (g_file_set_contents), so it is never half a file.
 */
#include <json-glib/json-glib.h>

#include "cell_json.h"

static void put_string(JsonBuilder *json, const char *name, const char *value)
{
	json_builder_set_member_name(json, name);
	if (!value) {
		json_builder_add_null_value(json);
	} else if (g_utf8_validate(value, -1, NULL)) {
		json_builder_add_string_value(json, value);
	} else {
		g_autofree char *valid = g_utf8_make_valid(value, -1);

		json_builder_add_string_value(json, valid);
	}
}

static void put_int(JsonBuilder *json, const char *name, int64_t value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_int_value(json, value);
}

static void put_seconds(JsonBuilder *json, const char *name, double value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_double_value(json,
				      (int64_t)(value * 1000 + 0.5) / 1000.0);
}

static void put_strings(JsonBuilder *json, const char *name,
			const GPtrArray *strings)
{
	json_builder_set_member_name(json, name);
	json_builder_begin_array(json);
	for (unsigned int i = 0; i < strings->len; i++) {
		g_autofree char *valid =
			g_utf8_make_valid(g_ptr_array_index(strings, i), -1);

		json_builder_add_string_value(json, valid);
	}
	json_builder_end_array(json);
}

static void put_tests(JsonBuilder *json, const GPtrArray *nodes)
{
	json_builder_begin_array(json);
	for (unsigned int i = 0; i < nodes->len; i++) {
		const struct ktap_node *node = g_ptr_array_index(nodes, i);

		json_builder_begin_object(json);
		put_string(json, "name", node->name);
		put_string(json, "outcome", ktap_outcome_name(node->outcome));
		if (node->reason)
			put_string(json, "reason", node->reason);
		put_seconds(json, "seconds",
			    (node->end - node->begin) / (double)G_USEC_PER_SEC);
		if (node->diagnostics->len)
			put_strings(json, "diagnostics", node->diagnostics);
		if (node->stats->len)
			put_strings(json, "stats", node->stats);
		if (node->children->len) {
			json_builder_set_member_name(json, "tests");
			put_tests(json, node->children);
		}
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void put_splats(JsonBuilder *json, const struct splat_scanner *scanner)
{
	const GPtrArray *found = splat_found(scanner);

	json_builder_begin_array(json);
	for (unsigned int i = 0; i < found->len; i++) {
		const struct splat *splat = g_ptr_array_index(found, i);

		json_builder_begin_object(json);
		put_string(json, "kind", splat->kind);
		put_string(json, "title", splat->title);
		put_int(json, "line", splat->line);
		put_int(json, "last_line", splat->last);
		put_string(json, "fingerprint", splat->fingerprint);
		put_string(json, "allowed", splat->allowed);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void put_lost_boots(JsonBuilder *json, const GPtrArray *boots)
{
	json_builder_begin_array(json);
	for (unsigned int i = 0; i < boots->len; i++) {
		const struct cell_boot *boot = g_ptr_array_index(boots, i);

		json_builder_begin_object(json);
		put_string(json, "reason", boot->reason);
		put_string(json, "console", boot->console);
		put_seconds(json, "seconds", boot->seconds);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void put_spec(JsonBuilder *json, const struct cell_spec *spec)
{
	put_string(json, "name", spec->name);
	put_string(json, "replay", spec->replay);
	if (spec->host) {
		g_autofree char *words = g_strjoinv(" ", spec->host);

		put_string(json, "host", words);
		return;
	}
	put_string(json, "kernel", spec->release);
	put_string(json, "profile", spec->profile);
	put_string(json, "core", spec->core);
	put_string(json, "machine",
		   spec->machine == QEMU_DETERMINISTIC ? "deterministic" :
							 "parallel");
	put_string(json, "accel", vars_accel_name(spec->accel));
	put_int(json, "cpus", spec->cpus);
	put_int(json, "mem_mib", spec->mem_mib);
	/* A JSON number loses bits above 2^53 in many readers. */
	g_autofree char *seed =
		g_strdup_printf("%" G_GUINT64_FORMAT, spec->seed);

	put_string(json, "seed", seed);
}

void cell_json_put(JsonBuilder *json, const struct cell *cell)
{
	json_builder_begin_object(json);
	put_spec(json, cell->spec);
	put_string(json, "verdict", verdict_name(cell->verdict));
	put_string(json, "reason", cell->reason);
	if (cell->came_out_as)
		put_string(json, "came_out_as", cell->came_out_as);
	put_string(json, "directory", cell->dir);
	put_seconds(json, "seconds", cell->seconds);
	put_seconds(json, "boot_seconds", cell->boot_seconds);
	put_int(json, "passed", cell->counts.passed);
	put_int(json, "failed", cell->counts.failed);
	put_int(json, "skipped", cell->counts.skipped);
	put_int(json, "expected_failures", cell->counts.xfailed);
	put_int(json, "console_bytes", cell->console_bytes);
	put_string(json, "console_sha256", cell->console_digest);
	put_string(json, "results_sha256", cell->results_digest);
	json_builder_set_member_name(json, "lost_boots");
	put_lost_boots(json, cell->lost_boots);
	if (cell->splats) {
		json_builder_set_member_name(json, "splats");
		put_splats(json, cell->splats);
	}
	if (cell->ktap) {
		put_strings(json, "document_errors", ktap_errors(cell->ktap));
		json_builder_set_member_name(json, "tests");
		put_tests(json, ktap_root(cell->ktap)->children);
	}
	json_builder_end_object(json);
}

static bool write_text(const struct cell *cell, const char *text,
		       GError **error)
{
	g_autofree char *path = cell_path(cell, "result.json");
	g_autoptr(GError) why = NULL;

	if (g_file_set_contents(path, text, -1, &why))
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "%s", why->message);
	return false;
}

bool cell_write(const struct cell *cell, GError **error)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *text = NULL;

	cell_json_put(json, cell);
	root = json_builder_get_root(json);
	text = json_to_string(root, TRUE);
	return write_text(cell, text, error);
}
