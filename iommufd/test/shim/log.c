// SPDX-License-Identifier: GPL-2.0-only
/*
 * log.c - what the core printed
 *
 * Only formats are kept: the kernel's own conversions mean nothing to printf(), and
 * a test asks whether the driver was named, not how.
 */
#include <pthread.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <stdarg.h>
#include <string.h>
#include "fault.h"

#define KEPT 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *formats[KEPT];
static unsigned long counts[KEPT];
static unsigned int nformats;

void shim_log(const char *format, ...)
{
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < nformats && formats[i] != format; i++)
		;
	if (i == KEPT)
		shim_die("more kinds of messages than expected");
	if (i == nformats) {
		formats[nformats++] = format;
		counts[i] = 0;
	}
	counts[i]++;
	pthread_mutex_unlock(&lock);
}

/**
 * log_count - messages since log_clear()
 * @part: that have this in their format
 */
unsigned long log_count(const char *part)
{
	unsigned long n = 0;
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < nformats; i++)
		if (strstr(formats[i], part))
			n += counts[i];
	pthread_mutex_unlock(&lock);
	return n;
}

/**
 * log_clear - forget the messages
 */
void log_clear(void)
{
	pthread_mutex_lock(&lock);
	nformats = 0;
	pthread_mutex_unlock(&lock);
}

void *memchr_inv(const void *start, int byte, size_t n)
{
	const unsigned char *p = start;

	for (; n; p++, n--)
		if (*p != (unsigned char)byte)
			return (void *)p;
	return NULL;
}

void seq_printf(struct seq_file *seq, const char *format, ...)
{
	size_t room = sizeof(seq->text) - seq->length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(seq->text + seq->length, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		shim_die("a seq_file is full");
	seq->length += n;
}
