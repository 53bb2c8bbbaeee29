/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * private.h - the structures of iommufd.ko and the order of its locks
 *
 * An open file of /dev/iommu is a context. It owns objects, which user space
 * names by id: IO address spaces (IOAS) and accesses. An IOAS holds areas, each
 * a range of IOVA that stands for a range of a backing (somebody's memory). An
 * access belongs to a driver; while it is attached to an IOAS there is an
 * attachment, the pair of both. Pins belong to the attachment they were made
 * through. An op is one pin or rw in flight.
 *
 *   context --- objects:  ioas ------------- areas ---- backing --- folios
 *                          |  \                           (shared by COPY)
 *                          |   ops in flight
 *                         attachment --- pins
 *                          |
 *                         access (a driver's)
 *
 * LOCK ORDER
 *
 *   access->change            (mutex; attach, replace, detach of one access)
 *     ioas->lock              (mutex; one IOAS; two are never held together)
 *       ictx->objects lock    (spin; the xarray's own: ids, users, lookups)
 *       op_cpu->lock          (spin; list of ops that started on one CPU)
 *   backing->lock             (mutex; pinned folios of one backing; taken with
 *                              no other lock of ours)
 *   access->pins              (rhltable; its own bucket locks; taken with none)
 *
 * No lock is held over a page fault or over user memory. A driver's unmap
 * callback runs with no lock held, except that a callback out of replace or
 * detach runs inside access->change of that very access: the driver must not
 * change an attachment from its callback, and pin, unpin and rw never take it.
 *
 * Everything found without a lock (attachment, area, the IOAS behind them) is
 * freed after an RCU grace period.
 */
#ifndef _KIT_IOMMUFD_PRIVATE_H
#define _KIT_IOMMUFD_PRIVATE_H

#include <linux/iommufd.h>
#include <linux/kref.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>
#include "annotate.h"

static_assert(KIT_IOMMUFD_API == 1);

struct attachment;
struct backing;
struct ioas;
struct seq_file;

/* account.c: who pays for pinned memory */

enum charge_mode {
	CHARGE_USER,	/* user_struct.locked_vm against the mapper's RLIMIT_MEMLOCK */
	CHARGE_MM,	/* mm_struct.locked_vm against the same limit */
	CHARGE_NONE,	/* mapped with CAP_IPC_LOCK: counted in pinned_vm only */
};

/**
 * struct payer - who is charged for pinned pages; immutable but for @kref
 * @kref: held by backings and by pins being made
 * @mode: which counter
 * @mm: whose pinned_vm, and with CHARGE_MM whose locked_vm; holds mm_count
 * @task: thread group leader of the mapper, for its RLIMIT_MEMLOCK
 * @user: whose locked_vm with CHARGE_USER
 */
struct payer {
	struct kref kref;
	enum charge_mode mode;
	struct mm_struct *mm;
	struct task_struct *task;
	struct user_struct *user;
};

struct payer *payer_alloc(enum charge_mode mode);
struct payer *payer_get(struct payer *payer);
void payer_put(struct payer *payer);
int payer_charge(struct payer *payer, unsigned long npages);
void payer_charge_anyway(struct payer *payer, unsigned long npages);
void payer_uncharge(struct payer *payer, unsigned long npages);

/* object.c: ids */

enum object_type {
	OBJECT_ANY,
	OBJECT_IOAS,
	OBJECT_ACCESS,
};

/**
 * struct object - what user space names by an id
 * @ictx: the context it lives in; outlives it
 * @id: 1..INT_MAX, immutable
 * @type: immutable
 * @users: long-term users: attachments of an IOAS, the driver of an access
 * @lookups: ioctls that hold it for their duration
 * @dead: being destroyed, not found any more
 *
 * @users, @lookups and @dead are protected by the lock of ictx->objects.
 */
struct object {
	struct iommufd_ctx *ictx;
	u32 id;
	enum object_type type;
	unsigned int users;
	unsigned int lookups;
	bool dead;
};

int object_reserve(struct iommufd_ctx *ictx, struct object *obj,
		   enum object_type type);
void object_publish(struct object *obj);
void object_abort(struct object *obj);
struct object *object_get(struct iommufd_ctx *ictx, u32 id,
			  enum object_type type);
void object_put(struct object *obj);
int object_use(struct object *obj);
void object_unuse(struct object *obj);
void object_remove(struct object *obj);
int object_destroy(struct iommufd_ctx *ictx, u32 id);
void objects_release(struct iommufd_ctx *ictx);

/* main.c: contexts */

/**
 * struct iommufd_ctx - an open file of /dev/iommu
 * @file: the file; every access holds a reference on it
 * @objects: id to object; its lock protects the counts of the objects too
 * @wait: woken when the last lookup of a dead object ends
 * @charge_mode: who pays for memory mapped from now on; under the lock of
 *	@objects, changes only while there is no object
 * @vfio_ioas: target of the type1 ioctls or NULL; under the lock of @objects
 * @node: in debugfs.c's list, under its lock
 * @comm: who opened the file, immutable
 */
struct iommufd_ctx {
	struct file *file;
	struct xarray objects;
	wait_queue_head_t wait;
	enum charge_mode charge_mode;
	struct ioas *vfio_ioas;
	struct list_head node;
	char comm[TASK_COMM_LEN];
};

/**
 * struct ucmd - an ioctl being executed
 * @ictx: the context
 * @ubuf: the argument in user memory
 * @user_size: its size by the caller's word
 * @cmd: the argument, copied once, zero extended
 */
struct ucmd {
	struct iommufd_ctx *ictx;
	void __user *ubuf;
	u32 user_size;
	void *cmd;
};

int ucmd_reply(struct ucmd *ucmd, size_t size);

/* op.c: pins and copies in flight */

struct op_cpu {
	spinlock_t lock; /* protects ops */
	struct list_head ops;
};

/**
 * struct op - one pin or rw in flight; lives on the caller's stack
 * @node: in @cpu->ops, under @cpu->lock
 * @cpu: the list it was put on
 * @att: the attachment it goes through
 * @iova: first byte
 * @last: last byte
 * @mark: ioas->mark when it was registered
 * @pin: a pin, not a copy
 */
struct op {
	struct list_head node;
	struct op_cpu *cpu;
	struct attachment *att;
	unsigned long iova;
	unsigned long last;
	unsigned long mark;
	bool pin;
};

int op_enter(struct iommufd_access *access, struct op *op, unsigned long iova,
	     unsigned long last, bool pin);
void op_exit(struct op *op);
bool ops_before_mark(struct ioas *ioas, unsigned long iova, unsigned long last,
		     unsigned long mark);
bool ops_of_attachment(struct attachment *att, bool pins_only);

/* backing.c: memory behind areas */

/**
 * struct backing - a range of somebody's memory, shared by COPY
 * @kref: one for each area
 * @mm: whose memory it is, or NULL; holds mm_count
 * @file: the memfd it is, or NULL; exactly one of @mm and @file is set
 * @start: page aligned: user address, or offset in the file, of page 0
 * @npages: pages there are
 * @writable: pages are pinned for writing
 * @lock: protects @pinned, @npinned and @payer
 * @pinned: page index to struct pinned: what is pinned now
 * @npinned: pages in @pinned
 * @payer: who is charged for them
 */
struct backing {
	struct kref kref;
	struct mm_struct *mm;
	struct file *file;
	unsigned long start;
	unsigned long npages;
	bool writable;
	struct mutex lock; /* protects pinned, npinned, payer */
	struct maple_tree pinned;
	unsigned long npinned;
	struct payer *payer;
};

struct backing *backing_alloc_user(struct iommufd_ctx *ictx, unsigned long va,
				   unsigned long length, bool writable);
struct backing *backing_alloc_file(struct iommufd_ctx *ictx, struct file *file,
				   unsigned long start, unsigned long length,
				   bool writable);
void backing_get(struct backing *backing);
void backing_put(struct backing *backing);
int backing_pin(struct backing *backing, unsigned long first,
		unsigned long npages, struct page **pages);
void backing_unpin(struct backing *backing, unsigned long first,
		   unsigned long npages);
struct page *backing_borrow(struct backing *backing, unsigned long index);
int backing_change_payer(struct backing *backing, struct payer *payer,
			 struct payer **old);
void backing_restore_payer(struct backing *backing, struct payer *payer);

/* gup.c: the only caller of pin_user_pages and the copy primitives */

void gup_init(struct backing *backing);
void gup_fini(struct backing *backing);
long gup_pin(struct backing *backing, unsigned long index, unsigned long npages,
	     struct page **pages);
void gup_unpin(struct backing *backing, struct page **pages,
	       unsigned long npages, bool dirty);
void gup_unpin_run(struct backing *backing, struct page *page,
		   unsigned long npages, bool dirty);
int gup_copy(struct backing *backing, unsigned long offset, void *data,
	     unsigned long length, unsigned int flags);

/* area.c: ranges of IOVA */

enum area_state {
	AREA_NEW,	/* takes its place, cannot be used yet */
	AREA_LIVE,
	AREA_UNMAPPING,	/* no new op; goes on to be removed, or back to LIVE */
};

/**
 * struct area - a range of IOVA and the memory behind it
 * @iova: first byte, immutable once in the tree
 * @last: last byte, immutable once in the tree
 * @backing: the memory; holds a reference
 * @offset: byte offset of @iova in @backing
 * @writable: devices may write
 * @readable: devices may read
 * @state: written under ioas->lock, read by ops after they are registered
 * @npins: pins that cover a part of it
 * @node: in the list of whoever inserts or removes it; that one's alone
 * @rcu: frees it
 */
struct area {
	unsigned long iova;
	unsigned long last;
	struct backing *backing;
	unsigned long offset;
	bool writable;
	bool readable;
	enum area_state state;
	atomic_t npins;
	struct list_head node;
	struct rcu_head rcu;
};

/* How much of an area an op may use: for area_check(). */
#define AREA_READ	BIT(0)
#define AREA_WRITE	BIT(1)

struct area *area_alloc(struct backing *backing, unsigned long offset,
			unsigned long length, u32 map_flags);
void area_free(struct area *area);
int areas_insert(struct ioas *ioas, struct list_head *areas,
		 unsigned long *iova, bool fixed);
unsigned long areas_length(struct list_head *areas);
void areas_publish(struct ioas *ioas, struct list_head *areas);
void areas_erase(struct ioas *ioas, struct list_head *areas);
void areas_exchange(struct ioas *ioas, struct area *area,
		    struct area *halves[2]);
struct area *areas_run_last(struct list_head *areas, struct area *first);
struct area *area_check(struct ioas *ioas, unsigned long iova,
			unsigned long last, unsigned int need);
struct area *area_find(struct ioas *ioas, unsigned long iova);
int areas_aligned(struct ioas *ioas, unsigned long alignment);

/* Byte offset in the backing of an address inside the area. */
static inline unsigned long area_offset(const struct area *area,
					unsigned long iova)
{
	return area->offset + (iova - area->iova);
}

/* iova.c: where areas may lie */

int iova_choose(struct ioas *ioas, unsigned long length, unsigned long memory,
		unsigned long *iova);
int iova_check_fixed(struct ioas *ioas, unsigned long iova, unsigned long last);
void ranges_free(struct maple_tree *ranges);
u32 iova_usable(struct ioas *ioas, struct iommu_iova_range *ranges, u32 room,
		unsigned long *alignment);
int iova_allow_ioctl(struct ucmd *ucmd);
int iova_ranges_ioctl(struct ucmd *ucmd);

/* ioas.c: IO address spaces and their ioctls */

/**
 * struct ioas - an IO address space
 * @obj: its id
 * @lock: protects @areas' shape, area->state, @reserved, @allowed,
 *	@alignment, @huge_pages_off, @attachments and attachment->calls
 * @areas: IOVA to area; walked under RCU
 * @reserved: IOVA that nothing may be mapped to
 * @allowed: where the kernel chooses IOVA; NULL means everywhere
 * @alignment: of IOVA, length and page offset of every area
 * @huge_pages_off: IOMMU_OPTION_HUGE_PAGES is 0
 * @mark: counts the UNMAPs that have marked areas; written under @lock after
 *	the states, read by ops: one that has seen the number sees the states
 * @changes: counts areas becoming LIVE or going; written under @lock
 * @attachments: of accesses
 * @ops: ops in flight, by the CPU they started on
 * @wait: woken when an op ends, a pin is released, an area changes its state or
 *	a callback returns, if somebody waits
 * @rcu: frees it
 */
struct ioas {
	struct object obj;
	struct mutex lock; /* see above */
	struct maple_tree areas;
	struct maple_tree reserved;
	struct maple_tree *allowed;
	unsigned long alignment;
	bool huge_pages_off;
	unsigned long mark;
	unsigned long changes;
	struct list_head attachments;
	struct op_cpu __percpu *ops;
	wait_queue_head_t wait;
	struct rcu_head rcu;
};

struct ioas *ioas_alloc(void);
void ioas_free(struct ioas *ioas);
struct ioas *ioas_get(struct iommufd_ctx *ictx, u32 id);
void ioas_put(struct ioas *ioas);
void ioas_destroy(struct object *obj);
void ioas_wake(struct ioas *ioas);
int ioas_alloc_ioctl(struct ucmd *ucmd);
int vfio_ioas_ioctl(struct ucmd *ucmd);

/* map.c, option.c, process.c, nodev.c: ioctls */

int ioas_map_ioctl(struct ucmd *ucmd);
int ioas_map_file_ioctl(struct ucmd *ucmd);
int ioas_copy_ioctl(struct ucmd *ucmd);
int option_ioctl(struct ucmd *ucmd);
int ioas_set_huge_pages(struct ioas *ioas, bool on);
int change_process_ioctl(struct ucmd *ucmd);
int hwpt_alloc_ioctl(struct ucmd *ucmd);
int hw_info_ioctl(struct ucmd *ucmd);
int set_dirty_tracking_ioctl(struct ucmd *ucmd);
int get_dirty_bitmap_ioctl(struct ucmd *ucmd);
int invalidate_ioctl(struct ucmd *ucmd);
int vdevice_alloc_ioctl(struct ucmd *ucmd);
int viommu_alloc_ioctl(struct ucmd *ucmd);
int veventq_alloc_ioctl(struct ucmd *ucmd);
int hw_queue_alloc_ioctl(struct ucmd *ucmd);
int fault_queue_alloc_ioctl(struct ucmd *ucmd);

/* unmap.c: taking areas away from their users */

/* How long a driver may take to release its pins, all repeated calls together. */
#define UNMAP_PATIENCE_MS 2000

/**
 * struct patience - repeated calls of a driver that has not answered yet
 * @deadline: jiffies after which the caller gives up
 * @delay: jiffies until the next call, doubling
 */
struct patience {
	unsigned long deadline;
	unsigned long delay;
};

void patience_init(struct patience *patience);
bool patience_next(struct patience *patience);
int ioas_unmap(struct ioas *ioas, unsigned long iova, unsigned long last,
	       bool all, int (*reply)(void *data, unsigned long length),
	       void *data);
int area_cut(struct ioas *ioas, unsigned long iova);
int ioas_unmap_ioctl(struct ucmd *ucmd);

/* attach.c: attachments */

/**
 * struct attachment - an access and an IOAS
 * @access: the access, which outlives it
 * @ioas: the IOAS; holds a use of it
 * @node: in ioas->attachments, under ioas->lock
 * @calls: unmap callbacks running for this attachment, under ioas->lock
 * @npins: pins made through it and not yet released
 * @rcu: frees it
 */
struct attachment {
	struct iommufd_access *access;
	struct ioas *ioas;
	struct list_head node;
	unsigned int calls;
	atomic_long_t npins;
	struct rcu_head rcu;
};

/**
 * struct iommufd_access - a driver's access
 * @obj: its id; the driver is a user of it
 * @ops: immutable
 * @data: the driver's, immutable
 * @alignment: what it asks of an IOAS, immutable
 * @change: serialises attach, replace, detach
 * @att: the attachment or NULL; written under @change
 * @old: the attachment whose pins are being drained, or NULL; written under
 *	@change. While it is set no pin is made through @att.
 * @pins: every pin of the access, by attachment and range
 */
struct iommufd_access {
	struct object obj;
	const struct iommufd_access_ops *ops;
	void *data;
	unsigned long alignment;
	struct mutex change; /* serialises attach, replace, detach */
	struct attachment __rcu *att;
	struct attachment __rcu *old;
	struct rhltable pins;
};

int access_attach(struct iommufd_access *access, struct ioas *ioas);
int access_replace(struct iommufd_access *access, struct ioas *ioas);
void access_detach(struct iommufd_access *access);
int ioas_update_alignment(struct ioas *ioas);

/* pin.c: pins of an access */

int pins_init(struct iommufd_access *access);
void pins_fini(struct iommufd_access *access);
void pins_report(struct attachment *att, unsigned long iova, unsigned long last,
		 const char *what);
void pins_reclaim(struct attachment *att);
void pins_show(struct seq_file *seq, struct iommufd_access *access);

/* vfio_compat.c: the ioctls of a VFIO container */

long vfio_compat_ioctl(struct iommufd_ctx *ictx, unsigned int number,
		       unsigned long arg);

/* access.c */
void access_destroy_object(struct object *obj);

/* debugfs.c: counters */

enum counter {
	COUNT_CONTEXTS,
	COUNT_IOAS,
	COUNT_ACCESSES,
	COUNT_ATTACHMENTS,
	COUNT_AREAS,
	COUNT_BACKINGS,
	COUNT_PINS,		/* pin records */
	COUNT_PINNED_PAGES,	/* pages pinned through GUP */
	NCOUNTERS,
};

DECLARE_PER_CPU(long[NCOUNTERS], counters);

static inline void count(enum counter counter, long n)
{
	this_cpu_add(counters[counter], n);
}

void debugfs_add(struct iommufd_ctx *ictx);
void debugfs_del(struct iommufd_ctx *ictx);
void debugfs_init(void);
void debugfs_fini(void);

#endif
