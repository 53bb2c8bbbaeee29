// SPDX-License-Identifier: GPL-2.0-only
/*
 * object.c - what user space names by an id
 *
 * An object is reserved (its id exists, nobody finds it), then published, which
 * cannot fail, and found by id until it is dead.
 *
 *      reserve -> publish -> dead -> removed
 *         \-> abort            \-> (killed while waiting) back to published
 *
 * Two kinds of holders are counted apart. A *lookup* is an ioctl that works on
 * the object and goes away by itself; DESTROY waits for it. A *user* is there
 * until somebody else ends it: an attachment uses its IOAS, a driver its access;
 * DESTROY answers -EBUSY. A lookup may become a user only while the object is
 * not dead, so after DESTROY has set dead and the lookups are gone nobody is
 * left. Because the two are apart, a concurrent MAP never makes DESTROY fail.
 *
 * The counts are plain integers under the xarray's lock: every lookup takes that
 * lock anyway. The wait queue lives in the context, which outlives the object, so
 * the last put touches nothing that DESTROY may already have freed.
 *
 * LOCKING
 *   ictx->objects lock   the ids; object->users, lookups, dead
 *   immutable            object->ictx, id, type
 * MAY SLEEP              object_reserve, object_remove, object_destroy,
 *                        objects_release
 */
#include "private.h"

#define OBJECT_IDS XA_LIMIT(1, INT_MAX)

static void (*const object_free[])(struct object *obj) = {
	[OBJECT_IOAS] = ioas_destroy,
	[OBJECT_ACCESS] = access_destroy_object,
};

/**
 * object_reserve - give an object its id
 * @ictx: the context
 * @obj: the object
 * @type: what it is
 *
 * The id is not found before object_publish().
 *
 * Return: 0, -ENOMEM, or -EBUSY when every id is taken.
 */
int object_reserve(struct iommufd_ctx *ictx, struct object *obj,
		   enum object_type type)
{
	obj->ictx = ictx;
	obj->type = type;
	return xa_alloc(&ictx->objects, &obj->id, NULL, OBJECT_IDS,
			GFP_KERNEL_ACCOUNT);
}

/**
 * object_publish - let the id be found
 * @obj: reserved and fully initialised
 *
 * Cannot fail: the slot has been there since object_reserve().
 */
void object_publish(struct object *obj)
{
	void *old = xa_store(&obj->ictx->objects, obj->id, obj, GFP_KERNEL);

	WARN_ON_ONCE(old);
}

/**
 * object_abort - give the id back without having published it
 * @obj: reserved
 */
void object_abort(struct object *obj)
{
	void *old = xa_erase(&obj->ictx->objects, obj->id);

	WARN_ON_ONCE(old);
}

/**
 * object_get - find an object for the time of an ioctl
 * @ictx: the context
 * @id: the id
 * @type: what it must be, or OBJECT_ANY
 *
 * Return: the object, to be given back by object_put(), or ERR_PTR(-ENOENT).
 */
struct object *object_get(struct iommufd_ctx *ictx, u32 id,
			  enum object_type type)
{
	struct object *obj;

	xa_lock(&ictx->objects);
	obj = xa_load(&ictx->objects, id);
	if (obj && !obj->dead && (type == OBJECT_ANY || obj->type == type))
		obj->lookups++;
	else
		obj = ERR_PTR(-ENOENT);
	xa_unlock(&ictx->objects);
	return obj;
}

/**
 * object_put - end a lookup
 * @obj: from object_get(); may be gone when this returns
 */
void object_put(struct object *obj)
{
	struct iommufd_ctx *ictx = obj->ictx;
	bool wake;

	xa_lock(&ictx->objects);
	wake = !--obj->lookups && obj->dead;
	xa_unlock(&ictx->objects);
	if (wake)
		wake_up_all(&ictx->wait);
}

/**
 * object_use - become a long-term user
 * @obj: held by a lookup
 *
 * Return: 0, or -ENOENT when DESTROY came first.
 */
int object_use(struct object *obj)
{
	int rc = 0;

	xa_lock(&obj->ictx->objects);
	if (obj->dead)
		rc = -ENOENT;
	else
		obj->users++;
	xa_unlock(&obj->ictx->objects);
	return rc;
}

/**
 * object_unuse - stop being a user
 * @obj: from object_use(); may be gone when this returns
 */
void object_unuse(struct object *obj)
{
	struct iommufd_ctx *ictx = obj->ictx;

	xa_lock(&ictx->objects);
	WARN_ON_ONCE(!obj->users--);
	xa_unlock(&ictx->objects);
}

static bool lookups_gone(struct object *obj)
{
	bool gone;

	xa_lock(&obj->ictx->objects);
	gone = !obj->lookups;
	xa_unlock(&obj->ictx->objects);
	return gone;
}

/**
 * object_remove - the owner takes its object out of the table
 * @obj: published; the caller is its only user
 *
 * Waits for the lookups. Afterwards the id is free and the caller may free the
 * object.
 */
void object_remove(struct object *obj)
{
	struct iommufd_ctx *ictx = obj->ictx;

	xa_lock(&ictx->objects);
	obj->dead = true;
	xa_unlock(&ictx->objects);
	wait_event(ictx->wait, lookups_gone(obj));
	xa_erase(&ictx->objects, obj->id);
}

/**
 * object_destroy - IOMMU_DESTROY
 * @ictx: the context
 * @id: what to destroy
 *
 * Return: 0; -ENOENT when there is no such object or somebody else destroys it;
 * -EBUSY when it has users; -EINTR when killed while waiting for the end of
 * another ioctl, and then the object is as it was.
 */
int object_destroy(struct iommufd_ctx *ictx, u32 id)
{
	struct object *obj;
	int rc = 0;

	xa_lock(&ictx->objects);
	obj = xa_load(&ictx->objects, id);
	if (!obj || obj->dead)
		rc = -ENOENT;
	else if (obj->users)
		rc = -EBUSY;
	else
		obj->dead = true;
	xa_unlock(&ictx->objects);
	if (rc)
		return rc;

	rc = wait_event_killable(ictx->wait, lookups_gone(obj));
	if (rc) {
		xa_lock(&ictx->objects);
		obj->dead = false;
		xa_unlock(&ictx->objects);
		return -EINTR;
	}
	xa_erase(&ictx->objects, id);
	object_free[obj->type](obj);
	return 0;
}

/**
 * objects_release - destroy all that is left at the last close
 * @ictx: the context; no access exists, since each holds the file
 */
void objects_release(struct iommufd_ctx *ictx)
{
	struct object *obj;
	unsigned long id;

	xa_for_each(&ictx->objects, id, obj) {
		xa_erase(&ictx->objects, id);
		if (WARN_ON_ONCE(obj->users || obj->lookups))
			continue;
		object_free[obj->type](obj);
	}
}
