/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cdev.h - VFIO devices through /dev/vfio/devices
 *
 * Devices are named by ordinal: the mediated devices of the guest in the order
 * of their UUIDs, so that a seeded plan means the same devices in every run.
 * Calls return 0 (or what they count) or the negative errno of the one ioctl or
 * system call behind them.
 */
#ifndef _KIT_LIB_CDEV_H
#define _KIT_LIB_CDEV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/vfio.h>

struct cdev_name {
	char uuid[40];
	char path[64]; /* /dev/vfio/devices/vfioN */
	char type[64]; /* name of the mdev type, "mdma-1" */
};

/**
 * cdev_find() - the device with this ordinal
 * @ordinal: 0 is the lowest UUID
 * @type: only devices whose type begins so, or NULL for all
 * @name: filled in
 *
 * Return: 0, or -ENOENT when there are not so many.
 */
int cdev_find(unsigned int ordinal, const char *type, struct cdev_name *name);

/** cdev_count() - how many devices cdev_find() can find */
unsigned int cdev_count(const char *type);

int cdev_open(const struct cdev_name *name);
int cdev_bind(int fd, int iommufd, uint32_t *devid);
int cdev_attach(int fd, uint32_t *pt_id);
int cdev_detach(int fd);
int cdev_reset(int fd);
int cdev_info(int fd, struct vfio_device_info *info);
int cdev_region_info(int fd, uint32_t index, struct vfio_region_info *info);
int cdev_irq_info(int fd, uint32_t index, struct vfio_irq_info *info);

/**
 * cdev_irq_set() - let vectors first.. of an index signal these eventfds
 * @fd: the device
 * @index: VFIO_PCI_*_IRQ_INDEX
 * @first: first vector
 * @count: how many
 * @fds: -1 in an element takes that vector's eventfd away
 */
int cdev_irq_set(int fd, uint32_t index, uint32_t first, uint32_t count,
		 const int *fds);

/** cdev_irq_off() - take all vectors of an index away */
int cdev_irq_off(int fd, uint32_t index);

/*
 * cdev_read(), cdev_write() - one access to a region at the offset that
 * REGION_INFO gave. Return: bytes or negative errno.
 */
ssize_t cdev_read(int fd, uint64_t offset, void *buf, size_t len);
ssize_t cdev_write(int fd, uint64_t offset, const void *buf, size_t len);

#endif
