/* SPDX-License-Identifier: GPL-2.0-only */
/* Taken: the system's. */
#include <linux/vfio.h>
