// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirty.c - the log of what a device wrote, and the bitmap it is reported in
 *
 * User space starts the log for some ranges of IOVA, reads it as often as it
 * likes, which clears it, and stops it. The log is the driver's (vfio_log_ops);
 * the core checks the arguments and owns the bitmap.
 *
 * A bit stands for page_size bytes: bit number (addr - iova) / page_size, in an
 * array of 64-bit words in user memory, of which the core sets bits and never
 * clears any. The range may be of any size and the bitmap is as large as the
 * user has memory for. So the report is made in windows: the driver sets bits in
 * a kernel buffer for one window, under whatever locks it needs, and between two
 * windows the words that are not zero are merged into user memory, under none.
 *
 *   iova                                                   iova + length
 *    |------- window -------|------- window -------|--- window --|
 *      driver: set bits       driver: set bits
 *      core: merge words      core: merge words
 *
 * A page of the user's that cannot be written ends the report with -EFAULT, and
 * what the driver already forgot is lost; user space must then take everything
 * for written. The merge is a read and a write: two reports into the same words
 * at a time lose bits, as two threads writing to them would.
 *
 * LOCKING     none of its own; the driver's operations are called without a lock
 * MAY SLEEP   everything here except vfio_dirty_set()
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/interval_tree.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include "private.h"

/* A window: 64 KiB of bits, which at 4 KiB a bit are 2 GiB of IOVA. */
#define WINDOW_WORDS 8192UL
#define WINDOW_BITS (WINDOW_WORDS * 64)

/* As many ranges as fit into a page of user memory. */
#define MAX_RANGES \
	(PAGE_SIZE / sizeof(struct vfio_device_feature_dma_logging_range))

/**
 * struct iova_bitmap - one window of a report
 * @iova: of the first bit
 * @last: last byte of the window
 * @shift: log2 of the bytes that a bit stands for
 * @words: WINDOW_WORDS of bits
 */
struct iova_bitmap {
	unsigned long iova;
	unsigned long last;
	unsigned int shift;
	u64 *words;
};

static void set_bits(u64 *words, unsigned long first, unsigned long last)
{
	unsigned long word = first / 64;
	u64 mask = GENMASK_ULL(63, first % 64);

	for (; word < last / 64; word++) {
		words[word] |= mask;
		mask = ~0ULL;
	}
	words[word] |= mask & GENMASK_ULL(last % 64, 0);
}

/**
 * vfio_dirty_set() - what iova_bitmap_set() does
 * @bitmap: what log_read_and_clear was given
 * @iova: start of what was written
 * @length: bytes; the parts outside the window are ignored
 *
 * Context: inside log_read_and_clear; any lock may be held, one thread at a time.
 */
void vfio_dirty_set(struct iova_bitmap *bitmap, unsigned long iova,
		    size_t length)
{
	unsigned long last;

	if (!length)
		return;
	if (check_add_overflow(iova, length - 1, &last))
		last = ULONG_MAX;
	iova = max(iova, bitmap->iova);
	last = min(last, bitmap->last);
	if (iova > last)
		return;
	set_bits(bitmap->words, (iova - bitmap->iova) >> bitmap->shift,
		 (last - bitmap->iova) >> bitmap->shift);
}
KIT_EXPORT(vfio_dirty_set);

/* Merge the window into user memory, and empty it. */
static int flush_window(struct iova_bitmap *bitmap, u64 __user *user)
{
	unsigned long i, n;
	u64 old;

	n = ((bitmap->last - bitmap->iova) >> bitmap->shift) / 64 + 1;
	for (i = 0; i < n; i++) {
		if (!bitmap->words[i])
			continue;
		if (get_user(old, &user[i]) ||
		    put_user(old | bitmap->words[i], &user[i]))
			return -EFAULT;
		bitmap->words[i] = 0;
	}
	return 0;
}

static int report_windows(struct vfio_device *vdev, struct iova_bitmap *bitmap,
			  unsigned long last, u64 __user *user)
{
	const struct vfio_log_ops *ops = vdev->log_ops;
	/* Bytes of a window less one: one of 2^64 bytes and more is all ones. */
	const u64 span = ((u64)WINDOW_BITS << bitmap->shift) - 1;
	unsigned long length;
	int rc;

	for (;;) {
		bitmap->last =
			last - bitmap->iova > span ? bitmap->iova + span : last;
		length = bitmap->last - bitmap->iova + 1;
		rc = ops->log_read_and_clear(vdev, bitmap->iova, length,
					     bitmap);
		if (!rc)
			rc = flush_window(bitmap, user);
		if (rc || bitmap->last == last)
			return rc;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		bitmap->iova = bitmap->last + 1;
		user += WINDOW_WORDS;
	}
}

/**
 * dirty_feature_report() - VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT
 * @vdev: open
 * @flags: of the ioctl
 * @arg: user memory
 * @argsz: bytes of it
 *
 * Return: 0; -ENOTTY if the device has no log; -EFAULT; -EINVAL also for an empty
 * range and a page size that is no power of two or below 4096; -EOVERFLOW for a
 * range that ends beyond the IOVA space; -ENOMEM; -EINTR to a task that was
 * killed; what the driver returned.
 */
int dirty_feature_report(struct vfio_device *vdev, u32 flags, void __user *arg,
			 size_t argsz)
{
	struct vfio_device_feature_dma_logging_report report;
	struct iova_bitmap bitmap = {};
	u64 __user *user;
	u64 end, nwords;
	int rc;

	if (!vdev->log_ops)
		return -ENOTTY;
	rc = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				sizeof(report));
	if (rc != 1)
		return rc;
	if (copy_from_user(&report, arg, sizeof(report)))
		return -EFAULT;
	if (report.page_size < SZ_4K || !is_power_of_2(report.page_size) ||
	    !report.length)
		return -EINVAL;
	if (check_add_overflow(report.iova, report.length, &end) ||
	    end > ULONG_MAX)
		return -EOVERFLOW;

	bitmap.iova = report.iova;
	bitmap.shift = ilog2(report.page_size);
	nwords = ((report.length - 1) >> bitmap.shift) / 64 + 1;
	user = u64_to_user_ptr(report.bitmap);
	if (nwords > ULONG_MAX / sizeof(u64) ||
	    !access_ok(user, nwords * sizeof(u64)))
		return -EFAULT;
	bitmap.words = kvcalloc(min_t(u64, nwords, WINDOW_WORDS), sizeof(u64),
				GFP_KERNEL_ACCOUNT);
	if (!bitmap.words)
		return -ENOMEM;
	rc = report_windows(vdev, &bitmap, end - 1, user);
	kvfree(bitmap.words);
	return rc;
}

static int
insert_range(struct rb_root_cached *root, struct interval_tree_node *node,
	     u64 page_size,
	     const struct vfio_device_feature_dma_logging_range *range)
{
	u64 end;

	if (!range->length || !IS_ALIGNED(range->iova, page_size) ||
	    !IS_ALIGNED(range->length, page_size))
		return -EINVAL;
	if (check_add_overflow(range->iova, range->length, &end) ||
	    end > ULONG_MAX)
		return -EOVERFLOW;
	node->start = range->iova;
	node->last = end - 1;
	if (interval_tree_iter_first(root, node->start, node->last))
		return -EINVAL;
	interval_tree_insert(node, root);
	return 0;
}

static int start_log(struct vfio_device *vdev, struct rb_root_cached *root,
		     struct vfio_device_feature_dma_logging_control *control,
		     struct vfio_device_feature_dma_logging_control __user *arg)
{
	int rc;

	if (put_user(control->page_size, &arg->page_size))
		return -EFAULT;
	rc = vdev->log_ops->log_start(vdev, root, control->num_ranges,
				      &control->page_size);
	if (rc)
		return rc;
	if (put_user(control->page_size, &arg->page_size)) {
		vdev->log_ops->log_stop(vdev);
		return -EFAULT;
	}
	return 0;
}

/**
 * dirty_feature_start() - VFIO_DEVICE_FEATURE_DMA_LOGGING_START
 * @vdev: open
 * @flags: of the ioctl
 * @arg: user memory
 * @argsz: bytes of it
 *
 * Return: 0; -ENOTTY if the device has no log; -EFAULT; -EINVAL also for no
 * range, an empty one, two that overlap, and one that is not made of whole pages
 * of a size that is a power of two; -E2BIG for more ranges than fit into a page;
 * -EOVERFLOW for one that ends beyond the IOVA space; -ENOMEM; what the driver
 * returned. On failure the log is not running.
 */
int dirty_feature_start(struct vfio_device *vdev, u32 flags, void __user *arg,
			size_t argsz)
{
	struct vfio_device_feature_dma_logging_range __user *ranges;
	struct vfio_device_feature_dma_logging_control control;
	struct vfio_device_feature_dma_logging_range range;
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct interval_tree_node *nodes;
	u32 i;
	int rc;

	if (!vdev->log_ops)
		return -ENOTTY;
	rc = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				sizeof(control));
	if (rc != 1)
		return rc;
	if (copy_from_user(&control, arg, sizeof(control)))
		return -EFAULT;
	if (!control.num_ranges || !is_power_of_2(control.page_size))
		return -EINVAL;
	if (control.num_ranges > MAX_RANGES)
		return -E2BIG;

	nodes = kcalloc(control.num_ranges, sizeof(*nodes), GFP_KERNEL);
	if (!nodes)
		return -ENOMEM;
	ranges = u64_to_user_ptr(control.ranges);
	for (i = 0; i < control.num_ranges; i++) {
		rc = -EFAULT;
		if (copy_from_user(&range, &ranges[i], sizeof(range)))
			goto out_free;
		rc = insert_range(&root, &nodes[i], control.page_size, &range);
		if (rc)
			goto out_free;
	}
	rc = start_log(vdev, &root, &control, arg);
out_free:
	kfree(nodes);
	return rc;
}

/**
 * dirty_feature_stop() - VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP
 * @vdev: open
 * @flags: of the ioctl
 * @arg: not used
 * @argsz: not used
 *
 * Return: 0; -ENOTTY if the device has no log; -EINVAL; what the driver returned.
 */
int dirty_feature_stop(struct vfio_device *vdev, u32 flags, void __user *arg,
		       size_t argsz)
{
	int rc;

	if (!vdev->log_ops)
		return -ENOTTY;
	rc = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (rc != 1)
		return rc;
	return vdev->log_ops->log_stop(vdev);
}

/* The two neighbours with the smallest gap between them; false if only one. */
static bool closest_pair(struct rb_root_cached *root,
			 struct interval_tree_node **left,
			 struct interval_tree_node **right)
{
	struct interval_tree_node *node, *next;
	unsigned long smallest = ULONG_MAX;
	bool found = false;

	node = interval_tree_iter_first(root, 0, ULONG_MAX);
	while (node) {
		next = interval_tree_iter_next(node, 0, ULONG_MAX);
		if (next && next->start - node->last <= smallest) {
			smallest = next->start - node->last;
			*left = node;
			*right = next;
			found = true;
		}
		node = next;
	}
	return found;
}

/**
 * vfio_combine_iova_ranges() - make do with fewer ranges
 * @root: ranges that do not overlap, as log_start gets them
 * @cur_nodes: how many there are
 * @req_nodes: how many the device can do, at least one
 *
 * Joins neighbours, the closest first, until there are few enough. The device
 * then logs the gaps between them too. A node that is joined to its left
 * neighbour leaves the tree; its memory is the caller's as before.
 */
void vfio_combine_iova_ranges(struct rb_root_cached *root, u32 cur_nodes,
			      u32 req_nodes)
{
	struct interval_tree_node *left, *right;

	while (cur_nodes > req_nodes && closest_pair(root, &left, &right)) {
		interval_tree_remove(right, root);
		interval_tree_remove(left, root);
		left->last = right->last;
		interval_tree_insert(left, root);
		cur_nodes--;
	}
}
KIT_EXPORT(vfio_combine_iova_ranges);
