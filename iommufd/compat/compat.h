/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels that iommufd/ is built for
 *
 * Forced into every file of the directory. The sources are written for the
 * newest kernel; nothing outside this file looks at a version.
 */
#ifndef _KIT_IOMMUFD_COMPAT_H
#define _KIT_IOMMUFD_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "mdevkit needs Linux 6.12 or later"
#endif

/*
 * since 6.13, cdd30ebb1b9f: the namespace is a string literal, not a token.
 * Delete when 6.12 is no longer served.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define EXPORT_SYMBOL_KIT(sym) EXPORT_SYMBOL_NS_GPL(sym, IOMMUFD)
#define EXPORT_SYMBOL_KIT_VFIO(sym) EXPORT_SYMBOL_NS_GPL(sym, IOMMUFD_VFIO)
#else
#define EXPORT_SYMBOL_KIT(sym) EXPORT_SYMBOL_NS_GPL(sym, "IOMMUFD")
#define EXPORT_SYMBOL_KIT_VFIO(sym) EXPORT_SYMBOL_NS_GPL(sym, "IOMMUFD_VFIO")
#endif

#endif
