/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * uapi/linux/iommufd.h - the ioctls of /dev/iommu
 *
 * Numbers and layouts are the kernel's (7.2), so that one program runs on the
 * kernel's own iommufd and on mdevkit's. The commands are described in
 * docs/access-contract.md. Every structure starts with its size; a
 * longer one than the kernel knows is accepted when its tail is zero (-E2BIG
 * otherwise), a shorter one down to the command's minimum is extended by zeroes.
 *
 * The structures of commands that need a physical device are here because their
 * sizes and flags are checked before the command is refused.
 */
#ifndef _UAPI_KIT_IOMMUFD_H
#define _UAPI_KIT_IOMMUFD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOMMUFD_TYPE (';')

enum {
	IOMMUFD_CMD_BASE = 0x80,
	IOMMUFD_CMD_DESTROY = IOMMUFD_CMD_BASE,
	IOMMUFD_CMD_IOAS_ALLOC = 0x81,
	IOMMUFD_CMD_IOAS_ALLOW_IOVAS = 0x82,
	IOMMUFD_CMD_IOAS_COPY = 0x83,
	IOMMUFD_CMD_IOAS_IOVA_RANGES = 0x84,
	IOMMUFD_CMD_IOAS_MAP = 0x85,
	IOMMUFD_CMD_IOAS_UNMAP = 0x86,
	IOMMUFD_CMD_OPTION = 0x87,
	IOMMUFD_CMD_VFIO_IOAS = 0x88,
	IOMMUFD_CMD_HWPT_ALLOC = 0x89,
	IOMMUFD_CMD_GET_HW_INFO = 0x8a,
	IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING = 0x8b,
	IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP = 0x8c,
	IOMMUFD_CMD_HWPT_INVALIDATE = 0x8d,
	IOMMUFD_CMD_FAULT_QUEUE_ALLOC = 0x8e,
	IOMMUFD_CMD_IOAS_MAP_FILE = 0x8f,
	IOMMUFD_CMD_VIOMMU_ALLOC = 0x90,
	IOMMUFD_CMD_VDEVICE_ALLOC = 0x91,
	IOMMUFD_CMD_IOAS_CHANGE_PROCESS = 0x92,
	IOMMUFD_CMD_VEVENTQ_ALLOC = 0x93,
	IOMMUFD_CMD_HW_QUEUE_ALLOC = 0x94,
};

#define KIT_IOMMU_IO(cmd) _IO(IOMMUFD_TYPE, IOMMUFD_CMD_##cmd)
#define IOMMU_DESTROY KIT_IOMMU_IO(DESTROY)
#define IOMMU_IOAS_ALLOC KIT_IOMMU_IO(IOAS_ALLOC)
#define IOMMU_IOAS_ALLOW_IOVAS KIT_IOMMU_IO(IOAS_ALLOW_IOVAS)
#define IOMMU_IOAS_COPY KIT_IOMMU_IO(IOAS_COPY)
#define IOMMU_IOAS_IOVA_RANGES KIT_IOMMU_IO(IOAS_IOVA_RANGES)
#define IOMMU_IOAS_MAP KIT_IOMMU_IO(IOAS_MAP)
#define IOMMU_IOAS_UNMAP KIT_IOMMU_IO(IOAS_UNMAP)
#define IOMMU_OPTION KIT_IOMMU_IO(OPTION)
#define IOMMU_VFIO_IOAS KIT_IOMMU_IO(VFIO_IOAS)
#define IOMMU_HWPT_ALLOC KIT_IOMMU_IO(HWPT_ALLOC)
#define IOMMU_GET_HW_INFO KIT_IOMMU_IO(GET_HW_INFO)
#define IOMMU_HWPT_SET_DIRTY_TRACKING KIT_IOMMU_IO(HWPT_SET_DIRTY_TRACKING)
#define IOMMU_HWPT_GET_DIRTY_BITMAP KIT_IOMMU_IO(HWPT_GET_DIRTY_BITMAP)
#define IOMMU_HWPT_INVALIDATE KIT_IOMMU_IO(HWPT_INVALIDATE)
#define IOMMU_FAULT_QUEUE_ALLOC KIT_IOMMU_IO(FAULT_QUEUE_ALLOC)
#define IOMMU_IOAS_MAP_FILE KIT_IOMMU_IO(IOAS_MAP_FILE)
#define IOMMU_VIOMMU_ALLOC KIT_IOMMU_IO(VIOMMU_ALLOC)
#define IOMMU_VDEVICE_ALLOC KIT_IOMMU_IO(VDEVICE_ALLOC)
#define IOMMU_IOAS_CHANGE_PROCESS KIT_IOMMU_IO(IOAS_CHANGE_PROCESS)
#define IOMMU_VEVENTQ_ALLOC KIT_IOMMU_IO(VEVENTQ_ALLOC)
#define IOMMU_HW_QUEUE_ALLOC KIT_IOMMU_IO(HW_QUEUE_ALLOC)

/**
 * struct iommu_destroy - remove an object that nothing uses
 * @size: sizeof(struct iommu_destroy)
 * @id: the object
 */
struct iommu_destroy {
	__u32 size;
	__u32 id;
};

/**
 * struct iommu_ioas_alloc - make an empty IO address space
 * @size: sizeof(struct iommu_ioas_alloc)
 * @flags: 0
 * @out_ioas_id: its id
 */
struct iommu_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

/**
 * struct iommu_iova_range - a range of IOVA
 * @start: first address
 * @last: last address, included
 */
struct iommu_iova_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

/**
 * struct iommu_ioas_iova_ranges - what may be mapped
 * @size: sizeof(struct iommu_ioas_iova_ranges)
 * @ioas_id: the IOAS
 * @num_iovas: in: room in the array, out: ranges there are
 * @__reserved: 0
 * @allowed_iovas: array of struct iommu_iova_range to fill
 * @out_iova_alignment: what IOVA and length of a mapping must be a multiple of
 */
struct iommu_ioas_iova_ranges {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 __reserved;
	__aligned_u64 allowed_iovas;
	__aligned_u64 out_iova_alignment;
};

/**
 * struct iommu_ioas_allow_iovas - limit where the kernel chooses IOVA
 * @size: sizeof(struct iommu_ioas_allow_iovas)
 * @ioas_id: the IOAS
 * @num_iovas: entries in the array; 0 removes the limit
 * @__reserved: 0
 * @allowed_iovas: array of struct iommu_iova_range, not overlapping
 */
struct iommu_ioas_allow_iovas {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 __reserved;
	__aligned_u64 allowed_iovas;
};

/**
 * enum iommufd_ioas_map_flags - how to map
 * @IOMMU_IOAS_MAP_FIXED_IOVA: use the IOVA given instead of choosing one
 * @IOMMU_IOAS_MAP_WRITEABLE: devices may write
 * @IOMMU_IOAS_MAP_READABLE: devices may read
 */
enum iommufd_ioas_map_flags {
	IOMMU_IOAS_MAP_FIXED_IOVA = 1 << 0,
	IOMMU_IOAS_MAP_WRITEABLE = 1 << 1,
	IOMMU_IOAS_MAP_READABLE = 1 << 2,
};

/**
 * struct iommu_ioas_map - map the caller's memory
 * @size: sizeof(struct iommu_ioas_map)
 * @flags: enum iommufd_ioas_map_flags
 * @ioas_id: the IOAS
 * @__reserved: 0
 * @user_va: first byte of the memory
 * @length: bytes
 * @iova: where, in with FIXED_IOVA, out otherwise
 */
struct iommu_ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

/**
 * struct iommu_ioas_map_file - map the pages of a memfd
 * @size: sizeof(struct iommu_ioas_map_file)
 * @flags: enum iommufd_ioas_map_flags
 * @ioas_id: the IOAS
 * @fd: the memfd
 * @start: first byte in the file
 * @length: bytes
 * @iova: as in struct iommu_ioas_map
 */
struct iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};

/**
 * struct iommu_ioas_copy - map in one IOAS what another already maps
 * @size: sizeof(struct iommu_ioas_copy)
 * @flags: enum iommufd_ioas_map_flags
 * @dst_ioas_id: where to map
 * @src_ioas_id: what is mapped; may be the same
 * @length: bytes
 * @dst_iova: as @iova of struct iommu_ioas_map
 * @src_iova: first byte in the source
 *
 * Both mappings share the memory: its pages are pinned and charged once.
 */
struct iommu_ioas_copy {
	__u32 size;
	__u32 flags;
	__u32 dst_ioas_id;
	__u32 src_ioas_id;
	__aligned_u64 length;
	__aligned_u64 dst_iova;
	__aligned_u64 src_iova;
};

/**
 * struct iommu_ioas_unmap - remove whole mappings
 * @size: sizeof(struct iommu_ioas_unmap)
 * @ioas_id: the IOAS
 * @iova: first address; with @length U64_MAX and 0 here: everything
 * @length: bytes, out: bytes removed
 */
struct iommu_ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};

/**
 * struct iommu_ioas_change_process - charge and reach file mappings by the caller
 * @size: sizeof(struct iommu_ioas_change_process)
 * @__reserved: 0
 */
struct iommu_ioas_change_process {
	__u32 size;
	__u32 __reserved;
};

/**
 * enum iommufd_option - options
 * @IOMMU_OPTION_RLIMIT_MODE: 0 charge pinned memory to the user, 1 to the process
 * @IOMMU_OPTION_HUGE_PAGES: 0 keeps every mapping page aligned
 */
enum iommufd_option {
	IOMMU_OPTION_RLIMIT_MODE = 0,
	IOMMU_OPTION_HUGE_PAGES = 1,
};

/**
 * enum iommufd_option_ops - what to do with an option
 * @IOMMU_OPTION_OP_SET: set it
 * @IOMMU_OPTION_OP_GET: read it
 */
enum iommufd_option_ops {
	IOMMU_OPTION_OP_SET = 0,
	IOMMU_OPTION_OP_GET = 1,
};

/**
 * struct iommu_option - set or read an option
 * @size: sizeof(struct iommu_option)
 * @option_id: enum iommufd_option
 * @op: enum iommufd_option_ops
 * @__reserved: 0
 * @object_id: the object it belongs to, 0 for the file
 * @val64: the value
 */
struct iommu_option {
	__u32 size;
	__u32 option_id;
	__u16 op;
	__u16 __reserved;
	__u32 object_id;
	__aligned_u64 val64;
};

/**
 * enum iommufd_vfio_ioas_op - what to do with the compatibility IOAS
 * @IOMMU_VFIO_IOAS_GET: read its id
 * @IOMMU_VFIO_IOAS_SET: choose it
 * @IOMMU_VFIO_IOAS_CLEAR: have none
 */
enum iommufd_vfio_ioas_op {
	IOMMU_VFIO_IOAS_GET = 0,
	IOMMU_VFIO_IOAS_SET = 1,
	IOMMU_VFIO_IOAS_CLEAR = 2,
};

/**
 * struct iommu_vfio_ioas - the IOAS that the type1 ioctls act on
 * @size: sizeof(struct iommu_vfio_ioas)
 * @ioas_id: in for SET, out for GET
 * @op: enum iommufd_vfio_ioas_op
 * @__reserved: 0
 */
struct iommu_vfio_ioas {
	__u32 size;
	__u32 ioas_id;
	__u16 op;
	__u16 __reserved;
};

/* From here on: commands that need a physical device. */

enum iommufd_hwpt_alloc_flags {
	IOMMU_HWPT_ALLOC_NEST_PARENT = 1 << 0,
	IOMMU_HWPT_ALLOC_DIRTY_TRACKING = 1 << 1,
	IOMMU_HWPT_FAULT_ID_VALID = 1 << 2,
	IOMMU_HWPT_ALLOC_PASID = 1 << 3,
};

enum iommu_hwpt_data_type {
	IOMMU_HWPT_DATA_NONE = 0,
};

struct iommu_hwpt_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pt_id;
	__u32 out_hwpt_id;
	__u32 __reserved;
	__u32 data_type;
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 fault_id;
	__u32 __reserved2;
};

enum iommu_hw_info_flags {
	IOMMU_HW_INFO_FLAG_INPUT_TYPE = 1 << 0,
};

/* The kernel's own linux/iommu.h uses these enums from 7.x on. */
enum iommu_hw_info_type {
	IOMMU_HW_INFO_TYPE_NONE = 0,
	IOMMU_HW_INFO_TYPE_DEFAULT = 0,
};

enum iommu_viommu_type {
	IOMMU_VIOMMU_TYPE_DEFAULT = 0,
};

struct iommu_hw_info {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 data_len;
	__aligned_u64 data_uptr;
	union {
		__u32 in_data_type;
		__u32 out_data_type;
	};
	__u8 out_max_pasid_log2;
	__u8 __reserved[3];
	__aligned_u64 out_capabilities;
};

enum iommufd_hwpt_set_dirty_tracking_flags {
	IOMMU_HWPT_DIRTY_TRACKING_ENABLE = 1,
};

struct iommu_hwpt_set_dirty_tracking {
	__u32 size;
	__u32 flags;
	__u32 hwpt_id;
	__u32 __reserved;
};

enum iommufd_hwpt_get_dirty_bitmap_flags {
	IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR = 1,
};

struct iommu_hwpt_get_dirty_bitmap {
	__u32 size;
	__u32 hwpt_id;
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 page_size;
	__aligned_u64 data;
};

struct iommu_hwpt_invalidate {
	__u32 size;
	__u32 hwpt_id;
	__aligned_u64 data_uptr;
	__u32 data_type;
	__u32 entry_len;
	__u32 entry_num;
	__u32 __reserved;
};

struct iommu_fault_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_fault_id;
	__u32 out_fault_fd;
};

struct iommu_viommu_alloc {
	__u32 size;
	__u32 flags;
	__u32 type;
	__u32 dev_id;
	__u32 hwpt_id;
	__u32 out_viommu_id;
	__u32 data_len;
	__u32 __reserved;
	__aligned_u64 data_uptr;
};

struct iommu_vdevice_alloc {
	__u32 size;
	__u32 viommu_id;
	__u32 dev_id;
	__u32 out_vdevice_id;
	__aligned_u64 virt_id;
};

struct iommu_veventq_alloc {
	__u32 size;
	__u32 flags;
	__u32 viommu_id;
	__u32 type;
	__u32 veventq_depth;
	__u32 out_veventq_id;
	__u32 out_veventq_fd;
	__u32 __reserved;
};

struct iommu_hw_queue_alloc {
	__u32 size;
	__u32 flags;
	__u32 viommu_id;
	__u32 type;
	__u32 index;
	__u32 out_hw_queue_id;
	__aligned_u64 nesting_parent_iova;
	__aligned_u64 length;
};

#endif
