// SPDX-License-Identifier: GPL-2.0-only
/*
 * limit.c - living with a limit of locked memory
 *
 * Pinned memory is charged to the user that mapped it, unless that may lock all
 * it likes. What a process sees of its charge is only where the limit is; so the
 * end of an epoch finds out by pinning up to it.
 */
#define _GNU_SOURCE
#include "limit.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "iommu.h"
#include "kit_tap.h"
#include "mem.h"

static struct rlimit before;

/* The effective capability only: it comes back from the permitted set. */
static int set_ipc_lock(bool on)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (on)
		data[0].effective |= 1u << CAP_IPC_LOCK;
	else
		data[0].effective &= ~(1u << CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int limit_enter(void)
{
	if (getrlimit(RLIMIT_MEMLOCK, &before))
		return -errno;
	if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ LIMIT_PAGES * MEM_PAGE,
							before.rlim_max }))
		return -errno;
	return set_ipc_lock(false);
}

void limit_leave(void)
{
	set_ipc_lock(true);
	setrlimit(RLIMIT_MEMLOCK, &before);
}

static void pin_to_limit(struct world *world, struct mdma_dev *dev, int iommufd,
			 const uint8_t *memory)
{
	struct mdma_queue queue;
	uint32_t ioas;
	int rc;

	rc = iommu_ioas_alloc(iommufd, &ioas);
	if (!rc)
		rc = iommu_map_at(iommufd, ioas, memory,
				  (LIMIT_PAGES + 1) * MEM_PAGE, WINDOW_IOVA);
	if (!rc)
		rc = mdma_attach(dev, ioas);
	if (!rc)
		rc = mdma_queue_start(&queue, dev, 0, 2);
	if (rc) {
		world_failf(world, CHECK_ERRNO, "looking for the limit: %s",
			    tap_errno_name(rc));
		return;
	}
	rc = mdma_do_pin(&queue, WINDOW_IOVA, LIMIT_PAGES * MEM_PAGE, 0);
	if (rc)
		world_failf(
			world, CHECK_CLOSE,
			"%u pages, all that the limit allows, cannot be pinned any more: %s",
			LIMIT_PAGES, tap_errno_name(rc));
	rc = mdma_do_pin(&queue, WINDOW_IOVA + LIMIT_PAGES * MEM_PAGE, MEM_PAGE,
			 0);
	if (rc != -ENOMEM)
		world_failf(world, CHECK_ERRNO,
			    "a page beyond the limit was pinned: %s",
			    tap_errno_name(rc));
}

void limit_check(struct world *world)
{
	uint8_t *memory = mem_alloc((LIMIT_PAGES + 1) * MEM_PAGE);
	struct mdma_dev dev;
	int iommufd = iommu_open();

	if (memory && iommufd >= 0 && !mdma_open(&dev, 0, iommufd)) {
		pin_to_limit(world, &dev, iommufd, memory);
		mdma_close(&dev);
	}
	if (iommufd >= 0)
		close(iommufd);
	mem_free(memory, (LIMIT_PAGES + 1) * MEM_PAGE);
}
