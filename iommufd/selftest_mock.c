// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest_mock.c - a device that keeps all of an IOAS pinned
 *
 * A physical device would have page tables, which need every page from MAP to
 * UNMAP. For the tests that want no more of a device than this, a mock device
 * does it as a driver: after each ioctl of the context it pins the areas that it
 * has not pinned yet, and it answers the unmap callback. What it cannot pin is
 * unmapped again, so that MAP fails as it would with page tables. The ioctls of a
 * VFIO container are not followed: the oldest of them cut areas, which a driver's
 * pins forbid and page tables do not.
 *
 * One id stands for the device, for what it is bound to and for its page table.
 * User space destroys it, or the end of the context does. So its access belongs
 * to the context and must not hold it, unlike an access of iommufd_access_create().
 *
 * LOCKING
 *   mocks_lock   every mock device; held while they pin
 *     mock->lock   ->spans; as in selftest_access.c held over pin and record
 *       ioas->lock   while an area is looked at
 *   immutable    mock->ioas, access
 * MAY SLEEP      everything here
 */
#include <linux/mm.h>
#include "selftest.h"

/**
 * struct mock - a mock device
 * @node: in mocks, under mocks_lock
 * @access: pins; its id is the device's
 * @ioas: what it is attached to; the attachment keeps it
 * @lock: protects @spans
 * @spans: struct span
 */
struct mock {
	struct list_head node;
	struct iommufd_access access;
	struct ioas *ioas;
	struct mutex lock; /* protects spans */
	struct list_head spans;
};

/* An area that is pinned. */
struct span {
	struct list_head node;
	unsigned long iova;
	unsigned long last;
	struct page *pages[];
};

/* What has to be known of an area to pin it. */
struct want {
	unsigned long iova;
	unsigned long last;
	bool writable;
};

static LIST_HEAD(mocks);
static DEFINE_MUTEX(mocks_lock); /* see above */

static void mock_unmap(void *data, unsigned long iova, unsigned long length)
{
	unsigned long last = iova + (length - 1);
	struct span *span, *tmp;
	struct mock *mock = data;

	mutex_lock(&mock->lock);
	list_for_each_entry_safe(span, tmp, &mock->spans, node) {
		if (span->iova > last || span->last < iova)
			continue;
		list_del(&span->node);
		iommufd_access_unpin_pages(&mock->access, span->iova,
					   span->last - span->iova + 1);
		kvfree(span);
	}
	mutex_unlock(&mock->lock);
}

static const struct iommufd_access_ops mock_ops = {
	.needs_pin_pages = 1,
	.unmap = mock_unmap,
};

static struct span *find_span(struct mock *mock, unsigned long iova)
{
	struct span *span;

	lockdep_assert_held(&mock->lock);
	list_for_each_entry(span, &mock->spans, node)
		if (span->iova <= iova && span->last >= iova)
			return span;
	return NULL;
}

/* The first area from an address on that can be pinned. */
static bool next_live(struct ioas *ioas, unsigned long from, struct want *want)
{
	MA_STATE(mas, &ioas->areas, from, from);
	struct area *area;

	mutex_lock(&ioas->lock);
	mas_for_each(&mas, area, ULONG_MAX)
		if (area->state == AREA_LIVE)
			break;
	if (area)
		*want = (struct want){ area->iova, area->last, area->writable };
	mutex_unlock(&ioas->lock);
	return area;
}

/* An area that is being unmapped cannot be pinned, and need not be. */
static bool still_live(struct ioas *ioas, const struct want *want)
{
	struct want now;

	return next_live(ioas, want->iova, &now) && now.iova == want->iova &&
	       now.last == want->last;
}

static int pin_locked(struct mock *mock, const struct want *want)
{
	unsigned long length = want->last - want->iova + 1;
	struct span *span;
	int rc;

	if (find_span(mock, want->iova))
		return 0;
	span = kvmalloc(struct_size(span, pages, PFN_UP(length)),
			GFP_KERNEL_ACCOUNT);
	if (!span)
		return -ENOMEM;
	span->iova = want->iova;
	span->last = want->last;
	rc = iommufd_access_pin_pages(
		&mock->access, span->iova, length, span->pages,
		want->writable ? IOMMUFD_ACCESS_RW_WRITE : 0);
	if (rc)
		kvfree(span);
	else
		list_add_tail(&span->node, &mock->spans);
	return rc;
}

/* Pin what is not pinned yet; on failure *want is what could not be. */
static int follow(struct mock *mock, struct want *want)
{
	unsigned long from = 0;
	int rc;

	while (next_live(mock->ioas, from, want)) {
		mutex_lock(&mock->lock);
		rc = pin_locked(mock, want);
		mutex_unlock(&mock->lock);
		if (rc && still_live(mock->ioas, want))
			return rc;
		if (want->last == ULONG_MAX)
			break;
		from = want->last + 1;
	}
	return 0;
}

static int no_reply(void *data, unsigned long length)
{
	return 0;
}

/**
 * mocks_follow - an ioctl may have mapped something
 * @ictx: the context
 *
 * Return: 0; or why a mock device could not pin it; it is not mapped any more.
 */
int mocks_follow(struct iommufd_ctx *ictx)
{
	struct want want;
	struct mock *mock;
	int rc = 0;

	mutex_lock(&mocks_lock);
	list_for_each_entry(mock, &mocks, node) {
		if (mock->access.obj.ictx != ictx)
			continue;
		rc = follow(mock, &want);
		if (rc) {
			ioas_unmap(mock->ioas, want.iova, want.last, true,
				   no_reply, NULL);
			break;
		}
	}
	mutex_unlock(&mocks_lock);
	return rc;
}

static struct mock *mock_alloc(struct iommufd_ctx *ictx)
{
	struct iommufd_access *access;
	struct mock *mock;
	int rc = -ENOMEM;

	mock = kzalloc(sizeof(*mock), GFP_KERNEL_ACCOUNT);
	if (!mock)
		return ERR_PTR(-ENOMEM);
	access = &mock->access;
	access->ops = &mock_ops;
	access->data = mock;
	access->alignment = PAGE_SIZE;
	/* The mock: DESTROY takes the way of mock_destroy(). */
	access->obj.users = 1;
	mutex_init(&access->change);
	mutex_init(&mock->lock);
	INIT_LIST_HEAD(&mock->spans);
	rc = pins_init(access);
	if (rc)
		goto err_free;
	rc = object_reserve(ictx, &access->obj, OBJECT_ACCESS);
	if (rc)
		goto err_fini_pins;
	count(COUNT_ACCESSES, 1);
	return mock;

err_fini_pins:
	pins_fini(access);
err_free:
	kfree(mock);
	return ERR_PTR(rc);
}

/* Its id is gone. */
static void mock_free(struct mock *mock)
{
	access_detach(&mock->access);
	WARN_ON_ONCE(!list_empty(&mock->spans));
	pins_fini(&mock->access);
	mutex_destroy(&mock->access.change);
	mutex_destroy(&mock->lock);
	kfree(mock);
	count(COUNT_ACCESSES, -1);
}

static int attach_and_reply(struct ucmd *ucmd, struct mock *mock)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	u32 id = mock->access.obj.id;
	struct want want;
	int rc;

	mock->ioas = ioas_get(ucmd->ictx, cmd->id);
	if (IS_ERR(mock->ioas))
		return PTR_ERR(mock->ioas);
	rc = access_attach(&mock->access, mock->ioas);
	ioas_put(mock->ioas);
	rc = rc ?: follow(mock, &want);
	if (rc)
		return rc;
	cmd->mock_domain.out_device_id = id;
	cmd->mock_domain.out_table_id = id;
	cmd->mock_domain.out_bound_id = id;
	return ucmd_reply(ucmd, sizeof(*cmd));
}

/**
 * mock_create - SELFTEST_MOCK_DOMAIN
 * @ucmd: the ioctl
 *
 * Return: 0, with all of the IOAS pinned; -ENOENT for no such IOAS; -EADDRINUSE
 * when a mapping is not page aligned; -ENOMEM, -EBUSY without a free id; -EFAULT
 * and other errno of iommufd_access_pin_pages() when memory cannot be pinned.
 */
int mock_create(struct ucmd *ucmd)
{
	struct mock *mock = mock_alloc(ucmd->ictx);
	int rc;

	if (IS_ERR(mock))
		return PTR_ERR(mock);
	mutex_lock(&mocks_lock);
	rc = attach_and_reply(ucmd, mock);
	if (rc) {
		object_abort(&mock->access.obj);
		mock_free(mock);
	} else {
		object_publish(&mock->access.obj);
		list_add_tail(&mock->node, &mocks);
	}
	mutex_unlock(&mocks_lock);
	return rc;
}

static struct mock *find_mock(struct iommufd_ctx *ictx, u32 id)
{
	struct mock *mock;

	lockdep_assert_held(&mocks_lock);
	list_for_each_entry(mock, &mocks, node)
		if (mock->access.obj.ictx == ictx && mock->access.obj.id == id)
			return mock;
	return NULL;
}

static void destroy_locked(struct mock *mock)
{
	lockdep_assert_held(&mocks_lock);
	list_del(&mock->node);
	object_remove(&mock->access.obj);
	mock_free(mock);
}

/**
 * mock_destroy - IOMMU_DESTROY of what may be a mock device
 * @ictx: the context
 * @id: the id
 *
 * Return: 0, or -ENOENT when it is not one.
 */
int mock_destroy(struct iommufd_ctx *ictx, u32 id)
{
	struct mock *mock;

	mutex_lock(&mocks_lock);
	mock = find_mock(ictx, id);
	if (mock)
		destroy_locked(mock);
	mutex_unlock(&mocks_lock);
	return mock ? 0 : -ENOENT;
}

/**
 * mock_release - destroy all that is left at the last close
 * @ictx: the context
 */
void mock_release(struct iommufd_ctx *ictx)
{
	struct mock *mock, *tmp;

	mutex_lock(&mocks_lock);
	list_for_each_entry_safe(mock, tmp, &mocks, node)
		if (mock->access.obj.ictx == ictx)
			destroy_locked(mock);
	mutex_unlock(&mocks_lock);
}

static int check_page(struct mock *mock, unsigned long iova, unsigned long va)
{
	struct span *span = find_span(mock, iova);
	int rc;

	if (!span)
		return -EINVAL;
	rc = pages_are(&span->pages[(iova - span->iova) >> PAGE_SHIFT], 1, va);
	return rc == -EBADE ? -EINVAL : rc;
}

/**
 * mock_check_map - SELFTEST_CHECK_MAP
 * @ucmd: the ioctl
 *
 * Return: 0 when the device has the caller's memory at these IOVA; -EINVAL when it
 * has other memory or none, or for what is not page aligned; -ENOENT when there
 * is no such device; errno of get_user_pages().
 */
int mock_check_map(struct ucmd *ucmd)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	unsigned long iova = cmd->check_map.iova;
	unsigned long va = cmd->check_map.va;
	u64 done, length = cmd->check_map.length;
	struct mock *mock;
	int rc = 0;

	if (!PAGE_ALIGNED(iova | va | length))
		return -EINVAL;
	mutex_lock(&mocks_lock);
	mock = find_mock(ucmd->ictx, cmd->id);
	if (!mock) {
		rc = -ENOENT;
		goto out_unlock;
	}
	mutex_lock(&mock->lock);
	for (done = 0; done < length && !rc; done += PAGE_SIZE)
		rc = check_page(mock, iova + done, va + done);
	mutex_unlock(&mock->lock);
out_unlock:
	mutex_unlock(&mocks_lock);
	return rc;
}
