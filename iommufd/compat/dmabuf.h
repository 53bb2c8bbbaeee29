/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat/dmabuf.h - the namespace of dma_buf_*()
 *
 * since 6.13, cdd30ebb1b9f: a namespace is a string literal, not a token. Delete
 * when 6.12 is no longer served.
 */
#ifndef _KIT_IOMMUFD_COMPAT_DMABUF_H
#define _KIT_IOMMUFD_COMPAT_DMABUF_H

#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define MODULE_IMPORT_DMA_BUF MODULE_IMPORT_NS(DMA_BUF)
#else
#define MODULE_IMPORT_DMA_BUF MODULE_IMPORT_NS("DMA_BUF")
#endif

#endif
