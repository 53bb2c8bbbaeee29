// SPDX-License-Identifier: GPL-2.0-only
/*
 * unmap.c - taking areas away from their users
 *
 *   mark     all areas of the range become UNMAPPING, or none
 *   drain    wait for the ops that may have seen them LIVE
 *   notify   while pins cover them, call the drivers that hold pins
 *   reply    tell user space how much it was
 *   remove
 *
 * Everything before remove can be backed out: the areas become LIVE again and
 * nothing has changed. That happens when the range cuts an area, when a driver
 * does not release its pins, when the caller is killed or its memory is gone.
 *
 * A driver is called once for each contiguous run of areas, and called again,
 * ever more rarely, while pins remain: a pin may have reached the driver's own
 * table after its callback had looked there. unpin wakes the waiter. A driver that
 * has not answered after UNMAP_PATIENCE_MS is named in the log.
 *
 * Two UNMAPs that meet wait for each other; the second one sees what is left.
 *
 * LOCKING
 *   ioas->lock   marking, removing, walking ioas->attachments; never held while
 *                waiting or calling a driver
 *   areas that are UNMAPPING belong to the UNMAP whose list they are on
 * MAY SLEEP      everything here; all waits are killable
 */
#include <linux/jiffies.h>
#include <linux/overflow.h>
#include "private.h"
#include "trace.h"

/* The areas between two addresses that UNMAP works on. */
struct unmap {
	struct ioas *ioas;
	struct list_head areas;
	unsigned long iova;
	unsigned long last;
	unsigned long length;
	unsigned long mark;
	bool all;
};

/**
 * patience_init - begin to wait for drivers
 * @patience: to be passed to patience_next()
 */
void patience_init(struct patience *patience)
{
	patience->deadline = jiffies + msecs_to_jiffies(UNMAP_PATIENCE_MS);
	patience->delay = 1;
}

/**
 * patience_next - may the drivers be called once more?
 * @patience: the wait
 *
 * Return: whether there is time left; patience->delay is then how many jiffies
 * to wait for an answer to the next call.
 */
bool patience_next(struct patience *patience)
{
	if (time_after(jiffies, patience->deadline))
		return false;
	patience->delay = min(patience->delay * 2, msecs_to_jiffies(200));
	return true;
}

static bool range_busy(struct unmap *unmap)
{
	MA_STATE(mas, &unmap->ioas->areas, unmap->iova, unmap->iova);
	struct area *area;

	lockdep_assert_held(&unmap->ioas->lock);
	mas_for_each(&mas, area, unmap->last)
		if (area->state != AREA_LIVE)
			return true;
	return false;
}

/* The areas are marked: ops that begin now see it. */
static void count_mark(struct unmap *unmap)
{
	unmap->mark = unmap->ioas->mark + 1;
	/* ORDER: the states before the number; pairs with op.c:op_add() */
	smp_store_release(&unmap->ioas->mark, unmap->mark);
}

/* Check the whole range, then mark all of it. */
static int mark_locked(struct unmap *unmap)
{
	MA_STATE(mas, &unmap->ioas->areas, unmap->iova, unmap->iova);
	struct area *area;
	int rc = 0;

	mas_for_each(&mas, area, unmap->last) {
		if (area->iova < unmap->iova || area->last > unmap->last) {
			rc = -ENOENT;
			break;
		}
		list_add_tail(&area->node, &unmap->areas);
		unmap->length += area->last - area->iova + 1;
	}
	if (!rc && !unmap->all && list_empty(&unmap->areas))
		rc = -ENOENT;
	if (rc)
		return rc;
	list_for_each_entry(area, &unmap->areas, node)
		WRITE_ONCE(area->state, AREA_UNMAPPING);
	count_mark(unmap);
	return 0;
}

/* Takes the lock when no other UNMAP is at work in the range. */
static int lock_quiet(struct unmap *unmap)
	__kit_acquires_if(0, unmap->ioas->lock)
{
	unsigned long changes;

	mutex_lock(&unmap->ioas->lock);
	while (range_busy(unmap)) {
		changes = unmap->ioas->changes;
		mutex_unlock(&unmap->ioas->lock);
		if (wait_event_killable(unmap->ioas->wait,
					READ_ONCE(unmap->ioas->changes) !=
						changes))
			return -EINTR;
		mutex_lock(&unmap->ioas->lock);
	}
	return 0;
}

static int mark(struct unmap *unmap)
{
	int rc = lock_quiet(unmap);

	if (rc)
		return rc;
	rc = mark_locked(unmap);
	mutex_unlock(&unmap->ioas->lock);
	return rc;
}

/* Mark the area that begins before unmap->iova and contains it, if there is one. */
static int mark_crossing(struct unmap *unmap)
{
	MA_STATE(mas, &unmap->ioas->areas, unmap->iova, unmap->iova);
	struct area *area;
	int rc = lock_quiet(unmap);

	if (rc)
		return rc;
	area = mas_walk(&mas);
	if (area && area->iova < unmap->iova) {
		if (unmap->iova & (unmap->ioas->alignment - 1))
			rc = -EINVAL;
		else
			list_add(&area->node, &unmap->areas);
	}
	if (!list_empty(&unmap->areas)) {
		WRITE_ONCE(area->state, AREA_UNMAPPING);
		count_mark(unmap);
	}
	mutex_unlock(&unmap->ioas->lock);
	return rc;
}

static int drain(struct unmap *unmap)
{
	/* ORDER: the marks before the look at the ops; pairs with op_enter() */
	smp_mb();
	if (wait_event_killable(unmap->ioas->wait,
				!ops_before_mark(unmap->ioas, unmap->iova,
						 unmap->last, unmap->mark)))
		return -EINTR;
	return 0;
}

/*
 * Calls every driver that holds pins in the IOAS. ->calls keeps an attachment on
 * the list, and its access alive, while the lock is dropped.
 */
static void notify_range(struct ioas *ioas, unsigned long iova,
			 unsigned long last)
{
	struct iommufd_access *access;
	struct attachment *att;

	mutex_lock(&ioas->lock);
	list_for_each_entry(att, &ioas->attachments, node) {
		access = att->access;
		if (!access->ops->unmap || !atomic_long_read(&att->npins))
			continue;
		WRITE_ONCE(att->calls, att->calls + 1);
		mutex_unlock(&ioas->lock);
		trace_iommufd_notify(access->obj.id, iova, last, 0);
		/* Areas may fill the whole space, and a length cannot say so. */
		access->ops->unmap(access->data, iova,
				   last - iova + 1 ?: ULONG_MAX);
		mutex_lock(&ioas->lock);
		WRITE_ONCE(att->calls, att->calls - 1);
		/* A detach may wait for just this callback. */
		ioas_wake(ioas);
	}
	mutex_unlock(&ioas->lock);
}

static bool run_pinned(struct area *first, struct area *end)
{
	struct area *area;

	for (area = first;; area = list_next_entry(area, node)) {
		/* ORDER: pairs with the release in pin.c:unpin_areas() */
		if (atomic_read_acquire(&area->npins))
			return true;
		if (area == end)
			return false;
	}
}

static bool pinned(struct unmap *unmap)
{
	if (list_empty(&unmap->areas))
		return false;
	return run_pinned(list_first_entry(&unmap->areas, struct area, node),
			  list_last_entry(&unmap->areas, struct area, node));
}

static void notify(struct unmap *unmap)
{
	struct area *first, *end;

	for (first = list_first_entry(&unmap->areas, struct area, node);
	     !list_entry_is_head(first, &unmap->areas, node);
	     first = list_next_entry(end, node)) {
		end = areas_run_last(&unmap->areas, first);
		if (run_pinned(first, end))
			notify_range(unmap->ioas, first->iova, end->last);
	}
}

/* The drivers that still hold pins; the log says who, where and how many. */
static void name_the_deaf(struct unmap *unmap)
{
	struct attachment *att;

	mutex_lock(&unmap->ioas->lock);
	list_for_each_entry(att, &unmap->ioas->attachments, node)
		pins_report(att, unmap->iova, unmap->last,
			    "did not release on unmap");
	mutex_unlock(&unmap->ioas->lock);
}

static int wait_for_pins(struct unmap *unmap)
{
	struct patience patience;
	long rc;

	patience_init(&patience);
	while (pinned(unmap)) {
		if (!patience_next(&patience)) {
			name_the_deaf(unmap);
			return -EDEADLOCK;
		}
		notify(unmap);
		rc = wait_event_killable_timeout(
			unmap->ioas->wait, !pinned(unmap), patience.delay);
		if (rc < 0)
			return -EINTR;
	}
	return 0;
}

/* Two new areas in the place of one, at an address inside it. */
static int prepare_halves(struct area *area, unsigned long iova,
			  struct area *halves[2])
{
	u32 flags = (area->readable ? IOMMU_IOAS_MAP_READABLE : 0) |
		    (area->writable ? IOMMU_IOAS_MAP_WRITEABLE : 0);

	halves[0] = area_alloc(area->backing, area->offset, iova - area->iova,
			       flags);
	if (!halves[0])
		return -ENOMEM;
	halves[1] = area_alloc(area->backing, area_offset(area, iova),
			       area->last - iova + 1, flags);
	if (!halves[1]) {
		area_free(halves[0]);
		return -ENOMEM;
	}
	halves[0]->iova = area->iova;
	halves[0]->last = iova - 1;
	halves[1]->iova = iova;
	halves[1]->last = area->last;
	return 0;
}

/**
 * area_cut - make an address the beginning of an area
 * @ioas: the IOAS
 * @iova: the address; nothing happens when no area crosses it
 *
 * Only for IOAS whose areas are page aligned. Pins and copies in the area are
 * refused while it is cut.
 *
 * Return: 0; or, with nothing changed: -EINVAL when the address does not keep the
 * alignment; -EBUSY when the area is pinned; -ENOMEM; -EINTR when killed.
 */
int area_cut(struct ioas *ioas, unsigned long iova)
{
	struct unmap unmap = {
		.ioas = ioas,
		.areas = LIST_HEAD_INIT(unmap.areas),
		.iova = iova,
		.last = iova,
	};
	struct area *halves[2];
	struct area *area;
	int rc;

	rc = mark_crossing(&unmap);
	if (rc || list_empty(&unmap.areas))
		return rc;
	area = list_first_entry(&unmap.areas, struct area, node);
	unmap.iova = area->iova;
	unmap.last = area->last;
	rc = drain(&unmap);
	if (!rc && atomic_read_acquire(&area->npins))
		rc = -EBUSY;
	if (!rc)
		rc = prepare_halves(area, iova, halves);
	if (rc) {
		areas_publish(ioas, &unmap.areas);
		return rc;
	}
	areas_exchange(ioas, area, halves);
	return 0;
}

/**
 * ioas_unmap - remove the areas of a range
 * @ioas: the IOAS
 * @iova: first byte
 * @last: last byte
 * @all: not an error when nothing is mapped
 * @reply: called with the length, in bytes, while nothing is removed yet; may
 *	fail, may fault
 * @data: passed to @reply
 *
 * Context: no lock held. Calls drivers. Waits until they released their pins.
 * Return: 0; or, with nothing changed, -ENOENT, -EDEADLOCK, -EINTR as
 * ioas_unmap_ioctl() says, or what @reply returned.
 */
int ioas_unmap(struct ioas *ioas, unsigned long iova, unsigned long last,
	       bool all, int (*reply)(void *data, unsigned long length),
	       void *data)
{
	struct unmap unmap = {
		.ioas = ioas,
		.areas = LIST_HEAD_INIT(unmap.areas),
		.iova = iova,
		.last = last,
		.all = all,
	};
	int rc;

	rc = mark(&unmap);
	if (rc)
		return rc;
	rc = drain(&unmap);
	if (!rc)
		rc = wait_for_pins(&unmap);
	if (!rc)
		rc = reply(data, unmap.length);
	if (rc)
		areas_publish(ioas, &unmap.areas);
	else
		areas_erase(ioas, &unmap.areas);
	trace_iommufd_unmap(ioas->obj.id, iova, last, rc);
	return rc;
}

static int reply_length(void *data, unsigned long length)
{
	struct ucmd *ucmd = data;
	struct iommu_ioas_unmap *cmd = ucmd->cmd;

	cmd->length = length;
	return ucmd_reply(ucmd, sizeof(*cmd));
}

/**
 * ioas_unmap_ioctl - IOMMU_IOAS_UNMAP
 * @ucmd: the ioctl
 *
 * Return: 0; -EOVERFLOW when the end wraps; -EINVAL for no length; -ENOENT when
 * nothing is mapped in the range or an area lies only partly in it; -EDEADLOCK
 * when a driver does not release its pins; -EINTR when killed; -EFAULT. Unless it
 * is 0 nothing changed.
 */
int ioas_unmap_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_unmap *cmd = ucmd->cmd;
	bool all = !cmd->iova && cmd->length == U64_MAX;
	u64 last = ULONG_MAX;
	struct ioas *ioas;
	int rc;

	if (!all) {
		if (cmd->iova >= ULONG_MAX || cmd->length >= ULONG_MAX)
			return -EOVERFLOW;
		if (!cmd->length)
			return -EINVAL;
		if (check_add_overflow(cmd->iova, cmd->length - 1, &last))
			return -EOVERFLOW;
	}
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = ioas_unmap(ioas, cmd->iova, last, all, reply_length, ucmd);
	ioas_put(ioas);
	return rc;
}
