/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * events.h - what every actor did lately, and the window that shows a failure
 *
 * Each actor writes its own ring, so recording takes no lock; the rings are
 * read when the actors have stopped (or hang: then the last entry of a ring may
 * be torn, which a printed history can bear).
 */
#ifndef _KIT_STRESS_EVENTS_H
#define _KIT_STRESS_EVENTS_H

#include <stdint.h>

#include "history.h"

#define EVENTS_DEPTH 4096
#define EVENTS_SHOWN 60 /* lines of a window */
#define EVENT_ANY 0xff

struct event {
	tick_t start;
	tick_t done;
	uint8_t kind; /* enum op_kind */
	uint8_t dev; /* EVENT_ANY: none in particular */
	uint8_t ioas;
	uint8_t slot;
	uint8_t nslots;
	uint8_t pin; /* by the pin path */
	int32_t rc;
	uint32_t offset; /* in the slot */
	uint32_t length;
	uint64_t arg;
};

struct event_ring {
	const char *who;
	unsigned int index;
	uint64_t n;
	struct event event[EVENTS_DEPTH];
};

/**
 * struct event_window - which events show a failure
 * @from: tick; events that overlap the interval
 * @to: tick at its end
 * @dev: EVENT_ANY or the one that counts
 * @ioas: likewise
 * @slot: first slot that counts
 * @nslots: how many, 0 for all
 */
struct event_window {
	tick_t from;
	tick_t to;
	uint8_t dev;
	uint8_t ioas;
	uint8_t slot;
	uint8_t nslots;
};

void event_add(struct event_ring *ring, const struct event *event);

/** events_print() - the events of a window in the order of their ends */
void events_print(struct event_ring *const *ring, unsigned int nrings,
		  const struct event_window *window);

#endif
