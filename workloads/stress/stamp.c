// SPDX-License-Identifier: GPL-2.0-only
/*
 * stamp.c - writing and comparing stamps
 *
 * A buffer under test may be written by the device at any time (that is what is
 * being tested), so words are read once, as volatile.
 */
#include "stamp.h"

#include <stdio.h>

void stamp_fill(void *buf, unsigned int npages, struct stamp s)
{
	volatile uint64_t *word = buf;

	for (s.page = 0; s.page < npages; s.page++)
		for (s.word = 0; s.word < PAGE_WORDS; s.word++)
			*word++ = stamp_pack(s);
}

long stamp_changed(const void *buf, unsigned int npages, struct stamp s)
{
	const volatile uint64_t *word = buf;

	for (s.page = 0; s.page < npages; s.page++)
		for (s.word = 0; s.word < PAGE_WORDS; s.word++, word++)
			if (*word != stamp_pack(s))
				return word - (const volatile uint64_t *)buf;
	return -1;
}

const char *stamp_text(uint64_t v, char *text)
{
	struct stamp s = stamp_unpack(v);
	const char *kind = s.kind == STAMP_LIVE	  ? "live" :
			   s.kind == STAMP_CANARY ? "canary" :
			   s.kind == STAMP_WRITE  ? "device write" :
			   s.kind == STAMP_TOUCH  ? "touch" :
						    NULL;

	if (kind)
		snprintf(text, 96,
			 "%s of ioas %u slot %u page %u word %u gen %u", kind,
			 s.ioas, s.slot, s.page, s.word, s.gen);
	else
		snprintf(text, 96, "%#018llx", (unsigned long long)v);
	return text;
}
