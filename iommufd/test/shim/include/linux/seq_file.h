/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: what is shown goes into a buffer. */
#ifndef _KIT_TEST_SEQ_FILE_H
#define _KIT_TEST_SEQ_FILE_H

#include <linux/types.h>

struct seq_file {
	char text[4096];
	size_t length;
};

void seq_printf(struct seq_file *seq, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
