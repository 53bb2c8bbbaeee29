// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat_test.c - series of numbers, and a plot that is well-formed
 */
#include <string.h>

#include "stat.h"

static GPtrArray *series_of(const char *first, ...)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	va_list args;

	va_start(args, first);
	for (const char *line = first; line; line = va_arg(args, const char *))
		g_ptr_array_add(lines, (char *)line);
	va_end(args);
	return stat_parse(lines);
}

static void test_parse(void)
{
	g_autoptr(GPtrArray)
		all = series_of("t=1 storm=swap ops=10 depth=3",
				"t=2 storm=swap ops=30 depth=1 junk ops", NULL);
	const struct stat_series *ops, *depth;

	g_assert_cmpuint(all->len, ==, 2);
	ops = g_ptr_array_index(all, 0);
	depth = g_ptr_array_index(all, 1);
	g_assert_cmpstr(ops->key, ==, "ops");
	g_assert_true(ops->counter);
	g_assert_false(depth->counter);
	g_assert_cmpfloat(g_array_index(ops->x, double, 1), ==, 2);
	g_assert_cmpfloat(g_array_index(ops->y, double, 1), ==, 30);
}

/* No NaN, no infinity, and every element closed: GMarkup reads it as XML. */
static void test_plot(void)
{
	static const GMarkupParser parser;
	const char *const lines[][3] = {
		{ "t=1 ops=10 b=5", "t=2 ops=30 b=1", NULL },
		{ "t=0 ops=0", "t=0 ops=0", NULL },
		{ "t=1 ops=nan x=inf", "t=2 ops=1e400 x=1", NULL },
		{ "ops=1", "ops=2", NULL },
		{ "t=5 a<b=1 &=2", "t=4 a<b=2 &=1", NULL },
		{ "t=1 a=-5", "t=2 a=-7", NULL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GPtrArray)
			all = series_of(lines[i][0], lines[i][1], NULL);
		g_autoptr(GString) html = g_string_new("<p>");
		g_autoptr(GError) error = NULL;
		GMarkupParseContext *context =
			g_markup_parse_context_new(&parser, 0, NULL, NULL);

		stat_plot(html, all);
		g_string_append(html, "</p>");
		g_assert_null(strstr(html->str, "nan"));
		g_assert_null(strstr(html->str, "inf"));
		g_markup_parse_context_parse(context, html->str, html->len,
					     &error);
		g_assert_no_error(error);
		g_assert_true(g_markup_parse_context_end_parse(context, NULL));
		g_markup_parse_context_free(context);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stat/parse", test_parse);
	g_test_add_func("/stat/plot", test_plot);
	return g_test_run();
}
