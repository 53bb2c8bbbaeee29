/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stat.h - series of numbers from `# stat key=value ...` lines
 */
#ifndef _KIT_HARNESS_STAT_H
#define _KIT_HARNESS_STAT_H

#include "kit.h"

/**
 * struct stat_series - one key's values
 * @key: its name
 * @counter: never went down: what matters is its rate
 * @x: seconds, the value of t= on the line
 * @y: values
 */
struct stat_series {
	char *key;
	bool counter;
	GArray *x;
	GArray *y;
};

/*
 * struct stat_series in the order of their first appearance; @lines are strings
 * as in struct ktap_node's stats. Words that are no numbers, and lines without t=, are left out.
 */
GPtrArray *stat_parse(const GPtrArray *lines);

/* Append an inline SVG to @html, a small chart for each series worth drawing. */
void stat_plot(GString *html, const GPtrArray *series);

#endif /* _KIT_HARNESS_STAT_H */
