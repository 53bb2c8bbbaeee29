/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oracle.h - what the contract allows, given what is known of the world
 *
 * The *shadow* is the storm's knowledge: a register (history.h) for every slot
 * of every IOAS and for the attachment of every device, and a table of the
 * generations that were ever mapped. The oracle answers questions about one
 * finished operation: may it have had this result, may the device have returned
 * this data, may this pin still be held. It makes no system call and knows no
 * device, so it is tested on the host.
 *
 * It errs on one side only: when the order of two calls is not known, both
 * orders are allowed. FINE never means "proven", WRONG always means broken.
 */
#ifndef _KIT_STRESS_ORACLE_H
#define _KIT_STRESS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "events.h"
#include "history.h"
#include "stamp.h"

#define NDEVS 2
#define NIOAS 4
#define NSLOTS 16
#define SLOT_PAGES 4u
#define SLOT_BYTES (SLOT_PAGES * PAGE_BYTES)
#define NGENS (1u << 17) /* mappings of one epoch */

#define WINDOW_IOVA 0x100000000ull
#define RINGS_IOVA 0x40000000ull

/* Values of an attachment register: an ordinal of an IOAS, plus one. */
#define DETACHED 0
#define ATTACHED(ioas) ((uint64_t)(ioas) + 1)
/* The value of a slot register that maps nothing; else it is a generation. */
#define UNMAPPED 0

static inline uint64_t slot_iova(unsigned int slot)
{
	return WINDOW_IOVA + (uint64_t)slot * SLOT_BYTES;
}

enum verdict {
	FINE,
	WRONG,
	WEAK, /* WRONG by a promise that only the strict core makes */
	UNSURE, /* the record is too short to tell */
};

/**
 * struct gen - one mapping that was made or tried
 * @buf: the memory
 * @ioas: where it was mapped
 * @slot: likewise
 * @flags: GEN_*
 */
struct gen {
	uint8_t *buf;
	uint8_t ioas;
	uint8_t slot;
	uint8_t flags;
};

#define GEN_WRITABLE (1u << 0) /* mapped for writing too */
#define GEN_ABSENT (1u << 1) /* there is no memory behind it: -EFAULT */
#define GEN_FOREIGN (1u << 2) /* what is written to it is not ours to see */
#define GEN_MORTAL (1u << 3) /* its process may be gone: -EFAULT then */

struct shadow {
	struct reg attach[NDEVS];
	struct reg slot[NIOAS][NSLOTS];
	unsigned int nioas;
	bool nomem; /* -ENOMEM is allowed: memory is short on purpose */
	struct gen *gen;
	_Atomic uint32_t ngens;
};

/** struct finding - a verdict that is WRONG, in words */
struct finding {
	char text[320];
	struct event_window window;
};

/**
 * struct range - bytes of the window
 * @slot: first slot
 * @offset: in it
 * @length: bytes; the range may reach into later slots
 */
struct range {
	uint8_t slot;
	uint32_t offset;
	uint32_t length;
};

/**
 * struct dma - one descriptor that completed
 * @kind: enum op_kind, for messages
 * @dev: the device
 * @pin: by the pin path
 * @src: range it reads; length 0: none
 * @dst: range it writes; length 0: none
 * @s: a tick before the doorbell
 * @c: a tick after the completion was seen
 * @status: of the completion
 */
struct dma {
	uint8_t kind;
	uint8_t dev;
	bool pin;
	struct range src;
	struct range dst;
	tick_t s;
	tick_t c;
	int status;
};

/** struct held - a pin that the device said it holds */
struct held {
	uint8_t dev;
	struct range range;
	tick_t s; /* of the PIN */
	tick_t c;
};

int shadow_init(struct shadow *shadow, unsigned int nioas);
void shadow_fini(struct shadow *shadow);

/** shadow_gen() - a new generation, or 0 when the table is full */
uint32_t shadow_gen(struct shadow *shadow, unsigned int ioas, unsigned int slot,
		    uint8_t *buf, unsigned int flags);

/** oracle_status() - may the descriptor have this status? */
enum verdict oracle_status(struct shadow *shadow, const struct dma *dma,
			   struct finding *finding);

/**
 * oracle_data() - may these bytes have been read from a range?
 * @shadow: what is known
 * @dma: who read
 * @range: what was read
 * @data: what came; its address is congruent to the offset modulo 8
 * @canary: set when a word was read that was written after UNMAP returned
 * @finding: filled in when it is WRONG
 */
enum verdict oracle_data(struct shadow *shadow, const struct dma *dma,
			 const struct range *range, const void *data,
			 bool *canary, struct finding *finding);

/**
 * oracle_settled() - where a write to this slot certainly went
 * @shadow: what is known
 * @dev: the device that wrote
 * @slot: the slot
 * @since: tick before the write
 * @gen: out: the generation
 *
 * Return: the slot's buffer when the device was attached to one IOAS and the
 * slot mapped to one generation from @since until now, else NULL. Look at the
 * memory, then ask again: what was seen counts if the answer is still the same.
 */
uint8_t *oracle_settled(struct shadow *shadow, unsigned int dev,
			unsigned int slot, tick_t since, uint32_t *gen);

/**
 * oracle_held() - may a held pin be found, or gone, in [s, c]?
 * @shadow: what is known
 * @held: the pin
 * @s: a tick before the device was asked
 * @c: a tick after
 * @found: what it said
 * @finding: filled in when it is WRONG
 */
enum verdict oracle_held(struct shadow *shadow, const struct held *held,
			 tick_t s, tick_t c, bool found,
			 struct finding *finding);

/*
 * Calls on the IOAS and the attachment. @ticket are those of the caller's own
 * changes, not ended yet, one for each slot.
 */
enum verdict oracle_map(struct shadow *shadow, unsigned int ioas,
			unsigned int slot, uint64_t ticket, tick_t s, tick_t c,
			int rc, struct finding *finding);
enum unmap_shape {
	UNMAP_SLOTS, /* whole slots */
	UNMAP_CUT, /* the last slot only in part */
	UNMAP_ALL, /* the whole IOAS, which succeeds when it is empty */
};

/** oracle_unmap() - @length: what UNMAP reported, in bytes */
enum verdict oracle_unmap(struct shadow *shadow, unsigned int ioas,
			  unsigned int slot, unsigned int nslots,
			  enum unmap_shape shape, const uint64_t *ticket,
			  tick_t s, tick_t c, int rc, uint64_t length,
			  struct finding *finding);

/** oracle_crc() - may this be the CRC32C of a range that was read? */
enum verdict oracle_crc(struct shadow *shadow, const struct dma *dma,
			uint32_t result, struct finding *finding);

/** finding_set() - fill in a finding whose story begins at @from */
void finding_set(struct finding *finding, tick_t from, tick_t to,
		 unsigned int dev, unsigned int ioas, unsigned int slot,
		 unsigned int nslots, const char *fmt, ...)
	__attribute__((format(printf, 8, 9)));

#endif
