// SPDX-License-Identifier: GPL-2.0-only
/*
 * access.c - a driver's access: creation, changes, end
 *
 * An access is an object of its context, so that it has an id (VFIO's devid), but
 * it belongs to the driver: DESTROY by user space answers -EBUSY. It holds the
 * context's file, so the context cannot be released before it.
 *
 *      create -> attached <-> detached -> destroy
 *
 * The driver keeps its calls apart from destroy; everything else may run at the
 * same time. pin.c and rw.c have the data path, attach.c the changes.
 *
 * LOCKING
 *   see attach.c; ops, data and alignment are immutable
 * MAY SLEEP   everything here
 */
#include <linux/module.h>
#include "private.h"

/**
 * iommufd_access_create - make an access
 * @ictx: the context user space handed over
 * @ops: what the driver implements; must outlive the access
 * @data: passed to @ops->unmap
 * @id: out: the object's id
 *
 * It is not attached to an IOAS. It is complete before its id can be found.
 *
 * Context: may sleep. The caller owes iommufd_access_destroy().
 * Return: the access; ERR_PTR(-EINVAL) for needs_pin_pages without an unmap op,
 * -ENOMEM, -EBUSY when the context has no free id.
 */
struct iommufd_access *
iommufd_access_create(struct iommufd_ctx *ictx,
		      const struct iommufd_access_ops *ops, void *data, u32 *id)
{
	struct iommufd_access *access;
	int rc;

	/* Who cannot be told to release pins must not get any. */
	if (ops->needs_pin_pages && !ops->unmap)
		return ERR_PTR(-EINVAL);
	access = kzalloc(sizeof(*access), GFP_KERNEL_ACCOUNT);
	if (!access)
		return ERR_PTR(-ENOMEM);
	access->ops = ops;
	access->data = data;
	access->alignment = ops->needs_pin_pages ? PAGE_SIZE : 1;
	mutex_init(&access->change);
	/* The driver is a user until it destroys the access. */
	access->obj.users = 1;
	rc = pins_init(access);
	if (rc)
		goto err_free;
	rc = object_reserve(ictx, &access->obj, OBJECT_ACCESS);
	if (rc)
		goto err_fini_pins;
	iommufd_ctx_get(ictx);
	count(COUNT_ACCESSES, 1);
	*id = access->obj.id;
	object_publish(&access->obj);
	return access;

err_fini_pins:
	pins_fini(access);
err_free:
	kfree(access);
	return ERR_PTR(rc);
}
EXPORT_SYMBOL_KIT(iommufd_access_create);

/**
 * iommufd_access_destroy - end an access
 * @access: the access; no other call with it is running or will follow
 *
 * Detaches it if it is attached, waits for the callbacks that run, and afterwards
 * none runs.
 *
 * Context: may sleep; the caller holds no lock that its unmap callback takes.
 */
void iommufd_access_destroy(struct iommufd_access *access)
{
	struct iommufd_ctx *ictx = access->obj.ictx;

	object_remove(&access->obj);
	access_detach(access);
	pins_fini(access);
	mutex_destroy(&access->change);
	kfree(access);
	count(COUNT_ACCESSES, -1);
	iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_KIT(iommufd_access_destroy);

/**
 * access_destroy_object - never called: DESTROY refuses what a driver owns
 * @obj: an access
 */
void access_destroy_object(struct object *obj)
{
	WARN_ON_ONCE(1);
}

static int with_ioas(struct iommufd_access *access, u32 ioas_id,
		     int (*change)(struct iommufd_access *access,
				   struct ioas *ioas))
{
	struct ioas *ioas = ioas_get(access->obj.ictx, ioas_id);
	int rc;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = change(access, ioas);
	ioas_put(ioas);
	return rc;
}

/**
 * iommufd_access_attach - attach to an IOAS
 * @access: not attached
 * @ioas_id: id of the IOAS in the access's context
 *
 * Context: may sleep. Waits for another attach, replace or detach of @access.
 * Return: 0; -EINVAL when it is attached; -ENOENT for no such IOAS; -EADDRINUSE
 * when mappings of the IOAS do not satisfy the alignment that needs_pin_pages
 * asks for; -ENOMEM; -EINTR when killed. Unless it is 0 nothing changed.
 */
int iommufd_access_attach(struct iommufd_access *access, u32 ioas_id)
{
	return with_ioas(access, ioas_id, access_attach);
}
EXPORT_SYMBOL_KIT(iommufd_access_attach);

/**
 * iommufd_access_replace - move to another IOAS
 * @access: attached
 * @ioas_id: id of the IOAS in the access's context
 *
 * The IOAS it is attached to already: nothing happens, no callback. Otherwise, on
 * return every pin made in the old IOAS is released.
 *
 * Context: may sleep; calls the driver's unmap for (0, ULONG_MAX) if it holds
 * pins. Waits for another attach, replace or detach of @access.
 * Return: 0; -ENOENT when it is not attached or there is no such IOAS;
 * -EADDRINUSE, -ENOMEM, -EINTR as iommufd_access_attach(); -EDEADLOCK when the
 * driver does not release its pins. Unless it is 0 the attachment is as it was.
 */
int iommufd_access_replace(struct iommufd_access *access, u32 ioas_id)
{
	return with_ioas(access, ioas_id, access_replace);
}
EXPORT_SYMBOL_KIT(iommufd_access_replace);

/**
 * iommufd_access_detach - leave the IOAS
 * @access: the access; not attached is no error
 *
 * On return no pin is left, and no callback runs or will run for that IOAS. Pins
 * that the driver does not release are reported and taken away from it.
 *
 * Context: may sleep; calls the driver's unmap as iommufd_access_replace().
 */
void iommufd_access_detach(struct iommufd_access *access)
{
	access_detach(access);
}
EXPORT_SYMBOL_KIT(iommufd_access_detach);
