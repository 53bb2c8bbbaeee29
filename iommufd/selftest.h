/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * selftest.h - the test ioctl, and where the core lets it in
 *
 * The kernel's own programs for iommufd drive it through an ioctl of their own,
 * number 0xa0, that reserves IOVA, plays a driver with an access and counts the
 * pins of pages. A build with KIT_TEST=y has that ioctl, so that these programs
 * run on this core; in any other build what stands here is empty.
 *
 * Numbers and layouts are those that the programs were written for.
 *
 *   selftest.c         the ioctl: reserved IOVA, pins of pages, the pin batch
 *   selftest_access.c  a driver: an access behind a file descriptor
 *   selftest_dmabuf.c  dma-bufs that can be revoked
 *   selftest_mock.c    a device that keeps all of an IOAS pinned
 */
#ifndef _KIT_IOMMUFD_SELFTEST_H
#define _KIT_IOMMUFD_SELFTEST_H

#include "private.h"

#ifdef KIT_IOMMUFD_TEST

#define SELFTEST_IOCTL _IO(IOMMUFD_TYPE, IOMMUFD_CMD_BASE + 0x20)

/* What struct selftest_cmd asks for. */
enum selftest_op {
	SELFTEST_ADD_RESERVED = 1,
	SELFTEST_MOCK_DOMAIN = 2,
	SELFTEST_CHECK_MAP = 3,
	SELFTEST_CHECK_REFS = 4,
	SELFTEST_CREATE_ACCESS = 5,
	SELFTEST_DESTROY_ACCESS_PAGES = 6,
	SELFTEST_ACCESS_PAGES = 7,
	SELFTEST_ACCESS_RW = 8,
	SELFTEST_MEMORY_LIMIT = 9,
	SELFTEST_REPLACE_DOMAIN = 10,
	SELFTEST_ACCESS_REPLACE_IOAS = 11,
	SELFTEST_DOMAIN_FLAGS = 12,
	SELFTEST_DIRTY = 13,
	SELFTEST_CHECK_IOTLB = 14,
	SELFTEST_PAGE_FAULT = 15,
	SELFTEST_CHECK_CACHE = 16,
	SELFTEST_VIRTUAL_EVENT = 17,
	SELFTEST_PASID_ATTACH = 18,
	SELFTEST_PASID_REPLACE = 19,
	SELFTEST_PASID_DETACH = 20,
	SELFTEST_PASID_CHECK = 21,
	SELFTEST_DMABUF_GET = 22,
	SELFTEST_DMABUF_REVOKE = 23,
};

/* Flags of access_pages, access_rw and create_access. */
#define SELFTEST_PAGES_WRITE BIT(0)
#define SELFTEST_RW_WRITE BIT(0)
#define SELFTEST_RW_SLOW_PATH BIT(2)
#define SELFTEST_CREATE_NEEDS_PIN_PAGES BIT(0)

/**
 * struct selftest_cmd - argument of SELFTEST_IOCTL
 * @size: sizeof(struct selftest_cmd)
 * @op: enum selftest_op
 * @id: an IOAS, a mock device or the file descriptor of an access
 * @__reserved: ignored
 * @add_reserved: SELFTEST_ADD_RESERVED: a range of IOVA, in bytes
 * @mock_domain: SELFTEST_MOCK_DOMAIN: out: ids
 * @check_map: SELFTEST_CHECK_MAP: a range of IOVA and the memory it must be
 * @check_refs: SELFTEST_CHECK_REFS: memory and how often each page is pinned
 * @create_access: SELFTEST_CREATE_ACCESS: flags; out: file descriptor
 * @destroy_access_pages: SELFTEST_DESTROY_ACCESS_PAGES: id of a pin
 * @access_pages: SELFTEST_ACCESS_PAGES: what to pin and the memory it must be;
 *	out: id of the pin
 * @access_rw: SELFTEST_ACCESS_RW: what to copy, and from or to where
 * @memory_limit: SELFTEST_MEMORY_LIMIT: bytes for the pages of one batch
 * @access_replace_ioas: SELFTEST_ACCESS_REPLACE_IOAS: id of the new IOAS
 * @dmabuf_get: SELFTEST_DMABUF_GET: bytes, flags of the descriptor
 * @dmabuf_revoke: SELFTEST_DMABUF_REVOKE: descriptor, whether it is revoked
 * @room: as long as the longest operation there is
 * @last: marks the end
 */
struct selftest_cmd {
	__u32 size;
	__u32 op;
	__u32 id;
	__u32 __reserved;
	union {
		struct {
			__aligned_u64 start;
			__aligned_u64 length;
		} add_reserved;
		struct {
			__u32 out_device_id;
			__u32 out_table_id;
			__u32 out_bound_id;
		} mock_domain;
		struct {
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 va;
		} check_map;
		struct {
			__aligned_u64 length;
			__aligned_u64 va;
			__u32 refs;
		} check_refs;
		struct {
			__u32 out_fd;
			__u32 flags;
		} create_access;
		struct {
			__u32 pin_id;
		} destroy_access_pages;
		struct {
			__u32 flags;
			__u32 out_pin_id;
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 va;
		} access_pages;
		struct {
			__aligned_u64 iova;
			__aligned_u64 length;
			__aligned_u64 va;
			__u32 flags;
		} access_rw;
		struct {
			__u32 limit;
		} memory_limit;
		struct {
			__u32 ioas_id;
		} access_replace_ioas;
		struct {
			__u32 length;
			__u32 fd_flags;
		} dmabuf_get;
		struct {
			__s32 fd;
			__u32 revoked;
		} dmabuf_revoke;
		__aligned_u64 room[6];
	};
	__u32 last;
};

static_assert(sizeof(struct selftest_cmd) == 72);
static_assert(offsetof(struct selftest_cmd, last) == 64);

/* More than this is not pinned or copied at once. */
#define SELFTEST_LENGTH_MAX (16UL << 20)

/* What main.c and gup.c call. */
int selftest_ioctl(struct ucmd *ucmd);
int selftest_execute(struct ucmd *ucmd, unsigned int number,
		     int (*execute)(struct ucmd *ucmd));
unsigned long selftest_batch(unsigned long npages);
void mock_release(struct iommufd_ctx *ictx);

/* Between the files named above. */
int pages_are(struct page **pages, unsigned long npages, unsigned long va);
int test_access_create(struct ucmd *ucmd);
int test_access_replace(struct selftest_cmd *cmd);
int test_access_pin(struct ucmd *ucmd);
int test_access_unpin(struct selftest_cmd *cmd);
int test_access_rw(struct selftest_cmd *cmd);
int mock_create(struct ucmd *ucmd);
int mock_destroy(struct iommufd_ctx *ictx, u32 id);
int mock_check_map(struct ucmd *ucmd);
int mocks_follow(struct iommufd_ctx *ictx);

#ifdef CONFIG_DMA_SHARED_BUFFER
int dmabuf_get(struct selftest_cmd *cmd);
int dmabuf_revoke(struct selftest_cmd *cmd);
int dmabuf_check(const struct iommu_ioas_map_file *cmd);
#else
static inline int dmabuf_get(struct selftest_cmd *cmd)
{
	return -EOPNOTSUPP;
}

static inline int dmabuf_revoke(struct selftest_cmd *cmd)
{
	return -EOPNOTSUPP;
}

static inline int dmabuf_check(const struct iommu_ioas_map_file *cmd)
{
	return 0;
}
#endif

#else

static inline int selftest_execute(struct ucmd *ucmd, unsigned int number,
				   int (*execute)(struct ucmd *ucmd))
{
	return execute(ucmd);
}

static inline unsigned long selftest_batch(unsigned long npages)
{
	return npages;
}

static inline void mock_release(struct iommufd_ctx *ictx)
{
}

#endif
#endif
