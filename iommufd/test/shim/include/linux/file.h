/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: see fs.h. */
#include <linux/fs.h>
