// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommu.c - one function for each ioctl of /dev/iommu, see iommu.h
 *
 * Every structure is zeroed and given its full size; tests of sizes and of
 * reserved fields fill their own and use iommu_call().
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "iommu.h"

int iommu_open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int iommu_call(int fd, unsigned long request, void *arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? -errno : rc;
}

int iommu_destroy(int fd, uint32_t id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return iommu_call(fd, IOMMU_DESTROY, &cmd);
}

int iommu_ioas_alloc(int fd, uint32_t *id)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int rc = iommu_call(fd, IOMMU_IOAS_ALLOC, &cmd);

	*id = cmd.out_ioas_id;
	return rc;
}

int iommu_map(int fd, uint32_t ioas, const void *va, uint64_t length,
	      uint32_t flags, uint64_t *iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = length,
		.iova = *iova,
	};
	int rc = iommu_call(fd, IOMMU_IOAS_MAP, &cmd);

	*iova = cmd.iova;
	return rc;
}

int iommu_map_at(int fd, uint32_t ioas, const void *va, uint64_t length,
		 uint64_t iova)
{
	return iommu_map(fd, ioas, va, length,
			 IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_MAP_RW, &iova);
}

int iommu_map_file(int fd, uint32_t ioas, int file, uint64_t start,
		   uint64_t length, uint32_t flags, uint64_t *iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.ioas_id = ioas,
		.fd = file,
		.start = start,
		.length = length,
		.iova = *iova,
	};
	int rc = iommu_call(fd, IOMMU_IOAS_MAP_FILE, &cmd);

	*iova = cmd.iova;
	return rc;
}

int iommu_unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t *length)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = *length,
	};
	int rc = iommu_call(fd, IOMMU_IOAS_UNMAP, &cmd);

	*length = cmd.length;
	return rc;
}

int iommu_unmap_at(int fd, uint32_t ioas, uint64_t iova, uint64_t length)
{
	return iommu_unmap(fd, ioas, iova, &length);
}

int iommu_unmap_all(int fd, uint32_t ioas)
{
	return iommu_unmap_at(fd, ioas, 0, UINT64_MAX);
}

int iommu_copy(int fd, uint32_t dst, uint32_t src, uint64_t src_iova,
	       uint64_t length, uint32_t flags, uint64_t *dst_iova)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dst_ioas_id = dst,
		.src_ioas_id = src,
		.length = length,
		.dst_iova = *dst_iova,
		.src_iova = src_iova,
	};
	int rc = iommu_call(fd, IOMMU_IOAS_COPY, &cmd);

	*dst_iova = cmd.dst_iova;
	return rc;
}

int iommu_iova_ranges(int fd, uint32_t ioas, struct iommu_iova_range *ranges,
		      uint32_t *num, uint64_t *alignment)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = *num,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int rc = iommu_call(fd, IOMMU_IOAS_IOVA_RANGES, &cmd);

	*num = cmd.num_iovas;
	if (alignment)
		*alignment = cmd.out_iova_alignment;
	return rc;
}

int iommu_allow_iovas(int fd, uint32_t ioas, struct iommu_iova_range *ranges,
		      uint32_t num)
{
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = num,
		.allowed_iovas = (uintptr_t)ranges,
	};

	return iommu_call(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
}

int iommu_option(int fd, uint32_t option, uint16_t op, uint32_t object,
		 uint64_t *val)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = option,
		.op = op,
		.object_id = object,
		.val64 = *val,
	};
	int rc = iommu_call(fd, IOMMU_OPTION, &cmd);

	*val = cmd.val64;
	return rc;
}

int iommu_vfio_ioas(int fd, uint16_t op, uint32_t *ioas)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = *ioas,
		.op = op,
	};
	int rc = iommu_call(fd, IOMMU_VFIO_IOAS, &cmd);

	*ioas = cmd.ioas_id;
	return rc;
}

int iommu_change_process(int fd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return iommu_call(fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}
