// SPDX-License-Identifier: GPL-2.0-only
/*
 * stat.c - series of numbers from `# stat key=value ...` lines
 *
 * The harness does not know what a workload counts. Of lines that say when (t=)
 * it draws every key that has a number on more than one of them: a counter (never
 * goes down) as its rate, with the total beside it, anything else as it is. Small
 * multiples with one time axis, so that a dip in one is seen beside what happened
 * in the others.
 */
#include <math.h>
#include <string.h>

#include "stat.h"

#define MAX_SERIES 16
#define WIDTH 420
#define HEIGHT 84
#define COLUMNS 2
#define LEFT 8
#define TOP 20
#define PLOT_HEIGHT 48

static void series_free(gpointer data)
{
	struct stat_series *series = data;

	g_free(series->key);
	g_array_unref(series->x);
	g_array_unref(series->y);
	g_free(series);
}

static struct stat_series *series_get(GPtrArray *all, const char *key)
{
	struct stat_series *series;

	for (unsigned int i = 0; i < all->len; i++) {
		series = g_ptr_array_index(all, i);
		if (!strcmp(series->key, key))
			return series;
	}
	series = g_new0(struct stat_series, 1);
	series->key = g_strdup(key);
	series->counter = true;
	series->x = g_array_new(FALSE, FALSE, sizeof(double));
	series->y = g_array_new(FALSE, FALSE, sizeof(double));
	g_ptr_array_add(all, series);
	return series;
}

static bool read_value(const char *word, char **key, double *value)
{
	const char *equals = strchr(word, '=');
	char *end;

	if (!equals || equals == word)
		return false;
	*value = g_ascii_strtod(equals + 1, &end);
	if (end == equals + 1 || *end || !isfinite(*value))
		return false;
	*key = g_strndup(word, equals - word);
	return true;
}

static void series_add(struct stat_series *series, double x, double y)
{
	if (series->y->len &&
	    y < g_array_index(series->y, double, series->y->len - 1))
		series->counter = false;
	g_array_append_val(series->x, x);
	g_array_append_val(series->y, y);
}

static void parse_line(GPtrArray *all, const char *line)
{
	bool timed = false;
	double x = 0;
	g_auto(GStrv) words = g_strsplit(line, " ", -1);

	for (int i = 0; words[i]; i++) {
		g_autofree char *key = NULL;
		double value;

		if (read_value(words[i], &key, &value) && !strcmp(key, "t")) {
			x = value;
			timed = true;
		}
	}
	for (int i = 0; timed && words[i]; i++) {
		g_autofree char *key = NULL;
		double value;

		if (read_value(words[i], &key, &value) && strcmp(key, "t"))
			series_add(series_get(all, key), x, value);
	}
}

GPtrArray *stat_parse(const GPtrArray *lines)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(series_free);

	for (unsigned int i = 0; i < lines->len; i++)
		parse_line(all, g_ptr_array_index(lines, i));
	return all;
}

/* What is drawn: the values, or for a counter its rate. */
static GArray *drawn_values(const struct stat_series *series)
{
	GArray *drawn = g_array_new(FALSE, FALSE, sizeof(double));
	double before = 0;
	double before_x = 0;

	for (unsigned int i = 0; i < series->y->len; i++) {
		double x = g_array_index(series->x, double, i);
		double y = g_array_index(series->y, double, i);
		double value = y;

		if (series->counter) {
			value = x > before_x ? (y - before) / (x - before_x) :
					       0;
			if (!i)
				value = x > 0 ? y / x : 0;
		}
		before = y;
		before_x = x;
		g_array_append_val(drawn, value);
	}
	return drawn;
}

static bool worth_drawing(const struct stat_series *series)
{
	return series->y->len > 1;
}

static double largest(const GArray *values)
{
	double max = 0;

	for (unsigned int i = 0; i < values->len; i++)
		max = MAX(max, g_array_index(values, double, i));
	return max > 0 ? max : 1;
}

static void draw(GString *html, const struct stat_series *series,
		 unsigned int slot)
{
	g_autoptr(GArray) values = drawn_values(series);
	unsigned int n = values->len;
	double width = WIDTH / COLUMNS - 2 * LEFT;
	double left = (slot % COLUMNS) * (WIDTH / (double)COLUMNS) + LEFT;
	double top = (slot / COLUMNS) * HEIGHT + TOP;
	double first = g_array_index(series->x, double, 0);
	double span = g_array_index(series->x, double, n - 1) - first;
	double max = largest(values);
	double last = g_array_index(series->y, double, n - 1);
	g_autofree char *key = g_markup_escape_text(series->key, -1);

	g_string_append_printf(
		html,
		"<text x=\"%.0f\" y=\"%.0f\">%s: %.6g%s</text>"
		"<text x=\"%.0f\" y=\"%.0f\" class=\"max\">max %.4g%s</text>"
		"<polyline points=\"",
		left, top - 6, key, last, series->counter ? " in all" : "",
		left + width, top - 6, max, series->counter ? "/s" : "");
	for (unsigned int i = 0; i < n; i++) {
		double x = span > 0 ? (g_array_index(series->x, double, i) -
				       first) /
					      span :
				      i / (double)(n - 1);

		g_string_append_printf(
			html, "%.1f,%.1f ", left + x * width,
			top + PLOT_HEIGHT * (1 - MAX(g_array_index(values,
								   double, i),
						     0) / max));
	}
	g_string_append_printf(
		html,
		"\"/><line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\"/>\n",
		left, top + PLOT_HEIGHT, left + width, top + PLOT_HEIGHT);
}

void stat_plot(GString *html, const GPtrArray *all)
{
	unsigned int count = 0;
	unsigned int slot = 0;
	unsigned int rows;

	for (unsigned int i = 0; i < all->len; i++)
		count += worth_drawing(g_ptr_array_index(all, i));
	count = MIN(count, MAX_SERIES);
	if (!count)
		return;
	rows = (count + COLUMNS - 1) / COLUMNS;
	g_string_append_printf(
		html,
		"<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"xmlns=\"http://www.w3.org/2000/svg\">\n",
		WIDTH, rows * HEIGHT);
	for (unsigned int i = 0; i < all->len && slot < count; i++) {
		if (worth_drawing(g_ptr_array_index(all, i)))
			draw(html, g_ptr_array_index(all, i), slot++);
	}
	g_string_append(html, "</svg>\n");
}
