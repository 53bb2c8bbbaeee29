/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: like the kernel's (and unlike tools/) the types may differ. */
#ifndef _KIT_TEST_OVERFLOW_H
#define _KIT_TEST_OVERFLOW_H

#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d) __builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)

#endif
