// SPDX-License-Identifier: GPL-2.0-only
/*
 * oracle.c - judging what the device and the kernel answered
 *
 * One idea carries everything: an operation that ran in [s, c] saw, for each
 * piece it touched, some IOAS that the device may have been attached to in
 * [s, c], and in it some state that the slot may have had in [s, c]. A result is
 * WRONG when no combination explains it. The errno table:
 *
 *   0        every slot of the range may have been mapped with the right access
 *   -ENOENT  detached may have been, or a slot may have been unmapped
 *   -EINVAL  an UNMAP call of one of the slots was under way
 *   -EPERM   a slot may have been mapped without the access
 *   -EFAULT  a slot may have been mapped to no memory
 *   -EAGAIN  the pin path only, while a change of the attachment was under way
 *   -ENOMEM  when the storm takes memory away
 *
 * In particular a copy over slots that stay mapped in both IOAS of a replace
 * must succeed (promise S3), since neither "detached" nor "unmapped" is possible.
 */
#include "oracle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit_tap.h"
#include "plan.h"

struct allowed {
	bool unsure;
	bool ok;
	bool enoent;
	bool einval;
	bool eperm;
	bool eagain;
	bool efault;
};

int shadow_init(struct shadow *shadow, unsigned int nioas)
{
	shadow->gen = calloc(NGENS, sizeof(*shadow->gen));
	if (!shadow->gen)
		return -ENOMEM;
	shadow->nioas = nioas;
	shadow->nomem = false;
	atomic_store(&shadow->ngens, 1); /* 0 is UNMAPPED */
	for (unsigned int d = 0; d < NDEVS; d++)
		reg_init(&shadow->attach[d], DETACHED);
	for (unsigned int i = 0; i < NIOAS; i++)
		for (unsigned int s = 0; s < NSLOTS; s++)
			reg_init(&shadow->slot[i][s], UNMAPPED);
	return 0;
}

void shadow_fini(struct shadow *shadow)
{
	for (unsigned int d = 0; d < NDEVS; d++)
		reg_fini(&shadow->attach[d]);
	for (unsigned int i = 0; i < NIOAS; i++)
		for (unsigned int s = 0; s < NSLOTS; s++)
			reg_fini(&shadow->slot[i][s]);
	free(shadow->gen);
	shadow->gen = NULL;
}

uint32_t shadow_gen(struct shadow *shadow, unsigned int ioas, unsigned int slot,
		    uint8_t *buf, unsigned int flags)
{
	uint32_t gen = atomic_fetch_add(&shadow->ngens, 1);

	if (gen >= NGENS)
		return 0;
	shadow->gen[gen] = (struct gen){
		.buf = buf,
		.ioas = ioas,
		.slot = slot,
		.flags = flags,
	};
	return gen;
}

void finding_set(struct finding *finding, tick_t from, tick_t to,
		 unsigned int dev, unsigned int ioas, unsigned int slot,
		 unsigned int nslots, const char *fmt, ...)
{
	va_list args;

	finding->window = (struct event_window){
		.from = from,
		.to = to,
		.dev = dev,
		.ioas = ioas,
		.slot = slot,
		.nslots = nslots,
	};
	va_start(args, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
}

static unsigned int range_last(const struct range *range)
{
	return range->slot + (range->offset + range->length - 1) / SLOT_BYTES;
}

static bool gen_forbids(const struct shadow *shadow, uint64_t gen, bool write)
{
	return write && !(shadow->gen[gen].flags & GEN_WRITABLE);
}

/* What one slot of one possible IOAS adds to what is allowed. */
static bool allow_slot(struct shadow *shadow, const struct dma *dma,
		       unsigned int ioas, unsigned int slot, bool write,
		       struct allowed *allowed)
{
	const uint64_t unmapped = UNMAPPED;
	struct reg *reg = &shadow->slot[ioas][slot];
	struct reg_set set;
	bool ok = false;

	reg_query(reg, dma->s, dma->c, REG_NOBODY, &set);
	if (set.unknown)
		allowed->unsure = true;
	for (unsigned int i = 0; i < set.n; i++) {
		if (set.value[i] == UNMAPPED)
			allowed->enoent = true;
		else if (gen_forbids(shadow, set.value[i], write))
			allowed->eperm = true;
		else if (shadow->gen[set.value[i]].flags & GEN_ABSENT)
			allowed->efault = true;
		else
			ok = true;
		if (set.value[i] != UNMAPPED &&
		    (shadow->gen[set.value[i]].flags & GEN_MORTAL))
			allowed->efault = true;
	}
	if (reg_busy(reg, dma->s, dma->c, &unmapped, REG_NOBODY))
		allowed->einval = true;
	return ok;
}

static void allow_range(struct shadow *shadow, const struct dma *dma,
			const struct range *range, bool write,
			const struct reg_set *attach, struct allowed *allowed)
{
	unsigned int last = range_last(range);

	for (unsigned int slot = range->slot; slot <= last; slot++) {
		bool ok = false;

		if (slot >= NSLOTS) {
			allowed->enoent = true;
			allowed->ok = false;
			return;
		}
		for (unsigned int i = 0; i < attach->n; i++) {
			if (attach->value[i] == DETACHED)
				allowed->enoent = true;
			else if (allow_slot(shadow, dma, attach->value[i] - 1,
					    slot, write, allowed))
				ok = true;
		}
		allowed->ok = allowed->ok && ok;
	}
}

static bool is_allowed(const struct shadow *shadow,
		       const struct allowed *allowed, int status)
{
	switch (status) {
	case 0:
		return allowed->ok;
	case -ENOENT:
		return allowed->enoent;
	case -EINVAL:
		return allowed->einval;
	case -EPERM:
		return allowed->eperm;
	case -EFAULT:
		return allowed->efault;
	case -EAGAIN:
		return allowed->eagain;
	case -ENOMEM:
		return shadow->nomem;
	default:
		return false;
	}
}

/* Where the story of a range begins: the last changes that are over by s. */
static tick_t story(struct shadow *shadow, const struct dma *dma,
		    const struct range *range)
{
	unsigned int last = range_last(range);
	tick_t from = dma->s;

	for (unsigned int i = 0; i < shadow->nioas; i++) {
		for (unsigned int s = range->slot; s <= last && s < NSLOTS;
		     s++) {
			tick_t t = reg_story(&shadow->slot[i][s], dma->s);

			if (t && t < from)
				from = t;
		}
	}
	return from;
}

enum verdict oracle_status(struct shadow *shadow, const struct dma *dma,
			   struct finding *finding)
{
	struct allowed allowed = { .ok = true };
	const struct range *range;
	struct reg_set attach;
	char where[80];

	reg_query(&shadow->attach[dma->dev], dma->s, dma->c, REG_NOBODY,
		  &attach);
	allowed.unsure = attach.unknown;
	if (dma->src.length)
		allow_range(shadow, dma, &dma->src, false, &attach, &allowed);
	if (dma->dst.length)
		allow_range(shadow, dma, &dma->dst, true, &attach, &allowed);
	if (dma->pin)
		allowed.eagain = reg_busy(&shadow->attach[dma->dev], dma->s,
					  dma->c, NULL, REG_NOBODY);
	if (allowed.unsure)
		return UNSURE;
	if (is_allowed(shadow, &allowed, dma->status))
		return FINE;

	range = dma->src.length ? &dma->src : &dma->dst;
	reg_set_text(&attach, "detached", "ioas", 1, where, sizeof(where));
	finding_set(
		finding, story(shadow, dma, range), dma->c, dma->dev, EVENT_ANY,
		range->slot, range_last(range) - range->slot + 1,
		"dev %u %s%s slot %u+%#x %u bytes in [%llu, %llu] returned %s; attached to: %s; allowed:%s%s%s%s%s%s",
		dma->dev, op_name(dma->kind), dma->pin ? " by pin" : "",
		range->slot, range->offset, range->length,
		(unsigned long long)dma->s, (unsigned long long)dma->c,
		tap_errno_name(dma->status), where, allowed.ok ? " 0" : "",
		allowed.enoent ? " ENOENT" : "",
		allowed.einval ? " EINVAL" : "", allowed.eperm ? " EPERM" : "",
		allowed.eagain ? " EAGAIN" : "",
		allowed.efault ? " EFAULT" : "");
	/* S3: a replace is never seen as a moment without an IOAS. */
	return dma->status == -ENOENT &&
			       reg_busy(&shadow->attach[dma->dev], dma->s,
					dma->c, NULL, REG_NOBODY) ?
		       WEAK :
		       WRONG;
}

/* Is (ioas, gen) a mapping that the device may have read in its interval? */
static enum verdict gen_possible(struct shadow *shadow, const struct dma *dma,
				 const struct reg_set *attach,
				 const struct stamp *s)
{
	struct reg_set set;

	if (s->ioas >= shadow->nioas)
		return WRONG;
	if (!reg_set_has(attach, ATTACHED(s->ioas)))
		return attach->unknown ? UNSURE : WRONG;
	reg_query(&shadow->slot[s->ioas][s->slot], dma->s, dma->c, REG_NOBODY,
		  &set);
	if (!reg_set_has(&set, s->gen))
		return set.unknown ? UNSURE : WRONG;
	return FINE;
}

static void data_wrong(struct shadow *shadow, const struct dma *dma,
		       const struct range *range, const struct stamp *place,
		       uint64_t v, const struct reg_set *attach,
		       struct finding *finding)
{
	struct stamp seen = stamp_unpack(v);
	char text[96], where[80];
	tick_t from = story(shadow, dma, range);

	if (seen.ioas < NIOAS && seen.slot < NSLOTS) {
		tick_t t = reg_written(&shadow->slot[seen.ioas][seen.slot],
				       seen.gen);

		if (t && t < from)
			from = t;
	}
	reg_set_text(attach, "detached", "ioas", 1, where, sizeof(where));
	finding_set(
		finding, from, dma->c, dma->dev, EVENT_ANY, place->slot, 1,
		"dev %u %s%s of slot %u page %u word %u in [%llu, %llu] returned %s; attached to: %s",
		dma->dev, op_name(dma->kind), dma->pin ? " by pin" : "",
		place->slot, place->page, place->word,
		(unsigned long long)dma->s, (unsigned long long)dma->c,
		stamp_text(v, text), where);
}

/*
 * The first and last bytes of a range that are not whole words belong to the
 * mapping that the word beside them showed, unless the read saw several.
 */
static bool edge_wrong(const uint8_t *data, uint32_t offset, uint32_t from,
		       uint32_t to, struct stamp s)
{
	for (uint32_t p = from; p < to; p++) {
		uint32_t in_page = p % PAGE_BYTES;
		uint64_t v;

		s.page = p / PAGE_BYTES % SLOT_PAGES;
		s.word = in_page / 8;
		v = stamp_pack(s);
		if (data[p - offset] != ((const uint8_t *)&v)[p % 8])
			return true;
	}
	return false;
}

static bool constant(unsigned int word)
{
	return word >= STAMP_FIRST && word < STAMP_LANES;
}

enum verdict oracle_data(struct shadow *shadow, const struct dma *dma,
			 const struct range *range, const void *data,
			 bool *canary, struct finding *finding)
{
	const uint8_t *byte = data;
	const uint32_t end = range->offset + range->length;
	const uint32_t first = (range->offset + 7) & ~7u;
	enum verdict verdict = FINE;
	struct stamp known = { 0 }; /* the last mapping found possible */
	struct reg_set attach;
	bool several = false;

	*canary = false;
	reg_query(&shadow->attach[dma->dev], dma->s, dma->c, REG_NOBODY,
		  &attach);
	for (uint32_t p = first; p + 8 <= end; p += 8) {
		uint64_t v =
			*(const volatile uint64_t *)(byte + p - range->offset);
		struct stamp seen = stamp_unpack(v);
		struct stamp place = {
			.kind = STAMP_LIVE,
			.slot = range->slot + p / SLOT_BYTES,
			.page = p / PAGE_BYTES % SLOT_PAGES,
			.word = p % PAGE_BYTES / 8,
			.ioas = known.ioas,
			.gen = known.gen,
		};
		enum verdict one;

		if (known.gen && place.slot == known.slot &&
		    v == stamp_pack(place))
			continue;
		if (seen.kind == STAMP_CANARY && seen.slot == place.slot &&
		    seen.page == place.page && seen.word == place.word) {
			*canary = true;
			data_wrong(shadow, dma, range, &place, v, &attach,
				   finding);
			return WRONG;
		}
		if (!constant(place.word))
			continue;
		place.ioas = seen.ioas;
		place.gen = seen.gen;
		one = v == stamp_pack(place) ?
			      gen_possible(shadow, dma, &attach, &seen) :
			      WRONG;
		if (one == WRONG) {
			data_wrong(shadow, dma, range, &place, v, &attach,
				   finding);
			return WRONG;
		}
		if (one == UNSURE)
			verdict = UNSURE;
		several = several || known.gen;
		known = seen;
	}
	if (known.gen && !several && verdict == FINE &&
	    constant(range->offset % PAGE_BYTES / 8) &&
	    constant((end - 1) % PAGE_BYTES / 8) &&
	    range_last(range) == range->slot &&
	    (edge_wrong(byte, range->offset, range->offset, first, known) ||
	     edge_wrong(byte, range->offset, end & ~7u, end, known))) {
		finding_set(
			finding, story(shadow, dma, range), dma->c, dma->dev,
			EVENT_ANY, range->slot, 1,
			"dev %u %s slot %u+%#x %u bytes: the bytes at the edge are not of gen %u",
			dma->dev, op_name(dma->kind), range->slot,
			range->offset, range->length, known.gen);
		return WRONG;
	}
	return verdict;
}

uint8_t *oracle_settled(struct shadow *shadow, unsigned int dev,
			unsigned int slot, tick_t since, uint32_t *gen)
{
	tick_t now = tick_next();
	struct reg_set set;

	reg_query(&shadow->attach[dev], since, now, REG_NOBODY, &set);
	if (set.unknown || set.n != 1 || set.value[0] == DETACHED)
		return NULL;
	reg_query(&shadow->slot[set.value[0] - 1][slot], since, now, REG_NOBODY,
		  &set);
	if (set.unknown || set.n != 1 || set.value[0] == UNMAPPED)
		return NULL;
	*gen = set.value[0];
	if (shadow->gen[*gen].flags & (GEN_ABSENT | GEN_FOREIGN))
		return NULL;
	return shadow->gen[*gen].buf;
}

enum verdict oracle_held(struct shadow *shadow, const struct held *held,
			 tick_t s, tick_t c, bool found,
			 struct finding *finding)
{
	const struct range *range = &held->range;
	struct reg *attach = &shadow->attach[held->dev];
	unsigned int last = range_last(range);
	bool lives = true, dies = reg_changed(attach, held->c, s);
	struct reg_set at_pin, all;

	reg_query(attach, held->s, held->c, REG_NOBODY, &at_pin);
	reg_query(attach, held->s, c, REG_NOBODY, &all);
	if (at_pin.unknown || all.unknown)
		return UNSURE;
	lives = all.n == 1;
	for (unsigned int slot = range->slot;
	     slot <= last && slot < NSLOTS && at_pin.n == 1 &&
	     at_pin.value[0] != DETACHED;
	     slot++) {
		struct reg *reg = &shadow->slot[at_pin.value[0] - 1][slot];
		struct reg_set set;

		reg_query(reg, held->s, c, REG_NOBODY, &set);
		if (set.unknown)
			return UNSURE;
		lives = lives && set.n == 1 && set.value[0] != UNMAPPED;
		dies = dies || reg_changed(reg, held->c, s);
	}
	if (found ? !dies : !(lives && at_pin.n == 1))
		return FINE;
	finding_set(
		finding, held->s, c, held->dev, EVENT_ANY, range->slot,
		last - range->slot + 1,
		"dev %u pin of slot %u+%#x %u bytes, made in [%llu, %llu], %s in [%llu, %llu]",
		held->dev, range->slot, range->offset, range->length,
		(unsigned long long)held->s, (unsigned long long)held->c,
		found ? "is still held after the range was unmapped or the device detached, seen" :
			"is gone though nothing ended it, seen",
		(unsigned long long)s, (unsigned long long)c);
	return WRONG;
}

/* CRC32C (Castagnoli), bit by bit: the ranges are short and the table is not. */
static uint32_t crc32c(uint32_t crc, uint64_t word)
{
	for (unsigned int i = 0; i < 8; i++) {
		crc ^= word >> (8 * i) & 0xff;
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

static uint32_t crc_of_gen(const struct range *range, unsigned int ioas,
			   uint32_t gen)
{
	uint32_t end = range->offset + range->length;
	uint32_t crc = ~0u;

	for (uint32_t p = range->offset; p < end; p += 8) {
		struct stamp s = {
			.kind = STAMP_LIVE,
			.ioas = ioas,
			.slot = range->slot,
			.page = p / PAGE_BYTES,
			.word = p % PAGE_BYTES / 8,
			.gen = gen,
		};

		crc = crc32c(crc, stamp_pack(s));
	}
	return ~crc;
}

enum verdict oracle_crc(struct shadow *shadow, const struct dma *dma,
			uint32_t result, struct finding *finding)
{
	const struct range *range = &dma->src;
	struct reg_set attach, set;
	bool unsure;

	reg_query(&shadow->attach[dma->dev], dma->s, dma->c, REG_NOBODY,
		  &attach);
	unsure = attach.unknown;
	for (unsigned int i = 0; i < attach.n; i++) {
		unsigned int ioas = attach.value[i] - 1;

		if (attach.value[i] == DETACHED)
			continue;
		reg_query(&shadow->slot[ioas][range->slot], dma->s, dma->c,
			  REG_NOBODY, &set);
		unsure = unsure || set.unknown;
		for (unsigned int g = 0; g < set.n; g++)
			if (set.value[g] != UNMAPPED &&
			    crc_of_gen(range, ioas, set.value[g]) == result)
				return FINE;
	}
	if (unsure)
		return UNSURE;
	finding_set(
		finding, story(shadow, dma, range), dma->c, dma->dev, EVENT_ANY,
		range->slot, 1,
		"dev %u crc%s of slot %u+%#x %u bytes in [%llu, %llu] is %#x, of no mapping that it may have read",
		dma->dev, dma->pin ? " by pin" : "", range->slot, range->offset,
		range->length, (unsigned long long)dma->s,
		(unsigned long long)dma->c, result);
	return WRONG;
}
