// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_ledger.c - what the core promised to the driver, and what it did
 *
 * A driver knows when it is open, when it is attached, and what it has pinned, so
 * it can tell when it is called although it must not be. The book counts that,
 * from bind to the next bind, where a test reads it (MDMA_REG_LEDGER, debugfs).
 * An entry says that the contract was broken, never that it may have been; what
 * cannot be decided here is not counted, and left to tests that know the plan.
 *
 *   EARLY       A callback, or an operation of a file (read, write, ioctl, mmap),
 *               began in stage NEW.
 *   LATE        An operation began in stage CLOSED or OVER, or a callback in OVER;
 *               or a callback was still running when the access was destroyed.
 *               A callback in CLOSED is allowed: the access is attached until it
 *               is destroyed, and destroying it detaches it.
 *   UNATTACHED  A callback began while the device was not attached and no attach,
 *               replace or detach was in progress; or one was still running when a
 *               detach returned.
 *   BAD_RANGE   A callback for no byte, or for bytes past the end of the space.
 *   STALE_PIN, CLOSE_PIN   are found by the table of pins (mdma_pin.c).
 *
 * Overlaps are the opposite: what tests aim at and must be able to see they hit. A
 * flight is an operation that pins, or uses pins (PIN), or a call of
 * iommufd_access_rw (RW).
 *
 * All of them are decided by comparing two things that change at different times,
 * so everything that is compared changes under one lock: a callback that begins
 * in the instant in which a detach returns is on one side of it or on the other.
 *
 * LOCKING
 *   book->lock     a leaf; the counters alone are atomic
 * Context: any, for all functions.
 */
#include <linux/string.h>

#include "mdma_private.h"

const char *const mdma_ledger_names[MDMA_LEDGER_N] = {
	[MDMA_LEDGER_EARLY] = "EARLY",
	[MDMA_LEDGER_LATE] = "LATE",
	[MDMA_LEDGER_UNATTACHED] = "UNATTACHED",
	[MDMA_LEDGER_STALE_PIN] = "STALE_PIN",
	[MDMA_LEDGER_CLOSE_PIN] = "CLOSE_PIN",
	[MDMA_LEDGER_BAD_RANGE] = "BAD_RANGE",
	[MDMA_LEDGER_CALLBACKS] = "CALLBACKS",
	[MDMA_LEDGER_PINS] = "PINS",
	[MDMA_LEDGER_UNPINS] = "UNPINS",
	[MDMA_LEDGER_RWS] = "RWS",
	[MDMA_LEDGER_DESCS] = "DESCS",
	[MDMA_LEDGER_REVOKED] = "REVOKED",
	[MDMA_LEDGER_UNMAP_IN_PIN] = "UNMAP_IN_PIN",
	[MDMA_LEDGER_UNMAP_IN_RW] = "UNMAP_IN_RW",
	[MDMA_LEDGER_SWAP_IN_PIN] = "SWAP_IN_PIN",
	[MDMA_LEDGER_SWAP_IN_RW] = "SWAP_IN_RW",
	[MDMA_LEDGER_UNMAP_HELD] = "UNMAP_HELD",
	[MDMA_LEDGER_SWAP_HELD] = "SWAP_HELD",
};

static const enum mdma_ledger unmap_in[MDMA_NFLIGHTS] = {
	[MDMA_FLIGHT_PIN] = MDMA_LEDGER_UNMAP_IN_PIN,
	[MDMA_FLIGHT_RW] = MDMA_LEDGER_UNMAP_IN_RW,
};

static const enum mdma_ledger swap_in[MDMA_NFLIGHTS] = {
	[MDMA_FLIGHT_PIN] = MDMA_LEDGER_SWAP_IN_PIN,
	[MDMA_FLIGHT_RW] = MDMA_LEDGER_SWAP_IN_RW,
};

/**
 * mdma_book_init() - an empty book of a device that was never used
 * @book: uninitialised
 */
void mdma_book_init(struct mdma_book *book)
{
	spin_lock_init(&book->lock);
	book->stage = MDMA_NEW;
}

/**
 * mdma_book_open() - a new page: the device is being bound
 * @book: of a device without an access
 */
void mdma_book_open(struct mdma_book *book)
{
	spin_lock(&book->lock);
	for (unsigned int i = 0; i < MDMA_LEDGER_N; i++)
		atomic64_set(&book->count[i], 0);
	book->stage = MDMA_NEW;
	spin_unlock(&book->lock);
}

/**
 * mdma_book_stage() - the device is opened or closed
 * @book: of the device
 * @stage: from now on
 */
void mdma_book_stage(struct mdma_book *book, enum mdma_stage stage)
{
	spin_lock(&book->lock);
	book->stage = stage;
	spin_unlock(&book->lock);
}

/**
 * mdma_book_add() - count
 * @book: of the device
 * @what: counter
 * @n: how many
 */
void mdma_book_add(struct mdma_book *book, enum mdma_ledger what, u64 n)
{
	atomic64_add(n, &book->count[what]);
}

/**
 * mdma_book_read() - a counter
 * @book: of the device
 * @what: counter
 */
u64 mdma_book_read(struct mdma_book *book, enum mdma_ledger what)
{
	return atomic64_read(&book->count[what]);
}

/**
 * mdma_book_operation() - the core calls one of the file operations
 * @book: of the device
 */
void mdma_book_operation(struct mdma_book *book)
{
	enum mdma_stage stage;

	spin_lock(&book->lock);
	stage = book->stage;
	spin_unlock(&book->lock);
	if (stage == MDMA_NEW)
		mdma_book_add(book, MDMA_LEDGER_EARLY, 1);
	else if (stage != MDMA_OPEN)
		mdma_book_add(book, MDMA_LEDGER_LATE, 1);
}

/**
 * mdma_book_enter() - a flight begins
 * @book: of the device
 * @kind: of flight
 */
void mdma_book_enter(struct mdma_book *book, enum mdma_flight kind)
{
	spin_lock(&book->lock);
	book->flights[kind]++;
	if (book->swapping)
		book->overlapped[kind] = true;
	spin_unlock(&book->lock);
}

/**
 * mdma_book_exit() - a flight ends
 * @book: of the device
 * @kind: as entered
 */
void mdma_book_exit(struct mdma_book *book, enum mdma_flight kind)
{
	spin_lock(&book->lock);
	book->flights[kind]--;
	spin_unlock(&book->lock);
}

/**
 * mdma_book_unmap_begin() - the core calls the unmap callback
 * @book: of the device
 * @iova: as given to the callback
 * @length: likewise
 */
void mdma_book_unmap_begin(struct mdma_book *book, unsigned long iova,
			   unsigned long length)
{
	spin_lock(&book->lock);
	book->callbacks++;
	mdma_book_add(book, MDMA_LEDGER_CALLBACKS, 1);
	if (book->stage == MDMA_NEW)
		mdma_book_add(book, MDMA_LEDGER_EARLY, 1);
	else if (book->stage == MDMA_OVER)
		mdma_book_add(book, MDMA_LEDGER_LATE, 1);
	else if (!book->attached && !book->swapping)
		mdma_book_add(book, MDMA_LEDGER_UNATTACHED, 1);
	for (unsigned int kind = 0; kind < MDMA_NFLIGHTS; kind++)
		if (book->flights[kind])
			mdma_book_add(book, unmap_in[kind], 1);
	spin_unlock(&book->lock);

	if (!length || iova + (length - 1) < iova)
		mdma_book_add(book, MDMA_LEDGER_BAD_RANGE, 1);
}

/**
 * mdma_book_unmap_end() - the unmap callback is about to return
 * @book: of the device
 */
void mdma_book_unmap_end(struct mdma_book *book)
{
	spin_lock(&book->lock);
	book->callbacks--;
	spin_unlock(&book->lock);
}

/**
 * mdma_book_swap_begin() - attach, replace, detach or destroy is about to be called
 * @book: of the device
 */
void mdma_book_swap_begin(struct mdma_book *book)
{
	spin_lock(&book->lock);
	book->swapping++;
	for (unsigned int kind = 0; kind < MDMA_NFLIGHTS; kind++)
		book->overlapped[kind] = book->flights[kind];
	spin_unlock(&book->lock);
}

/**
 * mdma_book_swap_end() - attach, replace or detach has returned
 * @book: of the device
 * @attached: the device is attached now
 */
void mdma_book_swap_end(struct mdma_book *book, bool attached)
{
	spin_lock(&book->lock);
	book->swapping--;
	book->attached = attached;
	if (!attached)
		mdma_book_add(book, MDMA_LEDGER_UNATTACHED, book->callbacks);
	for (unsigned int kind = 0; kind < MDMA_NFLIGHTS; kind++)
		if (book->overlapped[kind])
			mdma_book_add(book, swap_in[kind], 1);
	spin_unlock(&book->lock);
}

/**
 * mdma_book_destroyed() - destroying the access has returned
 * @book: of the device
 */
void mdma_book_destroyed(struct mdma_book *book)
{
	spin_lock(&book->lock);
	book->swapping--;
	book->attached = false;
	book->stage = MDMA_OVER;
	mdma_book_add(book, MDMA_LEDGER_LATE, book->callbacks);
	spin_unlock(&book->lock);
}
