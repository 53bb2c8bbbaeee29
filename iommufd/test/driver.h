/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * driver.h - a mediated driver, as small as it can be
 *
 * It keeps what it has pinned in a table under a lock, records a pin after it was
 * made, and releases what overlaps when the core calls it. It checks what the core
 * promises it: no callback before open or after close, none with a lock held that
 * it would need, none for an IOAS it has left. It can be told to be deaf.
 */
#ifndef _KIT_TEST_DRIVER_H
#define _KIT_TEST_DRIVER_H

#include "world.h"

#define DRIVER_HOLDS 256
#define DRIVER_PAGES 20

struct hold {
	bool used;
	unsigned long iova;
	unsigned long length;
	unsigned int npages;
	struct page *pages[DRIVER_PAGES];
};

struct driver {
	struct iommufd_access *access;
	u32 id;
	struct mutex lock; /* protects holds */
	struct hold holds[DRIVER_HOLDS];
	bool open; /* atomic */
	bool attached; /* atomic: a callback may come */
	bool deaf; /* atomic */
	unsigned int ignore; /* callbacks to ignore; atomic */
	unsigned int calls; /* atomic */
	unsigned long last_iova; /* of the last callback */
	unsigned long last_length;
	/* Called first in each callback, or NULL. */
	void (*on_unmap)(struct driver *driver, unsigned long iova,
			 unsigned long length);
	void *data;
};

int driver_open(struct driver *driver, struct world *world);
int driver_open_copying(struct driver *driver, struct world *world);
void driver_close(struct driver *driver);
int driver_attach(struct driver *driver, u32 ioas);
int driver_replace(struct driver *driver, u32 ioas);
void driver_detach(struct driver *driver);
int driver_pin(struct driver *driver, unsigned long iova, unsigned long length,
	       unsigned int flags);
unsigned int driver_release(struct driver *driver, unsigned long iova,
			    unsigned long length);
bool driver_release_one(struct driver *driver, unsigned int n);
unsigned int driver_held(struct driver *driver);
void driver_touch(struct driver *driver);
int driver_read(struct driver *driver, unsigned long iova, void *data,
		size_t length);
int driver_write(struct driver *driver, unsigned long iova, void *data,
		 size_t length);

#endif
