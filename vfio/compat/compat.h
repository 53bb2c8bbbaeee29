/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels that vfio/ is built for
 *
 * Forced into every file of the directory. The sources are written for the
 * newest kernel; nothing outside this file looks at a version.
 */
#ifndef _KIT_VFIO_COMPAT_H
#define _KIT_VFIO_COMPAT_H

#include <linux/slab.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "mdevkit needs Linux 6.12 or later"
#endif

/*
 * since 6.13, cdd30ebb1b9f: the namespace is a string literal, not a token.
 * Delete when 6.12 is no longer served.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define KIT_EXPORT(sym) EXPORT_SYMBOL_NS_GPL(sym, KIT_VFIO)
#else
#define KIT_EXPORT(sym) EXPORT_SYMBOL_NS_GPL(sym, "KIT_VFIO")
#endif

/*
 * since 7.0, 2932ba8d9c99: allocate by type instead of by size.
 * Delete when 6.19 is no longer served.
 */
#ifndef kzalloc_obj
#define kzalloc_obj(var, gfp) kzalloc(sizeof(var), gfp)
#endif

#endif
