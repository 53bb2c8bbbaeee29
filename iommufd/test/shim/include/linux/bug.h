/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: a WARN in the core is a bug found, so it ends the test. */
#ifndef _KIT_TEST_BUG_H
#define _KIT_TEST_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>

#define shim_warn(condition, text)                                         \
	({                                                                 \
		bool warn_ = !!(condition);                                \
		if (warn_)                                                 \
			shim_die("%s:%d: WARN_ON(%s)", __FILE__, __LINE__, \
				 text);                                    \
		warn_;                                                     \
	})
#define WARN_ON(condition) shim_warn(condition, #condition)
#define WARN_ON_ONCE(condition) shim_warn(condition, #condition)
#define WARN(condition, ...) shim_warn(condition, #condition)
#define WARN_ONCE(condition, ...) shim_warn(condition, #condition)

#endif
