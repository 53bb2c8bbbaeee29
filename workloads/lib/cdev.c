// SPDX-License-Identifier: GPL-2.0-only
/*
 * cdev.c - VFIO devices through /dev/vfio/devices, see cdev.h
 *
 * Devices are found in sysfs: /sys/bus/mdev/devices/UUID/vfio-dev/vfioN names
 * the node, the mdev_type link the type ("<driver>-<type>").
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cdev.h"

#define MDEV_DEVICES "/sys/bus/mdev/devices"
#define MAX_DEVICES 64

static int node_of(const char *uuid, char *path, size_t size)
{
	char dir[128];
	struct dirent *entry;
	int rc = -ENODEV;
	DIR *d;

	snprintf(dir, sizeof(dir), MDEV_DEVICES "/%s/vfio-dev", uuid);
	d = opendir(dir);
	if (!d)
		return -errno;
	while (rc && (entry = readdir(d))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, size, "/dev/vfio/devices/%.32s", entry->d_name);
		rc = 0;
	}
	closedir(d);
	return rc;
}

static int type_of(const char *uuid, char *type, size_t size)
{
	char link[128], target[256];
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), MDEV_DEVICES "/%s/mdev_type", uuid);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	base = strrchr(target, '/');
	snprintf(type, size, "%.63s", base ? base + 1 : target);
	return 0;
}

static int by_uuid(const void *a, const void *b)
{
	return strcmp(((const struct cdev_name *)a)->uuid,
		      ((const struct cdev_name *)b)->uuid);
}

static unsigned int list_devices(const char *type, struct cdev_name *names)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *d = opendir(MDEV_DEVICES);

	if (!d)
		return 0;
	while (n < MAX_DEVICES && (entry = readdir(d))) {
		struct cdev_name *name = &names[n];

		if (strlen(entry->d_name) != 36)
			continue;
		memcpy(name->uuid, entry->d_name, 37);
		if (type_of(name->uuid, name->type, sizeof(name->type)) ||
		    node_of(name->uuid, name->path, sizeof(name->path)))
			continue;
		if (!type || !strncmp(name->type, type, strlen(type)))
			n++;
	}
	closedir(d);
	qsort(names, n, sizeof(*names), by_uuid);
	return n;
}

int cdev_find(unsigned int ordinal, const char *type, struct cdev_name *name)
{
	struct cdev_name names[MAX_DEVICES];

	if (ordinal >= list_devices(type, names))
		return -ENOENT;
	*name = names[ordinal];
	return 0;
}

unsigned int cdev_count(const char *type)
{
	struct cdev_name names[MAX_DEVICES];

	return list_devices(type, names);
}

static int call(int fd, unsigned long request, void *arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? -errno : rc;
}

int cdev_open(const struct cdev_name *name)
{
	int fd = open(name->path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cdev_bind(int fd, int iommufd, uint32_t *devid)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = sizeof(cmd),
		.iommufd = iommufd,
	};
	int rc = call(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);

	if (devid)
		*devid = cmd.out_devid;
	return rc;
}

int cdev_attach(int fd, uint32_t *pt_id)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.pt_id = *pt_id,
	};
	int rc = call(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);

	*pt_id = cmd.pt_id;
	return rc;
}

int cdev_detach(int fd)
{
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };

	return call(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
}

int cdev_reset(int fd)
{
	return call(fd, VFIO_DEVICE_RESET, NULL);
}

int cdev_info(int fd, struct vfio_device_info *info)
{
	*info = (struct vfio_device_info){ .argsz = sizeof(*info) };
	return call(fd, VFIO_DEVICE_GET_INFO, info);
}

int cdev_region_info(int fd, uint32_t index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){
		.argsz = sizeof(*info),
		.index = index,
	};
	return call(fd, VFIO_DEVICE_GET_REGION_INFO, info);
}

int cdev_irq_info(int fd, uint32_t index, struct vfio_irq_info *info)
{
	*info = (struct vfio_irq_info){
		.argsz = sizeof(*info),
		.index = index,
	};
	return call(fd, VFIO_DEVICE_GET_IRQ_INFO, info);
}

int cdev_irq_set(int fd, uint32_t index, uint32_t first, uint32_t count,
		 const int *fds)
{
	size_t bytes = count * sizeof(*fds);
	struct vfio_irq_set *set = calloc(1, sizeof(*set) + bytes);
	int rc;

	if (!set)
		return -ENOMEM;
	set->argsz = sizeof(*set) + bytes;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->start = first;
	set->count = count;
	memcpy(set->data, fds, bytes);
	rc = call(fd, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return rc;
}

int cdev_irq_off(int fd, uint32_t index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
	};

	return call(fd, VFIO_DEVICE_SET_IRQS, &set);
}

ssize_t cdev_read(int fd, uint64_t offset, void *buf, size_t len)
{
	ssize_t n = pread(fd, buf, len, (off_t)offset);

	return n < 0 ? -errno : n;
}

ssize_t cdev_write(int fd, uint64_t offset, const void *buf, size_t len)
{
	ssize_t n = pwrite(fd, buf, len, (off_t)offset);

	return n < 0 ? -errno : n;
}
