// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_ops.c - what the descriptors do: a function and a row of the table for each
 *
 * A descriptor is checked whole before anything happens, by what its row says it
 * uses: a range of IOVA, device memory, another range. Then its function runs. Data
 * moves by one of two paths:
 *
 *   copy   iommufd_access_rw(), one call for READ and WRITE, straight from or to
 *          device memory; the others go through the worker's buffer, MDMA_CHUNK
 *          bytes at a time.
 *   pin    MDMA_CHUNK bytes at a time: pin, copy, unpin. Device memory and the buffer
 *          are the kernel's, so nothing faults while the pages are pinned, and never
 *          is more than one range pinned at a time. The callback relies on both.
 *
 * Either way a descriptor that fails has moved `done` bytes for sure; what else it
 * may have written is for the core to say.
 *
 * The delay of a descriptor stands where an unmap should meet it: after the pages are
 * pinned, or found; before the call that copies or pins for good. It ends when
 * somebody wants the pin, or the queue stops.
 *
 * LOCKING          none
 * MAY SLEEP        everything here
 */
#include <linux/crc32.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "mdma_private.h"

#define KNOWN_FLAGS (MDMA_F_PIN | MDMA_F_IRQ | MDMA_F_WRITE)

/**
 * struct op - a row of the table
 * @run: what it does; returns the status
 * @range: uses iova and length
 * @memory: uses dev_offset and length
 * @second: uses the IOVA in arg, and length
 */
struct op {
	int (*run)(struct mdma_run *run);
	bool range;
	bool memory;
	bool second;
};

static bool delay_is_cut(struct mdma_run *run, struct mdma_pin *pin)
{
	return mdma_queue_stopping(run->worker->queue) ||
	       (pin && mdma_pin_revoked(run->mdma, pin));
}

/* Wait as long as the descriptor says, once. @pin: what we keep others from. */
static void delay(struct mdma_run *run, struct mdma_pin *pin)
{
	const u64 ns = (u64)run->desc.delay_us * NSEC_PER_USEC;
	struct mdma_dev *mdma = run->mdma;

	if (run->delayed || !run->desc.delay_us)
		return;
	run->delayed = true;
	wait_event_interruptible_hrtimeout(
		mdma->pins.wait, delay_is_cut(run, pin), ns_to_ktime(ns));
}

static void copy_pages(struct mdma_pin *pin, size_t offset, void *buf,
		       size_t length, bool write)
{
	while (length) {
		struct page *page = pin->pages[offset >> PAGE_SHIFT];
		const size_t in_page = offset_in_page(offset);
		const size_t n = min(length, PAGE_SIZE - in_page);

		if (write)
			memcpy_to_page(page, in_page, buf, n);
		else
			memcpy_from_page(buf, page, in_page, n);
		offset += n;
		buf += n;
		length -= n;
	}
}

/* At most MDMA_CHUNK bytes by the pin path. */
static int move_pinned(struct mdma_run *run, u64 iova, void *buf, size_t length,
		       bool write)
{
	const size_t offset = offset_in_page(iova);
	struct mdma_pin *pin = run->worker->pin;
	int rc;

	rc = mdma_pin_begin(run->mdma, pin, iova - offset, offset + length,
			    write);
	if (rc)
		return rc;
	delay(run, pin);
	copy_pages(pin, offset, buf, length, write);
	mdma_pin_end(run->mdma, pin);
	return 0;
}

/* At most MDMA_CHUNK bytes between IOVA and kernel memory. */
static int move_chunk(struct mdma_run *run, u64 iova, void *buf, size_t length,
		      bool write)
{
	if (run->desc.flags & MDMA_F_PIN)
		return move_pinned(run, iova, buf, length, write);
	delay(run, NULL);
	return mdma_access_rw(run->mdma, iova, buf, length, write);
}

/* The whole range between IOVA and device memory. */
static int move_memory(struct mdma_run *run, bool write)
{
	const struct mdma_desc *desc = &run->desc;
	void *mem = run->mdma->mem + desc->dev_offset;
	int rc;

	if (!(desc->flags & MDMA_F_PIN)) {
		delay(run, NULL);
		rc = mdma_access_rw(run->mdma, desc->iova, mem, desc->length,
				    write);
		if (!rc)
			run->done = desc->length;
		return rc;
	}
	while (run->done < desc->length) {
		const u32 n = min(desc->length - run->done, MDMA_CHUNK);

		rc = move_pinned(run, desc->iova + run->done, mem + run->done,
				 n, write);
		if (rc)
			return rc;
		run->done += n;
	}
	return 0;
}

static int op_nop(struct mdma_run *run)
{
	delay(run, NULL);
	if (run->desc.arg > MAX_ERRNO)
		return -EINVAL;
	return -(int)run->desc.arg;
}

static int op_read(struct mdma_run *run)
{
	return move_memory(run, false);
}

static int op_write(struct mdma_run *run)
{
	return move_memory(run, true);
}

static int op_copy(struct mdma_run *run)
{
	const struct mdma_desc *desc = &run->desc;
	void *buf = run->worker->buffer;
	int rc;

	while (run->done < desc->length) {
		const u32 n = min(desc->length - run->done, MDMA_CHUNK);

		rc = move_chunk(run, desc->iova + run->done, buf, n, false);
		if (!rc)
			rc = move_chunk(run, desc->arg + run->done, buf, n,
					true);
		if (rc)
			return rc;
		run->done += n;
	}
	return 0;
}

static int op_fill(struct mdma_run *run)
{
	const __le64 pattern = cpu_to_le64(run->desc.arg);
	const struct mdma_desc *desc = &run->desc;
	void *buf = run->worker->buffer;
	int rc;

	for (u32 i = 0; i < min(desc->length, MDMA_CHUNK); i += sizeof(pattern))
		memcpy(buf + i, &pattern, sizeof(pattern));
	while (run->done < desc->length) {
		const u32 n = min(desc->length - run->done, MDMA_CHUNK);

		rc = move_chunk(run, desc->iova + run->done, buf, n, true);
		if (rc)
			return rc;
		run->done += n;
	}
	return 0;
}

static int op_crc32c(struct mdma_run *run)
{
	const struct mdma_desc *desc = &run->desc;
	void *buf = run->worker->buffer;
	u32 crc = ~0U;
	int rc;

	while (run->done < desc->length) {
		const u32 n = min(desc->length - run->done, MDMA_CHUNK);

		rc = move_chunk(run, desc->iova + run->done, buf, n, false);
		if (rc)
			return rc;
		crc = kit_crc32c(crc, buf, n);
		run->done += n;
	}
	run->result = crc ^ ~0U;
	return 0;
}

static int op_pin(struct mdma_run *run)
{
	const struct mdma_desc *desc = &run->desc;
	unsigned int npages;
	int rc;

	delay(run, NULL);
	rc = mdma_pin_hold(run->mdma, desc->iova, desc->length,
			   desc->flags & MDMA_F_WRITE, &npages);
	if (!rc)
		run->result = npages;
	return rc;
}

static int op_unpin(struct mdma_run *run)
{
	delay(run, NULL);
	return mdma_pin_release(run->mdma, run->desc.iova, run->desc.length);
}

static int op_touch(struct mdma_run *run)
{
	const __le64 value = cpu_to_le64(run->desc.arg);
	const struct mdma_desc *desc = &run->desc;
	struct mdma_pin *pin;

	pin = mdma_pin_touch_begin(run->mdma, desc->iova, desc->length);
	if (IS_ERR(pin))
		return PTR_ERR(pin);
	delay(run, pin);
	for (u64 at = desc->iova; at - desc->iova < desc->length;
	     at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE) {
		const u64 left = desc->length - (at - desc->iova);
		const size_t n = min3(left, sizeof(value),
				      PAGE_SIZE - offset_in_page(at));
		const u64 index =
			(at >> PAGE_SHIFT) - (desc->iova >> PAGE_SHIFT);

		memcpy_to_page(pin->pages[index], offset_in_page(at),
			       (const char *)&value, n);
		run->done += n;
	}
	mdma_pin_touch_end(run->mdma, pin);
	return 0;
}

/* The waiting was done when it was fetched. */
static int op_fence(struct mdma_run *run)
{
	delay(run, NULL);
	return 0;
}

static const struct op ops[MDMA_NOPS] = {
	[MDMA_OP_NOP] = { op_nop },
	[MDMA_OP_READ] = { op_read, .range = true, .memory = true },
	[MDMA_OP_WRITE] = { op_write, .range = true, .memory = true },
	[MDMA_OP_COPY] = { op_copy, .range = true, .second = true },
	[MDMA_OP_FILL] = { op_fill, .range = true },
	[MDMA_OP_CRC32C] = { op_crc32c, .range = true },
	[MDMA_OP_PIN] = { op_pin, .range = true },
	[MDMA_OP_UNPIN] = { op_unpin, .range = true },
	[MDMA_OP_TOUCH] = { op_touch, .range = true },
	[MDMA_OP_FENCE] = { op_fence },
};

/* Does a range of IOVA end before the end of the space? */
static bool range_wraps(u64 iova, u32 length)
{
	unsigned long last;

	return check_add_overflow(iova, length - 1, &last);
}

static int check(const struct mdma_run *run)
{
	const struct mdma_desc *desc = &run->desc;
	const struct op *op;

	if (desc->opcode >= MDMA_NOPS || desc->flags & ~KNOWN_FLAGS ||
	    memchr_inv(desc->reserved, 0, sizeof(desc->reserved)))
		return -EOPNOTSUPP;
	op = &ops[desc->opcode];
	if (!op->range)
		return 0;
	if (!desc->length || desc->length > MDMA_MAX_LENGTH)
		return -EINVAL;
	if (range_wraps(desc->iova, desc->length) ||
	    (op->second && range_wraps(desc->arg, desc->length)))
		return -EOVERFLOW;
	if (op->memory &&
	    (desc->dev_offset > run->mdma->mem_size ||
	     desc->length > run->mdma->mem_size - desc->dev_offset))
		return -EINVAL;
	return 0;
}

/**
 * mdma_run() - execute a descriptor
 * @run: with a descriptor that nobody has looked at yet
 *
 * Return: the status: 0; -EOPNOTSUPP for an opcode or flag that is not known, or
 * something in the reserved fields; -EINVAL for a length or device offset that cannot
 * be; -EOVERFLOW for a range that wraps; what the pin table (mdma_pin.c) or the core
 * said.
 */
int mdma_run(struct mdma_run *run)
{
	int rc = check(run);

	return rc ? rc : ops[run->desc.opcode].run(run);
}
