/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * seam.h - what is forced into every file of the user space build
 *
 * The core's files are compiled as they are. What they include is of three kinds:
 *
 *   custom   shim/include and shim/: behaves differently on purpose. Locks, waits,
 *            RCU and shared reads tell the seeded scheduler (sched.h) where a
 *            thread may be switched, and abort when they are used where the
 *            kernel would complain: sleeping under a spinlock, a lock held over a
 *            fault, an assertion of a lock that is not held.
 *   taken    from a kernel source tree at build time, never copied here: maple
 *            tree, xarray, kref, list, bit operations (taken.mk)
 *   stub     does nothing, where nothing is what a test needs: module.h, the
 *            tracepoints of the maple tree. What a test could be deceived by
 *            calls shim_stub() instead, and that aborts.
 *
 * KIT_TAKEN is defined while a taken file is compiled: its shared reads are points
 * where a schedule may switch only if the caller reads without a lock.
 */
#ifndef _KIT_TEST_SEAM_H
#define _KIT_TEST_SEAM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#define CONFIG_64BIT 1
/* So that the trees check that they are read under their lock or RCU. */
#define CONFIG_LOCKDEP 1

#include <linux/compiler.h>

#ifndef KIT_TAKEN
/* What the kernel's headers bring along. */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#endif

#define EXPORT_SYMBOL_KIT(sym)
#define EXPORT_SYMBOL_KIT_VFIO(sym)

#endif
