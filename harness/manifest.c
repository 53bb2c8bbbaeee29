// SPDX-License-Identifier: GPL-2.0-only
/*
 * manifest.c - the tests there are
 *
 * A key file, one group a test. The runner knows no test by name: what it may
 * do with one stands in its row. A key that is not known is an error, because a
 * misspelt "xfail" would otherwise silently change a verdict.
 */
#include <string.h>

#include "manifest.h"
#include "vars.h"

#define DEFAULT_SECONDS 30
#define MAX_DEVICES 64
#define MAX_SECONDS 86400

static const char *const cores[] = { "kit", "tree", NULL };

struct manifest {
	GPtrArray *tests;
};

static void test_free(gpointer data)
{
	struct manifest_test *test = data;

	g_free(test->name);
	g_free(test->program);
	g_strfreev(test->args);
	g_strfreev(test->host);
	g_strfreev(test->suites);
	g_strfreev(test->cores);
	g_hash_table_unref(test->xfail);
	g_free(test);
}

static bool is_word(const char *text, const char *more)
{
	static const char letters[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS
		"_-";

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!strchr(letters, *text) && !strchr(more, *text))
			return false;
	}
	return true;
}

static char **split_list(const char *value)
{
	g_auto(GStrv) parts = g_strsplit_set(value, ";,", -1);
	GPtrArray *list = g_ptr_array_new();

	for (int i = 0; parts[i]; i++) {
		char *part = g_strstrip(g_strdup(parts[i]));

		if (*part)
			g_ptr_array_add(list, part);
		else
			g_free(part);
	}
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

static char **split_words(const char *value, GError **error)
{
	g_autoptr(GError) why = NULL;
	char **words;

	if (!*value)
		return g_new0(char *, 1);
	if (g_shell_parse_argv(value, NULL, &words, &why))
		return words;
	if (g_error_matches(why, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
		return g_new0(char *, 1);
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "%s", why->message);
	return NULL;
}

static bool all_in(char **names, const char *const *allowed, const char *what,
		   GError **error)
{
	for (int i = 0; names[i]; i++) {
		if (g_strv_contains(allowed, names[i]))
			continue;
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "'%s' is no %s", names[i], what);
		return false;
	}
	return true;
}

static bool read_count(const char *value, uint64_t max, unsigned int *count,
		       GError **error)
{
	uint64_t number;

	if (!g_ascii_string_to_unsigned(value, 10, 0, max, &number, NULL)) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "'%s' is not a number up to %" G_GUINT64_FORMAT,
			    value, max);
		return false;
	}
	*count = number;
	return true;
}

static bool refuse(GError **error, const char *why)
{
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "%s", why);
	return false;
}

static bool read_args(struct manifest_test *test, const char *value,
		      GError **error)
{
	g_strfreev(test->args);
	test->args = split_words(value, error);
	test->storm = strstr(value, "@SEED@");
	return test->args;
}

static bool read_cores(struct manifest_test *test, const char *value,
		       GError **error)
{
	g_strfreev(test->cores);
	test->cores = split_list(value);
	return all_in(test->cores, cores, "core", error);
}

static bool read_devices(struct manifest_test *test, const char *value,
			 GError **error)
{
	return read_count(value, MAX_DEVICES, &test->devices, error);
}

static bool read_host(struct manifest_test *test, const char *value,
		      GError **error)
{
	test->host = split_words(value, error);
	return test->host;
}

static bool read_program(struct manifest_test *test, const char *value,
			 GError **error)
{
	if (!is_word(value, "/."))
		return refuse(error, "that is no program's name");
	test->program = g_strdup(value);
	return true;
}

static bool read_seconds(struct manifest_test *test, const char *value,
			 GError **error)
{
	return read_count(value, MAX_SECONDS, &test->seconds, error);
}

static bool read_suites(struct manifest_test *test, const char *value,
			GError **error)
{
	static const char *const suites[] = { "check", "run", "stress", NULL };

	test->suites = split_list(value);
	return all_in(test->suites, suites, "suite", error);
}

static bool read_xfail(struct manifest_test *test, const char *core,
		       const char *value, GError **error)
{
	if (!g_strv_contains(cores, core) || !*value)
		return refuse(error,
			      "an expected failure is 'xfail.<core>=reason'");
	g_hash_table_insert(test->xfail, g_strdup(core), g_strdup(value));
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct manifest_test *test, const char *value,
		     GError **error);
} keys[] = {
	{ "args", read_args },	     { "cores", read_cores },
	{ "devices", read_devices }, { "host", read_host },
	{ "program", read_program }, { "seconds", read_seconds },
	{ "suites", read_suites },
};

static bool read_key(struct manifest_test *test, const char *key,
		     const char *value, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (!strcmp(keys[i].name, key))
			return keys[i].read(test, value, error);
	}
	if (g_str_has_prefix(key, "xfail."))
		return read_xfail(test, key + strlen("xfail."), value, error);
	return refuse(error, "there is no such key");
}

static struct manifest_test *read_test(GKeyFile *file, const char *group,
				       GError **error)
{
	struct manifest_test *test = g_new0(struct manifest_test, 1);
	g_auto(GStrv) names = g_key_file_get_keys(file, group, NULL, NULL);

	test->name = g_strdup(group);
	test->seconds = DEFAULT_SECONDS;
	test->args = g_new0(char *, 1);
	test->cores = g_strsplit("kit;tree", ";", -1);
	test->xfail =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (int i = 0; names && names[i]; i++) {
		g_autofree char *value =
			g_key_file_get_string(file, group, names[i], error);

		if (!value || !read_key(test, names[i], value, error)) {
			g_prefix_error(error, "%s: ", names[i]);
			goto fail;
		}
	}
	if (!is_word(group, "/.") || !test->program == !test->host ||
	    !test->suites || !test->seconds) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_HARNESS,
			"a test needs a name of letters, program= or host= (not both), "
			"suites= and seconds= above 0");
		goto fail;
	}
	return test;

fail:
	test_free(test);
	return NULL;
}

static bool load_file(struct manifest *manifest, const char *path,
		      GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) groups = NULL;
	g_autoptr(GError) why = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &why)) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "%s: %s", path,
			    why->message);
		return false;
	}
	groups = g_key_file_get_groups(file, NULL);
	for (int i = 0; groups[i]; i++) {
		struct manifest_test *test = read_test(file, groups[i], &why);

		if (!test) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "%s: [%s] %s", path, groups[i],
				    why->message);
			return false;
		}
		g_ptr_array_add(manifest->tests, test);
	}
	return true;
}

struct manifest *manifest_load(const char *const *paths, GError **error)
{
	struct manifest *manifest = g_new0(struct manifest, 1);

	manifest->tests = g_ptr_array_new_with_free_func(test_free);
	for (int i = 0; paths[i]; i++) {
		if (!load_file(manifest, paths[i], error)) {
			manifest_free(manifest);
			return NULL;
		}
	}
	return manifest;
}

void manifest_free(struct manifest *manifest)
{
	if (!manifest)
		return;
	g_ptr_array_unref(manifest->tests);
	g_free(manifest);
}

const GPtrArray *manifest_tests(const struct manifest *manifest)
{
	return manifest->tests;
}

bool manifest_wanted(const struct manifest_test *test,
		     const struct kit_vars *vars)
{
	if (vars->tests && !vars_match(vars->tests, test->name))
		return false;
	if (vars->storm &&
	    (!test->storm || !vars_match(vars->storm, test->name)))
		return false;
	return true;
}

GPtrArray *manifest_select(const struct manifest *manifest, const char *suite,
			   const struct kit_vars *vars, GError **error)
{
	GPtrArray *chosen = g_ptr_array_new();
	g_autoptr(GString) there = g_string_new(NULL);

	for (unsigned int i = 0; i < manifest->tests->len; i++) {
		struct manifest_test *test =
			g_ptr_array_index(manifest->tests, i);

		if (suite &&
		    !g_strv_contains((const char *const *)test->suites, suite))
			continue;
		if (!g_strv_contains((const char *const *)test->cores,
				     vars_core_name(vars->core)))
			continue;
		if (vars->storm && !test->storm)
			continue;
		g_string_append_printf(there, " %s", test->name);
		if (manifest_wanted(test, vars))
			g_ptr_array_add(chosen, test);
	}
	if (chosen->len)
		return chosen;

	g_ptr_array_unref(chosen);
	if (!there->len)
		g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
			    "there is no test for `%s` with CORE=%s",
			    suite ? suite : "list", vars_core_name(vars->core));
	else
		g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
			    "%s=%s matches none of:%s",
			    vars->tests ? "TESTS" : "STORM",
			    vars->tests ? vars->tests : vars->storm,
			    there->str);
	return NULL;
}

const char *manifest_xfail(const struct manifest_test *test, enum kit_core core)
{
	return g_hash_table_lookup(test->xfail, vars_core_name(core));
}
