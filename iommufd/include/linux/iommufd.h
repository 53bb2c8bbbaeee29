/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/iommufd.h - what drivers see of mdevkit's iommufd.ko
 *
 * Names, signatures and errno are upstream's, so that a driver written for the
 * kernel's own iommufd compiles against either. The promises behind them are in
 * docs/access-contract.md; the kernel-doc stands beside the code in
 * iommufd/access.c and iommufd/main.c.
 *
 * An access is a driver's right to reach the memory that user space mapped into
 * an IOAS. The driver creates it from the iommufd that user space handed over,
 * attaches it to an IOAS, and then reads, writes or pins IOVA ranges.
 */
#ifndef _KIT_IOMMUFD_LINUX_IOMMUFD_H
#define _KIT_IOMMUFD_LINUX_IOMMUFD_H

/* Guard against the kernel's header of the same name being found first. */
#define KIT_IOMMUFD_API 1

#include <linux/types.h>

struct file;
struct iommu_group;
struct iommufd_access;
struct iommufd_ctx;
struct page;

/**
 * struct iommufd_access_ops - what the core needs from a driver
 * @needs_pin_pages: the driver pins; IOVA, length and page offset of every
 *	mapping of the IOAS are then kept multiples of PAGE_SIZE. Requires @unmap.
 * @unmap: release every pin that overlaps [iova, iova + length) before
 *	returning, and stop using it. Entered without a core lock that pin,
 *	unpin or rw would take; may sleep and may call
 *	iommufd_access_unpin_pages(); may be called for ranges never pinned, and
 *	again for the same range when a pin was recorded late. Must not attach,
 *	detach, replace or destroy the access.
 */
struct iommufd_access_ops {
	u8 needs_pin_pages : 1;
	void (*unmap)(void *data, unsigned long iova, unsigned long length);
};

enum {
	IOMMUFD_ACCESS_RW_READ = 0,
	IOMMUFD_ACCESS_RW_WRITE = 1 << 0,
	/* The caller is a kernel thread: borrow the mm that user space mapped. */
	IOMMUFD_ACCESS_RW_KTHREAD = 1 << 1,

	/* Tests only: never use the caller's own address space. */
	__IOMMUFD_ACCESS_RW_SLOW_PATH = 1 << 2,
};

struct iommufd_access *
iommufd_access_create(struct iommufd_ctx *ictx,
		      const struct iommufd_access_ops *ops, void *data,
		      u32 *id);
void iommufd_access_destroy(struct iommufd_access *access);
int iommufd_access_attach(struct iommufd_access *access, u32 ioas_id);
int iommufd_access_replace(struct iommufd_access *access, u32 ioas_id);
void iommufd_access_detach(struct iommufd_access *access);

int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **out_pages,
			     unsigned int flags);
void iommufd_access_unpin_pages(struct iommufd_access *access,
				unsigned long iova, unsigned long length);
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova,
		      void *data, size_t len, unsigned int flags);

void iommufd_ctx_get(struct iommufd_ctx *ictx);
void iommufd_ctx_put(struct iommufd_ctx *ictx);
struct iommufd_ctx *iommufd_ctx_from_file(struct file *file);
struct iommufd_ctx *iommufd_ctx_from_fd(int fd);
bool iommufd_ctx_has_group(struct iommufd_ctx *ictx, struct iommu_group *group);

int iommufd_vfio_compat_ioas_get_id(struct iommufd_ctx *ictx, u32 *out_ioas_id);
int iommufd_vfio_compat_ioas_create(struct iommufd_ctx *ictx);
int iommufd_vfio_compat_set_no_iommu(struct iommufd_ctx *ictx);

#endif
