/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mdma.h - registers, rings and descriptors of the mdma DMA engine
 *
 * mdma is an emulated PCI device (vendor 0x1d6b, device 0x6d64) made of queue
 * pairs. A queue pair is a submission ring and a completion ring, both power of
 * two arrays. The rings lie in IOVA memory, or, with MDMA_QCTRL_DEVMEM, in the
 * device's own memory (BAR2), where they stay reachable whatever happens to the
 * IOAS. User space writes descriptors, then the ring index to the doorbell; the
 * device executes up to MDMA_WORKERS descriptors of a queue at once, in any
 * order that fences allow, and posts one completion for each.
 *
 * This header is shared by the driver, the workloads and anybody's user space.
 * All fields are little endian. Rings are only ever written by one side: the
 * submission ring by the user, the completion ring by the device.
 */
#ifndef _UAPI_MDMA_H
#define _UAPI_MDMA_H

#include <linux/types.h>

#define MDMA_PCI_VENDOR 0x1d6b
#define MDMA_PCI_DEVICE 0x6d64
#define MDMA_PCI_CLASS 0x088000 /* generic system peripheral */

/* VFIO regions: PCI config space, BAR0 (registers, no mmap), BAR2 (memory, mmap). */
#define MDMA_BAR0_SIZE 0x2000
#define MDMA_NQUEUES 4
#define MDMA_WORKERS 2 /* descriptors in flight in one queue */
#define MDMA_MAX_ENTRIES 4096
#define MDMA_MAX_LENGTH (4U << 20) /* bytes one descriptor may move or hold */
#define MDMA_NVECTORS (MDMA_NQUEUES + 1) /* MSI-X: one a queue, then errors */

/* BAR0, device block. 32-bit unless marked; 64-bit registers take 8-byte accesses. */
#define MDMA_REG_MAGIC 0x000 /* RO MDMA_MAGIC */
#define MDMA_REG_VERSION 0x004 /* RO MDMA_VERSION */
#define MDMA_REG_NQUEUES 0x008 /* RO */
#define MDMA_REG_MAX_ENTRIES 0x00c /* RO */
#define MDMA_REG_MEM_SIZE 0x010 /* RO 64-bit: bytes of device memory in BAR2 */
#define MDMA_REG_CTRL 0x018 /* RW MDMA_CTRL_* */
#define MDMA_REG_STATUS 0x01c /* RO MDMA_STATUS_* */
#define MDMA_REG_NPINS 0x020 /* RO 64-bit: pages held by PIN descriptors now */

#define MDMA_MAGIC 0x414d444d /* "MDMA" */
#define MDMA_VERSION 1

/*
 * Queues run while the device is enabled, those that were enabled before too.
 * Disabling the device disables all of them; like disabling one, it returns when
 * no descriptor is in flight. Held pins and device memory stay.
 */
#define MDMA_CTRL_ENABLE (1U << 0) /* queues run */
#define MDMA_CTRL_RESET (1U << 1) /* self clearing: as VFIO_DEVICE_RESET */

#define MDMA_STATUS_ENABLED (1U << 0)
#define MDMA_STATUS_ERROR (1U << 1) /* a queue stopped, see its QSTATUS */

/*
 * BAR0, benchmark block: write ITERATIONS, LENGTH, IOVA, then the opcode to
 * BENCH_GO. The write returns when done; the errno of the first failure is in
 * BENCH_STATUS, the time of all iterations in BENCH_NS.
 */
#define MDMA_REG_BENCH_IOVA 0x040 /* RW 64-bit */
#define MDMA_REG_BENCH_LENGTH 0x048 /* RW bytes */
#define MDMA_REG_BENCH_ITERS 0x04c /* RW */
#define MDMA_REG_BENCH_GO 0x050 /* WO MDMA_BENCH_* */
#define MDMA_REG_BENCH_STATUS 0x054 /* RO negative errno or 0 */
#define MDMA_REG_BENCH_NS 0x058 /* RO 64-bit */

#define MDMA_BENCH_RW_READ 1 /* iommufd_access_rw(), memory to device */
#define MDMA_BENCH_RW_WRITE 2
#define MDMA_BENCH_PIN 3 /* iommufd_access_pin_pages() + unpin */
#define MDMA_BENCH_MEMCPY 4 /* the raw cost: memcpy of LENGTH bytes */

/*
 * BAR0, ledger block: what the driver saw of the core's promises. All 64-bit,
 * read only; they count from the opening of the device and survive a reset.
 */
#define MDMA_REG_LEDGER 0x100
enum mdma_ledger {
	/* violations: must stay 0 */
	MDMA_LEDGER_EARLY, /* an operation or callback before open finished */
	MDMA_LEDGER_LATE, /* an operation after close began its end, a callback after unbind */
	MDMA_LEDGER_UNATTACHED, /* a callback while not attached, none in progress */
	MDMA_LEDGER_STALE_PIN, /* a pin covered by an unmap survived the unmap */
	MDMA_LEDGER_CLOSE_PIN, /* pins left at close */
	MDMA_LEDGER_BAD_RANGE, /* a callback for an empty or wrapping range */
	MDMA_LEDGER_NVIOLATIONS,
	/* facts */
	MDMA_LEDGER_CALLBACKS = 8, /* unmap callbacks received */
	MDMA_LEDGER_PINS, /* successful pins */
	MDMA_LEDGER_UNPINS,
	MDMA_LEDGER_RWS, /* successful rw */
	MDMA_LEDGER_DESCS, /* descriptors completed */
	MDMA_LEDGER_REVOKED, /* held pins dropped by a callback */
	/* overlaps: what the storm aims at, must not stay 0 */
	MDMA_LEDGER_UNMAP_IN_PIN, /* a callback began during a pin path operation */
	MDMA_LEDGER_UNMAP_IN_RW, /* a callback began during an rw */
	MDMA_LEDGER_SWAP_IN_PIN, /* attach, replace or detach, likewise */
	MDMA_LEDGER_SWAP_IN_RW,
	MDMA_LEDGER_UNMAP_HELD, /* a callback found held pins in its range */
	MDMA_LEDGER_SWAP_HELD, /* a replace or detach found held pins */
	MDMA_LEDGER_N = 24,
};

/*
 * BAR0, queue block q at MDMA_REG_Q(q). A base is an IOVA, or with DEVMEM an
 * offset in BAR2, aligned to the size of an entry. The indexes are free running:
 * TAIL is the next one to write, HEAD the next one to read.
 */
#define MDMA_REG_Q(q) (0x1000 + 0x40 * (q))
#define MDMA_Q_SQ_BASE 0x00 /* RW 64-bit: submission ring */
#define MDMA_Q_CQ_BASE 0x08 /* RW 64-bit: completion ring */
#define MDMA_Q_ENTRIES 0x10 /* RW power of two, 2..MDMA_MAX_ENTRIES, of both */
#define MDMA_Q_CTRL 0x14 /* RW MDMA_QCTRL_* */
#define MDMA_Q_STATUS 0x18 /* RO 0, or the negative errno that stopped it */
#define MDMA_Q_SQ_TAIL 0x1c /* RW doorbell: descriptors the user has written */
#define MDMA_Q_SQ_HEAD 0x20 /* RO descriptors fetched */
#define MDMA_Q_CQ_TAIL 0x24 /* RO completions posted */
#define MDMA_Q_CQ_HEAD 0x28 /* RW doorbell: completions the user has consumed */

/* ENABLE 0 -> 1 takes bases and entries, and zeroes indexes and STATUS. */
#define MDMA_QCTRL_ENABLE (1U << 0)
#define MDMA_QCTRL_DEVMEM (1U << 1) /* rings lie in BAR2 */

/*
 * A queue stops (STATUS, the error vector) when it cannot read its submission ring
 * or write its completion ring. It never overruns the completion ring: with CQ_TAIL
 * - CQ_HEAD == entries it waits for the user. A doorbell that the ring cannot have is
 * -EINVAL and changes nothing; that of a disabled queue is ignored.
 */

/**
 * enum mdma_opcode - what a descriptor does
 * @MDMA_OP_NOP: completes with status -arg, so a test chooses the errno
 * @MDMA_OP_READ: IOVA -> device memory at dev_offset
 * @MDMA_OP_WRITE: device memory at dev_offset -> IOVA
 * @MDMA_OP_COPY: IOVA -> the IOVA in arg; not for ranges that overlap
 * @MDMA_OP_FILL: the 64-bit pattern in arg -> IOVA
 * @MDMA_OP_CRC32C: result = crc32c(~0, IOVA range) ^ ~0
 * @MDMA_OP_PIN: pin and hold until UNPIN, unmap, replace, detach, reset or close;
 *	-ENOSPC when the device holds 64 Ki pins, or 4 Mi pages counted for each
 * @MDMA_OP_UNPIN: release a held pin of exactly this range; -ENOENT if it is gone
 * @MDMA_OP_TOUCH: write arg to the first 8 bytes of each page of a held pin of
 *	exactly this range; -ENOENT if it is gone, -EPERM if not for writing
 * @MDMA_OP_FENCE: completes after all earlier descriptors, before all later ones
 * @MDMA_NOPS: how many there are
 */
enum mdma_opcode {
	MDMA_OP_NOP,
	MDMA_OP_READ,
	MDMA_OP_WRITE,
	MDMA_OP_COPY,
	MDMA_OP_FILL,
	MDMA_OP_CRC32C,
	MDMA_OP_PIN,
	MDMA_OP_UNPIN,
	MDMA_OP_TOUCH,
	MDMA_OP_FENCE,
	MDMA_NOPS,
};

/* Descriptor flags; unknown ones complete with -EOPNOTSUPP. */
#define MDMA_F_PIN (1U << 0) /* move data by pin, touch, unpin, not by rw */
#define MDMA_F_IRQ (1U << 1) /* signal the queue's vector on completion */
#define MDMA_F_WRITE (1U << 2) /* PIN: pin for writing */

/**
 * struct mdma_desc - one descriptor of the submission ring (64 bytes)
 * @opcode: enum mdma_opcode
 * @flags: MDMA_F_*
 * @length: bytes, 1..MDMA_MAX_LENGTH for every opcode that has a range
 * @cookie: returned in the completion
 * @iova: first byte of the range
 * @dev_offset: first byte in device memory (READ, WRITE)
 * @arg: second IOVA, pattern or errno, by opcode
 * @delay_us: the device waits this long between the start and the access
 * @reserved: 0
 */
struct mdma_desc {
	__u16 opcode;
	__u16 flags;
	__u32 length;
	__u64 cookie;
	__u64 iova;
	__u64 dev_offset;
	__u64 arg;
	__u32 delay_us;
	__u32 reserved[5];
};

/**
 * struct mdma_comp - one completion (32 bytes)
 * @cookie: of the descriptor
 * @result: CRC32C: the sum; PIN: pages held; else 0
 * @status: 0 or a negative errno, exactly what the core returned
 * @done: bytes moved; on failure of a copy path operation an upper bound is @length
 * @phase: 1 in the first pass over the ring, 0 in the second, and so on; written last
 * @opcode: of the descriptor
 */
struct mdma_comp {
	__u64 cookie;
	__u64 result;
	__s32 status;
	__u32 done;
	__u32 opcode;
	__u32 phase;
};

#endif
