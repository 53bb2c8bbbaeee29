/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: barriers are in linux/compiler.h. */
#include <linux/compiler.h>
