// SPDX-License-Identifier: GPL-2.0-only
/*
 * emulated.c - the bridge from an emulated device to an iommufd access
 *
 * A driver whose "DMA" is done by the CPU reaches the memory that user space
 * mapped into an IOAS through an access. It may own the access itself, or use
 * the four operations here and vfio_pin_pages(), vfio_unpin_pages() and
 * vfio_dma_rw(), which keep it in vfio_device.iommufd_access.
 *
 *   bind_iommufd     the access is made; attached to nothing
 *   attach_ioas      attached; when it is attached already, replaced
 *   detach_ioas      detached; nothing happens when it is not attached
 *   unbind_iommufd   the access goes; dma_unmap is called for what is pinned
 *
 * The access exists from before open_device to after close_device, so dma_unmap
 * can be called until unbind_iommufd returned: its data must outlive
 * close_device (set it up in init, not in open_device).
 *
 * The access asks for page alignment, whether or not the driver pins, as
 * upstream does: mappings of an IOAS it is attached to are whole pages.
 *
 * LOCKING
 *   dev_set->lock   held by the callers of the four operations
 *   none            for pin, unpin and rw: the driver calls them while the
 *                   device is open, when iommufd_access cannot change
 * MAY SLEEP   everything here
 */
#include <linux/align.h>
#include <linux/iommu.h>
#include <linux/sched.h>
#include "private.h"

static void emulated_unmap(void *data, unsigned long iova, unsigned long length)
{
	struct vfio_device *vdev = data;

	if (vdev->ops->dma_unmap)
		vdev->ops->dma_unmap(vdev, iova, length);
}

static const struct iommufd_access_ops emulated_access_ops = {
	.needs_pin_pages = 1,
	.unmap = emulated_unmap,
};

/**
 * vfio_iommufd_emulated_bind() - bind_iommufd for drivers that use this file
 * @vdev: the device
 * @ictx: the iommufd
 * @out_device_id: the access's id there
 *
 * Context: dev_set->lock held.
 * Return: 0, -ENOMEM, -EBUSY when the iommufd has no id left.
 */
int vfio_iommufd_emulated_bind(struct vfio_device *vdev,
			       struct iommufd_ctx *ictx, u32 *out_device_id)
{
	struct iommufd_access *access;

	lockdep_assert_held(&vdev->dev_set->lock);
	access = iommufd_access_create(ictx, &emulated_access_ops, vdev,
				       out_device_id);
	if (IS_ERR(access))
		return PTR_ERR(access);
	vdev->iommufd_access = access;
	vdev->iommufd_attached = false;
	return 0;
}
KIT_EXPORT(vfio_iommufd_emulated_bind);

/**
 * vfio_iommufd_emulated_unbind() - unbind_iommufd for drivers that use this file
 * @vdev: the device
 *
 * Context: dev_set->lock held; calls dma_unmap, so no lock that takes.
 */
void vfio_iommufd_emulated_unbind(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->dev_set->lock);
	if (!vdev->iommufd_access)
		return;
	/* dma_unmap unpins through the pointer: clear it afterwards. */
	iommufd_access_destroy(vdev->iommufd_access);
	vdev->iommufd_access = NULL;
	vdev->iommufd_attached = false;
}
KIT_EXPORT(vfio_iommufd_emulated_unbind);

/**
 * vfio_iommufd_emulated_attach_ioas() - attach_ioas for drivers that use this
 *	file
 * @vdev: the device, bound
 * @pt_id: the IOAS
 *
 * Context: dev_set->lock held; when it is attached already calls dma_unmap, so
 * no lock that takes.
 * Return: 0; -EINVAL if not bound; -ENOENT if @pt_id is no IOAS; -EADDRINUSE if
 * a mapping there is not page aligned; -EBUSY, -ENOMEM; -EDEADLOCK if the driver
 * does not give back pins of the old IOAS. On failure nothing changed.
 */
int vfio_iommufd_emulated_attach_ioas(struct vfio_device *vdev, u32 *pt_id)
{
	int rc;

	lockdep_assert_held(&vdev->dev_set->lock);
	if (WARN_ON_ONCE(!vdev->iommufd_access))
		return -EINVAL;
	if (vdev->iommufd_attached)
		return iommufd_access_replace(vdev->iommufd_access, *pt_id);
	rc = iommufd_access_attach(vdev->iommufd_access, *pt_id);
	if (!rc)
		vdev->iommufd_attached = true;
	return rc;
}
KIT_EXPORT(vfio_iommufd_emulated_attach_ioas);

/**
 * vfio_iommufd_emulated_detach_ioas() - detach_ioas for drivers that use this
 *	file
 * @vdev: the device, bound
 *
 * Context: dev_set->lock held; calls dma_unmap, so no lock that takes.
 */
void vfio_iommufd_emulated_detach_ioas(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->dev_set->lock);
	if (WARN_ON_ONCE(!vdev->iommufd_access) || !vdev->iommufd_attached)
		return;
	iommufd_access_detach(vdev->iommufd_access);
	vdev->iommufd_attached = false;
}
KIT_EXPORT(vfio_iommufd_emulated_detach_ioas);

/* The first byte of the first page, and the bytes of npage pages. */
static bool page_range(dma_addr_t iova, int npage, unsigned long *start,
		       unsigned long *length)
{
	if (npage <= 0 || iova > ULONG_MAX)
		return false;
	*start = ALIGN_DOWN((unsigned long)iova, PAGE_SIZE);
	*length = (unsigned long)npage << PAGE_SHIFT;
	return true;
}

/**
 * vfio_pin_pages() - pin user pages for a device
 * @device: open; its driver has dma_unmap
 * @iova: any byte of the first page
 * @npage: how many pages
 * @prot: IOMMU_READ, IOMMU_WRITE or both
 * @pages: @npage of them on success
 *
 * Context: process; between open_device and close_device; not in dma_unmap.
 * Return: @npage, or an error and nothing is pinned: -EINVAL for a NULL @pages,
 * an @npage below 1, an @iova no IOAS can hold, a driver without dma_unmap, a
 * device that is not open or owns its access; and what
 * iommufd_access_pin_pages() returned: -ENOENT a page that is not mapped or no
 * IOAS, -EPERM no permission, -EFAULT no memory behind it, -EAGAIN the IOAS is
 * being replaced, -ENOMEM.
 */
int vfio_pin_pages(struct vfio_device *device, dma_addr_t iova, int npage,
		   int prot, struct page **pages)
{
	unsigned int flags = prot & IOMMU_WRITE ? IOMMUFD_ACCESS_RW_WRITE :
						  IOMMUFD_ACCESS_RW_READ;
	unsigned long start, length;
	int rc;

	if (!pages || !page_range(iova, npage, &start, &length))
		return -EINVAL;
	if (!vfio_assert_device_open(device))
		return -EINVAL;
	/* Who cannot be told to let go must not take. */
	if (!device->ops->dma_unmap || !device->iommufd_access)
		return -EINVAL;
	rc = iommufd_access_pin_pages(device->iommufd_access, start, length,
				      pages, flags);
	return rc ? rc : npage;
}
KIT_EXPORT(vfio_pin_pages);

/**
 * vfio_unpin_pages() - give back what vfio_pin_pages() pinned
 * @device: as then
 * @iova: any byte of the first page
 * @npage: as then: exactly the range that was pinned
 *
 * Context: process; between open_device and the return of unbind_iommufd; may be
 * called in dma_unmap.
 */
void vfio_unpin_pages(struct vfio_device *device, dma_addr_t iova, int npage)
{
	unsigned long start, length;

	if (!vfio_assert_device_open(device))
		return;
	if (WARN_ON_ONCE(!device->ops->dma_unmap || !device->iommufd_access ||
			 !page_range(iova, npage, &start, &length)))
		return;
	iommufd_access_unpin_pages(device->iommufd_access, start, length);
}
KIT_EXPORT(vfio_unpin_pages);

/**
 * vfio_dma_rw() - copy between a kernel buffer and user memory
 * @device: open
 * @iova: any byte
 * @data: kernel buffer
 * @len: bytes
 * @write: true to user memory, false from it
 *
 * A kernel thread borrows the address space of the process that mapped.
 *
 * Context: process; between open_device and close_device.
 * Return: 0; -EINVAL for a NULL @data, a @len of 0, an @iova no IOAS can hold, a
 * device that is not open or owns its access; and what iommufd_access_rw()
 * returned: -ENOENT, -EPERM, -EFAULT, -ENOMEM.
 */
int vfio_dma_rw(struct vfio_device *device, dma_addr_t iova, void *data,
		size_t len, bool write)
{
	unsigned int flags = IOMMUFD_ACCESS_RW_READ;

	if (!data || !len || iova > ULONG_MAX)
		return -EINVAL;
	if (!vfio_assert_device_open(device) || !device->iommufd_access)
		return -EINVAL;
	if (write)
		flags |= IOMMUFD_ACCESS_RW_WRITE;
	if (!current->mm)
		flags |= IOMMUFD_ACCESS_RW_KTHREAD;
	return iommufd_access_rw(device->iommufd_access, iova, data, len,
				 flags);
}
KIT_EXPORT(vfio_dma_rw);
