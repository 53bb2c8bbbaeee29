/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mdma_private.h - the structures of mdma.ko and the order of its locks
 *
 * A device has four queues; an enabled queue of an enabled device has two worker
 * threads, which fetch descriptors, run them and post completions. Both reach the
 * user's memory through the device's access: by copying, or by pins, every one of
 * which is in the table of pins while it lasts. The book counts what the core
 * promised against what it did.
 *
 *   vfio_device ops --- regs ----------- queue --- worker --- ops
 *         |              \                 |                 /   \
 *         |               bench -----------|----------------/     |
 *         |                                |                      |
 *       access (bind, attach, unmap)      rings --- rw        pin table
 *
 * LOCK ORDER
 *
 *   dev_set->lock       (mutex, vfio's; held around init of a file's use, attach,
 *                        detach and its end)
 *     mdma->control     (mutex; CTRL and QCTRL, reset: who starts and stops workers)
 *       [waits for workers; so no worker may take either of the two]
 *   bench->lock         (mutex; one benchmark at a time)
 *   queue->fetch        (mutex; workers, in order of the submission ring)
 *   queue->post         (mutex; workers; never together with fetch, except that a
 *                        FENCE is posted inside fetch)
 *     queue->lock, pins->lock, book->lock, irq->lock     (spin; leaves)
 *
 * No spin lock is held over an iommufd call, and the unmap callback takes no mutex
 * at all: whatever the user does to the device, the core's UNMAP is answered.
 */
#ifndef _KIT_SAMPLES_MDMA_PRIVATE_H
#define _KIT_SAMPLES_MDMA_PRIVATE_H

#include <linux/atomic.h>
#include <linux/interval_tree.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/wait.h>

#include "mdma.h"
#include "pci.h"

struct dentry;
struct eventfd_ctx;
struct iommufd_access;
struct iommufd_ctx;
struct mdma_dev;
struct mdma_queue;
struct page;
struct task_struct;

/* mdma_ledger.c: what the core promised, and what it did */

/**
 * enum mdma_stage - how far the device is in being used
 * @MDMA_NEW: not open: nothing may be asked of it (EARLY)
 * @MDMA_OPEN: open_device() is done
 * @MDMA_CLOSED: close_device() began its end; operations may not come any more
 *	(LATE), callbacks may, while the access lives
 * @MDMA_OVER: the access is destroyed; nothing may come (LATE)
 */
enum mdma_stage {
	MDMA_NEW,
	MDMA_OPEN,
	MDMA_CLOSED,
	MDMA_OVER,
};

/* What can be in flight while an unmap or a swap happens. */
enum mdma_flight {
	MDMA_FLIGHT_PIN,
	MDMA_FLIGHT_RW,
	MDMA_NFLIGHTS,
};

/**
 * struct mdma_book - the ledger
 * @lock: protects all but @count
 * @stage: of the device
 * @attached: to an IOAS
 * @swapping: attach, replace, detach and destroy in progress
 * @callbacks: unmap callbacks in progress
 * @flights: operations in progress, by kind
 * @overlapped: kinds that were in flight during the swap in progress
 * @count: by enum mdma_ledger
 */
struct mdma_book {
	spinlock_t lock;
	enum mdma_stage stage;
	bool attached;
	unsigned int swapping;
	unsigned int callbacks;
	unsigned int flights[MDMA_NFLIGHTS];
	bool overlapped[MDMA_NFLIGHTS];
	atomic64_t count[MDMA_LEDGER_N];
};

extern const char *const mdma_ledger_names[MDMA_LEDGER_N];

void mdma_book_init(struct mdma_book *book);
void mdma_book_open(struct mdma_book *book);
void mdma_book_stage(struct mdma_book *book, enum mdma_stage stage);
void mdma_book_add(struct mdma_book *book, enum mdma_ledger what, u64 n);
u64 mdma_book_read(struct mdma_book *book, enum mdma_ledger what);
void mdma_book_operation(struct mdma_book *book);
void mdma_book_enter(struct mdma_book *book, enum mdma_flight kind);
void mdma_book_exit(struct mdma_book *book, enum mdma_flight kind);
void mdma_book_unmap_begin(struct mdma_book *book, unsigned long iova,
			   unsigned long length);
void mdma_book_unmap_end(struct mdma_book *book);
void mdma_book_swap_begin(struct mdma_book *book);
void mdma_book_swap_end(struct mdma_book *book, bool attached);
void mdma_book_destroyed(struct mdma_book *book);

/* mdma_pin.c: the table of pins */

/**
 * enum mdma_pin_state - of a pin in the table
 * @MDMA_PIN_PENDING: the core was asked, or has answered and nobody knows yet
 * @MDMA_PIN_LIVE: the pages are pinned and may be used
 * @MDMA_PIN_DROPPING: being unpinned; nobody uses the pages any more
 */
enum mdma_pin_state {
	MDMA_PIN_PENDING,
	MDMA_PIN_LIVE,
	MDMA_PIN_DROPPING,
};

/**
 * struct mdma_pin - a range of IOVA, pinned or about to be
 * @node: first and last byte; in pins->tree
 * @born: pins->clock when it came into the table
 * @since: pins->clock when it became live
 * @state: of it
 * @held: the table owns it, and whoever clears this in the table's lock may drop
 *	it; otherwise the operation that pinned it does
 * @revoked: an unmap or UNPIN wants it gone: be quick, and keep nothing
 * @writable: pinned for writing
 * @touches: TOUCH operations that use the pages of a held pin
 * @length: bytes, as pinned, to be unpinned the same
 * @npages: entries of @pages in use
 * @pages: filled by the core
 *
 * All but @pages is protected by pins->lock; @length and @npages do not change
 * while the pin is in the table. @pages belongs to whoever owns the pin, and to
 * touches.
 */
struct mdma_pin {
	struct interval_tree_node node;
	u64 born;
	u64 since;
	enum mdma_pin_state state;
	bool held;
	bool revoked;
	bool writable;
	unsigned int touches;
	unsigned long length;
	unsigned int npages;
	struct page *pages[];
};

/**
 * struct mdma_pins - all pins of a device
 * @lock: protects everything here and in the pins
 * @tree: struct mdma_pin by range
 * @wait: something left the table, a touch ended, or a pin was revoked
 * @clock: counts events that have to be ordered
 * @live: pins made and not yet unmade
 * @held: held pins
 * @held_pages: pages of held pins
 * @ignored: the knob `deaf` made us break the contract in this use of the device
 */
struct mdma_pins {
	spinlock_t lock;
	struct rb_root_cached tree;
	wait_queue_head_t wait;
	u64 clock;
	unsigned int live;
	unsigned int held;
	unsigned int held_pages;
	bool ignored;
};

/* What PIN descriptors may hold at once; pages are counted once for each pin. */
#define MDMA_MAX_HELD (64U << 10)
#define MDMA_MAX_HELD_PAGES (4U << 20)

void mdma_pins_init(struct mdma_pins *pins);
struct mdma_pin *mdma_pin_alloc(unsigned int npages);
void mdma_pin_free(struct mdma_pin *pin);
int mdma_pin_begin(struct mdma_dev *mdma, struct mdma_pin *pin,
		   unsigned long iova, unsigned long length, bool write);
void mdma_pin_end(struct mdma_dev *mdma, struct mdma_pin *pin);
int mdma_pin_hold(struct mdma_dev *mdma, unsigned long iova,
		  unsigned long length, bool write, unsigned int *npages);
int mdma_pin_release(struct mdma_dev *mdma, unsigned long iova,
		     unsigned long length);
struct mdma_pin *mdma_pin_touch_begin(struct mdma_dev *mdma, unsigned long iova,
				      unsigned long length);
void mdma_pin_touch_end(struct mdma_dev *mdma, struct mdma_pin *pin);
bool mdma_pin_revoked(struct mdma_dev *mdma, struct mdma_pin *pin);
void mdma_pins_unmap(struct mdma_dev *mdma, unsigned long iova,
		     unsigned long last);
void mdma_pins_drop(struct mdma_dev *mdma);
u64 mdma_pins_held(struct mdma_pins *pins);
void mdma_pins_wake(struct mdma_pins *pins);
void mdma_pin_take(struct mdma_pins *pins, struct mdma_pin *pin);
bool mdma_pin_touched(struct mdma_pins *pins, struct mdma_pin *pin);

static inline struct mdma_pin *mdma_pin_of(struct interval_tree_node *node)
{
	return node ? container_of(node, struct mdma_pin, node) : NULL;
}

static inline struct mdma_pin *
mdma_pin_first(struct mdma_pins *pins, unsigned long iova, unsigned long last)
{
	lockdep_assert_held(&pins->lock);
	return mdma_pin_of(interval_tree_iter_first(&pins->tree, iova, last));
}

static inline struct mdma_pin *
mdma_pin_next(struct mdma_pin *pin, unsigned long iova, unsigned long last)
{
	return mdma_pin_of(interval_tree_iter_next(&pin->node, iova, last));
}

/* mdma_check.c: does the core keep its promises about pins? */

void mdma_check_open(struct mdma_pins *pins);
void mdma_check_ignored(struct mdma_pins *pins);
bool mdma_check_pinned(struct mdma_pins *pins, struct mdma_pin *pin);
u64 mdma_check_mark(struct mdma_pins *pins, bool *held);
void mdma_check_swapped(struct mdma_dev *mdma, u64 mark);
void mdma_check_closed(struct mdma_dev *mdma);

/* mdma_queue.c: rings and workers */

/* A worker moves data through a buffer of this size, and pins as much at once. */
#define MDMA_CHUNK (64U << 10)
#define MDMA_CHUNK_PAGES (MDMA_CHUNK / PAGE_SIZE + 1)

/**
 * struct mdma_worker - a thread that runs descriptors of a queue
 * @queue: the queue
 * @task: the thread
 * @buffer: MDMA_CHUNK bytes
 * @pin: for MDMA_CHUNK_PAGES pages
 */
struct mdma_worker {
	struct mdma_queue *queue;
	struct task_struct *task;
	void *buffer;
	struct mdma_pin *pin;
};

/**
 * struct mdma_ring_regs - where the rings are
 * @sq_base: the submission ring
 * @cq_base: the completion ring
 * @entries: of both
 * @devmem: the bases are offsets in device memory, not IOVAs
 */
struct mdma_ring_regs {
	u64 sq_base;
	u64 cq_base;
	u32 entries;
	bool devmem;
};

/**
 * struct mdma_queue - a queue pair
 * @mdma: the device
 * @index: of the queue
 * @fetch: held by the worker that takes the next descriptor
 * @post: held by the worker that writes the next completion
 * @wait: work came, room came, a descriptor ended, or the queue stops
 * @lock: protects all below except @workers and @rings
 * @regs: what the user wrote
 * @enabled: QCTRL
 * @running: the queue has workers
 * @stopping: they shall end
 * @status: 0, or the errno that stopped the queue
 * @sq_tail: next descriptor the user will write
 * @sq_head: next descriptor to fetch
 * @cq_tail: next completion to post
 * @cq_next: the one after it, if it is being posted, else the same
 * @cq_head: next completion the user will read
 * @inflight: descriptors fetched and not completed
 * @busy: workers not waiting for work
 * @rings: @regs when the queue was enabled; does not change while it is
 * @workers: under mdma->control
 */
struct mdma_queue {
	struct mdma_dev *mdma;
	unsigned int index;
	struct mutex fetch;
	struct mutex post;
	wait_queue_head_t wait;
	spinlock_t lock;
	struct mdma_ring_regs regs;
	bool enabled;
	bool running;
	bool stopping;
	int status;
	u32 sq_tail;
	u32 sq_head;
	u32 cq_tail;
	u32 cq_next;
	u32 cq_head;
	u32 inflight;
	unsigned int busy;
	struct mdma_ring_regs rings;
	struct mdma_worker workers[MDMA_WORKERS];
};

void mdma_queue_init(struct mdma_queue *queue, struct mdma_dev *mdma,
		     unsigned int index);
int mdma_queue_enable(struct mdma_queue *queue, bool devmem);
int mdma_queue_start(struct mdma_queue *queue);
void mdma_queue_disable(struct mdma_queue *queue);
void mdma_queue_reset(struct mdma_queue *queue);
bool mdma_queue_stopping(struct mdma_queue *queue);
u32 mdma_queue_read32(struct mdma_queue *queue, u32 reg);
u64 mdma_queue_read64(struct mdma_queue *queue, u32 reg);
int mdma_queue_write32(struct mdma_queue *queue, u32 reg, u32 val);
void mdma_queue_write64(struct mdma_queue *queue, u32 reg, u64 val, u64 mask);

/* mdma_ops.c: descriptors */

/**
 * struct mdma_run - a descriptor being executed
 * @mdma: the device
 * @worker: who executes it
 * @desc: a copy, in the byte order of the CPU
 * @delayed: the descriptor's delay is over
 * @done: bytes moved
 * @result: for the completion
 */
struct mdma_run {
	struct mdma_dev *mdma;
	struct mdma_worker *worker;
	struct mdma_desc desc;
	bool delayed;
	u32 done;
	u64 result;
};

int mdma_run(struct mdma_run *run);

/* mdma_ring.c: fetching and posting */

bool mdma_ring_has_work(struct mdma_queue *queue);
bool mdma_ring_fetch(struct mdma_queue *queue, struct mdma_desc *desc);
void mdma_ring_post(struct mdma_queue *queue, const struct mdma_run *run,
		    int status);
int mdma_ring_submitted(struct mdma_queue *queue, u32 tail);
int mdma_ring_consumed(struct mdma_queue *queue, u32 head);

/* mdma_irq.c: interrupts */

/**
 * struct mdma_irq - who wants to know
 * @lock: protects the pointers
 * @msix: by vector
 * @request: somebody wants the device back
 */
struct mdma_irq {
	spinlock_t lock;
	struct eventfd_ctx *msix[MDMA_NVECTORS];
	struct eventfd_ctx *request;
};

void mdma_irq_init(struct mdma_irq *irq);
void mdma_irq_fire(struct mdma_irq *irq, unsigned int vector);
bool mdma_irq_request(struct mdma_irq *irq);
long mdma_irq_set(struct mdma_dev *mdma, void __user *arg);
void mdma_irq_close(struct mdma_irq *irq);

/* mdma_bench.c: the benchmark registers */

/**
 * struct mdma_bench - the benchmark block
 * @lock: held by the benchmark that runs, and to write the registers
 * @iova: of the range
 * @length: bytes of it
 * @iterations: how often
 * @status: of the last benchmark
 * @ns: it took so long
 */
struct mdma_bench {
	struct mutex lock;
	u64 iova;
	u32 length;
	u32 iterations;
	int status;
	u64 ns;
};

void mdma_bench_init(struct mdma_bench *bench);
void mdma_bench_reset(struct mdma_bench *bench);
u32 mdma_bench_read32(struct mdma_bench *bench, u32 reg);
u64 mdma_bench_read64(struct mdma_bench *bench, u32 reg);
int mdma_bench_write32(struct mdma_dev *mdma, u32 reg, u32 val);
int mdma_bench_write64(struct mdma_bench *bench, u32 reg, u64 val, u64 mask);

/* mdma_debugfs.c: knobs */

/**
 * struct mdma_knobs - what tests turn; read and written without a lock
 * @delay_unmap_us: in the unmap callback, before the pins are dropped
 * @delay_pin_us: after the core has pinned, before the table says so
 * @delay_open_us: in open_device
 * @delay_close_us: in close_device, before held pins are dropped
 * @patience_us: how long the callback waits for pins that are pending
 * @deaf: unmap callbacks do nothing
 */
struct mdma_knobs {
	u32 delay_unmap_us;
	u32 delay_pin_us;
	u32 delay_open_us;
	u32 delay_close_us;
	u32 patience_us;
	u32 deaf;
};

void mdma_knobs_init(struct mdma_knobs *knobs);
void mdma_knob_delay(const u32 *knob);
void mdma_debugfs_init(void);
void mdma_debugfs_exit(void);
void mdma_debugfs_add(struct mdma_dev *mdma);
void mdma_debugfs_del(struct mdma_dev *mdma);

/* mdma_access.c: the way to the user's memory */

int mdma_access_bind(struct vfio_device *vdev, struct iommufd_ctx *ictx,
		     u32 *out_device_id);
void mdma_access_unbind(struct vfio_device *vdev);
int mdma_access_attach(struct vfio_device *vdev, u32 *pt_id);
void mdma_access_detach(struct vfio_device *vdev);
int mdma_access_rw(struct mdma_dev *mdma, u64 iova, void *data, size_t length,
		   bool write);

/* mdma_regs.c: BAR0 */

void mdma_reset(struct mdma_dev *mdma);
ssize_t mdma_regs_access(struct mdma_dev *mdma, char __user *buf, size_t count,
			 u32 offset, bool write);

/* mdma_dev.c: the device */

/**
 * struct mdma_dev - an mdma device
 * @vdev: VFIO's part; first, as vfio_alloc_device() wants it
 * @pci: its configuration space, regions and interrupts
 * @mem: device memory, BAR2
 * @mem_size: bytes of it
 * @access: from bind to unbind, which include open to close
 * @ioas_id: of the IOAS it is attached to, 0 if none; under dev_set->lock
 * @control: held while workers are started or stopped
 * @enabled: MDMA_CTRL_ENABLE; written under @control
 * @queues: queue pairs
 * @pins: pins
 * @book: the ledger
 * @irq: interrupts
 * @bench: the benchmark block
 * @knobs: what tests turn
 * @debugfs: where they find it
 */
struct mdma_dev {
	struct vfio_device vdev;
	struct kit_pci pci;
	void *mem;
	u64 mem_size;
	struct iommufd_access *access;
	u32 ioas_id;
	struct mutex control;
	bool enabled;
	struct mdma_queue queues[MDMA_NQUEUES];
	struct mdma_pins pins;
	struct mdma_book book;
	struct mdma_irq irq;
	struct mdma_bench bench;
	struct mdma_knobs knobs;
	struct dentry *debugfs;
};

static inline struct mdma_dev *mdma_from_vdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct mdma_dev, vdev);
}

#endif
