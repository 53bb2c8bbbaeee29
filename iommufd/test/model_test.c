// SPDX-License-Identifier: GPL-2.0-only
/*
 * model_test.c - random operations against a deliberately naive model
 *
 * Two IOAS, three accesses, one thread. The model has an entry for each page of IOVA
 * and a copy of each byte of memory; it predicts the result of every operation, what
 * every read sees, how often each page is pinned, and who is charged how much.
 */
#include <stdlib.h>
#include "driver.h"

#define SPACE 40UL /* pages of IOVA, from BASE on */
#define BASE pages(32)
#define PINNABLE 100UL /* pages of memory in use */
#define DRIVERS 3
#define MODEL_PINS 60
#define OPERATIONS 30000

/* A page of IOVA. */
struct cell {
	unsigned int area; /* 0: a hole; else a number of its own */
	unsigned int backing; /* the same for what was copied */
	unsigned long page; /* of memory */
	bool readable, writable, may_write; /* the last: as it was mapped */
};

struct model_pin {
	bool used;
	unsigned long first, n; /* cells */
};

struct model_driver {
	int ioas; /* 0, 1; -1 when not attached */
	struct model_pin pins[MODEL_PINS];
};

struct model {
	struct world world;
	struct driver drivers[DRIVERS];
	struct model_driver model_drivers[DRIVERS];
	struct cell cells[2][SPACE];
	unsigned char (*bytes)[4096];
	unsigned int last_number;
	u32 ids[2];
	unsigned long pinned; /* the most pages at a time */
	unsigned long done; /* operations that succeeded */
};

static unsigned long cell_iova(unsigned long cell)
{
	return BASE + pages(cell);
}

/* Errno for a use of [first, first + n), the first cell that is wrong decides. */
static int use(struct model *m, int ioas, unsigned long first, unsigned long n,
	       bool read, bool write)
{
	for (; n; n--, first++) {
		struct cell *cell = &m->cells[ioas][first];

		if (!cell->area)
			return -ENOENT;
		if ((read && !cell->readable) || (write && !cell->writable))
			return -EPERM;
	}
	return 0;
}

static bool hole(struct model *m, int ioas, unsigned long first,
		 unsigned long n)
{
	for (; n; n--, first++)
		if (m->cells[ioas][first].area)
			return false;
	return true;
}

static void drop_pins(struct model *m, int ioas, unsigned long first,
		      unsigned long n)
{
	int d, p;

	for (d = 0; d < DRIVERS; d++)
		for (p = 0; p < MODEL_PINS; p++) {
			struct model_pin *pin = &m->model_drivers[d].pins[p];

			if (m->model_drivers[d].ioas == ioas && pin->used &&
			    pin->first < first + n &&
			    first < pin->first + pin->n)
				pin->used = false;
		}
}

static void do_map(struct model *m, struct rng *rng)
{
	static const u32 kinds[] = { RW,
				     RW,
				     RW,
				     RW,
				     RW,
				     RW,
				     IOMMU_IOAS_MAP_READABLE,
				     IOMMU_IOAS_MAP_WRITEABLE };
	unsigned long n = 1 + rng_below(rng, 6), i;
	unsigned long first = rng_below(rng, SPACE - n);
	unsigned long page = rng_below(rng, PINNABLE - n);
	u32 kind = kinds[rng_below(rng, ARRAY_SIZE(kinds))];
	int ioas = rng_below(rng, 2);
	bool free = hole(m, ioas, first, n);
	u64 at = cell_iova(first);

	EXPECT_EQ(user_map(&m->world, m->ids[ioas], page_va(page), pages(n),
			   kind | FIXED, &at),
		  free ? 0 : -EEXIST);
	if (!free)
		return;
	m->last_number++;
	for (i = 0; i < n; i++)
		m->cells[ioas][first + i] = (struct cell){
			.area = m->last_number,
			.backing = m->last_number,
			.page = page + i,
			.readable = kind & IOMMU_IOAS_MAP_READABLE,
			.writable = kind & IOMMU_IOAS_MAP_WRITEABLE,
			.may_write = kind & IOMMU_IOAS_MAP_WRITEABLE,
		};
}

static int predict_copy(struct model *m, int src, unsigned long from, int dst,
			unsigned long to, unsigned long n, bool write)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		struct cell *cell = &m->cells[src][from + i];

		if (!cell->area)
			return -ENOENT;
		if (write && !cell->may_write)
			return -EPERM;
	}
	return hole(m, dst, to, n) ? 0 : -EEXIST;
}

static void do_copy(struct model *m, struct rng *rng)
{
	unsigned long n = 1 + rng_below(rng, 8), i;
	unsigned long from = rng_below(rng, SPACE - n);
	unsigned long to = rng_below(rng, SPACE - n);
	u32 kind = rng_below(rng, 4) ? RW : IOMMU_IOAS_MAP_READABLE;
	bool write = kind & IOMMU_IOAS_MAP_WRITEABLE;
	int src = rng_below(rng, 2), dst = rng_below(rng, 2);
	int rc = predict_copy(m, src, from, dst, to, n, write);
	unsigned int before = 0;
	struct cell copy[8];
	u64 at = cell_iova(to);

	EXPECT_EQ(user_copy(&m->world, m->ids[dst], m->ids[src], pages(n),
			    kind | FIXED, &at, cell_iova(from)),
		  rc);
	if (rc)
		return;
	m->done++;
	memcpy(copy, &m->cells[src][from], n * sizeof(*copy));
	for (i = 0; i < n; i++) {
		/* A new area for each that it takes from. */
		if (copy[i].area != before)
			m->last_number++;
		before = copy[i].area;
		copy[i].area = m->last_number;
		copy[i].readable = kind & IOMMU_IOAS_MAP_READABLE;
		copy[i].writable = write;
	}
	memcpy(&m->cells[dst][to], copy, n * sizeof(*copy));
}

static bool cuts(struct model *m, int ioas, unsigned long at)
{
	if (!at || at == SPACE)
		return false;
	return m->cells[ioas][at].area &&
	       m->cells[ioas][at].area == m->cells[ioas][at - 1].area;
}

static void do_unmap(struct model *m, struct rng *rng)
{
	unsigned long n = 1 + rng_below(rng, 10), i;
	unsigned long first = rng_below(rng, SPACE - n), mapped = 0;
	int ioas = rng_below(rng, 2);
	u64 unmapped = 0;
	int rc = 0;

	/* Half of the time at edges, or nothing would ever be unmapped. */
	while (rng_one_in(rng, 2) && cuts(m, ioas, first))
		first--, n++;
	while (rng_one_in(rng, 8) == false && cuts(m, ioas, first + n))
		n++;
	for (i = 0; i < n; i++)
		mapped += !!m->cells[ioas][first + i].area;
	if (!mapped || cuts(m, ioas, first) || cuts(m, ioas, first + n))
		rc = -ENOENT;
	EXPECT_EQ(user_unmap(&m->world, m->ids[ioas], cell_iova(first),
			     pages(n), &unmapped),
		  rc);
	if (rc)
		return;
	m->done++;
	EXPECT_EQ(unmapped, pages(mapped));
	for (i = 0; i < n; i++)
		if (m->cells[ioas][first + i].area)
			drop_pins(m, ioas, first + i, 1);
	memset(&m->cells[ioas][first], 0, n * sizeof(struct cell));
}

static void do_change(struct model *m, struct rng *rng)
{
	int d = rng_below(rng, DRIVERS), ioas = rng_below(rng, 2), p;
	struct model_driver *driver = &m->model_drivers[d];
	int was = driver->ioas;

	switch (rng_below(rng, 5)) {
	case 0:
	case 1:
		EXPECT_EQ(driver_attach(&m->drivers[d], m->ids[ioas]),
			  was < 0 ? 0 : -EINVAL);
		if (was < 0)
			driver->ioas = ioas;
		return;
	case 2:
	case 3:
		EXPECT_EQ(driver_replace(&m->drivers[d], m->ids[ioas]),
			  was < 0 ? -ENOENT : 0);
		if (was < 0 || was == ioas)
			return;
		driver->ioas = ioas;
		break;
	default:
		driver_detach(&m->drivers[d]);
		driver->ioas = -1;
	}
	for (p = 0; p < MODEL_PINS; p++)
		driver->pins[p].used = false;
}

static void do_pin(struct model *m, struct rng *rng)
{
	unsigned long n = 1 + rng_below(rng, 10);
	unsigned long first = rng_below(rng, SPACE - n);
	int d = rng_below(rng, DRIVERS), p;
	struct model_driver *driver = &m->model_drivers[d];
	bool write = rng_one_in(rng, 2);
	int rc;

	for (p = 0; p < MODEL_PINS && driver->pins[p].used; p++)
		;
	if (p == MODEL_PINS)
		return;
	rc = driver->ioas < 0 ? -ENOENT :
				use(m, driver->ioas, first, n, !write, write);
	EXPECT_EQ(driver_pin(&m->drivers[d], cell_iova(first), pages(n), write),
		  rc);
	if (rc)
		return;
	driver->pins[p] = (struct model_pin){ true, first, n };
	m->done++;
}

/* The driver finds its records in its own order: one of the same range goes. */
static void do_unpin(struct model *m, struct rng *rng)
{
	int d = rng_below(rng, DRIVERS), p;
	unsigned int slot = rng_below(rng, 24);
	struct hold hold = m->drivers[d].holds[slot];

	if (!driver_release_one(&m->drivers[d], slot))
		return;
	for (p = 0; p < MODEL_PINS; p++) {
		struct model_pin *pin = &m->model_drivers[d].pins[p];

		if (pin->used && cell_iova(pin->first) == hold.iova &&
		    pages(pin->n) == hold.length) {
			pin->used = false;
			return;
		}
	}
	EXPECT(!"the model has that pin");
}

/* Byte by byte, through the model's cells. */
static void do_rw(struct model *m, struct rng *rng)
{
	unsigned long length = 1 + rng_below(rng, 3 * PAGE_SIZE), i;
	unsigned long at = rng_below(rng, pages(SPACE) - length);
	unsigned long last = (at + length - 1) >> PAGE_SHIFT;
	int d = rng_below(rng, DRIVERS);
	struct model_driver *driver = &m->model_drivers[d];
	static unsigned char buffer[3 * 4096];
	bool write = rng_one_in(rng, 2);
	unsigned long first = at >> PAGE_SHIFT;
	int rc;

	for (i = 0; i < length; i++)
		buffer[i] = write ? rng_next(rng) : 0;
	rc = driver->ioas < 0 ? -ENOENT :
				use(m, driver->ioas, first, last - first + 1,
				    !write, write);
	EXPECT_EQ(write ? driver_write(&m->drivers[d], BASE + at, buffer,
				       length) :
			  driver_read(&m->drivers[d], BASE + at, buffer,
				      length),
		  rc);
	if (rc)
		return;
	for (i = 0; i < length; i++) {
		struct cell *cell =
			&m->cells[driver->ioas][(at + i) >> PAGE_SHIFT];
		unsigned char *byte =
			&m->bytes[cell->page][(at + i) & ~PAGE_MASK];

		if (write)
			*byte = buffer[i];
		else if (buffer[i] != *byte)
			EXPECT_EQ(buffer[i], *byte);
	}
}

static void do_destroy(struct model *m, struct rng *rng)
{
	int ioas = rng_below(rng, 2), d;
	bool used = false;

	for (d = 0; d < DRIVERS; d++)
		used |= m->model_drivers[d].ioas == ioas;
	EXPECT_EQ(user_destroy(&m->world, m->ids[ioas]), used ? -EBUSY : 0);
	if (used)
		return;
	EXPECT_EQ(user_ioas_alloc(&m->world, &m->ids[ioas]), 0);
	memset(m->cells[ioas], 0, sizeof(m->cells[ioas]));
}

/* A page carries one pin for each backing through which a pin covers it. */
static void compare(struct model *m)
{
	static unsigned int seen[4096][2]; /* (backing, page), few enough */
	unsigned int n = 0, i, p, d;
	unsigned long k, pins[PINNABLE] = { 0 };

	for (d = 0; d < DRIVERS; d++)
		for (p = 0; p < MODEL_PINS; p++) {
			struct model_pin *pin = &m->model_drivers[d].pins[p];

			for (k = 0; pin->used && k < pin->n; k++) {
				struct cell *cell =
					&m->cells[m->model_drivers[d].ioas]
						 [pin->first + k];

				for (i = 0; i < n; i++)
					if (seen[i][0] == cell->backing &&
					    seen[i][1] == cell->page)
						break;
				if (i < n)
					continue;
				seen[n][0] = cell->backing;
				seen[n++][1] = cell->page;
				pins[cell->page]++;
			}
		}
	for (k = 0; k < PINNABLE; k++)
		if ((unsigned long)m->world.memory->at[k]->pins != pins[k])
			EXPECT_EQ(m->world.memory->at[k]->pins, pins[k]);
	if (n > m->pinned)
		m->pinned = n;
	EXPECT_EQ(atomic_long_read(&m->world.user.locked_vm), n);
	EXPECT_EQ(atomic64_read(&m->world.mm->pinned_vm), n);
}

typedef void (*operation_fn)(struct model *m, struct rng *rng);

TEST(model_random)
{
	static const operation_fn operations[] = {
		do_map, do_map, do_map, do_map, do_copy, do_copy,  do_unmap,
		do_pin, do_pin, do_pin, do_pin, do_pin,	 do_unpin, do_rw,
	};
	static struct model m;
	struct rng rng;
	int i;

	world_open(&m.world);
	m.world.user.limit = LONG_MAX;
	m.ids[0] = m.world.a;
	m.ids[1] = m.world.b;
	m.bytes = calloc(PINNABLE, sizeof(*m.bytes));
	for (i = 0; i < DRIVERS; i++) {
		REQUIRE_EQ(driver_open(&m.drivers[i], &m.world), 0);
		m.model_drivers[i].ioas = -1;
	}
	rng_init(&rng, test_seed());
	for (i = 0; i < OPERATIONS && !test_has_failed(); i++) {
		if (rng_one_in(&rng, 200))
			do_destroy(&m, &rng);
		else if (rng_one_in(&rng, 40))
			do_change(&m, &rng);
		else
			operations[rng_below(&rng, ARRAY_SIZE(operations))](
				&m, &rng);
		compare(&m);
		if (rng_one_in(&rng, 50))
			rcu_barrier();
		if (test_has_failed())
			printf("# after %d operations\n", i + 1);
	}
	printf("# stat succeeded=%lu most_pinned=%lu\n", m.done, m.pinned);
	/* Or it compares nothing with nothing. */
	EXPECT(m.done > OPERATIONS / 20);
	EXPECT(m.pinned > 20);
	EXPECT_EQ(log_count(""), 0);
	for (i = 0; i < DRIVERS; i++)
		driver_close(&m.drivers[i]);
	free(m.bytes);
	world_close(&m.world);
}
