// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_dev.c - driving an mdma device from user space, see mdma_dev.h
 *
 * Rings are written by plain stores and published by the doorbell register, a
 * system call, so the submission side needs no barrier of its own. Completions
 * are read from memory that the device writes: the phase is loaded first, with
 * acquire, the rest after it.
 *
 * The violations of a device are counted after its file is closed, from debugfs,
 * because LATE and CLOSE_PIN can only happen then; without debugfs, and when
 * another process still has the file, from the registers before.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kit_tap.h"
#include "mdma_dev.h"

#define DEBUGFS "/sys/kernel/debug/mdma"
#define EXEC_TIMEOUT_MS 10000
#define POLLS_BEFORE_PAUSE 64

static const char *const knobs[] = {
	"delay_close_us", "delay_open_us", "delay_pin_us",
	"delay_unmap_us", "deaf",
};

static const char *const ledger_names[MDMA_LEDGER_N] = {
	[MDMA_LEDGER_EARLY] = "EARLY",
	[MDMA_LEDGER_LATE] = "LATE",
	[MDMA_LEDGER_UNATTACHED] = "UNATTACHED",
	[MDMA_LEDGER_STALE_PIN] = "STALE_PIN",
	[MDMA_LEDGER_CLOSE_PIN] = "CLOSE_PIN",
	[MDMA_LEDGER_BAD_RANGE] = "BAD_RANGE",
	[MDMA_LEDGER_CALLBACKS] = "CALLBACKS",
	[MDMA_LEDGER_PINS] = "PINS",
	[MDMA_LEDGER_UNPINS] = "UNPINS",
	[MDMA_LEDGER_RWS] = "RWS",
	[MDMA_LEDGER_DESCS] = "DESCS",
	[MDMA_LEDGER_REVOKED] = "REVOKED",
	[MDMA_LEDGER_UNMAP_IN_PIN] = "UNMAP_IN_PIN",
	[MDMA_LEDGER_UNMAP_IN_RW] = "UNMAP_IN_RW",
	[MDMA_LEDGER_SWAP_IN_PIN] = "SWAP_IN_PIN",
	[MDMA_LEDGER_SWAP_IN_RW] = "SWAP_IN_RW",
	[MDMA_LEDGER_UNMAP_HELD] = "UNMAP_HELD",
	[MDMA_LEDGER_SWAP_HELD] = "SWAP_HELD",
};

static _Atomic uint64_t violations[MDMA_LEDGER_NVIOLATIONS];

/* ---- the device --------------------------------------------------------- */

unsigned int mdma_count(void)
{
	return cdev_count(MDMA_DEV_TYPE);
}

static void assert_ledger_clean(void)
{
	for (unsigned int i = 0; i < MDMA_LEDGER_NVIOLATIONS; i++) {
		uint64_t n = atomic_load(&violations[i]);

		if (n)
			tap_note("ledger violation %s: %llu", ledger_names[i],
				 (unsigned long long)n);
	}
	EXPECT_EQ(0, mdma_violations());
}

/* Every test program that can use a device ends with this. */
__attribute__((constructor)) static void add_final_check(void)
{
	tap_final("ledger_clean", assert_ledger_clean);
}

static int map_regions(struct mdma_dev *dev)
{
	struct vfio_region_info info;
	void *mem;
	int rc;

	rc = cdev_region_info(dev->fd, VFIO_PCI_BAR0_REGION_INDEX, &info);
	if (rc)
		return rc;
	dev->bar0 = info.offset;
	rc = cdev_region_info(dev->fd, VFIO_PCI_BAR2_REGION_INDEX, &info);
	if (rc)
		return rc;
	dev->bar2 = info.offset;
	dev->mem_size = info.size;
	if (info.size < 2 * MDMA_RINGS_BYTES)
		return -EINVAL;
	mem = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		   (off_t)info.offset);
	if (mem == MAP_FAILED)
		return -errno;
	dev->mem = mem;
	dev->usable = (info.size - MDMA_RINGS_BYTES) & ~4095ull;
	return 0;
}

int mdma_adopt(struct mdma_dev *dev, const struct cdev_name *name, int fd,
	       uint32_t devid)
{
	int rc;

	*dev = (struct mdma_dev){ .fd = fd, .devid = devid, .name = *name };
	rc = map_regions(dev);
	if (rc)
		goto err;
	if (mdma_get32(dev, MDMA_REG_MAGIC) != MDMA_MAGIC) {
		rc = -ENODEV;
		goto err;
	}
	rc = mdma_put32(dev, MDMA_REG_CTRL, MDMA_CTRL_ENABLE);
	if (rc)
		goto err;
	return 0;
err:
	if (dev->mem)
		munmap(dev->mem, dev->mem_size);
	dev->mem = NULL;
	dev->fd = -1;
	return rc;
}

int mdma_open(struct mdma_dev *dev, unsigned int ordinal, int iommufd)
{
	struct cdev_name name;
	uint32_t devid;
	int fd, rc;

	*dev = (struct mdma_dev){ .fd = -1 };
	rc = cdev_find(ordinal, MDMA_DEV_TYPE, &name);
	if (rc)
		return rc;
	fd = cdev_open(&name);
	if (fd < 0)
		return fd;
	rc = cdev_bind(fd, iommufd, &devid);
	if (!rc)
		rc = mdma_adopt(dev, &name, fd, devid);
	if (rc)
		close(fd);
	return rc;
}

/* Counters by name from debugfs, "NAME VALUE" a line. Returns how many it knew. */
static unsigned int read_ledger_file(const struct cdev_name *name,
				     uint64_t counts[MDMA_LEDGER_N])
{
	unsigned int known = 0;
	unsigned long long n;
	char path[128];
	char line[128];
	char word[64];
	FILE *file;

	snprintf(path, sizeof(path), DEBUGFS "/%s/ledger", name->uuid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %llu", word, &n) != 2)
			continue;
		for (unsigned int i = 0; i < MDMA_LEDGER_N; i++) {
			if (!ledger_names[i] ||
			    strcasecmp(ledger_names[i], word))
				continue;
			counts[i] = n;
			known++;
		}
	}
	fclose(file);
	return known;
}

void mdma_close(struct mdma_dev *dev)
{
	uint64_t counts[MDMA_LEDGER_N] = { 0 };

	if (dev->fd < 0)
		return;
	for (unsigned int i = 0; i < MDMA_LEDGER_NVIOLATIONS; i++)
		counts[i] = mdma_ledger(dev, i);
	if (dev->mem)
		munmap(dev->mem, dev->mem_size);
	close(dev->fd);
	dev->mem = NULL;
	dev->fd = -1;
	read_ledger_file(&dev->name, counts);
	for (unsigned int i = 0; i < MDMA_LEDGER_NVIOLATIONS; i++)
		if (!dev->forgiven[i])
			atomic_fetch_add(&violations[i], counts[i]);
}

int mdma_attach(struct mdma_dev *dev, uint32_t ioas)
{
	return cdev_attach(dev->fd, &ioas);
}

int mdma_detach(struct mdma_dev *dev)
{
	return cdev_detach(dev->fd);
}

static int reg_result(ssize_t n, size_t want)
{
	if (n < 0)
		return (int)n;
	return (size_t)n == want ? 0 : -EIO;
}

uint32_t mdma_get32(struct mdma_dev *dev, uint32_t reg)
{
	uint32_t val = UINT32_MAX;

	cdev_read(dev->fd, dev->bar0 + reg, &val, sizeof(val));
	return val;
}

uint64_t mdma_get64(struct mdma_dev *dev, uint32_t reg)
{
	uint64_t val = UINT64_MAX;

	cdev_read(dev->fd, dev->bar0 + reg, &val, sizeof(val));
	return val;
}

int mdma_put32(struct mdma_dev *dev, uint32_t reg, uint32_t val)
{
	return reg_result(cdev_write(dev->fd, dev->bar0 + reg, &val,
				     sizeof(val)),
			  sizeof(val));
}

int mdma_put64(struct mdma_dev *dev, uint32_t reg, uint64_t val)
{
	return reg_result(cdev_write(dev->fd, dev->bar0 + reg, &val,
				     sizeof(val)),
			  sizeof(val));
}

/* ---- queues ------------------------------------------------------------- */

static uint32_t queue_reg(const struct mdma_queue *queue, uint32_t reg)
{
	return MDMA_REG_Q(queue->index) + reg;
}

int mdma_queue_start_at(struct mdma_queue *queue, struct mdma_dev *dev,
			unsigned int index, uint32_t entries, uint32_t ctrl,
			uint64_t sq_base, void *sq, uint64_t cq_base, void *cq)
{
	int rc;

	*queue = (struct mdma_queue){
		.dev = dev,
		.index = index,
		.entries = entries,
		.sq = sq,
		.cq = cq,
	};
	memset(cq, 0, entries * sizeof(struct mdma_comp));
	rc = mdma_put32(dev, queue_reg(queue, MDMA_Q_CTRL), 0);
	if (!rc)
		rc = mdma_put64(dev, queue_reg(queue, MDMA_Q_SQ_BASE), sq_base);
	if (!rc)
		rc = mdma_put64(dev, queue_reg(queue, MDMA_Q_CQ_BASE), cq_base);
	if (!rc)
		rc = mdma_put32(dev, queue_reg(queue, MDMA_Q_ENTRIES), entries);
	if (!rc)
		rc = mdma_put32(dev, queue_reg(queue, MDMA_Q_CTRL),
				ctrl | MDMA_QCTRL_ENABLE);
	return rc;
}

int mdma_queue_start(struct mdma_queue *queue, struct mdma_dev *dev,
		     unsigned int index, uint32_t entries)
{
	uint64_t sq, cq;

	if (index >= MDMA_NQUEUES || entries > MDMA_RING_ENTRIES)
		return -EINVAL;
	sq = dev->mem_size - MDMA_RINGS_BYTES + index * MDMA_RING_BYTES;
	cq = sq + MDMA_RING_ENTRIES * sizeof(struct mdma_desc);
	return mdma_queue_start_at(queue, dev, index, entries,
				   MDMA_QCTRL_DEVMEM, sq, dev->mem + sq, cq,
				   dev->mem + cq);
}

int mdma_queue_stop(struct mdma_queue *queue)
{
	return mdma_put32(queue->dev, queue_reg(queue, MDMA_Q_CTRL), 0);
}

int mdma_queue_status(struct mdma_queue *queue)
{
	return (int32_t)mdma_get32(queue->dev, queue_reg(queue, MDMA_Q_STATUS));
}

unsigned int mdma_room(struct mdma_queue *queue)
{
	/*
	 * A submission slot is free again when its completion was consumed:
	 * stricter than the ring needs, and then completions always fit too.
	 */
	return queue->entries - (queue->sq_tail - queue->cq_head);
}

int mdma_submit(struct mdma_queue *queue, const struct mdma_desc *desc,
		unsigned int n)
{
	if (n > mdma_room(queue))
		return -ENOSPC;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t slot = (queue->sq_tail + i) & (queue->entries - 1);

		queue->sq[slot] = desc[i];
	}
	queue->sq_tail += n;
	return mdma_put32(queue->dev, queue_reg(queue, MDMA_Q_SQ_TAIL),
			  queue->sq_tail);
}

unsigned int mdma_poll(struct mdma_queue *queue, struct mdma_comp *comp,
		       unsigned int max)
{
	unsigned int n = 0;

	while (n < max) {
		uint32_t slot = queue->cq_head & (queue->entries - 1);
		uint32_t phase = !((queue->cq_head / queue->entries) & 1);
		volatile struct mdma_comp *from = &queue->cq[slot];

		if (queue->cq_head == queue->sq_tail || from->phase != phase)
			break;
		/* ORDER: the device writes phase last, we read it first */
		atomic_thread_fence(memory_order_acquire);
		comp[n].cookie = from->cookie;
		comp[n].result = from->result;
		comp[n].status = from->status;
		comp[n].done = from->done;
		comp[n].opcode = from->opcode;
		comp[n].phase = from->phase;
		n++;
		queue->cq_head++;
	}
	if (n)
		mdma_put32(queue->dev, queue_reg(queue, MDMA_Q_CQ_HEAD),
			   queue->cq_head);
	return n;
}

int mdma_wait(struct mdma_queue *queue, struct mdma_comp *comp,
	      unsigned int timeout_ms)
{
	uint64_t deadline = tap_now_ms() + timeout_ms;

	for (unsigned int polls = 1;; polls++) {
		int rc;

		if (mdma_poll(queue, comp, 1))
			return 0;
		if (polls % POLLS_BEFORE_PAUSE)
			continue;
		rc = mdma_queue_status(queue);
		if (rc)
			return rc;
		if (tap_now_ms() >= deadline)
			return -ETIMEDOUT;
		tap_relax();
	}
}

int mdma_exec(struct mdma_queue *queue, const struct mdma_desc *desc,
	      struct mdma_comp *comp)
{
	struct mdma_comp scratch;
	int rc;

	if (!comp)
		comp = &scratch;
	rc = mdma_submit(queue, desc, 1);
	if (!rc)
		rc = mdma_wait(queue, comp, EXEC_TIMEOUT_MS);
	return rc ? rc : comp->status;
}

static int do_one(struct mdma_queue *queue, struct mdma_desc desc)
{
	return mdma_exec(queue, &desc, NULL);
}

int mdma_do_read(struct mdma_queue *queue, uint64_t iova, uint64_t dev_offset,
		 uint32_t length, uint16_t flags)
{
	return do_one(queue, (struct mdma_desc){ .opcode = MDMA_OP_READ,
						 .flags = flags,
						 .length = length,
						 .iova = iova,
						 .dev_offset = dev_offset });
}

int mdma_do_write(struct mdma_queue *queue, uint64_t iova, uint64_t dev_offset,
		  uint32_t length, uint16_t flags)
{
	return do_one(queue, (struct mdma_desc){ .opcode = MDMA_OP_WRITE,
						 .flags = flags,
						 .length = length,
						 .iova = iova,
						 .dev_offset = dev_offset });
}

int mdma_do_copy(struct mdma_queue *queue, uint64_t dst, uint64_t src,
		 uint32_t length, uint16_t flags)
{
	return do_one(queue, (struct mdma_desc){ .opcode = MDMA_OP_COPY,
						 .flags = flags,
						 .length = length,
						 .iova = src,
						 .arg = dst });
}

int mdma_do_fill(struct mdma_queue *queue, uint64_t iova, uint64_t pattern,
		 uint32_t length, uint16_t flags)
{
	return do_one(queue, (struct mdma_desc){ .opcode = MDMA_OP_FILL,
						 .flags = flags,
						 .length = length,
						 .iova = iova,
						 .arg = pattern });
}

int mdma_do_pin(struct mdma_queue *queue, uint64_t iova, uint32_t length,
		uint16_t flags)
{
	return do_one(queue, (struct mdma_desc){ .opcode = MDMA_OP_PIN,
						 .flags = flags,
						 .length = length,
						 .iova = iova });
}

int mdma_do_unpin(struct mdma_queue *queue, uint64_t iova, uint32_t length)
{
	return do_one(queue, (struct mdma_desc){ .opcode = MDMA_OP_UNPIN,
						 .length = length,
						 .iova = iova });
}

int mdma_do_touch(struct mdma_queue *queue, uint64_t iova, uint32_t length,
		  uint64_t value)
{
	return do_one(queue, (struct mdma_desc){ .opcode = MDMA_OP_TOUCH,
						 .length = length,
						 .iova = iova,
						 .arg = value });
}

int mdma_bench(struct mdma_dev *dev, uint32_t op, uint64_t iova,
	       uint32_t length, uint32_t iterations, uint64_t *ns)
{
	int rc;

	rc = mdma_put64(dev, MDMA_REG_BENCH_IOVA, iova);
	if (!rc)
		rc = mdma_put32(dev, MDMA_REG_BENCH_LENGTH, length);
	if (!rc)
		rc = mdma_put32(dev, MDMA_REG_BENCH_ITERS, iterations);
	if (!rc)
		rc = mdma_put32(dev, MDMA_REG_BENCH_GO, op);
	if (rc)
		return rc;
	if (ns)
		*ns = mdma_get64(dev, MDMA_REG_BENCH_NS);
	return (int32_t)mdma_get32(dev, MDMA_REG_BENCH_STATUS);
}

/* ---- ledger and knobs --------------------------------------------------- */

uint64_t mdma_ledger(struct mdma_dev *dev, enum mdma_ledger which)
{
	return mdma_get64(dev, MDMA_REG_LEDGER + 8 * which);
}

const char *mdma_ledger_name(enum mdma_ledger which)
{
	const char *name = NULL;

	if (which < MDMA_LEDGER_N)
		name = ledger_names[which];
	return name ? name : "?";
}

uint64_t mdma_ledger_violations(struct mdma_dev *dev)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < MDMA_LEDGER_NVIOLATIONS; i++)
		if (!dev->forgiven[i])
			sum += mdma_ledger(dev, i);
	return sum;
}

uint64_t mdma_npins(struct mdma_dev *dev)
{
	return mdma_get64(dev, MDMA_REG_NPINS);
}

uint64_t mdma_violations(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < MDMA_LEDGER_NVIOLATIONS; i++)
		sum += atomic_load(&violations[i]);
	return sum;
}

void mdma_forgive(struct mdma_dev *dev, enum mdma_ledger which)
{
	dev->forgiven[which] = true;
}

static int knob_open(const struct cdev_name *name, const char *knob, int flags)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", name->uuid, knob);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int mdma_knob_set(const struct cdev_name *name, const char *knob,
		  uint64_t value)
{
	int fd = knob_open(name, knob, O_WRONLY);
	char text[32];
	int rc = 0;
	int n;

	if (fd < 0)
		return fd;
	n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value);
	if (write(fd, text, n) != n)
		rc = -errno;
	close(fd);
	return rc;
}

int mdma_knob_get(const struct cdev_name *name, const char *knob,
		  uint64_t *value)
{
	int fd = knob_open(name, knob, O_RDONLY);
	char text[32];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	/* A boolean knob may read Y or N. */
	if (toupper((unsigned char)text[0]) == 'Y')
		*value = 1;
	else
		*value = strtoull(text, NULL, 0);
	return 0;
}

void mdma_knobs_reset(const struct cdev_name *name)
{
	for (unsigned int i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		mdma_knob_set(name, knobs[i], 0);
}
