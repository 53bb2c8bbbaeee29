/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stamp.h - words that say where they were written
 *
 * Every 8-byte word of the memory that storms map carries a stamp: what kind of
 * word it is, which IOAS and slot it was mapped as, its page and place in the
 * slot, and the generation of the mapping. One word that the device returns so
 * tells which mapping it read and whether it is the word that was asked for.
 *
 *   63..56 kind | 55..52 ioas | 51..44 slot | 43..38 page | 37..29 word | 28..0 gen
 *
 * The places of a page:
 *
 *   word 0         TOUCH writes here (the device contract: first 8 bytes)
 *   words 1..255   constant while mapped: reads are verified here
 *   words 256..511 32 lanes of 16 words; a lane belongs to one writer at a time
 *
 * LIVE words are written before MAP. CANARY words are written over the whole
 * buffer after UNMAP returned; the device may never read nor change one.
 */
#ifndef _KIT_STRESS_STAMP_H
#define _KIT_STRESS_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_BYTES 4096u
#define PAGE_WORDS 512u
#define STAMP_FIRST 1u /* first constant word of a page */
#define STAMP_LANES 256u /* first word of the lanes */
#define LANE_WORDS 16u
#define LANE_BYTES (LANE_WORDS * 8)
#define NLANES ((PAGE_WORDS - STAMP_LANES) / LANE_WORDS)

enum stamp_kind {
	STAMP_LIVE = 0xa5,
	STAMP_CANARY = 0xca,
	STAMP_WRITE = 0xd7, /* gen: running number; slot: writer */
	STAMP_TOUCH = 0x71,
};

struct stamp {
	uint8_t kind;
	uint8_t ioas;
	uint8_t slot;
	uint8_t page;
	uint16_t word;
	uint32_t gen;
};

static inline uint64_t stamp_pack(struct stamp s)
{
	return (uint64_t)s.kind << 56 | (uint64_t)(s.ioas & 0xf) << 52 |
	       (uint64_t)s.slot << 44 | (uint64_t)(s.page & 0x3f) << 38 |
	       (uint64_t)(s.word & 0x1ff) << 29 | (s.gen & 0x1fffffff);
}

static inline struct stamp stamp_unpack(uint64_t v)
{
	return (struct stamp){
		.kind = v >> 56,
		.ioas = v >> 52 & 0xf,
		.slot = v >> 44 & 0xff,
		.page = v >> 38 & 0x3f,
		.word = v >> 29 & 0x1ff,
		.gen = v & 0x1fffffff,
	};
}

/** stamp_fill() - stamp a slot's buffer; kind, ioas, slot and gen of @s count */
void stamp_fill(void *buf, unsigned int npages, struct stamp s);

/**
 * stamp_changed() - is a buffer no longer what stamp_fill() made of it?
 * @buf: the buffer
 * @npages: pages of it
 * @s: as given to stamp_fill()
 *
 * Return: index of the first word that differs, or -1.
 */
long stamp_changed(const void *buf, unsigned int npages, struct stamp s);

/** stamp_text() - a word in words, for messages; @text has 96 bytes */
const char *stamp_text(uint64_t v, char *text);

#endif
