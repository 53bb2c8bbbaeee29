// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_access.c - the device's access to an iommufd, from bind to unbind
 *
 * Most drivers let vfio_iommufd_emulated_*() do this and see vfio_pin_pages() and
 * dma_unmap. This one owns its access, for the four calls that need one:
 *
 *   bind     create; the callback may come from here on
 *   attach   attach, or replace if there is an IOAS already
 *   detach   detach, if there is one
 *   unbind   destroy, which detaches. No lock may be held that the callback takes,
 *            since destroying waits for callbacks
 *
 * bind comes before open_device and unbind after close_device, so the callback must
 * find its data ready as soon as the device exists, and until it is gone: the table
 * of pins and the book are set up in init and never freed before release.
 *
 * A failed attach or replace leaves things as they were: the device goes on with the
 * old IOAS, or with none.
 *
 * LOCKING
 *   dev_set->lock  held by the caller of the four; protects mdma->ioas_id.
 *                  mdma->access changes only when nobody can use it: no worker runs
 *                  and no file operation is allowed before open and after close
 * MAY SLEEP        everything here
 */
#include <linux/err.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "mdma_private.h"

KIT_IMPORT_NS("IOMMUFD");

static void access_unmap(void *data, unsigned long iova, unsigned long length)
{
	struct mdma_dev *mdma = data;
	unsigned long last;

	mdma_book_unmap_begin(&mdma->book, iova, length);
	if (READ_ONCE(mdma->knobs.deaf)) {
		mdma_check_ignored(&mdma->pins);
		goto out;
	}
	if (!length)
		goto out;
	if (check_add_overflow(iova, length - 1, &last))
		last = ULONG_MAX;
	mdma_knob_delay(&mdma->knobs.delay_unmap_us);
	mdma_pins_unmap(mdma, iova, last);
out:
	mdma_book_unmap_end(&mdma->book);
}

static const struct iommufd_access_ops access_ops = {
	.needs_pin_pages = 1,
	.unmap = access_unmap,
};

/**
 * mdma_access_bind() - vfio_device_ops.bind_iommufd
 * @vdev: of the device
 * @ictx: the context of the user
 * @out_device_id: set to the id of the access there
 *
 * Return: 0 or what the core said.
 */
int mdma_access_bind(struct vfio_device *vdev, struct iommufd_ctx *ictx,
		     u32 *out_device_id)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);
	struct iommufd_access *access;

	mdma_book_open(&mdma->book);
	mdma_check_open(&mdma->pins);
	access = iommufd_access_create(ictx, &access_ops, mdma, out_device_id);
	if (IS_ERR(access))
		return PTR_ERR(access);
	mdma->access = access;
	mdma->ioas_id = 0;
	return 0;
}

/**
 * mdma_access_unbind() - vfio_device_ops.unbind_iommufd
 * @vdev: of the device
 */
void mdma_access_unbind(struct vfio_device *vdev)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);
	bool held;
	u64 mark;

	mark = mdma_check_mark(&mdma->pins, &held);
	mdma_book_swap_begin(&mdma->book);
	iommufd_access_destroy(mdma->access);
	mdma_check_swapped(mdma, mark);
	mdma_book_destroyed(&mdma->book);
	mdma->access = NULL;
	mdma->ioas_id = 0;
}

/**
 * mdma_access_attach() - vfio_device_ops.attach_ioas
 * @vdev: of the device
 * @pt_id: the IOAS to use from now on
 *
 * Return: 0 or what the core said.
 */
int mdma_access_attach(struct vfio_device *vdev, u32 *pt_id)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);
	const u32 old = mdma->ioas_id;
	bool held;
	u64 mark;
	int rc;

	mark = mdma_check_mark(&mdma->pins, &held);
	if (old && held)
		mdma_book_add(&mdma->book, MDMA_LEDGER_SWAP_HELD, 1);
	mdma_book_swap_begin(&mdma->book);
	if (old)
		rc = iommufd_access_replace(mdma->access, *pt_id);
	else
		rc = iommufd_access_attach(mdma->access, *pt_id);
	if (!rc)
		mdma->ioas_id = *pt_id;
	/* While we are attached nobody else can get this id. */
	if (!rc && old && old != *pt_id)
		mdma_check_swapped(mdma, mark);
	mdma_book_swap_end(&mdma->book, mdma->ioas_id);
	return rc;
}

/**
 * mdma_access_detach() - vfio_device_ops.detach_ioas
 * @vdev: of the device, attached or not
 */
void mdma_access_detach(struct vfio_device *vdev)
{
	struct mdma_dev *mdma = mdma_from_vdev(vdev);
	bool held;
	u64 mark;

	if (!mdma->ioas_id)
		return;
	mark = mdma_check_mark(&mdma->pins, &held);
	if (held)
		mdma_book_add(&mdma->book, MDMA_LEDGER_SWAP_HELD, 1);
	mdma_book_swap_begin(&mdma->book);
	iommufd_access_detach(mdma->access);
	mdma_check_swapped(mdma, mark);
	mdma->ioas_id = 0;
	mdma_book_swap_end(&mdma->book, false);
}

/**
 * mdma_access_rw() - copy between the user's memory and ours
 * @mdma: an open device
 * @iova: first byte of the user's
 * @data: ours
 * @length: bytes
 * @write: to the user's
 *
 * A kernel thread borrows the user's address space for it; a process that came here
 * by a register access has one of its own, and the core finds out whose it needs.
 *
 * Return: 0 or what the core said.
 */
int mdma_access_rw(struct mdma_dev *mdma, u64 iova, void *data, size_t length,
		   bool write)
{
	unsigned int flags = write ? IOMMUFD_ACCESS_RW_WRITE :
				     IOMMUFD_ACCESS_RW_READ;
	int rc;

	if (iova > ULONG_MAX)
		return -EOVERFLOW;
	if (!current->mm)
		flags |= IOMMUFD_ACCESS_RW_KTHREAD;
	mdma_book_enter(&mdma->book, MDMA_FLIGHT_RW);
	rc = iommufd_access_rw(mdma->access, iova, data, length, flags);
	mdma_book_exit(&mdma->book, MDMA_FLIGHT_RW);
	if (!rc)
		mdma_book_add(&mdma->book, MDMA_LEDGER_RWS, 1);
	return rc;
}
