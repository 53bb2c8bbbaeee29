/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mdma_dev.h - driving an mdma device from user space
 *
 * struct mdma_dev is an open, bound device with BAR2 mapped; struct mdma_queue
 * is a running queue of it. Registers may be used by any thread. A queue belongs
 * to one thread at a time: different threads use different queues.
 *
 * Rings lie in device memory unless the caller says otherwise, so that they stay
 * reachable whatever happens to the IOAS. The last MDMA_RINGS_BYTES of BAR2 are
 * kept for them; the rest, mdma_dev.usable bytes from offset 0, is for data.
 *
 * mdma_close() reads the ledger for the last time and adds its violations to
 * mdma_violations(), which `ledger_clean` asserts on at the end of a program.
 */
#ifndef _KIT_LIB_MDMA_DEV_H
#define _KIT_LIB_MDMA_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdev.h"
#include "mdma.h"

#define MDMA_DEV_TYPE "mdma"
#define MDMA_RING_ENTRIES \
	256 /* the most that fits the default place of a ring */
#define MDMA_RING_BYTES      \
	(MDMA_RING_ENTRIES * \
	 (sizeof(struct mdma_desc) + sizeof(struct mdma_comp)))
#define MDMA_RINGS_BYTES (MDMA_NQUEUES * MDMA_RING_BYTES)

struct mdma_dev {
	int fd; /* -1: not open */
	uint32_t devid;
	struct cdev_name name;
	uint64_t bar0; /* file offset of BAR0 */
	uint64_t bar2;
	uint8_t *mem; /* BAR2 */
	uint64_t mem_size;
	uint64_t usable; /* bytes of mem that no default ring uses */
	bool forgiven[MDMA_LEDGER_NVIOLATIONS]; /* see mdma_forgive() */
};

struct mdma_queue {
	struct mdma_dev *dev;
	unsigned int index;
	uint32_t entries;
	volatile struct mdma_desc *sq;
	volatile struct mdma_comp *cq;
	uint32_t sq_tail; /* next free running index to submit */
	uint32_t cq_head; /* completions consumed */
};

/* ---- the device --------------------------------------------------------- */

/** mdma_count() - mdma devices in this guest */
unsigned int mdma_count(void);

/**
 * mdma_open() - open, BIND, map BAR2, enable the device
 * @dev: filled in; on failure nothing stays open
 * @ordinal: which device
 * @iommufd: the context to bind to
 *
 * Return: 0 or negative errno.
 */
int mdma_open(struct mdma_dev *dev, unsigned int ordinal, int iommufd);

/** mdma_adopt() - like mdma_open() for a file that is bound already */
int mdma_adopt(struct mdma_dev *dev, const struct cdev_name *name, int fd,
	       uint32_t devid);

/** mdma_close() - unmap, close, count the ledger's violations. Idempotent. */
void mdma_close(struct mdma_dev *dev);

int mdma_attach(struct mdma_dev *dev, uint32_t ioas);
int mdma_detach(struct mdma_dev *dev);

uint32_t mdma_get32(struct mdma_dev *dev, uint32_t reg);
uint64_t mdma_get64(struct mdma_dev *dev, uint32_t reg);
int mdma_put32(struct mdma_dev *dev, uint32_t reg, uint32_t val);
int mdma_put64(struct mdma_dev *dev, uint32_t reg, uint64_t val);

/* ---- queues ------------------------------------------------------------- */

/**
 * mdma_queue_start() - run a queue with its rings in device memory
 * @queue: filled in
 * @dev: an enabled device
 * @index: which queue
 * @entries: power of two, 2..MDMA_RING_ENTRIES
 */
int mdma_queue_start(struct mdma_queue *queue, struct mdma_dev *dev,
		     unsigned int index, uint32_t entries);

/**
 * mdma_queue_start_at() - run a queue with its rings where the caller wants them
 * @queue: filled in
 * @dev: an enabled device
 * @index: which queue
 * @entries: power of two, 2..MDMA_MAX_ENTRIES
 * @ctrl: MDMA_QCTRL_DEVMEM when the bases are BAR2 offsets, 0 when IOVAs
 * @sq_base: the submission ring as the device sees it
 * @sq: the submission ring as the caller sees it
 * @cq_base: the completion ring as the device sees it
 * @cq: the completion ring, zeroed by this function
 */
int mdma_queue_start_at(struct mdma_queue *queue, struct mdma_dev *dev,
			unsigned int index, uint32_t entries, uint32_t ctrl,
			uint64_t sq_base, void *sq, uint64_t cq_base, void *cq);

/** mdma_queue_stop() - disable; returns when no descriptor is in flight */
int mdma_queue_stop(struct mdma_queue *queue);

/** mdma_queue_status() - 0, or the negative errno that stopped the queue */
int mdma_queue_status(struct mdma_queue *queue);

/** mdma_room() - descriptors that mdma_submit() would take now */
unsigned int mdma_room(struct mdma_queue *queue);

/**
 * mdma_submit() - write descriptors and ring the doorbell once
 * @queue: a running queue
 * @desc: the descriptors
 * @n: how many
 *
 * Return: 0, -ENOSPC when they do not fit (none was written), or the errno of
 * the doorbell.
 */
int mdma_submit(struct mdma_queue *queue, const struct mdma_desc *desc,
		unsigned int n);

/** mdma_poll() - consume up to @max completions now. Return: how many. */
unsigned int mdma_poll(struct mdma_queue *queue, struct mdma_comp *comp,
		       unsigned int max);

/**
 * mdma_wait() - consume one completion
 * @queue: a running queue
 * @comp: filled in
 * @timeout_ms: how long
 *
 * Return: 0, -ETIMEDOUT, or the errno that stopped the queue.
 */
int mdma_wait(struct mdma_queue *queue, struct mdma_comp *comp,
	      unsigned int timeout_ms);

/**
 * mdma_exec() - submit one descriptor and wait for it
 * @queue: a running queue with nothing in flight
 * @desc: the descriptor
 * @comp: may be NULL
 *
 * Return: the completion's status, or -ETIMEDOUT after 10 seconds.
 */
int mdma_exec(struct mdma_queue *queue, const struct mdma_desc *desc,
	      struct mdma_comp *comp);

/*
 * One descriptor each; flags are MDMA_F_*. WRITE and READ are the device's view:
 * mdma_do_write() changes IOVA memory.
 */
int mdma_do_read(struct mdma_queue *queue, uint64_t iova, uint64_t dev_offset,
		 uint32_t length, uint16_t flags);
int mdma_do_write(struct mdma_queue *queue, uint64_t iova, uint64_t dev_offset,
		  uint32_t length, uint16_t flags);
int mdma_do_copy(struct mdma_queue *queue, uint64_t dst, uint64_t src,
		 uint32_t length, uint16_t flags);
int mdma_do_fill(struct mdma_queue *queue, uint64_t iova, uint64_t pattern,
		 uint32_t length, uint16_t flags);
int mdma_do_pin(struct mdma_queue *queue, uint64_t iova, uint32_t length,
		uint16_t flags);
int mdma_do_unpin(struct mdma_queue *queue, uint64_t iova, uint32_t length);
int mdma_do_touch(struct mdma_queue *queue, uint64_t iova, uint32_t length,
		  uint64_t value);

/**
 * mdma_bench() - run the benchmark block in the calling thread
 * @dev: an open device
 * @op: MDMA_BENCH_*
 * @iova: first byte
 * @length: bytes
 * @iterations: how often
 * @ns: out, may be NULL
 *
 * Return: BENCH_STATUS, or the errno of the register access.
 */
int mdma_bench(struct mdma_dev *dev, uint32_t op, uint64_t iova,
	       uint32_t length, uint32_t iterations, uint64_t *ns);

/* ---- ledger and knobs --------------------------------------------------- */

/** mdma_ledger() - one counter of an open device */
uint64_t mdma_ledger(struct mdma_dev *dev, enum mdma_ledger which);

/** mdma_ledger_name() - "EARLY", "LATE", ... */
const char *mdma_ledger_name(enum mdma_ledger which);

/** mdma_ledger_violations() - the sum of an open device's violations */
uint64_t mdma_ledger_violations(struct mdma_dev *dev);

/** mdma_npins() - pages that PIN descriptors hold */
uint64_t mdma_npins(struct mdma_dev *dev);

/** mdma_violations() - violations of all devices closed so far in this process */
uint64_t mdma_violations(void);

/**
 * mdma_forgive() - do not count a violation that the test provokes on purpose
 * @dev: an open device
 * @which: a violation
 *
 * For instance with the `deaf` knob. Holds until the device is closed.
 */
void mdma_forgive(struct mdma_dev *dev, enum mdma_ledger which);

/**
 * mdma_knob_set() - write a debugfs knob of a device
 * @name: the device
 * @knob: "delay_unmap_us", "delay_pin_us", "delay_open_us", "delay_close_us", "deaf"
 * @value: microseconds; 0 or 1 for "deaf"
 */
int mdma_knob_set(const struct cdev_name *name, const char *knob,
		  uint64_t value);
int mdma_knob_get(const struct cdev_name *name, const char *knob,
		  uint64_t *value);

/** mdma_knobs_reset() - all knobs of a device to 0 */
void mdma_knobs_reset(const struct cdev_name *name);

#endif
