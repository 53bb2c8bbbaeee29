/* SPDX-License-Identifier: GPL-2.0-only */
/* Stub: nobody traces the tree. */
#define trace_ma_op(fn, mas)
#define trace_ma_read(fn, mas)
#define trace_ma_write(fn, mas, piv, val)
