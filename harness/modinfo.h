/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modinfo.h - which modules a module needs
 */
#ifndef _KIT_HARNESS_MODINFO_H
#define _KIT_HARNESS_MODINFO_H

#include "build.h"

/**
 * modinfo_order() - files to load, every dependency before its user
 * @kernel: its modules.dep answers for the kernel's own modules
 * @ours: directory of .ko files that win over the kernel's of the same name, or NULL
 * @wanted: module names, NULL-terminated; a name that is neither a module nor
 *	built in is an error
 * @error: KIT_ERROR_USAGE: no such module
 *
 * Built-in modules need no file and are left out.
 *
 * Return: absolute paths, free with g_ptr_array_unref(); NULL on error.
 */
GPtrArray *modinfo_order(const struct kit_kernel *kernel, const char *ours,
			 const char *const *wanted, GError **error);

/* "path/kit-pci.ko.xz" -> "kit_pci" */
char *modinfo_name(const char *path);

#endif /* _KIT_HARNESS_MODINFO_H */
