// SPDX-License-Identifier: GPL-2.0-only
/*
 * attach.c - attachments: an access and the IOAS it works on
 *
 * access->att says where pins and copies go. A change never edits an attachment;
 * it makes a new one, publishes it, and drains the old one:
 *
 *   prepare   everything that may fail: the new attachment is on its IOAS's list,
 *             the alignment is accepted, the IOAS is in use
 *   publish   access->old = the old one, access->att = the new one (or NULL)
 *   drain     wait for the pins in flight through the old one; while it holds
 *             pins call the driver; then wait for the copies in flight
 *   free      access->old = NULL, off the list, after a grace period
 *
 * Copies go through whatever is published: the old IOAS or the new one, never
 * none. Pins through the new attachment answer -EAGAIN while access->old is set,
 * so that a range never has pins in both and unpin, which looks in the old one
 * first, cannot take the wrong one. access->old is cleared as soon as the old
 * attachment has neither pins nor pins in flight.
 *
 * A replace whose driver does not release its pins, or whose caller is killed,
 * publishes the old attachment again: nothing had been taken from it. A detach
 * cannot fail; it reports such pins and releases them itself.
 *
 * The callback is called only while there is a pin to release.
 *
 * LOCKING
 *   access->change   access->att and access->old are written under it; attach,
 *                    replace and detach of one access follow one another. Held
 *                    over the driver's callback out of replace and detach, which
 *                    is why a driver must not change an attachment in there.
 *   ioas->lock       ioas->attachments, attachment->calls, ioas->alignment
 *   RCU              readers of access->att and access->old
 * MAY SLEEP          everything here
 */
#include "private.h"
#include "trace.h"

static struct attachment *current_att(struct iommufd_access *access)
{
	return rcu_dereference_protected(access->att,
					 lockdep_is_held(&access->change));
}

static unsigned long alignment_locked(struct ioas *ioas)
{
	unsigned long alignment = ioas->huge_pages_off ? PAGE_SIZE : 1;
	struct attachment *att;

	lockdep_assert_held(&ioas->lock);
	list_for_each_entry(att, &ioas->attachments, node)
		alignment = max(alignment, att->access->alignment);
	return alignment;
}

/**
 * ioas_update_alignment - recompute the alignment of an IOAS
 * @ioas: its lock held
 *
 * Return: 0, or -EADDRINUSE when existing areas violate what it would become,
 * and then it stays.
 */
int ioas_update_alignment(struct ioas *ioas)
{
	unsigned long alignment = alignment_locked(ioas);
	int rc;

	if (alignment > ioas->alignment) {
		rc = areas_aligned(ioas, alignment);
		if (rc)
			return rc;
	}
	ioas->alignment = alignment;
	return 0;
}

static struct attachment *attachment_prepare(struct iommufd_access *access,
					     struct ioas *ioas)
{
	struct attachment *att;
	int rc;

	att = kzalloc(sizeof(*att), GFP_KERNEL_ACCOUNT);
	if (!att)
		return ERR_PTR(-ENOMEM);
	att->access = access;
	att->ioas = ioas;

	rc = object_use(&ioas->obj);
	if (rc)
		goto err_free;
	mutex_lock(&ioas->lock);
	list_add_tail(&att->node, &ioas->attachments);
	rc = ioas_update_alignment(ioas);
	if (rc)
		list_del(&att->node);
	mutex_unlock(&ioas->lock);
	if (rc)
		goto err_unuse;
	count(COUNT_ATTACHMENTS, 1);
	return att;

err_unuse:
	object_unuse(&ioas->obj);
err_free:
	kfree(att);
	return ERR_PTR(rc);
}

/* Off the list, once no UNMAP is calling the driver through it. */
static void leave_list(struct attachment *att)
{
	struct ioas *ioas = att->ioas;
	bool left = false;
	int rc;

	while (!left) {
		wait_event(ioas->wait, !READ_ONCE(att->calls));
		mutex_lock(&ioas->lock);
		left = !att->calls;
		if (left) {
			list_del(&att->node);
			/* It can only become weaker, which never fails. */
			rc = ioas_update_alignment(ioas);
			WARN_ON_ONCE(rc);
		}
		mutex_unlock(&ioas->lock);
	}
}

/* Nothing points at the attachment any more: no pin, no op, no access. */
static void attachment_free(struct attachment *att)
{
	struct ioas *ioas = att->ioas;

	leave_list(att);
	count(COUNT_ATTACHMENTS, -1);
	/* The last use: from here on the IOAS may be destroyed. */
	object_unuse(&ioas->obj);
	kfree_rcu(att, rcu);
}

static void publish(struct iommufd_access *access, struct attachment *att)
{
	rcu_assign_pointer(access->att, att);
	/* ORDER: the new pointer before the look at the ops; pairs with op_enter() */
	smp_mb();
}

static bool no_pins(struct attachment *att)
{
	/* ORDER: pairs with the release in pin.c:release() */
	return !atomic_long_read_acquire(&att->npins);
}

/* Until the driver holds no pin through it. Killable if asked to be. */
static int drain_pins(struct attachment *att, bool killable)
{
	struct iommufd_access *access = att->access;
	wait_queue_head_t *wait = &att->ioas->wait;
	struct patience patience;
	long rc;

	patience_init(&patience);
	while (!no_pins(att)) {
		if (!patience_next(&patience))
			return -EDEADLOCK;
		trace_iommufd_notify(access->obj.id, 0, ULONG_MAX, 0);
		access->ops->unmap(access->data, 0, ULONG_MAX);
		if (killable)
			rc = wait_event_killable_timeout(*wait, no_pins(att),
							 patience.delay);
		else
			rc = wait_event_timeout(*wait, no_pins(att),
						patience.delay);
		if (rc < 0)
			return -EINTR;
	}
	return 0;
}

/*
 * The attachment is access->old, so no pin is started through it any more.
 * On failure it is left with its pins; nothing has been taken from it.
 */
static int drain_old(struct attachment *att, bool killable)
{
	struct ioas *ioas = att->ioas;

	if (killable) {
		if (wait_event_killable(ioas->wait,
					!ops_of_attachment(att, true)))
			return -EINTR;
	} else {
		wait_event(ioas->wait, !ops_of_attachment(att, true));
	}
	return drain_pins(att, killable);
}

/* The copies in flight are the last to go. */
static void drain_ops(struct attachment *att)
{
	wait_event(att->ioas->wait, !ops_of_attachment(att, false));
}

/**
 * access_attach - attach an access that is not attached
 * @access: the access
 * @ioas: held by a lookup of the caller
 *
 * Return: 0; -EINVAL when it is attached; -EADDRINUSE when areas of the IOAS
 * violate the access's alignment; -ENOENT when the IOAS is being destroyed;
 * -ENOMEM; -EINTR when killed while another change was going on.
 */
int access_attach(struct iommufd_access *access, struct ioas *ioas)
{
	struct attachment *att;
	int rc = 0;

	if (mutex_lock_killable(&access->change))
		return -EINTR;
	if (current_att(access)) {
		rc = -EINVAL;
		goto out_unlock;
	}
	att = attachment_prepare(access, ioas);
	if (IS_ERR(att)) {
		rc = PTR_ERR(att);
		goto out_unlock;
	}
	publish(access, att);
out_unlock:
	mutex_unlock(&access->change);
	trace_iommufd_attach(access->obj.id, 0, ioas->obj.id, rc);
	return rc;
}

/**
 * access_replace - move an attached access to another IOAS
 * @access: the access
 * @ioas: held by a lookup of the caller
 *
 * Return: 0, with every pin of the old IOAS released; or, with the attachment as
 * it was: -ENOENT when it is not attached or the IOAS is being destroyed;
 * -EADDRINUSE, -ENOMEM as access_attach(); -EDEADLOCK when the driver does not
 * release its pins; -EINTR when killed.
 */
int access_replace(struct iommufd_access *access, struct ioas *ioas)
{
	struct attachment *att, *old;
	u32 from;
	int rc = 0;

	if (mutex_lock_killable(&access->change))
		return -EINTR;
	old = current_att(access);
	if (!old) {
		rc = -ENOENT;
		goto out_unlock;
	}
	if (old->ioas == ioas)
		goto out_unlock;
	att = attachment_prepare(access, ioas);
	if (IS_ERR(att)) {
		rc = PTR_ERR(att);
		goto out_unlock;
	}

	from = old->ioas->obj.id;
	rcu_assign_pointer(access->old, old);
	publish(access, att);
	rc = drain_old(old, true);
	if (rc) {
		/* Back: no pin went through the new one, copies may have. */
		publish(access, old);
		swap(att, old);
		/* Pins that began through it have to see access->old. */
		wait_event(old->ioas->wait, !ops_of_attachment(old, true));
	}
	RCU_INIT_POINTER(access->old, NULL);
	drain_ops(old);
	trace_iommufd_replace(access->obj.id, from, ioas->obj.id, rc);
	attachment_free(old);
out_unlock:
	mutex_unlock(&access->change);
	return rc;
}

/**
 * access_detach - detach an access
 * @access: the access; not attached is no error
 *
 * On return no pin is left, no op is in flight and no callback runs or will run.
 * Pins that the driver did not release are reported and released.
 */
void access_detach(struct iommufd_access *access)
{
	struct attachment *old;

	mutex_lock(&access->change);
	old = current_att(access);
	if (!old)
		goto out_unlock;
	rcu_assign_pointer(access->old, old);
	publish(access, NULL);
	if (drain_old(old, false))
		pins_reclaim(old);
	RCU_INIT_POINTER(access->old, NULL);
	drain_ops(old);
	trace_iommufd_detach(access->obj.id, old->ioas->obj.id, 0, 0);
	attachment_free(old);
out_unlock:
	mutex_unlock(&access->change);
}
