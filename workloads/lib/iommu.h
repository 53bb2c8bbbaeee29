/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu.h - one function for each ioctl of /dev/iommu
 *
 * Nothing is hidden: each call is one ioctl, returns 0 or the negative errno,
 * and passes output fields through. What the kernel wrote on failure is stored
 * too, so that a test can say that it wrote nothing.
 */
#ifndef _KIT_LIB_IOMMU_H
#define _KIT_LIB_IOMMU_H

#include <stddef.h>
#include <stdint.h>

#include <linux/iommufd.h>

#define IOMMU_MAP_RW (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)

/** iommu_open() - a new context. Return: fd or negative errno. */
int iommu_open(void);

/** iommu_call() - any ioctl on any file. Return: its result or negative errno. */
int iommu_call(int fd, unsigned long request, void *arg);

int iommu_destroy(int fd, uint32_t id);
int iommu_ioas_alloc(int fd, uint32_t *id);

/**
 * iommu_map() - IOMMU_IOAS_MAP
 * @fd: the context
 * @ioas: where
 * @va: memory of the caller
 * @length: bytes
 * @flags: IOMMU_IOAS_MAP_*; with FIXED_IOVA @iova is input as well
 * @iova: where the mapping is
 */
int iommu_map(int fd, uint32_t ioas, const void *va, uint64_t length,
	      uint32_t flags, uint64_t *iova);

/** iommu_map_at() - iommu_map() at a fixed IOVA, readable and writable */
int iommu_map_at(int fd, uint32_t ioas, const void *va, uint64_t length,
		 uint64_t iova);

int iommu_map_file(int fd, uint32_t ioas, int file, uint64_t start,
		   uint64_t length, uint32_t flags, uint64_t *iova);

/**
 * iommu_unmap() - IOMMU_IOAS_UNMAP
 * @fd: the context
 * @ioas: where
 * @iova: first byte
 * @length: in: bytes to unmap; out: bytes unmapped.
 */
int iommu_unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t *length);

/** iommu_unmap_at() - iommu_unmap() for those who do not want the count */
int iommu_unmap_at(int fd, uint32_t ioas, uint64_t iova, uint64_t length);

/** iommu_unmap_all() - the whole IOAS; succeeds when it is empty */
int iommu_unmap_all(int fd, uint32_t ioas);

int iommu_copy(int fd, uint32_t dst, uint32_t src, uint64_t src_iova,
	       uint64_t length, uint32_t flags, uint64_t *dst_iova);

/**
 * iommu_iova_ranges() - IOMMU_IOAS_IOVA_RANGES
 * @fd: the context
 * @ioas: which
 * @ranges: array to be filled
 * @num: in: room in @ranges; out: number of ranges
 * @alignment: out, may be NULL
 */
int iommu_iova_ranges(int fd, uint32_t ioas, struct iommu_iova_range *ranges,
		      uint32_t *num, uint64_t *alignment);

int iommu_allow_iovas(int fd, uint32_t ioas, struct iommu_iova_range *ranges,
		      uint32_t num);
int iommu_option(int fd, uint32_t option, uint16_t op, uint32_t object,
		 uint64_t *val);
int iommu_vfio_ioas(int fd, uint16_t op, uint32_t *ioas);
int iommu_change_process(int fd);

#endif
