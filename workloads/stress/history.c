// SPDX-License-Identifier: GPL-2.0-only
/*
 * history.c - registers with an uncertain instant of change
 *
 * The theory is in history.h. The exclusion rule needs one number: the latest
 * start of a change that had returned before s. Everything that was done before
 * that start had been overwritten when s came.
 *
 * The ring forgets its oldest change E when a new one comes. An interval that
 * begins at s may still need E unless a remembered change Y began after E was
 * done and returned before s; so the horizon becomes the earliest such Y.done.
 * Should Y be forgotten later, the Z that makes that harmless excludes E too.
 */
#include "history.h"

#include <stdatomic.h>
#include <stdio.h>

static _Atomic tick_t last_tick;

tick_t tick_next(void)
{
	return atomic_fetch_add(&last_tick, 1) + 1;
}

void reg_init(struct reg *reg, uint64_t value)
{
	pthread_mutex_init(&reg->lock, NULL);
	reg->nchanges = 1;
	reg->horizon = 0;
	reg->ring[0] = (struct reg_change){ .value = value };
}

void reg_fini(struct reg *reg)
{
	pthread_mutex_destroy(&reg->lock);
}

static uint64_t oldest(const struct reg *reg)
{
	return reg->nchanges > REG_DEPTH ? reg->nchanges - REG_DEPTH : 0;
}

static struct reg_change *at(struct reg *reg, uint64_t ticket)
{
	return &reg->ring[ticket % REG_DEPTH];
}

/* Before the oldest change is overwritten: what can no longer be answered? */
static void forget_oldest(struct reg *reg)
{
	struct reg_change *gone = at(reg, reg->nchanges);
	tick_t horizon = REG_OPEN;

	if (gone->is_void)
		return;
	for (uint64_t i = oldest(reg) + 1; i < reg->nchanges; i++) {
		struct reg_change *y = at(reg, i);

		if (!y->is_void && y->done != REG_OPEN &&
		    y->start > gone->done && y->done < horizon)
			horizon = y->done;
	}
	if (horizon > reg->horizon)
		reg->horizon = horizon;
}

uint64_t reg_begin(struct reg *reg, uint64_t value, tick_t start)
{
	uint64_t ticket;

	pthread_mutex_lock(&reg->lock);
	if (reg->nchanges >= REG_DEPTH)
		forget_oldest(reg);
	ticket = reg->nchanges++;
	*at(reg, ticket) = (struct reg_change){
		.start = start,
		.done = REG_OPEN,
		.value = value,
	};
	pthread_mutex_unlock(&reg->lock);
	return ticket;
}

void reg_end(struct reg *reg, uint64_t ticket, tick_t done, bool landed)
{
	pthread_mutex_lock(&reg->lock);
	if (ticket >= oldest(reg)) {
		at(reg, ticket)->done = done;
		at(reg, ticket)->is_void = !landed;
	}
	/* else it was forgotten while open: the horizon is at infinity */
	pthread_mutex_unlock(&reg->lock);
}

static void set_add(struct reg_set *set, uint64_t value)
{
	if (reg_set_has(set, value))
		return;
	if (set->n == REG_VALUES)
		set->unknown = true;
	else
		set->value[set->n++] = value;
}

static void query(struct reg *reg, tick_t s, tick_t c, uint64_t except,
		  struct reg_set *set)
{
	tick_t overwritten = 0; /* what was done before this is gone by s */

	set->n = 0;
	set->unknown = s <= reg->horizon && reg->horizon;
	for (uint64_t i = oldest(reg); i < reg->nchanges; i++) {
		struct reg_change *y = at(reg, i);

		if (i != except && !y->is_void && y->done < s &&
		    y->start > overwritten)
			overwritten = y->start;
	}
	for (uint64_t i = oldest(reg); i < reg->nchanges; i++) {
		struct reg_change *x = at(reg, i);

		if (i != except && !x->is_void && x->start <= c &&
		    x->done >= overwritten)
			set_add(set, x->value);
	}
}

void reg_query(struct reg *reg, tick_t s, tick_t c, uint64_t except,
	       struct reg_set *set)
{
	pthread_mutex_lock(&reg->lock);
	query(reg, s, c, except, set);
	pthread_mutex_unlock(&reg->lock);
}

bool reg_busy(struct reg *reg, tick_t s, tick_t c, const uint64_t *value,
	      uint64_t except)
{
	bool busy;

	pthread_mutex_lock(&reg->lock);
	busy = s <= reg->horizon && reg->horizon;
	for (uint64_t i = oldest(reg); !busy && i < reg->nchanges; i++) {
		struct reg_change *x = at(reg, i);

		busy = i != except && x->start <= c && x->done >= s &&
		       x->start && (!value || x->value == *value);
	}
	pthread_mutex_unlock(&reg->lock);
	return busy;
}

bool reg_changed(struct reg *reg, tick_t after, tick_t before)
{
	bool changed = false;

	pthread_mutex_lock(&reg->lock);
	for (uint64_t i = oldest(reg); !changed && i < reg->nchanges; i++) {
		struct reg_change *x = at(reg, i);
		struct reg_set was;

		if (x->is_void || x->start <= after || x->done >= before)
			continue;
		query(reg, x->start, x->done, i, &was);
		changed = !was.unknown && !reg_set_has(&was, x->value);
	}
	pthread_mutex_unlock(&reg->lock);
	return changed;
}

bool reg_set_has(const struct reg_set *set, uint64_t value)
{
	for (unsigned int i = 0; i < set->n; i++)
		if (set->value[i] == value)
			return true;
	return false;
}

bool reg_set_is(const struct reg_set *set, uint64_t value)
{
	return !set->unknown && set->n == 1 && set->value[0] == value;
}

tick_t reg_story(struct reg *reg, tick_t s)
{
	tick_t start = 0;

	pthread_mutex_lock(&reg->lock);
	for (uint64_t i = oldest(reg); i < reg->nchanges; i++) {
		struct reg_change *x = at(reg, i);

		if (!x->is_void && x->done < s && x->start > start)
			start = x->start;
	}
	pthread_mutex_unlock(&reg->lock);
	return start;
}

tick_t reg_written(struct reg *reg, uint64_t value)
{
	tick_t start = 0;

	pthread_mutex_lock(&reg->lock);
	for (uint64_t i = oldest(reg); i < reg->nchanges; i++) {
		struct reg_change *x = at(reg, i);

		if (!x->is_void && x->value == value && x->start > start)
			start = x->start;
	}
	pthread_mutex_unlock(&reg->lock);
	return start;
}

const char *reg_set_text(const struct reg_set *set, const char *zero,
			 const char *noun, unsigned int bias, char *text,
			 size_t room)
{
	int len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < set->n && (size_t)len < room; i++) {
		uint64_t v = set->value[i];
		const char *comma = i ? ", " : "";

		if (!v)
			len += snprintf(text + len, room - len, "%s%s", comma,
					zero);
		else
			len += snprintf(text + len, room - len, "%s%s %llu",
					comma, noun,
					(unsigned long long)(v - bias));
	}
	return text;
}
