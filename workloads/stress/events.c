// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - rings of events and the printing of a window of them
 *
 * A window holds the events that overlap its interval and touch what the
 * failure is about. When there are more than can be read, the newest are shown:
 * the interval was chosen by the oracle to begin where the story begins, and
 * what is left out is said.
 */
#include "events.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "kit_tap.h"
#include "plan.h"

struct line {
	const struct event_ring *ring;
	struct event event;
};

void event_add(struct event_ring *ring, const struct event *event)
{
	ring->event[ring->n++ % EVENTS_DEPTH] = *event;
}

static bool shown(const struct event_window *w, const struct event *e)
{
	if (e->start > w->to || e->done < w->from)
		return false;
	if (w->dev != EVENT_ANY && e->dev != EVENT_ANY && e->dev != w->dev)
		return false;
	if (w->ioas != EVENT_ANY && e->ioas != EVENT_ANY && e->ioas != w->ioas)
		return false;
	if (w->nslots && e->nslots &&
	    (e->slot >= w->slot + w->nslots || e->slot + e->nslots <= w->slot))
		return false;
	return true;
}

static int by_done(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->event.done < y->event.done ? -1 :
	       x->event.done > y->event.done ? 1 :
					       0;
}

static void print(const struct line *line)
{
	const struct event *e = &line->event;
	char where[96] = "";
	int len = 0;

#define ADD(...) \
	(len += snprintf(where + len, sizeof(where) - len, __VA_ARGS__))
	if (e->dev != EVENT_ANY)
		ADD(" dev %u", e->dev);
	if (e->ioas != EVENT_ANY)
		ADD(" ioas %u", e->ioas);
	if (e->nslots)
		ADD(" slot %u", e->slot);
	if (e->nslots > 1)
		ADD("..%u", e->slot + e->nslots - 1);
	if (e->length)
		ADD(" +%#x %u bytes", e->offset, e->length);
	if (e->pin)
		ADD(" by pin");
#undef ADD
	tap_note("  [%llu, %llu] %s.%u: %s%s arg %#llx = %s",
		 (unsigned long long)e->start, (unsigned long long)e->done,
		 line->ring->who, line->ring->index, op_name(e->kind), where,
		 (unsigned long long)e->arg, tap_errno_name(e->rc));
}

void events_print(struct event_ring *const *ring, unsigned int nrings,
		  const struct event_window *window)
{
	struct line *line = NULL;
	size_t n = 0, room = 0;

	for (unsigned int r = 0; r < nrings; r++) {
		uint64_t last = ring[r]->n;
		uint64_t i = last > EVENTS_DEPTH ? last - EVENTS_DEPTH : 0;

		for (; i < last; i++) {
			const struct event *e =
				&ring[r]->event[i % EVENTS_DEPTH];

			if (!shown(window, e))
				continue;
			if (n == room) {
				room = room ? room * 2 : 256;
				line = realloc(line, room * sizeof(*line));
				if (!line)
					abort();
			}
			line[n++] = (struct line){ ring[r], *e };
		}
	}
	if (n)
		qsort(line, n, sizeof(*line), by_done);
	tap_note("history [%llu, %llu], %zu events%s:",
		 (unsigned long long)window->from,
		 (unsigned long long)window->to, n,
		 n > EVENTS_SHOWN ? ", the newest" : "");
	for (size_t i = n > EVENTS_SHOWN ? n - EVENTS_SHOWN : 0; i < n; i++)
		print(&line[i]);
	free(line);
}
