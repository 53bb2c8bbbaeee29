/* SPDX-License-Identifier: GPL-2.0-only */
/* Taken, with small nodes, so that few ids make a deep array. */
#ifndef _KIT_TEST_XARRAY_H
#define _KIT_TEST_XARRAY_H

#define XA_CHUNK_SHIFT 3
#define CONFIG_XARRAY_MULTI 1
#include <linux/kernel.h>
#include <linux/slab.h>
#include "taken/xarray.h"

#endif
