// SPDX-License-Identifier: GPL-2.0-only
/* driver.c - see driver.h */
#include "driver.h"

/* Not inside a callback the core must not make, nor with its locks held. */
static void check_call(struct driver *driver, unsigned long length)
{
	bool change = length == ULONG_MAX;

	might_sleep();
	/* Out of replace and detach access->change is held, else nothing. */
	if (current->mutexes > change)
		shim_die("an unmap callback with a core lock held");
	if (!__atomic_load_n(&driver->open, __ATOMIC_SEQ_CST))
		shim_die("an unmap callback before open or after close");
	if (!__atomic_load_n(&driver->attached, __ATOMIC_SEQ_CST))
		shim_die("an unmap callback after detach");
}

static void on_unmap(void *data, unsigned long iova, unsigned long length)
{
	struct driver *driver = data;

	check_call(driver, length);
	__atomic_fetch_add(&driver->calls, 1, __ATOMIC_SEQ_CST);
	if (driver->on_unmap)
		driver->on_unmap(driver, iova, length);
	mutex_lock(&driver->lock);
	driver->last_iova = iova;
	driver->last_length = length;
	mutex_unlock(&driver->lock);
	if (__atomic_load_n(&driver->deaf, __ATOMIC_SEQ_CST))
		return;
	if (__atomic_load_n(&driver->ignore, __ATOMIC_SEQ_CST)) {
		__atomic_fetch_sub(&driver->ignore, 1, __ATOMIC_SEQ_CST);
		return;
	}
	driver_release(driver, iova, length);
	check_call(driver, length);
}

static const struct iommufd_access_ops pinning_ops = {
	.needs_pin_pages = 1,
	.unmap = on_unmap,
};

static const struct iommufd_access_ops copying_ops = {
	.needs_pin_pages = 0,
};

static int open_with(struct driver *driver, struct world *world,
		     const struct iommufd_access_ops *ops)
{
	memset(driver, 0, sizeof(*driver));
	mutex_init(&driver->lock);
	__atomic_store_n(&driver->open, true, __ATOMIC_SEQ_CST);
	driver->access =
		iommufd_access_create(world->ictx, ops, driver, &driver->id);
	if (!IS_ERR(driver->access))
		return 0;
	mutex_destroy(&driver->lock);
	return PTR_ERR(driver->access);
}

/**
 * driver_open - make an access that pins
 * @driver: to be filled
 * @world: whose context
 */
int driver_open(struct driver *driver, struct world *world)
{
	return open_with(driver, world, &pinning_ops);
}

/**
 * driver_open_copying - make an access without an unmap op
 * @driver: to be filled
 * @world: whose context
 */
int driver_open_copying(struct driver *driver, struct world *world)
{
	return open_with(driver, world, &copying_ops);
}

/**
 * driver_close - end the access
 * @driver: whether it is attached or not
 */
void driver_close(struct driver *driver)
{
	iommufd_access_destroy(driver->access);
	__atomic_store_n(&driver->open, false, __ATOMIC_SEQ_CST);
	mutex_destroy(&driver->lock);
}

int driver_attach(struct driver *driver, u32 ioas)
{
	bool was =
		__atomic_exchange_n(&driver->attached, true, __ATOMIC_SEQ_CST);
	int rc = iommufd_access_attach(driver->access, ioas);

	if (rc && !was)
		__atomic_store_n(&driver->attached, false, __ATOMIC_SEQ_CST);
	return rc;
}

int driver_replace(struct driver *driver, u32 ioas)
{
	return iommufd_access_replace(driver->access, ioas);
}

void driver_detach(struct driver *driver)
{
	iommufd_access_detach(driver->access);
	__atomic_store_n(&driver->attached, false, __ATOMIC_SEQ_CST);
}

/* -1 when the table is full. */
static int record(struct driver *driver, const struct hold *hold)
{
	int i, rc = -1;

	mutex_lock(&driver->lock);
	for (i = 0; i < DRIVER_HOLDS; i++)
		if (!driver->holds[i].used) {
			driver->holds[i] = *hold;
			rc = 0;
			break;
		}
	mutex_unlock(&driver->lock);
	return rc;
}

/**
 * driver_pin - pin and, a moment later, write it down
 * @driver: the driver
 * @iova: first byte
 * @length: at most DRIVER_PAGES pages
 * @flags: IOMMUFD_ACCESS_RW_*
 */
int driver_pin(struct driver *driver, unsigned long iova, unsigned long length,
	       unsigned int flags)
{
	struct hold hold = { .used = true, .iova = iova, .length = length };
	unsigned int i;
	int rc;

	hold.npages = (length + PAGE_SIZE - 1) / PAGE_SIZE;
	rc = iommufd_access_pin_pages(driver->access, iova, length, hold.pages,
				      flags);
	if (rc)
		return rc;
	for (i = 0; i < hold.npages; i++)
		page_touch(hold.pages[i]);
	if (record(driver, &hold))
		iommufd_access_unpin_pages(driver->access, iova, length);
	return 0;
}

static bool take(struct driver *driver, unsigned long iova, unsigned long last,
		 struct hold *hold)
{
	bool found = false;
	int i;

	mutex_lock(&driver->lock);
	for (i = 0; i < DRIVER_HOLDS && !found; i++) {
		struct hold *h = &driver->holds[i];

		if (!h->used || h->iova > last ||
		    h->iova + h->length - 1 < iova)
			continue;
		*hold = *h;
		h->used = false;
		found = true;
	}
	mutex_unlock(&driver->lock);
	return found;
}

/**
 * driver_release - release every pin that overlaps a range
 * @driver: the driver
 * @iova: first byte
 * @length: bytes
 *
 * Return: how many.
 */
unsigned int driver_release(struct driver *driver, unsigned long iova,
			    unsigned long length)
{
	unsigned long last = iova + length - 1;
	unsigned int n = 0;
	struct hold hold;

	if (length == ULONG_MAX)
		last = ULONG_MAX;
	while (take(driver, iova, last, &hold)) {
		iommufd_access_unpin_pages(driver->access, hold.iova,
					   hold.length);
		n++;
	}
	return n;
}

/**
 * driver_release_one - release the n-th slot of the table
 * @driver: the driver
 * @n: which
 *
 * Return: whether there was a pin in it.
 */
bool driver_release_one(struct driver *driver, unsigned int n)
{
	struct hold hold;

	mutex_lock(&driver->lock);
	hold = driver->holds[n % DRIVER_HOLDS];
	driver->holds[n % DRIVER_HOLDS].used = false;
	mutex_unlock(&driver->lock);
	if (hold.used)
		iommufd_access_unpin_pages(driver->access, hold.iova,
					   hold.length);
	return hold.used;
}

/**
 * driver_held - how many pins it has written down
 * @driver: the driver
 */
unsigned int driver_held(struct driver *driver)
{
	unsigned int n = 0;
	int i;

	mutex_lock(&driver->lock);
	for (i = 0; i < DRIVER_HOLDS; i++)
		n += driver->holds[i].used;
	mutex_unlock(&driver->lock);
	return n;
}

/**
 * driver_touch - use all that is pinned, as a device would
 * @driver: the driver
 */
void driver_touch(struct driver *driver)
{
	unsigned int i, j;

	mutex_lock(&driver->lock);
	for (i = 0; i < DRIVER_HOLDS; i++)
		for (j = 0;
		     driver->holds[i].used && j < driver->holds[i].npages; j++)
			page_touch(driver->holds[i].pages[j]);
	mutex_unlock(&driver->lock);
}

int driver_read(struct driver *driver, unsigned long iova, void *data,
		size_t length)
{
	return iommufd_access_rw(driver->access, iova, data, length,
				 IOMMUFD_ACCESS_RW_READ);
}

int driver_write(struct driver *driver, unsigned long iova, void *data,
		 size_t length)
{
	return iommufd_access_rw(driver->access, iova, data, length,
				 IOMMUFD_ACCESS_RW_WRITE);
}
