// SPDX-License-Identifier: GPL-2.0-only
/*
 * iova.c - where areas may lie
 *
 * Three sets of ranges decide: the areas themselves; *reserved* ranges, where
 * nothing may be mapped; and *allowed* ranges, which user space gives with
 * ALLOW_IOVAS and which limit only the addresses that the kernel chooses (no set
 * means no limit). Each is a maple tree; the entries of the last two carry no
 * more than the fact that the range is in the set.
 *
 * The kernel never chooses address 0, nor the last page, so that neither a NULL
 * nor an end computed by adding the length can be mistaken for something else.
 *
 * LOCKING
 *   ioas->lock   all three sets
 *   RCU          taken around reads of the two small trees for the tree's own
 *                checks; ioas->lock is what keeps writers away
 * MAY SLEEP      iova_allow_ioctl, iova_ranges_ioctl
 */
#include <linux/overflow.h>
#include <linux/uaccess.h>
#include "private.h"

/* Chosen addresses lie in here. */
#define IOVA_FIRST PAGE_SIZE
#define IOVA_LAST (ULONG_MAX - PAGE_SIZE)

/* What an entry of a set points to: anything but NULL. */
#define RANGE_SET xa_mk_value(1)

/* Is [iova, last] free of entries? If not: where the first one ends. */
static bool range_free(struct maple_tree *tree, unsigned long iova,
		       unsigned long last, unsigned long *taken_last)
{
	MA_STATE(mas, tree, iova, iova);
	bool free;

	rcu_read_lock();
	free = !mas_find(&mas, last);
	rcu_read_unlock();
	if (!free)
		*taken_last = mas.last;
	return free;
}

/**
 * iova_check_fixed - may areas be put here?
 * @ioas: the IOAS, its lock held
 * @iova: first byte
 * @last: last byte
 *
 * Return: 0, -EINVAL for a reserved range, -EEXIST when something is mapped.
 */
int iova_check_fixed(struct ioas *ioas, unsigned long iova, unsigned long last)
{
	unsigned long taken_last;

	lockdep_assert_held(&ioas->lock);
	if (!range_free(&ioas->reserved, iova, last, &taken_last))
		return -EINVAL;
	if (!range_free(&ioas->areas, iova, last, &taken_last))
		return -EEXIST;
	return 0;
}

/* What an address has to satisfy besides being free. */
struct choice {
	unsigned long length;
	unsigned long alignment;
	unsigned long page_offset;
};

/* The first address in [first, last] that satisfies the choice. */
static int choose_in(struct ioas *ioas, unsigned long first, unsigned long last,
		     const struct choice *choice, unsigned long *iova)
{
	unsigned long candidate, end, taken_last;

	for (;;) {
		/* Near the top rounding up may wrap to a small number. */
		if (check_add_overflow(first, choice->alignment - 1,
				       &candidate))
			return -ENOSPC;
		candidate &= ~(choice->alignment - 1);
		if (check_add_overflow(candidate, choice->page_offset,
				       &candidate) ||
		    check_add_overflow(candidate, choice->length - 1, &end) ||
		    end > last)
			return -ENOSPC;
		if (range_free(&ioas->reserved, candidate, end, &taken_last) &&
		    range_free(&ioas->areas, candidate, end, &taken_last)) {
			*iova = candidate;
			return 0;
		}
		if (taken_last >= last)
			return -ENOSPC;
		first = taken_last + 1;
	}
}

/*
 * The tree finds gaps that are long enough; choose_in() looks whether the
 * alignment leaves room in one. So many small areas are not walked one by one.
 */
static int choose_gap(struct ioas *ioas, unsigned long first,
		      unsigned long last, const struct choice *choice,
		      unsigned long *iova)
{
	MA_STATE(mas, &ioas->areas, 0, 0);

	while (!mas_empty_area(&mas, first, last, choice->length)) {
		unsigned long gap_first = mas.index;
		unsigned long gap_last = last;
		int rc;

		mas_set(&mas, gap_first);
		if (mas_find(&mas, last))
			gap_last = mas.index - 1;
		rc = choose_in(ioas, gap_first, gap_last, choice, iova);
		if (!rc || gap_last == last)
			return rc;
		first = gap_last + 1;
		mas_reset(&mas);
	}
	return -ENOSPC;
}

static int choose_allowed(struct ioas *ioas, const struct choice *choice,
			  unsigned long *iova)
{
	MA_STATE(mas, ioas->allowed, 0, 0);
	int rc = -ENOSPC;
	void *entry;

	rcu_read_lock();
	mas_for_each(&mas, entry, ULONG_MAX) {
		unsigned long first = max(mas.index, IOVA_FIRST);
		unsigned long last = min(mas.last, IOVA_LAST);

		if (first > last)
			continue;
		rc = choose_gap(ioas, first, last, choice, iova);
		if (!rc)
			break;
	}
	rcu_read_unlock();
	return rc;
}

/**
 * iova_choose - find room
 * @ioas: the IOAS, its lock held
 * @length: bytes, not 0
 * @memory: the address of the memory; the choice has its page offset and is
 *	aligned as well as it is, up to a huge page
 * @iova: out
 *
 * Return: 0; -ENOSPC; -EINVAL when such an address could not satisfy the
 * alignment of the IOAS; -EOVERFLOW for half of the space or more.
 */
int iova_choose(struct ioas *ioas, unsigned long length, unsigned long memory,
		unsigned long *iova)
{
	struct choice choice = {
		.length = length,
		.page_offset = memory & ~PAGE_MASK,
	};
	unsigned long alignment = HPAGE_SIZE;

	lockdep_assert_held(&ioas->lock);
	if (length >= ULONG_MAX / 2)
		return -EOVERFLOW;

	alignment = min(alignment, roundup_pow_of_two(length));
	if (memory)
		alignment = min(alignment, 1UL << __ffs(memory));
	if (alignment < ioas->alignment)
		return -EINVAL;
	choice.alignment = max(alignment, PAGE_SIZE);

	if (ioas->allowed)
		return choose_allowed(ioas, &choice, iova);
	return choose_gap(ioas, IOVA_FIRST, IOVA_LAST, &choice, iova);
}

static struct maple_tree *ranges_alloc(void)
{
	struct maple_tree *ranges;

	ranges = kmalloc(sizeof(*ranges), GFP_KERNEL_ACCOUNT);
	if (ranges)
		mt_init(ranges);
	return ranges;
}

/**
 * ranges_free - free a set of ranges
 * @ranges: the set or NULL
 */
void ranges_free(struct maple_tree *ranges)
{
	if (ranges)
		mtree_destroy(ranges);
	kfree(ranges);
}

/* Copies the caller's list, once; overlapping entries are refused. */
static int read_allowed(struct maple_tree *allowed,
			struct iommu_iova_range __user *ranges, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		struct iommu_iova_range range;
		int rc;

		if (copy_from_user(&range, ranges + i, sizeof(range)))
			return -EFAULT;
		if (range.start >= range.last || range.last > ULONG_MAX)
			return -EINVAL;
		rc = mtree_insert_range(allowed, range.start, range.last,
					RANGE_SET, GFP_KERNEL_ACCOUNT);
		if (rc)
			return rc == -EEXIST ? -EINVAL : rc;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static int check_not_reserved(struct ioas *ioas, struct maple_tree *ranges)
{
	MA_STATE(mas, ranges, 0, 0);
	unsigned long taken_last;
	void *entry;
	int rc = 0;

	rcu_read_lock();
	mas_for_each(&mas, entry, ULONG_MAX)
		if (!range_free(&ioas->reserved, mas.index, mas.last,
				&taken_last)) {
			rc = -EADDRINUSE;
			break;
		}
	rcu_read_unlock();
	return rc;
}

/**
 * iova_allow_ioctl - IOMMU_IOAS_ALLOW_IOVAS
 * @ucmd: the ioctl
 *
 * Replaces the whole set, or on failure leaves it.
 *
 * Return: 0; -EOPNOTSUPP for a reserved field; -ENOENT; -EFAULT; -EINVAL for an
 * entry that is empty or overlaps another; -EADDRINUSE when a range is reserved;
 * -ENOMEM; -EINTR when killed.
 */
int iova_allow_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_allow_iovas *cmd = ucmd->cmd;
	struct maple_tree *allowed = NULL;
	struct ioas *ioas;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	if (cmd->num_iovas) {
		rc = -ENOMEM;
		allowed = ranges_alloc();
		if (!allowed)
			goto out_put_ioas;
		rc = read_allowed(allowed, u64_to_user_ptr(cmd->allowed_iovas),
				  cmd->num_iovas);
		if (rc)
			goto out_free;
	}

	mutex_lock(&ioas->lock);
	rc = allowed ? check_not_reserved(ioas, allowed) : 0;
	if (!rc)
		swap(ioas->allowed, allowed);
	mutex_unlock(&ioas->lock);
out_free:
	ranges_free(allowed);
out_put_ioas:
	ioas_put(ioas);
	return rc;
}

/* Stores what fits and counts what there is. */
static void add_usable(struct iommu_iova_range *ranges, u32 room, u32 *n,
		       unsigned long first, unsigned long last)
{
	if (*n < room) {
		ranges[*n].start = first;
		ranges[*n].last = last;
	}
	(*n)++;
}

/**
 * iova_usable - the ranges between the reserved ones, in order
 * @ioas: the IOAS
 * @ranges: filled as far as there is room
 * @room: entries of @ranges
 * @alignment: out: what a mapping has to satisfy, in bytes
 *
 * Return: how many there are.
 */
u32 iova_usable(struct ioas *ioas, struct iommu_iova_range *ranges, u32 room,
		unsigned long *alignment)
{
	MA_STATE(mas, &ioas->reserved, 0, 0);
	unsigned long first = 0;
	bool full = false;
	void *entry;
	u32 n = 0;

	mutex_lock(&ioas->lock);
	*alignment = ioas->alignment;
	rcu_read_lock();
	mas_for_each(&mas, entry, ULONG_MAX) {
		if (mas.index > first)
			add_usable(ranges, room, &n, first, mas.index - 1);
		full = mas.last == ULONG_MAX;
		first = mas.last + 1;
	}
	rcu_read_unlock();
	mutex_unlock(&ioas->lock);
	if (!full)
		add_usable(ranges, room, &n, first, ULONG_MAX);
	return n;
}

/**
 * iova_ranges_ioctl - IOMMU_IOAS_IOVA_RANGES
 * @ucmd: the ioctl
 *
 * Return: 0; -EOPNOTSUPP for a reserved field; -ENOENT; -EMSGSIZE when the array
 * is too small, and then num_iovas says what it needs; -EFAULT; -ENOMEM.
 */
int iova_ranges_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_iova_ranges *cmd = ucmd->cmd;
	struct iommu_iova_range *ranges = NULL;
	u32 n, room = cmd->num_iovas;
	unsigned long alignment;
	struct ioas *ioas;
	int rc = -ENOMEM;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	/* The caller's room may be absurd: allocate for what there is. */
	n = iova_usable(ioas, NULL, 0, &alignment);
	room = min(room, n);
	if (room) {
		ranges = kvcalloc(room, sizeof(*ranges), GFP_KERNEL_ACCOUNT);
		if (!ranges)
			goto out_put_ioas;
		n = iova_usable(ioas, ranges, room, &alignment);
		room = min(room, n);
	}
	rc = -EFAULT;
	if (room && copy_to_user(u64_to_user_ptr(cmd->allowed_iovas), ranges,
				 room * sizeof(*ranges)))
		goto out_free;
	rc = n > cmd->num_iovas ? -EMSGSIZE : 0;
	cmd->num_iovas = n;
	cmd->out_iova_alignment = alignment;
	if (ucmd_reply(ucmd, sizeof(*cmd)))
		rc = -EFAULT;
out_free:
	kvfree(ranges);
out_put_ioas:
	ioas_put(ioas);
	return rc;
}
