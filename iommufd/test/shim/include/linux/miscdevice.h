/* SPDX-License-Identifier: GPL-2.0-only */
/* Stub: no device node is made here. */
