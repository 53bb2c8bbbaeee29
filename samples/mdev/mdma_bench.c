// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_bench.c - the benchmark registers: the same call N times, and how long it took
 *
 * The benchmark runs in the thread that wrote BENCH_GO, so that nothing but the call
 * is measured: no queue, no worker. Copies go between the user's memory and the
 * beginning of device memory. A signal ends it; BENCH_NS is then the time until there.
 *
 * LOCKING
 *   bench->lock    held while it runs, and to write a register; killable
 *   no lock        to read one: the results are of the last benchmark that ended
 * MAY SLEEP        all but reading
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mdma_private.h"

/* What a benchmark needs, ready before the clock starts. */
struct bench_run {
	struct mdma_dev *mdma;
	u32 what;
	u64 iova;
	u32 length;
	u32 iterations;
	struct mdma_pin *pin;
	void *scratch;
};

/**
 * mdma_bench_init() - never run
 * @bench: uninitialised
 */
void mdma_bench_init(struct mdma_bench *bench)
{
	mutex_init(&bench->lock);
}

/**
 * mdma_bench_reset() - forget what the user wrote
 * @bench: in use; a benchmark that runs goes on with what it was given
 */
void mdma_bench_reset(struct mdma_bench *bench)
{
	WRITE_ONCE(bench->iova, 0);
	WRITE_ONCE(bench->length, 0);
	WRITE_ONCE(bench->iterations, 0);
	WRITE_ONCE(bench->status, 0);
	WRITE_ONCE(bench->ns, 0);
}

static int prepare(struct bench_run *run)
{
	unsigned long last;

	if (!run->length || run->length > MDMA_MAX_LENGTH)
		return -EINVAL;
	if (check_add_overflow(run->iova, run->length - 1, &last))
		return -EOVERFLOW;
	switch (run->what) {
	case MDMA_BENCH_RW_READ:
	case MDMA_BENCH_RW_WRITE:
		return 0;
	case MDMA_BENCH_PIN:
		run->pin = mdma_pin_alloc((last >> PAGE_SHIFT) -
					  (run->iova >> PAGE_SHIFT) + 1);
		return run->pin ? 0 : -ENOMEM;
	case MDMA_BENCH_MEMCPY:
		run->scratch = kvmalloc(run->length, GFP_KERNEL);
		return run->scratch ? 0 : -ENOMEM;
	default:
		return -EOPNOTSUPP;
	}
}

static void finish(struct bench_run *run)
{
	mdma_pin_free(run->pin);
	kvfree(run->scratch);
}

static int once(struct bench_run *run)
{
	struct mdma_dev *mdma = run->mdma;
	int rc;

	switch (run->what) {
	case MDMA_BENCH_RW_READ:
	case MDMA_BENCH_RW_WRITE:
		return mdma_access_rw(mdma, run->iova, mdma->mem, run->length,
				      run->what == MDMA_BENCH_RW_WRITE);
	case MDMA_BENCH_PIN:
		rc = mdma_pin_begin(mdma, run->pin, run->iova, run->length,
				    false);
		if (!rc)
			mdma_pin_end(mdma, run->pin);
		return rc;
	default:
		memcpy(run->scratch, mdma->mem, run->length);
		/* Each copy counts, whatever the compiler thinks. */
		barrier();
		return 0;
	}
}

/* Under bench->lock. */
static void go(struct mdma_dev *mdma, u32 what)
{
	struct mdma_bench *bench = &mdma->bench;
	struct bench_run run = {
		.mdma = mdma,
		.what = what,
		.iova = READ_ONCE(bench->iova),
		.length = READ_ONCE(bench->length),
		.iterations = READ_ONCE(bench->iterations),
	};
	u64 start;
	int rc;

	rc = prepare(&run);
	start = ktime_get_ns();
	for (u32 i = 0; !rc && i < run.iterations; i++) {
		rc = once(&run);
		if (signal_pending(current))
			rc = rc ?: -EINTR;
		cond_resched();
	}
	WRITE_ONCE(bench->ns, ktime_get_ns() - start);
	WRITE_ONCE(bench->status, rc);
	finish(&run);
}

/**
 * mdma_bench_read32() - a register of the benchmark block
 * @bench: of the device
 * @reg: MDMA_REG_BENCH_*
 */
u32 mdma_bench_read32(struct mdma_bench *bench, u32 reg)
{
	switch (reg) {
	case MDMA_REG_BENCH_LENGTH:
		return READ_ONCE(bench->length);
	case MDMA_REG_BENCH_ITERS:
		return READ_ONCE(bench->iterations);
	case MDMA_REG_BENCH_STATUS:
		return READ_ONCE(bench->status);
	default:
		return 0;
	}
}

/**
 * mdma_bench_read64() - a 64-bit register of the benchmark block
 * @bench: of the device
 * @reg: MDMA_REG_BENCH_IOVA or MDMA_REG_BENCH_NS
 */
u64 mdma_bench_read64(struct mdma_bench *bench, u32 reg)
{
	return reg == MDMA_REG_BENCH_IOVA ? READ_ONCE(bench->iova) :
					    READ_ONCE(bench->ns);
}

/**
 * mdma_bench_write32() - write a register of the benchmark block
 * @mdma: an open device
 * @reg: MDMA_REG_BENCH_*; one that cannot be written ignores it
 * @val: value; GO returns when the benchmark has ended
 *
 * Return: 0, whatever the benchmark did; -EINTR if killed while another runs.
 */
int mdma_bench_write32(struct mdma_dev *mdma, u32 reg, u32 val)
{
	struct mdma_bench *bench = &mdma->bench;

	if (mutex_lock_killable(&bench->lock))
		return -EINTR;
	switch (reg) {
	case MDMA_REG_BENCH_LENGTH:
		WRITE_ONCE(bench->length, val);
		break;
	case MDMA_REG_BENCH_ITERS:
		WRITE_ONCE(bench->iterations, val);
		break;
	case MDMA_REG_BENCH_GO:
		go(mdma, val);
		break;
	}
	mutex_unlock(&bench->lock);
	return 0;
}

/**
 * mdma_bench_write64() - write a 64-bit register of the benchmark block
 * @bench: of an open device
 * @reg: MDMA_REG_BENCH_IOVA; one that cannot be written ignores it
 * @val: value
 * @mask: bits of it to be written
 *
 * Return: 0; -EINTR if killed while a benchmark runs.
 */
int mdma_bench_write64(struct mdma_bench *bench, u32 reg, u64 val, u64 mask)
{
	if (reg != MDMA_REG_BENCH_IOVA)
		return 0;
	if (mutex_lock_killable(&bench->lock))
		return -EINTR;
	WRITE_ONCE(bench->iova, (bench->iova & ~mask) | (val & mask));
	mutex_unlock(&bench->lock);
	return 0;
}
