// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_test.c - the storms' judgement, tested on the host
 *
 * What decides whether a storm fails must not be wrong itself: registers against
 * a history whose instants are known, the oracle's tables, the stamps, the plans.
 * Runs without a device, under AddressSanitizer and ThreadSanitizer.
 *
 * A failure means that storms may accuse a correct core, or acquit a broken one.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../engine.h"
#include "kit_tap.h"

static unsigned int nfailures;

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond)) {                                            \
			nfailures++;                                      \
			tap_note("%s:%d: %s", __func__, __LINE__, #cond); \
		}                                                         \
	} while (0)

/* ---- registers ---------------------------------------------------------- */

#define NCHANGES 400

struct fact {
	tick_t start, at, done;
	uint64_t value;
	bool landed;
};

/* Changes whose instants are known, each overlapping a few others. */
static unsigned int make_facts(struct rng *rng, struct fact *fact,
			       struct reg *reg)
{
	uint64_t ticket[NCHANGES];
	unsigned int n = NCHANGES;
	tick_t t = 10;

	for (unsigned int i = 0; i < n; i++) {
		t += rng_below(rng, 12);
		fact[i].start = t;
		fact[i].at = t + 1 + rng_below(rng, 10);
		fact[i].done = fact[i].at + 1 + rng_below(rng, 10);
		fact[i].value = rng_below(rng, 5);
		fact[i].landed = !rng_chance(rng, 5);
		ticket[i] = reg_begin(reg, fact[i].value, fact[i].start);
		/* Ends come when their time has come, in any order. */
		for (unsigned int j = 0; j <= i; j++)
			if (fact[j].done && fact[j].done < t &&
			    ticket[j] != REG_NOBODY) {
				reg_end(reg, ticket[j], fact[j].done,
					fact[j].landed);
				ticket[j] = REG_NOBODY;
			}
	}
	for (unsigned int j = 0; j < n; j++)
		if (ticket[j] != REG_NOBODY)
			reg_end(reg, ticket[j], fact[j].done, fact[j].landed);
	return n;
}

/* The value at an instant: of the latest change that took effect before. */
static uint64_t value_at(const struct fact *fact, unsigned int n, tick_t t)
{
	uint64_t value = 0;
	tick_t latest = 0;

	for (unsigned int i = 0; i < n; i++)
		if (fact[i].landed && fact[i].at <= t && fact[i].at >= latest) {
			latest = fact[i].at;
			value = fact[i].value;
		}
	return value;
}

static bool rule_says(const struct fact *fact, unsigned int n, unsigned int x,
		      tick_t s, tick_t c)
{
	if (!fact[x].landed || fact[x].start > c)
		return false;
	for (unsigned int y = 0; y < n; y++)
		if (fact[y].landed && fact[y].start > fact[x].done &&
		    fact[y].done < s)
			return false;
	return true;
}

static void register_answers(void)
{
	unsigned int known = 0, unknown = 0;

	for (uint64_t seed = 0; seed < 60; seed++) {
		struct fact fact[NCHANGES];
		struct rng rng;
		struct reg reg;
		unsigned int n;

		rng_init(&rng, seed);
		reg_init(&reg, 0);
		n = make_facts(&rng, fact, &reg);
		for (unsigned int q = 0; q < 400; q++) {
			tick_t s = rng_range(&rng, 1, fact[n - 1].done);
			tick_t c = s + rng_below(&rng, 30);
			bool expected[5] = { false };
			struct reg_set set;
			bool any = false;

			reg_query(&reg, s, c, REG_NOBODY, &set);
			if (set.unknown) {
				unknown++;
				continue;
			}
			known++;
			for (unsigned int i = 0; i < n; i++) {
				if (!rule_says(fact, n, i, s, c))
					continue;
				expected[fact[i].value] = true;
				any = true;
			}
			/* What truly was there must be possible. */
			for (tick_t t = s; t <= c; t++)
				CHECK(reg_set_has(&set, value_at(fact, n, t)));
			/* And nothing else than the rule allows. */
			for (unsigned int v = 0; any && v < 5; v++)
				if (v)
					CHECK(reg_set_has(&set, v) ==
					      expected[v]);
		}
		reg_fini(&reg);
	}
	CHECK(known > 1000);
	CHECK(unknown > 1000); /* the ring is shorter than the history */
}

static void register_changes(void)
{
	const uint64_t seven = 7;
	struct reg_set set;
	struct reg reg;
	uint64_t a, b;

	reg_init(&reg, 1);
	CHECK(!reg_changed(&reg, 0, REG_OPEN));
	a = reg_begin(&reg, 7, 10);
	reg_query(&reg, 11, 12, REG_NOBODY, &set);
	CHECK(set.n == 2 && reg_set_has(&set, 1) && reg_set_has(&set, 7));
	reg_query(&reg, 11, 12, a, &set);
	CHECK(reg_set_is(&set, 1));
	CHECK(reg_busy(&reg, 11, 12, &seven, REG_NOBODY));
	CHECK(!reg_busy(&reg, 11, 12, &seven, a));
	CHECK(!reg_busy(&reg, 1, 9, NULL, REG_NOBODY));
	reg_end(&reg, a, 20, true);
	CHECK(reg_changed(&reg, 9, 21));
	CHECK(!reg_changed(&reg, 10, 21));
	CHECK(!reg_changed(&reg, 9, 20));
	reg_query(&reg, 21, 30, REG_NOBODY, &set);
	CHECK(reg_set_is(&set, 7));
	CHECK(reg_story(&reg, 25) == 10 && reg_written(&reg, 7) == 10);

	/* A call that failed is no value, but it was under way. */
	b = reg_begin(&reg, 3, 40);
	reg_end(&reg, b, 50, false);
	reg_query(&reg, 45, 60, REG_NOBODY, &set);
	CHECK(reg_set_is(&set, 7));
	CHECK(reg_busy(&reg, 45, 60, NULL, REG_NOBODY));

	/* Writing what is there already changes nothing. */
	b = reg_begin(&reg, 7, 70);
	reg_end(&reg, b, 80, true);
	CHECK(!reg_changed(&reg, 60, 90));
	reg_fini(&reg);
}

/* A shared word changed by some threads and read by others. */
static struct reg shared;
static _Atomic uint64_t word;
static _Atomic bool writers_done;
static _Atomic unsigned int unexplained;
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

static void *writer(void *arg)
{
	uint64_t me = (uintptr_t)arg;

	for (unsigned int i = 0; i < 3000; i++) {
		uint64_t ticket = reg_begin(&shared, me, tick_next());

		atomic_store(&word, me);
		reg_end(&shared, ticket, tick_next(), true);
	}
	return NULL;
}

static void *reader(void *unused)
{
	(void)unused;
	while (!atomic_load(&writers_done)) {
		tick_t s = tick_next();
		uint64_t v = atomic_load(&word);
		struct reg_set set;

		reg_query(&shared, s, tick_next(), REG_NOBODY, &set);
		if (!set.unknown && !reg_set_has(&set, v))
			atomic_fetch_add(&unexplained, 1);
	}
	return NULL;
}

static void register_threads(void)
{
	pthread_t thread[5];

	reg_init(&shared, 0);
	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, writer, (void *)(i + 1));
	for (unsigned int i = 3; i < 5; i++)
		pthread_create(&thread[i], NULL, reader, NULL);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	atomic_store(&writers_done, true);
	for (unsigned int i = 3; i < 5; i++)
		pthread_join(thread[i], NULL);
	CHECK(atomic_load(&unexplained) == 0);
	reg_fini(&shared);
	pthread_mutex_destroy(&write_lock);
}

/* ---- stamps ------------------------------------------------------------- */

static void stamps_say_where(void)
{
	static uint64_t buf[SLOT_BYTES / 8];
	struct stamp s = { STAMP_LIVE, 3, 15, 0, 0, 0x1abcdef };
	struct stamp back;
	char text[96];

	stamp_fill(buf, SLOT_PAGES, s);
	CHECK(stamp_changed(buf, SLOT_PAGES, s) == -1);
	back = stamp_unpack(buf[PAGE_WORDS + 77]);
	CHECK(back.kind == STAMP_LIVE && back.ioas == 3 && back.slot == 15 &&
	      back.page == 1 && back.word == 77 && back.gen == 0x1abcdef);
	CHECK(strstr(stamp_text(buf[5], text), "word 5"));
	for (unsigned int bit = 0; bit < 64; bit += 7) {
		buf[1000] ^= 1ull << bit;
		CHECK(stamp_changed(buf, SLOT_PAGES, s) == 1000);
		buf[1000] ^= 1ull << bit;
	}
	s.gen++;
	CHECK(stamp_changed(buf, SLOT_PAGES, s) == 0);
}

/* ---- plans -------------------------------------------------------------- */

static void plan_in_bounds(const struct part *part, const struct op *op)
{
	const struct storm *storm = part->storm;

	CHECK(op->kind > OP_NONE && op->kind < OP_NKINDS);
	CHECK(op->ioas < storm->nioas || !op->ioas);
	CHECK(op->slot + op->nslots <= NSLOTS);
	if (part->role->maps) {
		CHECK(op->slot >= storm->nstable);
		CHECK((op->slot - storm->nstable) % part->nshares ==
		      part->share);
	}
	if (part->role == &role_unmapper && op->kind == OP_UNMAP_RANGE)
		CHECK(op->slot >= storm->nstable && op->nslots > 1);
	if (part->role == &role_dma)
		CHECK(op->length &&
		      op->slot + (op->offset + op->length - 1) / SLOT_BYTES <
			      NSLOTS);
	if (part->role == &role_holder && op->kind == OP_PIN)
		CHECK(op->length >= PAGE_BYTES &&
		      op->slot + (op->offset + op->length - 1) / SLOT_BYTES <
			      NSLOTS);
}

static uint64_t plan_hash(const struct part *part, uint64_t seed,
			  unsigned int epoch, unsigned int actor)
{
	struct plan plan;
	struct op op;

	plan_init(&plan, part, seed, epoch, actor);
	for (unsigned int k = 0; k < 500; k++) {
		plan_next(&plan, &op);
		plan_in_bounds(part, &op);
	}
	return plan.hash;
}

static void plans_repeat(void)
{
	for (unsigned int i = 0; storm_at(i); i++) {
		struct part part[MAX_CAST];
		unsigned int n = engine_cast(storm_at(i), part);

		for (unsigned int a = 0; a < n; a++) {
			uint64_t h = plan_hash(&part[a], 42, 3, a);

			CHECK(h == plan_hash(&part[a], 42, 3, a));
			CHECK(h != plan_hash(&part[a], 43, 3, a));
			CHECK(h != plan_hash(&part[a], 42, 4, a));
			CHECK(h != plan_hash(&part[a], 42, 3, a + 1));
		}
	}
}

static void storms_make_sense(void)
{
	for (unsigned int i = 0; storm_at(i); i++) {
		const struct storm *storm = storm_at(i);
		unsigned int nqueues[NDEVS] = { 0 };
		struct part part[MAX_CAST];
		unsigned int n = engine_cast(storm, part);

		CHECK(storm_find(storm->name) == storm);
		CHECK(storm->aim && n > 0 && n <= MAX_ACTORS);
		CHECK(storm->ndevs <= NDEVS && storm->nioas <= NIOAS);
		CHECK(storm->nstable < NSLOTS);
		CHECK(storm->overlap[0] || storm->sight[0].kind);
		for (unsigned int a = 0; a < n; a++) {
			CHECK(part[a].dev < storm->ndevs);
			if (part_queue(&part[a]))
				nqueues[part[a].dev]++;
			/* A lane belongs to one writer only. */
			CHECK(part[a].writer * 4 < (int)NLANES);
		}
		for (unsigned int d = 0; d < NDEVS; d++)
			CHECK(nqueues[d] <= MDMA_NQUEUES);
	}
}

/* ---- the oracle --------------------------------------------------------- */

static struct shadow shadow;
static uint8_t memory[4][SLOT_BYTES] __attribute__((aligned(8)));

static uint32_t map_at(unsigned int ioas, unsigned int slot, uint8_t *buf,
		       unsigned int flags, tick_t s, tick_t c)
{
	uint32_t gen = shadow_gen(&shadow, ioas, slot, buf, flags);
	struct reg *reg = &shadow.slot[ioas][slot];

	stamp_fill(buf, SLOT_PAGES,
		   (struct stamp){ .kind = STAMP_LIVE,
				   .ioas = ioas,
				   .slot = slot,
				   .gen = gen });
	reg_end(reg, reg_begin(reg, gen, s), c, true);
	return gen;
}

static void unmap_at(unsigned int ioas, unsigned int slot, tick_t s, tick_t c)
{
	struct reg *reg = &shadow.slot[ioas][slot];

	reg_end(reg, reg_begin(reg, UNMAPPED, s), c, true);
}

static void attach_at(unsigned int ioas, tick_t s, tick_t c)
{
	struct reg *reg = &shadow.attach[0];

	reg_end(reg, reg_begin(reg, ATTACHED(ioas), s), c, true);
}

static enum verdict status_of(tick_t s, tick_t c, int status, bool pin,
			      bool write)
{
	struct range range = { 1, 0, 2 * SLOT_BYTES };
	struct dma dma = { .kind = write ? OP_WRITE : OP_READ,
			   .pin = pin,
			   .s = s,
			   .c = c,
			   .status = status };
	struct finding finding;

	*(write ? &dma.dst : &dma.src) = range;
	return oracle_status(&shadow, &dma, &finding);
}

/*
 * Slots 1 and 2: in IOAS 0 mapped from 10, slot 2 unmapped [100, 110], mapped
 * read-only [120, 130]. In IOAS 1 mapped all along. Attached to 0 from 20,
 * replaced by 1 in [200, 210].
 */
static void oracle_story(void)
{
	CHECK(shadow_init(&shadow, 2) == 0);
	map_at(0, 1, memory[0], GEN_WRITABLE, 10, 11);
	map_at(0, 2, memory[1], GEN_WRITABLE, 12, 13);
	map_at(1, 1, memory[2], GEN_WRITABLE, 14, 15);
	map_at(1, 2, memory[3], GEN_WRITABLE, 16, 17);
	attach_at(0, 20, 21);
	unmap_at(0, 2, 100, 110);
	map_at(0, 2, memory[1], 0, 120, 130);
	attach_at(1, 200, 210);
}

static void oracle_knows_errnos(void)
{
	oracle_story();
	/* all mapped */
	CHECK(status_of(30, 40, 0, false, false) == FINE);
	CHECK(status_of(30, 40, -ENOENT, false, false) == WRONG);
	CHECK(status_of(30, 40, -EINVAL, false, false) == WRONG);
	CHECK(status_of(30, 40, -EAGAIN, true, false) == WRONG);
	CHECK(status_of(30, 40, -EFAULT, false, false) == WRONG);
	/* before it was attached */
	CHECK(status_of(18, 19, -ENOENT, false, false) == FINE);
	CHECK(status_of(18, 19, 0, false, false) == WRONG);
	/* while slot 2 is unmapped */
	CHECK(status_of(90, 105, 0, false, false) == FINE);
	CHECK(status_of(90, 105, -ENOENT, false, false) == FINE);
	CHECK(status_of(90, 105, -EINVAL, true, false) == FINE);
	/* when it was */
	CHECK(status_of(112, 118, 0, false, false) == WRONG);
	CHECK(status_of(112, 118, -ENOENT, false, false) == FINE);
	CHECK(status_of(112, 118, -EINVAL, false, false) == WRONG);
	/* read-only now */
	CHECK(status_of(140, 150, 0, false, false) == FINE);
	CHECK(status_of(140, 150, 0, false, true) == WRONG);
	CHECK(status_of(140, 150, -EPERM, false, true) == FINE);
	CHECK(status_of(140, 150, -EPERM, false, false) == WRONG);
	/* during the replace: a read must succeed, a pin may have to try again */
	CHECK(status_of(195, 205, 0, false, false) == FINE);
	CHECK(status_of(195, 205, -ENOENT, false, false) == WEAK);
	CHECK(status_of(195, 205, -EAGAIN, false, false) == WRONG);
	CHECK(status_of(195, 205, -EAGAIN, true, false) == FINE);
	/* write access differs: both results possible */
	CHECK(status_of(195, 205, -EPERM, false, true) == FINE);
	CHECK(status_of(195, 205, 0, false, true) == FINE);
	CHECK(status_of(220, 230, -EPERM, false, true) == WRONG);
	/* mapped to nothing */
	map_at(1, 1, memory[2], GEN_WRITABLE | GEN_ABSENT, 300, 310);
	CHECK(status_of(305, 306, 0, false, false) == FINE);
	CHECK(status_of(305, 306, -EFAULT, false, false) == FINE);
	CHECK(status_of(320, 330, 0, false, false) == WRONG);
	CHECK(status_of(320, 330, -EFAULT, true, true) == FINE);
	shadow_fini(&shadow);
}

static enum verdict data_of(tick_t s, tick_t c, const void *data,
			    uint32_t offset, uint32_t length, bool *canary)
{
	struct dma dma = {
		.kind = OP_READ, .src = { 2, offset, length }, .s = s, .c = c
	};
	struct finding finding;

	return oracle_data(&shadow, &dma, &dma.src, data, canary, &finding);
}

static void oracle_knows_data(void)
{
	static uint64_t copy[SLOT_BYTES / 8];
	uint8_t *byte = (uint8_t *)copy;
	struct stamp s = { .kind = STAMP_CANARY, .slot = 2, .gen = 2 };
	bool canary;

	oracle_story();
	/* the second mapping of slot 2 in IOAS 0 has the same buffer: keep both */
	memcpy(copy, memory[1], SLOT_BYTES);
	CHECK(data_of(140, 150, copy, 0, SLOT_BYTES, &canary) == FINE);
	/* not yet mapped then, or not attached any more */
	CHECK(data_of(90, 95, copy, 0, SLOT_BYTES, &canary) == WRONG);
	CHECK(data_of(220, 230, copy, 0, SLOT_BYTES, &canary) == WRONG);
	CHECK(data_of(195, 205, copy, 0, SLOT_BYTES, &canary) == FINE);
	/* of the other IOAS */
	CHECK(data_of(140, 150, memory[3], 0, SLOT_BYTES, &canary) == WRONG);
	CHECK(data_of(220, 230, memory[3], 0, SLOT_BYTES, &canary) == FINE);
	/* page by page from either side of a replace */
	memcpy(copy, memory[3], PAGE_BYTES);
	CHECK(data_of(195, 205, copy, 0, SLOT_BYTES, &canary) == FINE);
	CHECK(data_of(140, 150, copy, 0, SLOT_BYTES, &canary) == WRONG);
	CHECK(!canary);
	/* a word from the wrong place */
	memcpy(copy, memory[1], SLOT_BYTES);
	copy[100] = copy[101];
	CHECK(data_of(140, 150, copy, 0, SLOT_BYTES, &canary) == WRONG);
	/* the lanes may hold anything but canaries */
	memcpy(copy, memory[1], SLOT_BYTES);
	copy[300] = 0x1234;
	CHECK(data_of(140, 150, copy, 0, SLOT_BYTES, &canary) == FINE);
	s.word = 300;
	copy[300] = stamp_pack(s);
	CHECK(data_of(140, 150, copy, 0, SLOT_BYTES, &canary) == WRONG);
	CHECK(canary);
	/* bytes at the edges; data is congruent to the offset */
	memcpy(copy, memory[1], SLOT_BYTES);
	CHECK(data_of(140, 150, byte + 21, 21, 100, &canary) == FINE);
	byte[21] ^= 1;
	CHECK(data_of(140, 150, byte + 21, 21, 100, &canary) == WRONG);
	byte[21] ^= 1;
	byte[120] ^= 1;
	CHECK(data_of(140, 150, byte + 21, 21, 100, &canary) == WRONG);
	CHECK(data_of(140, 150, byte + 21, 21, 99, &canary) == FINE);
	shadow_fini(&shadow);
}

static void oracle_knows_pins(void)
{
	struct held held = { .range = { 2, 0, PAGE_BYTES }, .s = 30, .c = 35 };
	struct finding finding;

	oracle_story();
	/* nothing happened yet */
	CHECK(oracle_held(&shadow, &held, 40, 50, true, &finding) == FINE);
	CHECK(oracle_held(&shadow, &held, 40, 50, false, &finding) == WRONG);
	/* while it is unmapped, both */
	CHECK(oracle_held(&shadow, &held, 90, 105, true, &finding) == FINE);
	CHECK(oracle_held(&shadow, &held, 90, 105, false, &finding) == FINE);
	/* after that it is gone for good, although it is mapped again */
	CHECK(oracle_held(&shadow, &held, 140, 150, true, &finding) == WRONG);
	CHECK(oracle_held(&shadow, &held, 140, 150, false, &finding) == FINE);
	/* a slot that stays mapped, across the replace */
	held.range.slot = 1;
	CHECK(oracle_held(&shadow, &held, 140, 150, false, &finding) == WRONG);
	CHECK(oracle_held(&shadow, &held, 205, 206, true, &finding) == FINE);
	CHECK(oracle_held(&shadow, &held, 205, 206, false, &finding) == FINE);
	CHECK(oracle_held(&shadow, &held, 220, 221, true, &finding) == WRONG);
	shadow_fini(&shadow);
}

static void oracle_knows_calls(void)
{
	struct finding finding;
	struct reg *reg;
	uint64_t t;

	oracle_story();
	reg = &shadow.slot[0][2];
	t = reg_begin(reg, UNMAPPED, 300);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_SLOTS, &t, 300, 310, 0,
			   SLOT_BYTES, &finding) == FINE);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_SLOTS, &t, 300, 310, 0, 0,
			   &finding) == WRONG);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_SLOTS, &t, 300, 310, -ENOENT,
			   0, &finding) == WRONG);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_SLOTS, &t, 300, 310,
			   -EDEADLOCK, 0, &finding) == WRONG);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_SLOTS, &t, 300, 310, -EBUSY,
			   0, &finding) == WEAK);
	reg_end(reg, t, 310, true);
	t = reg_begin(reg, UNMAPPED, 320);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_SLOTS, &t, 320, 330, 0,
			   SLOT_BYTES, &finding) == WRONG);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_SLOTS, &t, 320, 330, -ENOENT,
			   0, &finding) == FINE);
	CHECK(oracle_unmap(&shadow, 0, 2, 1, UNMAP_ALL, &t, 320, 330, 0, 0,
			   &finding) == FINE);
	reg_end(reg, t, 330, false);
	t = reg_begin(reg, 9, 340);
	CHECK(oracle_map(&shadow, 0, 2, t, 340, 350, 0, &finding) == FINE);
	CHECK(oracle_map(&shadow, 0, 2, t, 340, 350, -EEXIST, &finding) ==
	      WRONG);
	CHECK(oracle_map(&shadow, 0, 2, t, 340, 350, -ENOMEM, &finding) ==
	      WRONG);
	shadow_fini(&shadow);
}

/* ---- */

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} test[] = {
		{ "register_answers", register_answers },
		{ "register_changes", register_changes },
		{ "register_threads", register_threads },
		{ "stamps_say_where", stamps_say_where },
		{ "plans_repeat", plans_repeat },
		{ "storms_make_sense", storms_make_sense },
		{ "oracle_knows_errnos", oracle_knows_errnos },
		{ "oracle_knows_data", oracle_knows_data },
		{ "oracle_knows_pins", oracle_knows_pins },
		{ "oracle_knows_calls", oracle_knows_calls },
	};
	const unsigned int n = sizeof(test) / sizeof(test[0]);
	bool ok = true;

	tap_plan(n, 0);
	for (unsigned int i = 0; i < n; i++) {
		nfailures = 0;
		test[i].run();
		tap_result(!nfailures, test[i].name, "%u checks failed",
			   nfailures);
		ok = ok && !nfailures;
	}
	return ok ? TAP_EXIT_PASS : TAP_EXIT_FAIL;
}
