// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_pin.c - the table of pins, and the answer to an unmap
 *
 * This is the file to copy. A driver that pins the user's memory owes the core one
 * thing: when its unmap callback returns, it uses nothing of that range any more,
 * and has unpinned it. So it must know its pins, all of them, by range: those it
 * holds for the device, those it uses for a moment, and, where drivers go wrong,
 * those it is just about to have. Between the core pinning the pages and the driver
 * writing that down there is a moment in which an unmap finds nothing in the table
 * although the pages are pinned. Two ways to close it:
 *
 *  - A mutex around "pin and write down", which the callback takes too. Simple, and
 *    wrong where it matters: pinning may wait for a page fault, for as long as user
 *    space likes, and every unmap of any other range then waits for it as well.
 *  - Write it down first. That is what this table does.
 *
 *       mdma_pin_begin()                                 mdma_pin_end()
 *      ------------------> PENDING -----> LIVE ---------> DROPPING -----> gone
 *                             |    pinned      nobody uses         unpinned
 *                             +-------------> gone
 *                               could not pin
 *
 * A pin is owned by the operation that made it, until mdma_pin_hold() gives it to
 * the table ("held"). The callback drops held pins itself. One that an operation
 * owns it only marks as revoked; the owner looks at the mark when it has what it
 * needs, cuts waits short, and keeps nothing. A touch uses a held pin without owning
 * it; who wants to drop the pin waits for touches to end.
 *
 * What the callback waits for, and why that ends:
 *  - LIVE pins of operations, touches, and pins somebody else is dropping: their
 *    owners have the pages and never fault nor take a mutex until they are done.
 *    Hence the rule that nobody asks for a second pin while owning a first
 *    (mdma_ops.c copies from range to range through a buffer).
 *  - PENDING pins, but not for ever. A core does not call back while a pin of the
 *    range is inside a page fault: it has waited for that before. So a pending pin
 *    here has just got its pages, or is about to be refused, and its owner only needs
 *    the CPU. Whether that is so is not ours to know, so this wait ends after a time
 *    (the knob `patience_us`), or when the task is killed. Then the owner, who finds
 *    the mark on its return, unpins at once, and UNMAP calls again if it still sees a
 *    pin. Linux 6.12 to 7.2 do not call again out of a replace or detach, and UNMAP
 *    there gives up after a hundred calls without a pause: they need the wait.
 *  - Pins born after the callback began: no. They are refused by the core or come
 *    with a callback of their own. Waiting for them might never end.
 *
 * Never: a lock held over a call of the core; a pin that is not in the table; a pin
 * dropped by two; a page used after its pin left LIVE.
 *
 * What the core promises about pins is checked in mdma_check.c.
 *
 * LOCKING
 *   pins->lock     everything in the table and the pins; a leaf
 * MAY SLEEP        what pins, unpins or waits: begin, end, hold, release, unmap, drop
 */
#include <linux/iommufd.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mdma_private.h"

/*
 * A range, as seen by somebody who wants it free of pins born before @now. @revoke:
 * tell operations that own pins there. The rest is what was found: pins that were
 * @held, that are @busy in other hands, that are @pending.
 */
struct sweep {
	unsigned long iova;
	unsigned long last;
	u64 now;
	bool revoke;
	bool held;
	bool busy;
	bool pending;
};

/**
 * mdma_pins_wake() - something changed that others may wait for
 * @pins: the table, not locked
 */
void mdma_pins_wake(struct mdma_pins *pins)
{
	if (wq_has_sleeper(&pins->wait))
		wake_up_all(&pins->wait);
}

/**
 * mdma_pins_init() - an empty table
 * @pins: uninitialised
 *
 * Called when the device is made, not when it is opened: the callback may come as
 * soon as there is an access, which is earlier.
 */
void mdma_pins_init(struct mdma_pins *pins)
{
	spin_lock_init(&pins->lock);
	init_waitqueue_head(&pins->wait);
	pins->tree = RB_ROOT_CACHED;
}

/**
 * mdma_pin_alloc() - a pin that is not in the table
 * @npages: pages it can be for
 *
 * Return: the pin, or NULL without memory.
 */
struct mdma_pin *mdma_pin_alloc(unsigned int npages)
{
	struct mdma_pin *pin;

	return kvzalloc(struct_size(pin, pages, npages), GFP_KERNEL);
}

/**
 * mdma_pin_free() - the opposite
 * @pin: not in the table, or NULL
 */
void mdma_pin_free(struct mdma_pin *pin)
{
	kvfree(pin);
}

/**
 * mdma_pin_begin() - pin a range for a moment
 * @mdma: an open device
 * @pin: not in the table, with room for the pages
 * @iova: first byte
 * @length: bytes; the range must not wrap
 * @write: the pages will be written to
 *
 * On success the caller owns the pin, uses pin->pages, and calls mdma_pin_end()
 * soon: an unmap of the range waits for it. Until then it must neither fault nor
 * wait for anything but mdma->pins.wait, with mdma_pin_revoked() in the condition.
 *
 * Return: 0 or what the core said.
 */
int mdma_pin_begin(struct mdma_dev *mdma, struct mdma_pin *pin,
		   unsigned long iova, unsigned long length, bool write)
{
	const unsigned long last = iova + (length - 1);
	struct mdma_pins *pins = &mdma->pins;
	bool stale = false;
	int rc;

	mdma_book_enter(&mdma->book, MDMA_FLIGHT_PIN);
	pin->node.start = iova;
	pin->node.last = last;
	pin->length = length;
	pin->npages = (last >> PAGE_SHIFT) - (iova >> PAGE_SHIFT) + 1;
	pin->writable = write;
	pin->state = MDMA_PIN_PENDING;
	pin->held = false;
	pin->revoked = false;
	pin->touches = 0;

	/* ORDER: in the table before the core knows, so no unmap can miss it. */
	spin_lock(&pins->lock);
	pin->born = ++pins->clock;
	interval_tree_insert(&pin->node, &pins->tree);
	spin_unlock(&pins->lock);

	rc = iommufd_access_pin_pages(mdma->access, iova, length, pin->pages,
				      write ? IOMMUFD_ACCESS_RW_WRITE :
					      IOMMUFD_ACCESS_RW_READ);
	if (!rc) {
		mdma_book_add(&mdma->book, MDMA_LEDGER_PINS, 1);
		mdma_knob_delay(&mdma->knobs.delay_pin_us);
	}

	spin_lock(&pins->lock);
	if (rc) {
		interval_tree_remove(&pin->node, &pins->tree);
	} else {
		pin->state = MDMA_PIN_LIVE;
		pin->since = ++pins->clock;
		pins->live++;
		stale = mdma_check_pinned(pins, pin);
	}
	spin_unlock(&pins->lock);

	if (stale)
		mdma_book_add(&mdma->book, MDMA_LEDGER_STALE_PIN, 1);
	if (rc) {
		mdma_pins_wake(pins);
		mdma_book_exit(&mdma->book, MDMA_FLIGHT_PIN);
	}
	return rc;
}

/* Unpin and take out of the table. The caller owns the pin; no touch uses it. */
static void drop(struct mdma_dev *mdma, struct mdma_pin *pin)
{
	struct mdma_pins *pins = &mdma->pins;

	spin_lock(&pins->lock);
	pin->state = MDMA_PIN_DROPPING;
	spin_unlock(&pins->lock);

	iommufd_access_unpin_pages(mdma->access, pin->node.start, pin->length);
	mdma_book_add(&mdma->book, MDMA_LEDGER_UNPINS, 1);

	/* ORDER: unpinned before it leaves the table, for the same reason. */
	spin_lock(&pins->lock);
	interval_tree_remove(&pin->node, &pins->tree);
	pins->live--;
	spin_unlock(&pins->lock);
	mdma_pins_wake(pins);
}

/**
 * mdma_pin_end() - the pages are not needed any more
 * @mdma: the device
 * @pin: from mdma_pin_begin()
 */
void mdma_pin_end(struct mdma_dev *mdma, struct mdma_pin *pin)
{
	drop(mdma, pin);
	mdma_book_exit(&mdma->book, MDMA_FLIGHT_PIN);
}

/**
 * mdma_pin_take() - make the caller the owner of a held pin
 * @pins: the table
 * @pin: held
 *
 * Context: holds pins->lock. Touches may still use the pin.
 */
void mdma_pin_take(struct mdma_pins *pins, struct mdma_pin *pin)
{
	lockdep_assert_held(&pins->lock);
	pin->held = false;
	pins->held--;
	pins->held_pages -= pin->npages;
}

/**
 * mdma_pin_hold() - pin a range, until it is released or revoked
 * @mdma: an open device
 * @iova: first byte
 * @length: bytes; the range must not wrap
 * @write: the pages will be written to
 * @npages: set to the number of pages on success
 *
 * A pin that is revoked before it is held was held for no time at all: that is
 * success, and the range is not in the table any more.
 *
 * Return: 0; -ENOMEM; -ENOSPC if the table holds too much; or what the core said.
 */
int mdma_pin_hold(struct mdma_dev *mdma, unsigned long iova,
		  unsigned long length, bool write, unsigned int *npages)
{
	struct mdma_pins *pins = &mdma->pins;
	struct mdma_pin *pin;
	bool revoked, full;
	int rc;

	pin = mdma_pin_alloc(((iova + (length - 1)) >> PAGE_SHIFT) -
			     (iova >> PAGE_SHIFT) + 1);
	if (!pin)
		return -ENOMEM;
	rc = mdma_pin_begin(mdma, pin, iova, length, write);
	if (rc)
		goto out_free;
	*npages = pin->npages;

	spin_lock(&pins->lock);
	revoked = pin->revoked;
	full = pins->held == MDMA_MAX_HELD ||
	       pins->held_pages + pin->npages > MDMA_MAX_HELD_PAGES;
	if (!revoked && !full) {
		pin->held = true;
		pins->held++;
		pins->held_pages += pin->npages;
		pin = NULL;
	}
	spin_unlock(&pins->lock);

	if (pin)
		drop(mdma, pin);
	if (pin && revoked)
		mdma_book_add(&mdma->book, MDMA_LEDGER_REVOKED, 1);
	else if (pin)
		rc = -ENOSPC;
	mdma_book_exit(&mdma->book, MDMA_FLIGHT_PIN);
out_free:
	mdma_pin_free(pin);
	return rc;
}

static struct mdma_pin *find_held(struct mdma_pins *pins, unsigned long iova,
				  unsigned long length, bool write)
{
	const unsigned long last = iova + (length - 1);
	struct mdma_pin *pin, *found = NULL;

	for (pin = mdma_pin_first(pins, iova, last); pin;
	     pin = mdma_pin_next(pin, iova, last)) {
		if (!pin->held || pin->revoked || pin->node.start != iova ||
		    pin->node.last != last)
			continue;
		found = pin;
		if (pin->writable || !write)
			break;
	}
	return found;
}

/**
 * mdma_pin_touched() - does a touch use this pin?
 * @pins: the table
 * @pin: owned by the caller
 */
bool mdma_pin_touched(struct mdma_pins *pins, struct mdma_pin *pin)
{
	bool yes;

	spin_lock(&pins->lock);
	yes = pin->touches;
	spin_unlock(&pins->lock);
	return yes;
}

/**
 * mdma_pin_release() - give up a held pin
 * @mdma: an open device
 * @iova: as pinned
 * @length: as pinned
 *
 * Return: 0; -ENOENT if no pin of exactly this range is held.
 */
int mdma_pin_release(struct mdma_dev *mdma, unsigned long iova,
		     unsigned long length)
{
	struct mdma_pins *pins = &mdma->pins;
	struct mdma_pin *pin;

	spin_lock(&pins->lock);
	pin = find_held(pins, iova, length, false);
	if (pin) {
		mdma_pin_take(pins, pin);
		pin->revoked = true;
	}
	spin_unlock(&pins->lock);
	if (!pin)
		return -ENOENT;

	mdma_pins_wake(pins);
	wait_event(pins->wait, !mdma_pin_touched(pins, pin));
	drop(mdma, pin);
	mdma_pin_free(pin);
	return 0;
}

/**
 * mdma_pin_touch_begin() - use the pages of a held pin
 * @mdma: an open device
 * @iova: as pinned
 * @length: as pinned
 *
 * Followed by mdma_pin_touch_end(); the rules in between are those of
 * mdma_pin_begin().
 *
 * Return: the pin; -ENOENT if no pin of exactly this range is held; -EPERM if it
 * is not for writing.
 */
struct mdma_pin *mdma_pin_touch_begin(struct mdma_dev *mdma, unsigned long iova,
				      unsigned long length)
{
	struct mdma_pins *pins = &mdma->pins;
	struct mdma_pin *pin;

	mdma_book_enter(&mdma->book, MDMA_FLIGHT_PIN);
	spin_lock(&pins->lock);
	pin = find_held(pins, iova, length, true);
	if (!pin)
		pin = ERR_PTR(-ENOENT);
	else if (!pin->writable)
		pin = ERR_PTR(-EPERM);
	else
		pin->touches++;
	spin_unlock(&pins->lock);
	if (IS_ERR(pin))
		mdma_book_exit(&mdma->book, MDMA_FLIGHT_PIN);
	return pin;
}

/**
 * mdma_pin_touch_end() - the opposite
 * @mdma: the device
 * @pin: from mdma_pin_touch_begin(); gone when this returns, for all one knows
 */
void mdma_pin_touch_end(struct mdma_dev *mdma, struct mdma_pin *pin)
{
	struct mdma_pins *pins = &mdma->pins;

	spin_lock(&pins->lock);
	pin->touches--;
	spin_unlock(&pins->lock);
	mdma_pins_wake(pins);
	mdma_book_exit(&mdma->book, MDMA_FLIGHT_PIN);
}

/**
 * mdma_pin_revoked() - does somebody wait for this pin?
 * @mdma: the device
 * @pin: owned or touched by the caller
 */
bool mdma_pin_revoked(struct mdma_dev *mdma, struct mdma_pin *pin)
{
	bool revoked;

	spin_lock(&mdma->pins.lock);
	revoked = pin->revoked;
	spin_unlock(&mdma->pins.lock);
	return revoked;
}

/*
 * One look at the range: revoke what others own, and make the caller the owner of a
 * held pin that nobody touches. NULL if there is none.
 */
static struct mdma_pin *sweep_take(struct mdma_pins *pins, struct sweep *sweep)
{
	struct mdma_pin *pin, *mine = NULL;
	bool news = false;

	sweep->busy = false;
	sweep->pending = false;
	spin_lock(&pins->lock);
	for (pin = mdma_pin_first(pins, sweep->iova, sweep->last); pin;
	     pin = mdma_pin_next(pin, sweep->iova, sweep->last)) {
		if (pin->born > sweep->now)
			continue;
		sweep->held |= pin->held;
		if (pin->held && !pin->touches) {
			mdma_pin_take(pins, pin);
			pin->state = MDMA_PIN_DROPPING;
			mine = pin;
			break;
		}
		if (pin->state == MDMA_PIN_PENDING)
			sweep->pending = true;
		else
			sweep->busy = true;
		if ((pin->held || sweep->revoke) && !pin->revoked) {
			pin->revoked = true;
			news = true;
		}
	}
	spin_unlock(&pins->lock);
	if (news)
		mdma_pins_wake(pins);
	return mine;
}

/* Drop, or wait for, every pin in the range that has pages. Returns how many. */
static unsigned int sweep_out(struct mdma_dev *mdma, struct sweep *sweep)
{
	struct mdma_pins *pins = &mdma->pins;
	struct mdma_pin *pin;
	unsigned int n = 0;

	for (;;) {
		wait_event(pins->wait,
			   (pin = sweep_take(pins, sweep)) || !sweep->busy);
		if (!pin)
			return n;
		drop(mdma, pin);
		mdma_pin_free(pin);
		n++;
	}
}

static bool sweep_pending(struct mdma_pins *pins, const struct sweep *sweep)
{
	struct mdma_pin *pin;
	bool found = false;

	spin_lock(&pins->lock);
	for (pin = mdma_pin_first(pins, sweep->iova, sweep->last); pin;
	     pin = mdma_pin_next(pin, sweep->iova, sweep->last)) {
		if (pin->born <= sweep->now && pin->state == MDMA_PIN_PENDING) {
			found = true;
			break;
		}
	}
	spin_unlock(&pins->lock);
	return found;
}

static u64 clock_tick(struct mdma_pins *pins)
{
	u64 now;

	spin_lock(&pins->lock);
	now = ++pins->clock;
	spin_unlock(&pins->lock);
	return now;
}

/**
 * mdma_pins_unmap() - what the unmap callback does
 * @mdma: a device with an access
 * @iova: first byte
 * @last: last byte
 *
 * On return nothing uses the range, and it is unpinned but for pins that were
 * pending for too long; their owners unpin them, and the core calls again if it
 * cannot wait for that.
 */
void mdma_pins_unmap(struct mdma_dev *mdma, unsigned long iova,
		     unsigned long last)
{
	struct mdma_pins *pins = &mdma->pins;
	struct sweep sweep = {
		.iova = iova,
		.last = last,
		.now = clock_tick(pins),
		.revoke = true,
	};
	unsigned int n = sweep_out(mdma, &sweep);
	long left = usecs_to_jiffies(READ_ONCE(mdma->knobs.patience_us));

	while (sweep.pending && left > 0) {
		left = wait_event_killable_timeout(
			pins->wait, !sweep_pending(pins, &sweep), left);
		n += sweep_out(mdma, &sweep);
	}
	mdma_book_add(&mdma->book, MDMA_LEDGER_REVOKED, n);
	if (sweep.held)
		mdma_book_add(&mdma->book, MDMA_LEDGER_UNMAP_HELD, 1);
}

/**
 * mdma_pins_drop() - drop all held pins: reset and close
 * @mdma: a device without workers
 */
void mdma_pins_drop(struct mdma_dev *mdma)
{
	struct sweep sweep = {
		.last = ULONG_MAX,
		.now = clock_tick(&mdma->pins),
	};

	sweep_out(mdma, &sweep);
}

/**
 * mdma_pins_held() - pages that PIN descriptors hold now
 * @pins: the table
 */
u64 mdma_pins_held(struct mdma_pins *pins)
{
	u64 n;

	spin_lock(&pins->lock);
	n = pins->held_pages;
	spin_unlock(&pins->lock);
	return n;
}
