// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing_test.c - backing.c: pages pinned once, however many pins hold them
 *
 * Promised: a page is pinned and charged exactly while a pin covers it; a failed
 * pin holds nothing and charges nothing; two that fault the same page at the same
 * time end up with the same one. The naive model counts pins for each page.
 */
#include "thread.h"

#define SPAN 96UL /* pages of the backing */
#define PIN_MOST 72UL /* pages of a pin */
#define PINS 40

struct range {
	unsigned long first, n;
};

struct model {
	unsigned long count[SPAN]; /* pins that cover the page */
	struct range pins[PINS];
	unsigned int npins;
};

static struct backing *make(struct world *world, unsigned long first)
{
	struct backing *backing = backing_alloc_user(
		world->ictx, page_va(first), pages(SPAN), true);

	REQUIRE(backing);
	return backing;
}

static struct page *page_at(struct world *world, unsigned long index)
{
	return world->memory->at[index];
}

/* Of a process: every page that is covered carries one pin, and no other. */
static void compare(struct world *world, struct model *m, unsigned long base)
{
	unsigned long i, covered = 0;

	for (i = 0; i < SPAN; i++) {
		EXPECT_EQ(page_at(world, base + i)->pins, !!m->count[i]);
		covered += !!m->count[i];
	}
	EXPECT_EQ(atomic64_read(&world->mm->pinned_vm), covered);
	EXPECT_EQ(atomic_long_read(&world->user.locked_vm), covered);
}

static void random_pin(struct world *world, struct backing *backing,
		       struct model *m, struct rng *rng, unsigned long base)
{
	unsigned long first = rng_below(rng, SPAN);
	unsigned long n = 1 + rng_below(rng, min(SPAN - first, PIN_MOST)), i;
	struct page *out[SPAN];

	if (m->npins == PINS)
		return;
	world->memory->most = rng_one_in(rng, 2) ? 0 : rng_below(rng, 60);
	REQUIRE_EQ(backing_pin(backing, first, n, out), 0);
	for (i = 0; i < n; i++) {
		EXPECT(out[i] == page_at(world, base + first + i));
		m->count[first + i]++;
	}
	m->pins[m->npins++] = (struct range){ first, n };
}

static void random_unpin(struct backing *backing, struct model *m,
			 struct rng *rng)
{
	unsigned int which;
	struct range pin;
	unsigned long i;

	if (!m->npins)
		return;
	which = rng_below(rng, m->npins);
	pin = m->pins[which];
	m->pins[which] = m->pins[--m->npins];
	backing_unpin(backing, pin.first, pin.n);
	for (i = 0; i < pin.n; i++)
		m->count[pin.first + i]--;
}

/* A pin that fails in its middle, for want of memory, of a page, of allowance. */
static void random_failure(struct world *world, struct backing *backing,
			   struct model *m, struct rng *rng, unsigned long base)
{
	unsigned long first = rng_below(rng, SPAN - 8), i;
	unsigned long hole = first + rng_below(rng, 8);
	unsigned long limit = world->user.limit;
	struct page *out[SPAN];
	int rc;

	switch (rng_below(rng, 3)) {
	case 0:
		world->memory->absent[base + hole] = true;
		rc = backing_pin(backing, first, 8, out);
		world->memory->absent[base + hole] = false;
		EXPECT_EQ(rc, m->count[hole] ? 0 : -EFAULT);
		break;
	case 1:
		fault_arm(1 + rng_below(rng, 6), false);
		rc = backing_pin(backing, first, 8, out);
		fault_disarm();
		/* Pages that had come before are kept, and it goes on. */
		if (rc)
			EXPECT_EQ(rc, -ENOMEM);
		break;
	default:
		world->user.limit =
			atomic_long_read(&world->user.locked_vm) + 1;
		rc = backing_pin(backing, first, 8, out);
		world->user.limit = limit;
		if (rc)
			EXPECT_EQ(rc, -ENOMEM);
	}
	/* It may have been there already. */
	if (!rc)
		backing_unpin(backing, first, 8);
	for (i = 0; rc && i < SPAN; i++)
		EXPECT_EQ(page_at(world, base + i)->pins, !!m->count[i]);
}

static void random_run(unsigned long base, int operations)
{
	struct backing *backing;
	struct model m = { 0 };
	struct world world;
	struct rng rng;
	int i;

	world_open(&world);
	backing = make(&world, base);
	rng_init(&rng, test_seed() + base);
	for (i = 0; i < operations && !test_has_failed(); i++) {
		switch (rng_below(&rng, 5)) {
		case 0:
		case 1:
			random_pin(&world, backing, &m, &rng, base);
			break;
		case 2:
		case 3:
			random_unpin(backing, &m, &rng);
			break;
		default:
			random_failure(&world, backing, &m, &rng, base);
		}
		compare(&world, &m, base);
	}
	while (m.npins)
		random_unpin(backing, &m, &rng);
	compare(&world, &m, base);
	backing_put(backing);
	world_close(&world);
}

TEST(backing_random_large_folios)
{
	random_run(0, 1500);
}

TEST(backing_random_large_and_small_folios)
{
	random_run(WORLD_PAGES / 2 - SPAN / 2, 1500);
}

TEST(backing_random_small_folios_and_single_pages)
{
	random_run(WORLD_PAGES * 3 / 4 - SPAN / 2, 1500);
}

TEST(backing_random_single_pages)
{
	random_run(WORLD_PAGES - SPAN, 1500);
}

/* A folio pinned at once is one entry, and one call gives it back. */
TEST(backing_folio_costs_one_entry)
{
	struct page *out[FOLIO_PAGES];
	struct backing *backing;
	struct world world;
	long live;

	world_open(&world);
	backing = make(&world, 0);
	/* The tree's own node comes with the first entry. */
	REQUIRE_EQ(backing_pin(backing, FOLIO_PAGES, 1, out), 0);
	live = slab_live();
	REQUIRE_EQ(backing_pin(backing, 0, FOLIO_PAGES, out), 0);
	EXPECT(slab_live() - live <= 2);
	backing_unpin(backing, 0, FOLIO_PAGES);
	backing_unpin(backing, FOLIO_PAGES, 1);
	backing_put(backing);
	world_close(&world);
}

/* A memfd's folio carries one pin for a run of its pages, however it is asked. */
TEST(backing_file_random)
{
	struct file *file = memfd_make(SPAN);
	struct page *out[SPAN];
	struct backing *backing;
	struct model m = { 0 };
	struct world world;
	struct rng rng;
	int i;

	world_open(&world);
	backing = backing_alloc_file(world.ictx, file, 0, pages(SPAN), true);
	REQUIRE(backing);
	rng_init(&rng, test_seed());
	for (i = 0; i < 1500 && !test_has_failed(); i++) {
		unsigned long first = rng_below(&rng, SPAN);
		unsigned long n = 1 + rng_below(&rng, min(SPAN - first, 24UL));
		unsigned long j;

		file->memory->most = rng_below(&rng, 5);
		if (m.npins == PINS || rng_one_in(&rng, 2)) {
			random_unpin(backing, &m, &rng);
		} else {
			REQUIRE_EQ(backing_pin(backing, first, n, out), 0);
			for (j = 0; j < n; j++) {
				EXPECT(out[j] == file->memory->at[first + j]);
				m.count[first + j]++;
			}
			m.pins[m.npins++] = (struct range){ first, n };
		}
		for (j = 0; j < SPAN; j++)
			if (m.count[j])
				EXPECT(file->memory->at[j]->head->pins > 0);
		if (!m.npins)
			EXPECT_EQ(memory_pins(file->memory, 0, SPAN), 0);
	}
	while (m.npins)
		random_unpin(backing, &m, &rng);
	EXPECT_EQ(memory_pins(file->memory, 0, SPAN), 0);
	backing_put(backing);
	fput(file);
	world_close(&world);
}

TEST(backing_borrow_only_what_is_pinned)
{
	struct backing *backing;
	struct page *out[4], *page;
	struct world world;

	world_open(&world);
	backing = make(&world, 0);
	EXPECT(!backing_borrow(backing, 2));
	REQUIRE_EQ(backing_pin(backing, 1, 4, out), 0);
	page = backing_borrow(backing, 2);
	REQUIRE(page == out[1]);
	put_page(page);
	EXPECT(!backing_borrow(backing, 0));
	EXPECT(!backing_borrow(backing, 5));
	backing_unpin(backing, 1, 4);
	backing_put(backing);
	world_close(&world);
}

struct pinning {
	struct backing *backing;
	unsigned long first, n;
	struct page *out[SPAN];
};

static int pin_thread(void *data)
{
	struct pinning *p = data;

	return backing_pin(p->backing, p->first, p->n, p->out);
}

/* Two fault the same pages at the same time: both end up with the same ones. */
TEST(backing_two_faults_of_one_page)
{
	struct pinning one, two;
	struct thread a, b;
	struct backing *backing;
	struct world world;
	unsigned long i;

	world_open(&world);
	backing = make(&world, 0);
	one = (struct pinning){ backing, 0, 8, { NULL } };
	two = (struct pinning){ backing, 4, 8, { NULL } };
	memory_hold(world.memory, 5);
	thread_start(&a, &world, pin_thread, &one);
	thread_start(&b, &world, pin_thread, &two);
	wait_until(__atomic_load_n(&world.memory->waiting, __ATOMIC_SEQ_CST) ==
		   2);
	memory_release(world.memory, 5);
	EXPECT_EQ(thread_join(&a), 0);
	EXPECT_EQ(thread_join(&b), 0);
	for (i = 4; i < 8; i++)
		EXPECT(one.out[i] == two.out[i - 4]);
	for (i = 0; i < 12; i++)
		EXPECT_EQ(page_at(&world, i)->pins, 1);
	EXPECT_EQ(atomic64_read(&world.mm->pinned_vm), 12);
	backing_unpin(backing, 0, 8);
	backing_unpin(backing, 4, 8);
	backing_put(backing);
	world_close(&world);
}

/* S5: a fault that takes for ever does not hold up pages that are there. */
TEST(backing_stuck_fault_blocks_nobody)
{
	struct pinning stuck;
	struct page *out[4];
	struct thread thread;
	struct backing *backing;
	struct world world;

	world_open(&world);
	backing = make(&world, 0);
	stuck = (struct pinning){ backing, 0, 8, { NULL } };
	memory_hold(world.memory, 5);
	thread_start(&thread, &world, pin_thread, &stuck);
	wait_until(__atomic_load_n(&world.memory->waiting, __ATOMIC_SEQ_CST));
	EXPECT_EQ(backing_pin(backing, 8, 4, out), 0);
	EXPECT_EQ(backing_pin(backing, 0, 4, out), 0);
	backing_unpin(backing, 8, 4);
	backing_unpin(backing, 0, 4);
	thread_kill(&thread);
	EXPECT_EQ(thread_join(&thread), -EINTR);
	EXPECT_EQ(atomic64_read(&world.mm->pinned_vm), 0);
	memory_release(world.memory, 5);
	backing_put(backing);
	world_close(&world);
}

TEST(backing_change_of_payer)
{
	struct user_struct other = { .limit = 6 };
	struct payer *payer, *old = NULL;
	struct backing *backing;
	struct page *out[8];
	struct world world;

	world_open(&world);
	backing = make(&world, 0);
	REQUIRE_EQ(backing_pin(backing, 0, 8, out), 0);
	current->user = &other;
	payer = payer_alloc(CHARGE_USER);
	current->user = &world.user;
	EXPECT_EQ(backing_change_payer(backing, payer, &old), -ENOMEM);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 8);
	EXPECT_EQ(atomic_long_read(&other.locked_vm), 0);
	other.limit = 8;
	REQUIRE_EQ(backing_change_payer(backing, payer, &old), 0);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 0);
	EXPECT_EQ(atomic_long_read(&other.locked_vm), 8);
	world.user.limit = 1;
	backing_restore_payer(backing, old);
	EXPECT_EQ(atomic_long_read(&world.user.locked_vm), 8);
	EXPECT_EQ(atomic_long_read(&other.locked_vm), 0);
	payer_put(old);
	payer_put(payer);
	backing_unpin(backing, 0, 8);
	backing_put(backing);
	world_close(&world);
}
