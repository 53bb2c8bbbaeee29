/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history.h - what something may have been at a time, judged from outside
 *
 * The storms change things (what a slot maps, where a device is attached) from
 * several threads while others look. A *register* is the record of one such
 * thing: for each change the value, a tick from before the call and a tick from
 * after it. A change takes effect at one instant between the two, but which one
 * nobody knows; so a register answers with the *set* of values that may have
 * been current at some instant of an interval. What the device did in that
 * interval must be explained by one of them.
 *
 *   change X may have been current in [s, c]  when
 *	X.start <= c, and
 *	no change Y with X.done < Y.start has Y.done < s
 *
 * A change that failed is kept as *void*: it is never a value, but it says that
 * a call was under way. A change whose call has not returned is *open*: it may
 * be current, and it excludes nothing.
 *
 * Words: a tick is a number that no other event has, in an order that agrees
 * with happens-before. REG_OPEN is later than all of them.
 *
 * LOCKING
 *   reg->lock   protects all fields; innermost. A call under way is not a lock:
 *               reg_begin() before it, reg_end() after it.
 */
#ifndef _KIT_STRESS_HISTORY_H
#define _KIT_STRESS_HISTORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REG_DEPTH 64 /* changes that a register remembers */
#define REG_OPEN UINT64_MAX
#define REG_VALUES 16 /* distinct values that an answer can hold */
#define REG_NOBODY UINT64_MAX /* no ticket */

typedef uint64_t tick_t;

/** tick_next() - a new tick, later than every tick handed out before */
tick_t tick_next(void);

struct reg_change {
	tick_t start;
	tick_t done;
	uint64_t value;
	bool is_void;
};

/**
 * struct reg - a register
 * @lock: protects the rest
 * @nchanges: ever; the ring holds the last REG_DEPTH
 * @horizon: what begins before this cannot be answered
 * @ring: the changes, by ticket
 */
struct reg {
	pthread_mutex_t lock;
	uint64_t nchanges;
	tick_t horizon;
	struct reg_change ring[REG_DEPTH];
};

/**
 * struct reg_set - an answer
 * @unknown: the interval is older than the record; @value is not complete
 * @n: distinct values
 * @value: the values
 */
struct reg_set {
	bool unknown;
	unsigned int n;
	uint64_t value[REG_VALUES];
};

void reg_init(struct reg *reg, uint64_t value);
void reg_fini(struct reg *reg);

/**
 * reg_begin() - a call that may change the value is about to be made
 * @reg: the register
 * @value: what the call would make of it
 * @start: a tick taken before
 *
 * Return: the ticket for reg_end().
 */
uint64_t reg_begin(struct reg *reg, uint64_t value, tick_t start);

/**
 * reg_end() - the call has returned
 * @reg: the register
 * @ticket: from reg_begin()
 * @done: a tick taken after
 * @landed: false when the call failed and so changed nothing
 */
void reg_end(struct reg *reg, uint64_t ticket, tick_t done, bool landed);

/**
 * reg_query() - values that may have been current at some instant of [s, c]
 * @reg: the register
 * @s: first tick of the interval
 * @c: last tick
 * @except: leave out this change (the caller's own), or REG_NOBODY
 * @set: filled in
 */
void reg_query(struct reg *reg, tick_t s, tick_t c, uint64_t except,
	       struct reg_set *set);

/**
 * reg_busy() - was a call to write a value under way at some instant of [s, c]?
 * @reg: the register
 * @s: first tick of the interval
 * @c: last tick
 * @value: NULL for any value
 * @except: leave out this change, or REG_NOBODY
 *
 * Void changes count: the call was made.
 */
bool reg_busy(struct reg *reg, tick_t s, tick_t c, const uint64_t *value,
	      uint64_t except);

/**
 * reg_changed() - did the value certainly change between two instants?
 * @reg: the register
 * @after: the first
 * @before: the second
 *
 * True when a change that landed lies wholly between and wrote something else
 * than whatever may have been there.
 */
bool reg_changed(struct reg *reg, tick_t after, tick_t before);

/** reg_story() - start of the last change that landed and was over by @s, or 0 */
tick_t reg_story(struct reg *reg, tick_t s);

/** reg_written() - start of the last change that wrote @value, or 0 */
tick_t reg_written(struct reg *reg, uint64_t value);

bool reg_set_has(const struct reg_set *set, uint64_t value);

/** reg_set_is() - is @value the only possibility? */
bool reg_set_is(const struct reg_set *set, uint64_t value);

/**
 * reg_set_text() - a set in words, for messages
 * @set: the set
 * @zero: word for the value 0
 * @noun: word before the others
 * @bias: what is subtracted from them
 * @text: filled in
 * @room: bytes of @text
 *
 * Return: @text.
 */
const char *reg_set_text(const struct reg_set *set, const char *zero,
			 const char *noun, unsigned int bias, char *text,
			 size_t room);

#endif
