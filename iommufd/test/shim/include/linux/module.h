/* SPDX-License-Identifier: GPL-2.0-only */
/* Stub: nothing is loaded. */
#ifndef _KIT_TEST_MODULE_H
#define _KIT_TEST_MODULE_H
#endif
