// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest.c - the test ioctl, in builds with KIT_TEST=y only
 *
 * What needs no driver is done here: IOVA that an IOMMU would reserve, the number
 * of pins that the pages of the caller have, and how many pages are pinned at
 * once. The rest goes to the driver in selftest_access.c, the device in
 * selftest_mock.c and the dma-bufs in selftest_dmabuf.c.
 *
 * Each ioctl of a context passes through selftest_execute(): a mock device has to
 * pin what was mapped, to be destroyed like any object, and MAP_FILE has to be
 * told about dma-bufs.
 *
 * LOCKING
 *   ioas->lock   the sets of ranges of an IOAS
 * MAY SLEEP      everything but selftest_batch()
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include "selftest.h"

/* An entry of a set of ranges: anything but NULL. */
#define RANGE_SET xa_mk_value(1)

/*
 * Bytes that the kernel spends on an entry of a batch, a number and a count, and
 * how many pages stand for one here: this core has a record for each batch, where
 * the kernel has one for each page, so with batches as small as the kernel's a
 * test would see nothing but records.
 */
#define BATCH_ENTRY (sizeof(unsigned long) + sizeof(u32))
#define BATCH_PAGES 16

static unsigned int memory_limit = 65536;

/**
 * selftest_batch - how many pages to pin at once
 * @npages: how many there are to pin
 *
 * With a small limit every loop over batches goes round, and ends in the middle.
 *
 * Context: any.
 * Return: at least 1, at most @npages.
 */
unsigned long selftest_batch(unsigned long npages)
{
	return min(npages, READ_ONCE(memory_limit) / BATCH_ENTRY * BATCH_PAGES);
}

static int set_memory_limit(struct selftest_cmd *cmd)
{
	if (cmd->memory_limit.limit < BATCH_ENTRY)
		return -EINVAL;
	WRITE_ONCE(memory_limit, cmd->memory_limit.limit);
	return 0;
}

static bool range_used(struct maple_tree *ranges, unsigned long iova,
		       unsigned long last)
{
	MA_STATE(mas, ranges, iova, iova);
	bool used;

	rcu_read_lock();
	used = mas_find(&mas, last);
	rcu_read_unlock();
	return used;
}

/* Ranges may be reserved twice, but nothing may be mapped or allowed there. */
static int reserve(struct ioas *ioas, unsigned long iova, unsigned long last)
{
	int rc = -EADDRINUSE;

	mutex_lock(&ioas->lock);
	if (!range_used(&ioas->areas, iova, last) &&
	    !(ioas->allowed && range_used(ioas->allowed, iova, last)))
		rc = mtree_store_range(&ioas->reserved, iova, last, RANGE_SET,
				       GFP_KERNEL_ACCOUNT);
	mutex_unlock(&ioas->lock);
	return rc;
}

static int add_reserved(struct ucmd *ucmd)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	unsigned long last;
	struct ioas *ioas;
	int rc;

	if (!cmd->add_reserved.length)
		return -EINVAL;
	if (check_add_overflow(cmd->add_reserved.start,
			       cmd->add_reserved.length - 1, &last))
		return -EOVERFLOW;
	ioas = ioas_get(ucmd->ictx, cmd->id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = reserve(ioas, cmd->add_reserved.start, last);
	ioas_put(ioas);
	return rc;
}

/* The page that the caller sees at an address; the caller owes a put_page(). */
static struct page *page_at(unsigned long va)
{
	struct page *page;
	int n = get_user_pages_fast(va, 1, 0, &page);

	if (n == 1)
		return page;
	return ERR_PTR(n ?: -EFAULT);
}

/* The folio's pins; those of a large one are not counted page by page. */
static bool pinned_times(struct folio *folio, unsigned int refs)
{
	if (folio_test_large(folio))
		return refs || !folio_maybe_dma_pinned(folio);
	return folio_ref_count(folio) / GUP_PIN_COUNTING_BIAS == refs;
}

static int check_refs(struct selftest_cmd *cmd)
{
	unsigned long va = cmd->check_refs.va;
	unsigned long end;

	if (!PAGE_ALIGNED(va) || !PAGE_ALIGNED(cmd->check_refs.length) ||
	    check_add_overflow(va, cmd->check_refs.length, &end))
		return -EINVAL;
	for (; va < end; va += PAGE_SIZE) {
		struct page *page = page_at(va);
		bool ok;

		if (IS_ERR(page))
			return PTR_ERR(page);
		ok = pinned_times(page_folio(page), cmd->check_refs.refs);
		put_page(page);
		if (!ok)
			return -EIO;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/**
 * pages_are - do pages hold the memory at an address of the caller?
 * @pages: the pages
 * @npages: how many
 * @va: where the first one should be, page aligned
 *
 * Return: 0; -EBADE when another page is there; errno of get_user_pages().
 */
int pages_are(struct page **pages, unsigned long npages, unsigned long va)
{
	unsigned long i;

	for (i = 0; i < npages; i++, va += PAGE_SIZE) {
		struct page *page = page_at(va);

		if (IS_ERR(page))
			return PTR_ERR(page);
		put_page(page);
		if (page != pages[i])
			return -EBADE;
	}
	return 0;
}

/**
 * selftest_ioctl - SELFTEST_IOCTL
 * @ucmd: the ioctl
 *
 * Return: what the operation returns, 0 or more for success; -ENOENT for an
 * operation on what does not exist here; -EOPNOTSUPP for an unknown one and for
 * a mock device with flags.
 */
int selftest_ioctl(struct ucmd *ucmd)
{
	struct selftest_cmd *cmd = ucmd->cmd;

	switch (cmd->op) {
	case SELFTEST_ADD_RESERVED:
		return add_reserved(ucmd);
	case SELFTEST_MOCK_DOMAIN:
		return mock_create(ucmd);
	case SELFTEST_CHECK_MAP:
		return mock_check_map(ucmd);
	case SELFTEST_CHECK_REFS:
		return check_refs(cmd);
	case SELFTEST_CREATE_ACCESS:
		return test_access_create(ucmd);
	case SELFTEST_DESTROY_ACCESS_PAGES:
		return test_access_unpin(cmd);
	case SELFTEST_ACCESS_PAGES:
		return test_access_pin(ucmd);
	case SELFTEST_ACCESS_RW:
		return test_access_rw(cmd);
	case SELFTEST_MEMORY_LIMIT:
		return set_memory_limit(cmd);
	case SELFTEST_ACCESS_REPLACE_IOAS:
		return test_access_replace(cmd);
	case SELFTEST_DMABUF_GET:
		return dmabuf_get(cmd);
	case SELFTEST_DMABUF_REVOKE:
		return dmabuf_revoke(cmd);
	case SELFTEST_REPLACE_DOMAIN:
	case SELFTEST_DIRTY:
	case SELFTEST_CHECK_IOTLB:
	case SELFTEST_PAGE_FAULT:
	case SELFTEST_CHECK_CACHE:
	case SELFTEST_VIRTUAL_EVENT:
	case SELFTEST_PASID_ATTACH:
	case SELFTEST_PASID_REPLACE:
	case SELFTEST_PASID_DETACH:
	case SELFTEST_PASID_CHECK:
		/* Of a page table or a device with one: there is none. */
		return -ENOENT;
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * selftest_execute - execute an ioctl, any, where there may be mock devices
 * @ucmd: the ioctl
 * @number: which one
 * @execute: what the table says
 *
 * Return: as @execute, or the reason why a mock device could not pin what it
 * mapped, and then it is not mapped.
 */
int selftest_execute(struct ucmd *ucmd, unsigned int number,
		     int (*execute)(struct ucmd *ucmd))
{
	struct iommu_destroy *destroy = ucmd->cmd;
	int rc;

	if (number == IOMMU_DESTROY && !mock_destroy(ucmd->ictx, destroy->id))
		return 0;
	if (number == IOMMU_IOAS_MAP_FILE) {
		rc = dmabuf_check(ucmd->cmd);
		if (rc)
			return rc;
	}
	rc = execute(ucmd);
	return rc ?: mocks_follow(ucmd->ictx);
}
