// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_regs.c - BAR0: who answers at which offset
 *
 * A register has 32 or 64 bits, which is_wide() knows. What the user does with them is
 * told apart here, once, so that who owns a register sees whole registers only:
 *
 *   8 bytes, aligned   a 64-bit register, or two neighbours in turn
 *   4 bytes, aligned   a 32-bit register, or half of a 64-bit one
 *   less, or unaligned  reading takes the bytes out of a 32-bit read; writing is
 *                      -EINVAL, except in the MSI-X table, which is plain memory
 *   more               as many of these as it takes
 *
 * Where there is no register, reads give 0 and writes are ignored, like writes to one
 * that is read only. What is written is copied from user space before anybody looks
 * at it.
 *
 * LOCKING
 *   mdma->control  CTRL, QCTRL and reset: whatever starts and stops workers. Held
 *                  until they have ended, which is bounded, see mdma_queue.c
 * MAY SLEEP        everything here
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mdma_private.h"

#define QUEUES_BEGIN MDMA_REG_Q(0)
#define QUEUES_END MDMA_REG_Q(MDMA_NQUEUES)
#define QUEUE_SIZE (MDMA_REG_Q(1) - MDMA_REG_Q(0))
#define LEDGER_END (MDMA_REG_LEDGER + MDMA_LEDGER_N * sizeof(u64))

static bool in_queues(u32 reg)
{
	return reg >= QUEUES_BEGIN && reg < QUEUES_END;
}

static struct mdma_queue *queue_at(struct mdma_dev *mdma, u32 reg)
{
	return &mdma->queues[(reg - QUEUES_BEGIN) / QUEUE_SIZE];
}

static u32 queue_reg(u32 reg)
{
	return (reg - QUEUES_BEGIN) % QUEUE_SIZE;
}

static bool in_bench(u32 reg)
{
	return reg >= MDMA_REG_BENCH_IOVA &&
	       reg < MDMA_REG_BENCH_NS + sizeof(u64);
}

/* Does a 64-bit register begin here? */
static bool is_wide(u32 reg)
{
	if (in_queues(reg))
		return queue_reg(reg) == MDMA_Q_SQ_BASE ||
		       queue_reg(reg) == MDMA_Q_CQ_BASE;
	if (reg >= MDMA_REG_LEDGER && reg < LEDGER_END)
		return reg % sizeof(u64) == 0;
	return reg == MDMA_REG_MEM_SIZE || reg == MDMA_REG_NPINS ||
	       reg == MDMA_REG_BENCH_IOVA || reg == MDMA_REG_BENCH_NS;
}

static u32 read_status(struct mdma_dev *mdma)
{
	u32 val = READ_ONCE(mdma->enabled) ? MDMA_STATUS_ENABLED : 0;

	for (unsigned int i = 0; i < MDMA_NQUEUES; i++)
		if (mdma_queue_read32(&mdma->queues[i], MDMA_Q_STATUS))
			val |= MDMA_STATUS_ERROR;
	return val;
}

static u32 read32(struct mdma_dev *mdma, u32 reg)
{
	if (in_queues(reg))
		return mdma_queue_read32(queue_at(mdma, reg), queue_reg(reg));
	if (in_bench(reg))
		return mdma_bench_read32(&mdma->bench, reg);
	switch (reg) {
	case MDMA_REG_MAGIC:
		return MDMA_MAGIC;
	case MDMA_REG_VERSION:
		return MDMA_VERSION;
	case MDMA_REG_NQUEUES:
		return MDMA_NQUEUES;
	case MDMA_REG_MAX_ENTRIES:
		return MDMA_MAX_ENTRIES;
	case MDMA_REG_CTRL:
		return READ_ONCE(mdma->enabled) ? MDMA_CTRL_ENABLE : 0;
	case MDMA_REG_STATUS:
		return read_status(mdma);
	default:
		return 0;
	}
}

static u64 read64(struct mdma_dev *mdma, u32 reg)
{
	if (in_queues(reg))
		return mdma_queue_read64(queue_at(mdma, reg), queue_reg(reg));
	if (in_bench(reg))
		return mdma_bench_read64(&mdma->bench, reg);
	switch (reg) {
	case MDMA_REG_MEM_SIZE:
		return mdma->mem_size;
	case MDMA_REG_NPINS:
		return mdma_pins_held(&mdma->pins);
	default:
		return mdma_book_read(&mdma->book,
				      (reg - MDMA_REG_LEDGER) / sizeof(u64));
	}
}

/* Under mdma->control. Descriptors in flight end, held pins stay. */
static void disable(struct mdma_dev *mdma)
{
	WRITE_ONCE(mdma->enabled, false);
	for (unsigned int i = 0; i < MDMA_NQUEUES; i++)
		mdma_queue_disable(&mdma->queues[i]);
}

/* Under mdma->control. Queues that were enabled before begin to run. */
static int enable(struct mdma_dev *mdma)
{
	int rc = 0;

	if (mdma->enabled)
		return 0;
	for (unsigned int i = 0; !rc && i < MDMA_NQUEUES; i++)
		if (mdma->queues[i].enabled)
			rc = mdma_queue_start(&mdma->queues[i]);
	if (rc)
		disable(mdma);
	else
		WRITE_ONCE(mdma->enabled, true);
	return rc;
}

/**
 * mdma_reset() - everything as after open, but for memory, interrupts and ledger
 * @mdma: open, being opened, or being closed
 */
void mdma_reset(struct mdma_dev *mdma)
{
	mutex_lock(&mdma->control);
	WRITE_ONCE(mdma->enabled, false);
	for (unsigned int i = 0; i < MDMA_NQUEUES; i++)
		mdma_queue_reset(&mdma->queues[i]);
	mdma_pins_drop(mdma);
	mdma_bench_reset(&mdma->bench);
	kit_pci_reset(&mdma->pci);
	mutex_unlock(&mdma->control);
}

static int write_ctrl(struct mdma_dev *mdma, u32 val)
{
	int rc = 0;

	if (val & ~(MDMA_CTRL_ENABLE | MDMA_CTRL_RESET))
		return -EINVAL;
	if (val & MDMA_CTRL_RESET)
		mdma_reset(mdma);

	mutex_lock(&mdma->control);
	if (val & MDMA_CTRL_ENABLE)
		rc = enable(mdma);
	else
		disable(mdma);
	mutex_unlock(&mdma->control);
	return rc;
}

static int write_qctrl(struct mdma_dev *mdma, struct mdma_queue *queue, u32 val)
{
	const bool devmem = val & MDMA_QCTRL_DEVMEM;
	int rc = 0;

	if (val & ~(MDMA_QCTRL_ENABLE | MDMA_QCTRL_DEVMEM))
		return -EINVAL;

	mutex_lock(&mdma->control);
	if (!(val & MDMA_QCTRL_ENABLE))
		mdma_queue_disable(queue);
	else if (!queue->enabled)
		rc = mdma_queue_enable(queue, devmem);
	else if (devmem != queue->rings.devmem)
		rc = -EINVAL;
	mutex_unlock(&mdma->control);
	return rc;
}

static int write32(struct mdma_dev *mdma, u32 reg, u32 val)
{
	if (in_queues(reg)) {
		struct mdma_queue *queue = queue_at(mdma, reg);

		if (queue_reg(reg) == MDMA_Q_CTRL)
			return write_qctrl(mdma, queue, val);
		return mdma_queue_write32(queue, queue_reg(reg), val);
	}
	if (in_bench(reg))
		return mdma_bench_write32(mdma, reg, val);
	if (reg == MDMA_REG_CTRL)
		return write_ctrl(mdma, val);
	return 0;
}

static int write64(struct mdma_dev *mdma, u32 reg, u64 val, u64 mask)
{
	if (in_queues(reg))
		mdma_queue_write64(queue_at(mdma, reg), queue_reg(reg), val,
				   mask);
	else if (in_bench(reg))
		return mdma_bench_write64(&mdma->bench, reg, val, mask);
	return 0;
}

/* An aligned access of 4 or 8 bytes. */
static u64 reg_read(struct mdma_dev *mdma, u32 reg, u32 size)
{
	const u32 wide = ALIGN_DOWN(reg, sizeof(u64));
	u64 val;

	if (is_wide(wide)) {
		val = read64(mdma, wide);
		return reg == wide ? val : upper_32_bits(val);
	}
	val = read32(mdma, reg);
	if (size == sizeof(u64))
		val |= (u64)read32(mdma, reg + sizeof(u32)) << 32;
	return val;
}

static int reg_write(struct mdma_dev *mdma, u32 reg, u64 val, u32 size)
{
	const u32 wide = ALIGN_DOWN(reg, sizeof(u64));
	int rc;

	if (is_wide(wide)) {
		if (size == sizeof(u64))
			return write64(mdma, wide, val, U64_MAX);
		if (reg == wide)
			return write64(mdma, wide, val, U32_MAX);
		return write64(mdma, wide, val << 32, ~(u64)U32_MAX);
	}
	rc = write32(mdma, reg, val);
	if (!rc && size == sizeof(u64))
		rc = write32(mdma, reg + sizeof(u32), upper_32_bits(val));
	return rc;
}

/* How much of an access to @reg is done at once. */
static u32 piece_size(u32 reg, size_t count)
{
	if (reg % sizeof(u64) == 0 && count >= sizeof(u64))
		return sizeof(u64);
	if (reg % sizeof(u32) == 0 && count >= sizeof(u32))
		return sizeof(u32);
	return min_t(size_t, count, sizeof(u32) - reg % sizeof(u32));
}

static int read_piece(struct mdma_dev *mdma, char __user *buf, u32 reg,
		      u32 size)
{
	const u32 skip = size < sizeof(u32) ? reg % sizeof(u32) : 0;
	__le64 val = 0;

	if (!kit_pci_msix_access(&mdma->pci, VFIO_PCI_BAR0_REGION_INDEX, reg,
				 &val, size, false))
		val = cpu_to_le64(reg_read(mdma, reg - skip, size) >>
				  (8 * skip));
	return copy_to_user(buf, &val, size) ? -EFAULT : 0;
}

static int write_piece(struct mdma_dev *mdma, const char __user *buf, u32 reg,
		       u32 size)
{
	__le64 val = 0;

	if (copy_from_user(&val, buf, size))
		return -EFAULT;
	if (kit_pci_msix_access(&mdma->pci, VFIO_PCI_BAR0_REGION_INDEX, reg,
				&val, size, true))
		return 0;
	if (size < sizeof(u32))
		return -EINVAL;
	return reg_write(mdma, reg, le64_to_cpu(val), size);
}

/**
 * mdma_regs_access() - read or write BAR0
 * @mdma: an open device
 * @buf: in user space
 * @count: bytes, not past the end of the BAR
 * @offset: in the BAR
 * @write: from @buf
 *
 * Return: bytes done; if there are none, what kept the first register from being
 * read or written.
 */
ssize_t mdma_regs_access(struct mdma_dev *mdma, char __user *buf, size_t count,
			 u32 offset, bool write)
{
	size_t done = 0;
	int rc = 0;

	while (done < count) {
		const u32 size = piece_size(offset + done, count - done);

		if (write)
			rc = write_piece(mdma, buf + done, offset + done, size);
		else
			rc = read_piece(mdma, buf + done, offset + done, size);
		if (rc)
			break;
		done += size;
	}
	return done ? done : rc;
}
