// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_check.c - does the core keep its promises about pins?
 *
 * Nothing that a driver needs: a test device looks at its table of pins and finds
 * what cannot be there if the core is right.
 *
 *   STALE_PIN   - When a replace by another IOAS, or a detach, has returned, a pin
 *                 that was live before it began is still live: the callback for the
 *                 whole range did not come, or was not waited for.
 *               - The pages of a new pin are not those that a live pin has for the
 *                 same IOVA. Memory that is mapped and pinned does not move, so the
 *                 other one is of an earlier mapping and survived its unmap.
 *   CLOSE_PIN   - When the device is closed, and held pins are dropped, pins made
 *                 and pins unmade do not agree.
 *
 * None of it is counted once the knob `deaf` had an effect, until the device is bound
 * again: then it is the driver who broke the contract.
 *
 * LOCKING
 *   pins->lock     as in mdma_pin.c
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "mdma_private.h"

/* So many overlapping pins are compared with a new one: a check, not a proof. */
#define SAMPLES 4

/**
 * mdma_check_open() - a new use of the device begins
 * @pins: empty
 */
void mdma_check_open(struct mdma_pins *pins)
{
	spin_lock(&pins->lock);
	pins->ignored = false;
	spin_unlock(&pins->lock);
}

/**
 * mdma_check_ignored() - the callback is about to break its promise
 * @pins: of a device whose knob `deaf` is set
 */
void mdma_check_ignored(struct mdma_pins *pins)
{
	spin_lock(&pins->lock);
	pins->ignored = true;
	spin_unlock(&pins->lock);
}

/* Looks at the first page that both have. */
static bool pages_differ(const struct mdma_pin *a, const struct mdma_pin *b)
{
	const unsigned long page = max(a->node.start, b->node.start) >>
				   PAGE_SHIFT;

	return a->pages[page - (a->node.start >> PAGE_SHIFT)] !=
	       b->pages[page - (b->node.start >> PAGE_SHIFT)];
}

/**
 * mdma_check_pinned() - is there a pin that contradicts a new one?
 * @pins: the table
 * @pin: live since now
 *
 * Context: holds pins->lock.
 */
bool mdma_check_pinned(struct mdma_pins *pins, struct mdma_pin *pin)
{
	struct mdma_pin *other;
	unsigned int samples = 0;

	if (pins->ignored)
		return false;
	for (other = mdma_pin_first(pins, pin->node.start, pin->node.last);
	     other;
	     other = mdma_pin_next(other, pin->node.start, pin->node.last)) {
		if (other != pin && other->state == MDMA_PIN_LIVE &&
		    !other->revoked && pages_differ(pin, other))
			return true;
		if (++samples > SAMPLES)
			break;
	}
	return false;
}

/**
 * mdma_check_mark() - remember this moment, before a replace or detach
 * @pins: the table
 * @held: set to whether PIN descriptors hold anything
 *
 * Return: the moment.
 */
u64 mdma_check_mark(struct mdma_pins *pins, bool *held)
{
	u64 mark;

	spin_lock(&pins->lock);
	mark = ++pins->clock;
	*held = pins->held;
	spin_unlock(&pins->lock);
	return mark;
}

/* A held pin from before @mark, now owned by the caller; or how many are owned. */
static struct mdma_pin *take_old(struct mdma_pins *pins, u64 mark,
				 unsigned int *owned)
{
	struct mdma_pin *pin, *old = NULL;

	*owned = 0;
	spin_lock(&pins->lock);
	for (pin = mdma_pin_first(pins, 0, ULONG_MAX); pin;
	     pin = mdma_pin_next(pin, 0, ULONG_MAX)) {
		if (pin->state != MDMA_PIN_LIVE || pin->since > mark)
			continue;
		if (pin->held) {
			mdma_pin_take(pins, pin);
			pin->revoked = true;
			old = pin;
			break;
		}
		(*owned)++;
	}
	spin_unlock(&pins->lock);
	return old;
}

/**
 * mdma_check_swapped() - the device has left an IOAS: look for pins of it
 * @mdma: the device
 * @mark: a moment before it began to leave
 *
 * What is there although there should be none is no pin any more for the core: it is
 * forgotten, not unpinned.
 *
 * Context: may sleep.
 */
void mdma_check_swapped(struct mdma_dev *mdma, u64 mark)
{
	struct mdma_pins *pins = &mdma->pins;
	unsigned int forgotten = 0;
	unsigned int owned;
	struct mdma_pin *old;
	bool ignored;

	while ((old = take_old(pins, mark, &owned))) {
		mdma_pins_wake(pins);
		wait_event(pins->wait, !mdma_pin_touched(pins, old));
		spin_lock(&pins->lock);
		interval_tree_remove(&old->node, &pins->tree);
		pins->live--;
		spin_unlock(&pins->lock);
		mdma_pins_wake(pins);
		mdma_pin_free(old);
		forgotten++;
	}

	spin_lock(&pins->lock);
	ignored = pins->ignored;
	spin_unlock(&pins->lock);
	if (!ignored)
		mdma_book_add(&mdma->book, MDMA_LEDGER_STALE_PIN,
			      forgotten + owned);
}

/**
 * mdma_check_closed() - all held pins are dropped, and no worker runs
 * @mdma: being closed
 */
void mdma_check_closed(struct mdma_dev *mdma)
{
	struct mdma_pins *pins = &mdma->pins;
	unsigned int left;

	spin_lock(&pins->lock);
	left = pins->ignored ? 0 : pins->live;
	spin_unlock(&pins->lock);
	mdma_book_add(&mdma->book, MDMA_LEDGER_CLOSE_PIN, left);
}
