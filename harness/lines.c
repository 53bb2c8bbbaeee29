// SPDX-License-Identifier: GPL-2.0-only
/*
 * lines.c - a stream of bytes, a line at a time
 *
 * The stream comes from a guest that may send anything: memory stays bounded
 * whatever arrives.
 */
#include "lines.h"

void lines_init(struct lines *lines, lines_fn fn, void *data)
{
	lines->partial = g_string_new(NULL);
	lines->fn = fn;
	lines->data = data;
}

static void flush(struct lines *lines)
{
	lines->fn(lines->data, lines->partial->str);
	g_string_truncate(lines->partial, 0);
}

void lines_push(struct lines *lines, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n') {
			flush(lines);
		} else if (bytes[i] != '\0' && bytes[i] != '\r') {
			g_string_append_c(lines->partial, bytes[i]);
			if (lines->partial->len >= LINES_MAX)
				flush(lines);
		}
	}
}

bool lines_finish(struct lines *lines)
{
	if (!lines->partial->len)
		return false;
	flush(lines);
	return true;
}

void lines_clear(struct lines *lines)
{
	if (lines->partial)
		g_string_free(lines->partial, TRUE);
	lines->partial = NULL;
}
