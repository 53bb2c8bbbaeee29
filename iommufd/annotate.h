/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * annotate.h - lock annotations that a compiler checks in the user space build
 *
 * lockdep_assert_held() is the first choice: it is checked at run time in the kernel
 * and by clang's analysis in user space. This is for what it cannot say: that a
 * function returns with a lock. In the kernel it is nothing.
 */
#ifndef _KIT_IOMMUFD_ANNOTATE_H
#define _KIT_IOMMUFD_ANNOTATE_H

#if defined(KIT_LOCK_ANALYSIS) && defined(__clang__)
/* Returns with the lock when it returns @value. */
#define __kit_acquires_if(value, lock) \
	__attribute__((try_acquire_capability(value, lock)))
#else
#define __kit_acquires_if(value, lock)
#endif

#endif
