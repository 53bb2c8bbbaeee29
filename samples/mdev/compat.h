/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels and cores the samples stand on
 *
 * Forced into every file of the directory. The sources are written for the
 * newest kernel; nothing outside this file looks at a version or at the core.
 */
#ifndef _KIT_SAMPLES_COMPAT_H
#define _KIT_SAMPLES_COMPAT_H

#include <linux/module.h>
#include <linux/vfio.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "mdevkit needs Linux 6.12 or later"
#endif

#ifdef KIT_CORE_KIT
/* The kernel's headers of the same name were not found first. */
static_assert(KIT_VFIO_API == 1);
#endif

/*
 * since 6.13, cdd30ebb1b9f: MODULE_IMPORT_NS takes a string literal, not a token.
 * Delete when 6.12 is no longer served.
 */
#define KIT_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)

/*
 * since 6.15: crc32c() is in linux/crc32.h; before, it is a wrapper in a module
 * that needs the crypto API, around this function.
 * Delete when 6.14 is no longer served.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define kit_crc32c __crc32c_le
#else
#define kit_crc32c crc32c
#endif

/*
 * since 6.19, 775f726a742a: GET_REGION_INFO is an operation of its own; before,
 * and only there, it reaches the driver's ioctl.
 * Delete when 6.18 is no longer served.
 */
#if defined(KIT_CORE_KIT) || LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define KIT_REGION_INFO_OP(fn) .get_region_info_caps = fn,
#else
#define KIT_REGION_INFO_OP(fn)
#endif

#endif
