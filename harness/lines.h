/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lines.h - a stream of bytes, a line at a time
 */
#ifndef _KIT_HARNESS_LINES_H
#define _KIT_HARNESS_LINES_H

#include "kit.h"

/* Longer lines arrive in pieces of this length. */
#define LINES_MAX (64 * 1024)

typedef void (*lines_fn)(void *data, const char *line);

struct lines {
	GString *partial;
	lines_fn fn;
	void *data;
};

void lines_init(struct lines *lines, lines_fn fn, void *data);

/* NUL and CR bytes are dropped, everything else is passed on as it came. */
void lines_push(struct lines *lines, const char *bytes, size_t length);

/* The stream is over; a last line without a newline is passed on. Returns if there was one. */
bool lines_finish(struct lines *lines);

void lines_clear(struct lines *lines);

#endif /* _KIT_HARNESS_LINES_H */
