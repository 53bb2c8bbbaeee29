/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * annotate.h - the words clang -Wthread-safety understands
 *
 * They stand at the lock shims only; the core's own lockdep_assert_held() is what
 * tells the analysis which lock a function relies on. Other compilers see nothing.
 */
#ifndef _KIT_TEST_ANNOTATE_H
#define _KIT_TEST_ANNOTATE_H

#ifdef __clang__
#define __shim_attr(x) __attribute__((x))
#else
#define __shim_attr(x)
#endif

#define __shim_lock(name) __shim_attr(capability(name))
#define __shim_acquires(x) __shim_attr(acquire_capability(x))
#define __shim_releases(x) __shim_attr(release_capability(x))
/* Acquired when the function returns @ok. */
#define __shim_tries(ok, x) __shim_attr(try_acquire_capability(ok, x))
#define __shim_asserts(x) __shim_attr(assert_capability(x))
#define __shim_unchecked __shim_attr(no_thread_safety_analysis)

#endif
