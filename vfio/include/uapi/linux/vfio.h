/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * linux/vfio.h - the VFIO user interface as mdevkit's vfio.ko speaks it
 *
 * Names, numbers and layouts are those of Linux 7.2, so that a program built
 * with this header runs on the kernel's own VFIO and the other way round. What
 * an emulated device can never be asked (SPAPR, EEH, zPCI, ioeventfd of PCI
 * hardware) is not here.
 *
 * Every argument struct starts with the caller's idea of its size (argsz) and a
 * flags word. The ioctl numbers carry no size: a struct may grow, and a flag
 * says that the caller filled the new part.
 *
 * A device file of the cdev kind answers only VFIO_DEVICE_BIND_IOMMUFD until
 * that succeeded; everything else is -EINVAL.
 */
#ifndef _KIT_VFIO_UAPI_LINUX_VFIO_H
#define _KIT_VFIO_UAPI_LINUX_VFIO_H

#include <linux/types.h>
#include <linux/ioctl.h>

/* The sparse annotation of a user pointer, unknown outside the kernel. */
#ifndef __user
#define __user
#endif

#define VFIO_API_VERSION 0

#define VFIO_TYPE (';')
#define VFIO_BASE 100

/* What VFIO_CHECK_EXTENSION and VFIO_SET_IOMMU take. */
#define VFIO_TYPE1_IOMMU 1
#define VFIO_TYPE1v2_IOMMU 3
#define VFIO_DMA_CC_IOMMU 4
#define __VFIO_RESERVED_TYPE1_NESTING_IOMMU 6
#define VFIO_NOIOMMU_IOMMU 8
#define VFIO_UNMAP_ALL 9
#define VFIO_UPDATE_VADDR 10

/**
 * struct vfio_info_cap_header - one element of a capability chain
 * @id: what follows; each info ioctl has its own numbering
 * @version: of that capability
 * @next: offset of the next element from the start of the info struct, 0 ends
 *
 * An info ioctl whose buffer is too small for the chain succeeds with the CAPS
 * flag set, a zero cap_offset and the needed size in argsz.
 */
struct vfio_info_cap_header {
	__u16 id;
	__u16 version;
	__u32 next;
};

/* ---- container: /dev/vfio/vfio, or /dev/iommu in its place ---- */

#define VFIO_GET_API_VERSION _IO(VFIO_TYPE, VFIO_BASE + 0)
#define VFIO_CHECK_EXTENSION _IO(VFIO_TYPE, VFIO_BASE + 1)
#define VFIO_SET_IOMMU _IO(VFIO_TYPE, VFIO_BASE + 2)

/* ---- group: /dev/vfio/N ---- */

/**
 * struct vfio_group_status - for VFIO_GROUP_GET_STATUS
 * @argsz: in: sizeof
 * @flags: out: VFIO_GROUP_FLAGS_*
 */
struct vfio_group_status {
	__u32 argsz;
	__u32 flags;
#define VFIO_GROUP_FLAGS_VIABLE (1 << 0)
#define VFIO_GROUP_FLAGS_CONTAINER_SET (1 << 1)
};

#define VFIO_GROUP_GET_STATUS _IO(VFIO_TYPE, VFIO_BASE + 3)

/* Takes a pointer to a file descriptor number (__s32). */
#define VFIO_GROUP_SET_CONTAINER _IO(VFIO_TYPE, VFIO_BASE + 4)
#define VFIO_GROUP_UNSET_CONTAINER _IO(VFIO_TYPE, VFIO_BASE + 5)
/* Takes a device name (a string), returns a device file descriptor. */
#define VFIO_GROUP_GET_DEVICE_FD _IO(VFIO_TYPE, VFIO_BASE + 6)

/* ---- device: what it is ---- */

/**
 * struct vfio_device_info - for VFIO_DEVICE_GET_INFO
 * @argsz: in: size of the buffer; out: the size that is needed
 * @flags: out: VFIO_DEVICE_FLAGS_*
 * @num_regions: out: highest region index plus one
 * @num_irqs: out: highest interrupt index plus one
 * @cap_offset: out: where the capability chain starts, 0 if it did not fit
 * @pad: keeps the size a multiple of 8
 */
struct vfio_device_info {
	__u32 argsz;
	__u32 flags;
#define VFIO_DEVICE_FLAGS_RESET (1 << 0)
#define VFIO_DEVICE_FLAGS_PCI (1 << 1)
#define VFIO_DEVICE_FLAGS_PLATFORM (1 << 2)
#define VFIO_DEVICE_FLAGS_AMBA (1 << 3)
#define VFIO_DEVICE_FLAGS_CCW (1 << 4)
#define VFIO_DEVICE_FLAGS_AP (1 << 5)
#define VFIO_DEVICE_FLAGS_FSL_MC (1 << 6)
#define VFIO_DEVICE_FLAGS_CAPS (1 << 7)
#define VFIO_DEVICE_FLAGS_CDX (1 << 8)
	__u32 num_regions;
	__u32 num_irqs;
	__u32 cap_offset;
	__u32 pad;
};

#define VFIO_DEVICE_GET_INFO _IO(VFIO_TYPE, VFIO_BASE + 7)

/* What a mediated device type reports in its device_api attribute. */
#define VFIO_DEVICE_API_PCI_STRING "vfio-pci"
#define VFIO_DEVICE_API_PLATFORM_STRING "vfio-platform"
#define VFIO_DEVICE_API_AMBA_STRING "vfio-amba"
#define VFIO_DEVICE_API_CCW_STRING "vfio-ccw"
#define VFIO_DEVICE_API_AP_STRING "vfio-ap"

#define VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP 5

struct vfio_device_info_cap_pci_atomic_comp {
	struct vfio_info_cap_header header;
	__u32 flags;
#define VFIO_PCI_ATOMIC_COMP32 (1 << 0)
#define VFIO_PCI_ATOMIC_COMP64 (1 << 1)
#define VFIO_PCI_ATOMIC_COMP128 (1 << 2)
	__u32 reserved;
};

/* ---- device: regions ---- */

/**
 * struct vfio_region_info - for VFIO_DEVICE_GET_REGION_INFO
 * @argsz: in: size of the buffer; out: the size that is needed
 * @flags: out: VFIO_REGION_INFO_FLAG_*
 * @index: in: which region
 * @cap_offset: out: where the capability chain starts, 0 if it did not fit
 * @size: out: bytes; 0 for a region that the device does not have
 * @offset: out: where the region starts in the device file
 */
struct vfio_region_info {
	__u32 argsz;
	__u32 flags;
#define VFIO_REGION_INFO_FLAG_READ (1 << 0)
#define VFIO_REGION_INFO_FLAG_WRITE (1 << 1)
#define VFIO_REGION_INFO_FLAG_MMAP (1 << 2)
#define VFIO_REGION_INFO_FLAG_CAPS (1 << 3)
	__u32 index;
	__u32 cap_offset;
	__aligned_u64 size;
	__aligned_u64 offset;
};

#define VFIO_DEVICE_GET_REGION_INFO _IO(VFIO_TYPE, VFIO_BASE + 8)

/* Only these parts of the region may be mapped. */
#define VFIO_REGION_INFO_CAP_SPARSE_MMAP 1

struct vfio_region_sparse_mmap_area {
	__aligned_u64 offset;
	__aligned_u64 size;
};

struct vfio_region_info_cap_sparse_mmap {
	struct vfio_info_cap_header header;
	__u32 nr_areas;
	__u32 reserved;
	struct vfio_region_sparse_mmap_area areas[];
};

/* What a region beyond the fixed ones is for. */
#define VFIO_REGION_INFO_CAP_TYPE 2

struct vfio_region_info_cap_type {
	struct vfio_info_cap_header header;
	__u32 type;
	__u32 subtype;
};

#define VFIO_REGION_TYPE_PCI_VENDOR_TYPE (1 << 31)
#define VFIO_REGION_TYPE_PCI_VENDOR_MASK (0xffff)
#define VFIO_REGION_TYPE_GFX (1)
#define VFIO_REGION_TYPE_CCW (2)
#define VFIO_REGION_TYPE_MIGRATION_DEPRECATED (3)

#define VFIO_REGION_SUBTYPE_GFX_EDID (1)

/**
 * struct vfio_region_gfx_edid - start of a GFX/EDID region
 * @edid_offset: where the EDID block lies in the region (read only)
 * @edid_max_size: its room in bytes (read only)
 * @edid_size: bytes in use
 * @max_xres: widest display, 0 for no limit (read only)
 * @max_yres: highest display, 0 for no limit (read only)
 * @link_state: VFIO_DEVICE_GFX_LINK_STATE_*; take it down, write the block and
 *	its size, take it up again
 */
struct vfio_region_gfx_edid {
	__u32 edid_offset;
	__u32 edid_max_size;
	__u32 edid_size;
	__u32 max_xres;
	__u32 max_yres;
	__u32 link_state;
#define VFIO_DEVICE_GFX_LINK_STATE_UP 1
#define VFIO_DEVICE_GFX_LINK_STATE_DOWN 2
};

/* The BAR may be mapped although it holds the MSI-X table. */
#define VFIO_REGION_INFO_CAP_MSIX_MAPPABLE 3

/* ---- device: interrupts ---- */

/**
 * struct vfio_irq_info - for VFIO_DEVICE_GET_IRQ_INFO
 * @argsz: in: sizeof
 * @flags: out: VFIO_IRQ_INFO_*
 * @index: in: which kind of interrupt
 * @count: out: how many of that kind, 0 for none
 */
struct vfio_irq_info {
	__u32 argsz;
	__u32 flags;
/* Signalled through eventfds. */
#define VFIO_IRQ_INFO_EVENTFD (1 << 0)
/* Takes the MASK and UNMASK actions. */
#define VFIO_IRQ_INFO_MASKABLE (1 << 1)
/* Masks itself when it fires, wants an UNMASK to fire again. */
#define VFIO_IRQ_INFO_AUTOMASKED (1 << 2)
/* Set up as a whole: to use more of them, turn the index off first. */
#define VFIO_IRQ_INFO_NORESIZE (1 << 3)
	__u32 index;
	__u32 count;
};

#define VFIO_DEVICE_GET_IRQ_INFO _IO(VFIO_TYPE, VFIO_BASE + 9)

/**
 * struct vfio_irq_set - for VFIO_DEVICE_SET_IRQS
 * @argsz: in: sizeof plus the bytes of @data
 * @flags: in: one DATA flag and one ACTION flag
 * @index: in: which kind of interrupt
 * @start: in: first of the range
 * @count: in: length of the range; 0 with DATA_NONE and ACTION_TRIGGER turns the
 *	index off
 * @data: nothing, @count bytes (DATA_BOOL: act where not zero), or @count __s32
 *	eventfds (DATA_EVENTFD: -1 takes one away)
 *
 * An eventfd given with ACTION_TRIGGER is what the device signals; given with
 * ACTION_MASK or ACTION_UNMASK it is what user space writes to, to have the
 * action done. The other data types do the action at once; with ACTION_TRIGGER
 * that is a loop-back: the eventfds are signalled as if the device had.
 */
struct vfio_irq_set {
	__u32 argsz;
	__u32 flags;
#define VFIO_IRQ_SET_DATA_NONE (1 << 0)
#define VFIO_IRQ_SET_DATA_BOOL (1 << 1)
#define VFIO_IRQ_SET_DATA_EVENTFD (1 << 2)
#define VFIO_IRQ_SET_ACTION_MASK (1 << 3)
#define VFIO_IRQ_SET_ACTION_UNMASK (1 << 4)
#define VFIO_IRQ_SET_ACTION_TRIGGER (1 << 5)
	__u32 index;
	__u32 start;
	__u32 count;
	__u8 data[];
};

#define VFIO_DEVICE_SET_IRQS _IO(VFIO_TYPE, VFIO_BASE + 10)

#define VFIO_IRQ_SET_DATA_TYPE_MASK                        \
	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL | \
	 VFIO_IRQ_SET_DATA_EVENTFD)
#define VFIO_IRQ_SET_ACTION_TYPE_MASK                            \
	(VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_ACTION_UNMASK | \
	 VFIO_IRQ_SET_ACTION_TRIGGER)

#define VFIO_DEVICE_RESET _IO(VFIO_TYPE, VFIO_BASE + 11)

/* ---- device: indexes of a "vfio-pci" one; 9 and up are the device's own ---- */

enum {
	VFIO_PCI_BAR0_REGION_INDEX = 0,
	VFIO_PCI_BAR1_REGION_INDEX = 1,
	VFIO_PCI_BAR2_REGION_INDEX = 2,
	VFIO_PCI_BAR3_REGION_INDEX = 3,
	VFIO_PCI_BAR4_REGION_INDEX = 4,
	VFIO_PCI_BAR5_REGION_INDEX = 5,
	VFIO_PCI_ROM_REGION_INDEX = 6,
	VFIO_PCI_CONFIG_REGION_INDEX = 7,
	VFIO_PCI_VGA_REGION_INDEX = 8,
	VFIO_PCI_NUM_REGIONS = 9
};

enum {
	VFIO_PCI_INTX_IRQ_INDEX = 0,
	VFIO_PCI_MSI_IRQ_INDEX = 1,
	VFIO_PCI_MSIX_IRQ_INDEX = 2,
	VFIO_PCI_ERR_IRQ_INDEX = 3,
	VFIO_PCI_REQ_IRQ_INDEX = 4,
	VFIO_PCI_NUM_IRQS = 5
};

/* Hot reset needs hardware; the numbers are here so that -ENOTTY can be seen. */
#define VFIO_PCI_DEVID_OWNED 0
#define VFIO_PCI_DEVID_NOT_OWNED -1
#define VFIO_DEVICE_GET_PCI_HOT_RESET_INFO _IO(VFIO_TYPE, VFIO_BASE + 12)
#define VFIO_DEVICE_PCI_HOT_RESET _IO(VFIO_TYPE, VFIO_BASE + 13)

/* ---- device: display ---- */

/**
 * struct vfio_device_gfx_plane_info - for VFIO_DEVICE_QUERY_GFX_PLANE
 * @argsz: in: sizeof
 * @flags: in: one TYPE flag, with PROBE to ask only whether it is offered
 * @drm_plane_type: in: DRM_PLANE_TYPE_*
 * @drm_format: out: DRM fourcc
 * @drm_format_mod: out: DRM format modifier
 * @width: out: pixels
 * @height: out: pixels
 * @stride: out: bytes from one line to the next
 * @size: out: bytes, whole pages
 * @x_pos: out: cursor position
 * @y_pos: out: cursor position
 * @x_hot: out: cursor hot spot, 0xffffffff for unknown
 * @y_hot: out: cursor hot spot, 0xffffffff for unknown
 * @region_index: out, TYPE_REGION: where the pixels are
 * @dmabuf_id: out, TYPE_DMABUF: what to give to VFIO_DEVICE_GET_GFX_DMABUF
 * @reserved: keeps the size a multiple of 8
 *
 * A plane that the guest switched off is all zeros.
 */
struct vfio_device_gfx_plane_info {
	__u32 argsz;
	__u32 flags;
#define VFIO_GFX_PLANE_TYPE_PROBE (1 << 0)
#define VFIO_GFX_PLANE_TYPE_DMABUF (1 << 1)
#define VFIO_GFX_PLANE_TYPE_REGION (1 << 2)
	__u32 drm_plane_type;
	__u32 drm_format;
	__aligned_u64 drm_format_mod;
	__u32 width;
	__u32 height;
	__u32 stride;
	__u32 size;
	__u32 x_pos;
	__u32 y_pos;
	__u32 x_hot;
	__u32 y_hot;
	union {
		__u32 region_index;
		__u32 dmabuf_id;
	};
	__u32 reserved;
};

#define VFIO_DEVICE_QUERY_GFX_PLANE _IO(VFIO_TYPE, VFIO_BASE + 14)

/* Takes a pointer to a dmabuf_id (__u32), returns a dma-buf file descriptor. */
#define VFIO_DEVICE_GET_GFX_DMABUF _IO(VFIO_TYPE, VFIO_BASE + 15)

#define VFIO_DEVICE_IOEVENTFD _IO(VFIO_TYPE, VFIO_BASE + 16)

/* ---- device: features ---- */

/**
 * struct vfio_device_feature - for VFIO_DEVICE_FEATURE
 * @argsz: in: sizeof plus the bytes of @data
 * @flags: in: a VFIO_DEVICE_FEATURE_<name> number, and what to do with it. PROBE
 *	asks whether the feature and the methods named beside it are there;
 *	without PROBE exactly one of GET and SET
 * @data: one of the structs below
 */
struct vfio_device_feature {
	__u32 argsz;
	__u32 flags;
#define VFIO_DEVICE_FEATURE_MASK (0xffff)
#define VFIO_DEVICE_FEATURE_GET (1 << 16)
#define VFIO_DEVICE_FEATURE_SET (1 << 17)
#define VFIO_DEVICE_FEATURE_PROBE (1 << 18)
	__u8 data[];
};

#define VFIO_DEVICE_FEATURE _IO(VFIO_TYPE, VFIO_BASE + 17)

/* ---- device: which iommufd it belongs to ---- */

/**
 * struct vfio_device_bind_iommufd - for VFIO_DEVICE_BIND_IOMMUFD
 * @argsz: in: sizeof; may end after @out_devid
 * @flags: in: VFIO_DEVICE_BIND_FLAG_*
 * @iommufd: in: an open /dev/iommu
 * @out_devid: out: the device's object id in that iommufd
 * @token_uuid_ptr: in, with FLAG_TOKEN: the 16 bytes of a UUID that the driver
 *	asks for before it lets anybody in
 *
 * A device is bound by one file at a time, until that file is closed.
 */
struct vfio_device_bind_iommufd {
	__u32 argsz;
	__u32 flags;
#define VFIO_DEVICE_BIND_FLAG_TOKEN (1 << 0)
	__s32 iommufd;
	__u32 out_devid;
	__aligned_u64 token_uuid_ptr;
};

#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

/**
 * struct vfio_device_attach_iommufd_pt - for VFIO_DEVICE_ATTACH_IOMMUFD_PT
 * @argsz: in: sizeof; may end after @pt_id
 * @flags: in: VFIO_DEVICE_ATTACH_*
 * @pt_id: in: an IOAS; out: what was attached, for emulated devices the same
 * @pasid: in, with ATTACH_PASID: which address space of the device
 *
 * On an attached device this replaces the IOAS. If it fails, what was attached
 * stays attached.
 */
struct vfio_device_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
#define VFIO_DEVICE_ATTACH_PASID (1 << 0)
	__u32 pt_id;
	__u32 pasid;
};

#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)

/**
 * struct vfio_device_detach_iommufd_pt - for VFIO_DEVICE_DETACH_IOMMUFD_PT
 * @argsz: in: sizeof; may end after @flags
 * @flags: in: VFIO_DEVICE_DETACH_*
 * @pasid: in, with DETACH_PASID: which address space of the device
 *
 * Succeeds on a device that is not attached.
 */
struct vfio_device_detach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
#define VFIO_DEVICE_DETACH_PASID (1 << 0)
	__u32 pasid;
};

#define VFIO_DEVICE_DETACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 20)

/* ---- features ---- */

/* SET: 16 bytes, the secret that users of a VF must show. */
#define VFIO_DEVICE_FEATURE_PCI_VF_TOKEN 0

/**
 * struct vfio_device_feature_migration - GET: can it migrate
 * @flags: STOP_COPY always; P2P adds RUNNING_P2P, PRE_COPY adds PRE_COPY, both
 *	together add PRE_COPY_P2P
 */
struct vfio_device_feature_migration {
	__aligned_u64 flags;
#define VFIO_MIGRATION_STOP_COPY (1 << 0)
#define VFIO_MIGRATION_P2P (1 << 1)
#define VFIO_MIGRATION_PRE_COPY (1 << 2)
};

#define VFIO_DEVICE_FEATURE_MIGRATION 1

/**
 * struct vfio_device_feature_mig_state - GET and SET: the migration state
 * @device_state: enum vfio_device_mig_state
 * @data_fd: out: where the state is read from or written to, when the change
 *	started a transfer; -1 otherwise
 *
 * A failed SET leaves the device in the old state or in one on the way; ask.
 */
struct vfio_device_feature_mig_state {
	__u32 device_state;
	__s32 data_fd;
};

#define VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE 2

/**
 * enum vfio_device_mig_state - migration states
 * @VFIO_DEVICE_STATE_ERROR: broken; only VFIO_DEVICE_RESET leads out
 * @VFIO_DEVICE_STATE_STOP: does nothing of its own, keeps all
 * @VFIO_DEVICE_STATE_RUNNING: works
 * @VFIO_DEVICE_STATE_STOP_COPY: stopped, its state can be read from the data fd
 * @VFIO_DEVICE_STATE_RESUMING: stopped, a state is being written to the data fd
 * @VFIO_DEVICE_STATE_RUNNING_P2P: works, but starts no DMA to other devices
 * @VFIO_DEVICE_STATE_PRE_COPY: works, and part of its state can be read already
 * @VFIO_DEVICE_STATE_PRE_COPY_P2P: the two before together
 * @VFIO_DEVICE_STATE_NR: how many
 */
enum vfio_device_mig_state {
	VFIO_DEVICE_STATE_ERROR = 0,
	VFIO_DEVICE_STATE_STOP = 1,
	VFIO_DEVICE_STATE_RUNNING = 2,
	VFIO_DEVICE_STATE_STOP_COPY = 3,
	VFIO_DEVICE_STATE_RESUMING = 4,
	VFIO_DEVICE_STATE_RUNNING_P2P = 5,
	VFIO_DEVICE_STATE_PRE_COPY = 6,
	VFIO_DEVICE_STATE_PRE_COPY_P2P = 7,
	VFIO_DEVICE_STATE_NR
};

/**
 * struct vfio_precopy_info - for VFIO_MIG_GET_PRECOPY_INFO on a data fd
 * @argsz: in: sizeof
 * @flags: out: VFIO_PRECOPY_INFO_*, meaningful after the feature
 *	MIG_PRECOPY_INFOv2 was set
 * @initial_bytes: out: left of what should be copied before STOP_COPY
 * @dirty_bytes: out: changed since it was read
 *
 * -EINVAL outside the PRE_COPY states.
 */
struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
#define VFIO_PRECOPY_INFO_REINIT (1 << 0)
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};

#define VFIO_MIG_GET_PRECOPY_INFO _IO(VFIO_TYPE, VFIO_BASE + 21)

#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY 3

struct vfio_device_low_power_entry_with_wakeup {
	__s32 wakeup_eventfd;
	__u32 reserved;
};

#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP 4
#define VFIO_DEVICE_FEATURE_LOW_POWER_EXIT 5

/**
 * struct vfio_device_feature_dma_logging_control - SET: start the log
 * @page_size: in: wanted granularity in bytes; out: what the device does
 * @num_ranges: in: how many @ranges, at most what fits into a page
 * @__reserved: not used
 * @ranges: in: pointer to struct vfio_device_feature_dma_logging_range
 */
struct vfio_device_feature_dma_logging_control {
	__aligned_u64 page_size;
	__u32 num_ranges;
	__u32 __reserved;
	__aligned_u64 ranges;
};

struct vfio_device_feature_dma_logging_range {
	__aligned_u64 iova;
	__aligned_u64 length;
};

#define VFIO_DEVICE_FEATURE_DMA_LOGGING_START 6

/* SET, no data. */
#define VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP 7

/**
 * struct vfio_device_feature_dma_logging_report - GET: read the log and clear it
 * @iova: in: start
 * @length: in: bytes
 * @page_size: in: bytes that one bit stands for, a power of two from 4096 on
 * @bitmap: in: pointer to __u64 words; bit (addr - @iova) / @page_size is set
 *	where the device wrote, no bit is ever cleared
 */
struct vfio_device_feature_dma_logging_report {
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 page_size;
	__aligned_u64 bitmap;
};

#define VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT 8

/* GET: about how many bytes STOP_COPY will give. */
struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};

#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9

/* SET. */
struct vfio_device_feature_bus_master {
	__u32 op;
#define VFIO_DEVICE_FEATURE_CLEAR_MASTER 0
#define VFIO_DEVICE_FEATURE_SET_MASTER 1
};

#define VFIO_DEVICE_FEATURE_BUS_MASTER 10

/* GET: a dma-buf of parts of a region; returns its file descriptor. */
struct vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

struct vfio_device_feature_dma_buf {
	__u32 region_index;
	__u32 open_flags;
	__u32 flags;
	__u32 nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};

#define VFIO_DEVICE_FEATURE_DMA_BUF 11

/* SET, no data: struct vfio_precopy_info.flags is an output from now on. */
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12

/* ---- the type1 container, spoken by /dev/iommu for old programs ---- */

struct vfio_iommu_type1_info {
	__u32 argsz;
	__u32 flags;
#define VFIO_IOMMU_INFO_PGSIZES (1 << 0)
#define VFIO_IOMMU_INFO_CAPS (1 << 1)
	__aligned_u64 iova_pgsizes;
	__u32 cap_offset;
	__u32 pad;
};

#define VFIO_IOMMU_GET_INFO _IO(VFIO_TYPE, VFIO_BASE + 12)

#define VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE 1

struct vfio_iova_range {
	__u64 start;
	__u64 end;
};

struct vfio_iommu_type1_info_cap_iova_range {
	struct vfio_info_cap_header header;
	__u32 nr_iovas;
	__u32 reserved;
	struct vfio_iova_range iova_ranges[];
};

#define VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION 2

struct vfio_iommu_type1_info_cap_migration {
	struct vfio_info_cap_header header;
	__u32 flags;
	__u64 pgsize_bitmap;
	__u64 max_dirty_bitmap_size;
};

#define VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL 3

struct vfio_iommu_type1_info_dma_avail {
	struct vfio_info_cap_header header;
	__u32 avail;
};

/**
 * struct vfio_iommu_type1_dma_map - for VFIO_IOMMU_MAP_DMA
 * @argsz: in: sizeof
 * @flags: in: VFIO_DMA_MAP_FLAG_*
 * @vaddr: in: address in the caller
 * @iova: in: address for the device
 * @size: in: bytes
 */
struct vfio_iommu_type1_dma_map {
	__u32 argsz;
	__u32 flags;
#define VFIO_DMA_MAP_FLAG_READ (1 << 0)
#define VFIO_DMA_MAP_FLAG_WRITE (1 << 1)
#define VFIO_DMA_MAP_FLAG_VADDR (1 << 2)
	__u64 vaddr;
	__u64 iova;
	__u64 size;
};

#define VFIO_IOMMU_MAP_DMA _IO(VFIO_TYPE, VFIO_BASE + 13)

struct vfio_bitmap {
	__u64 pgsize;
	__u64 size;
	__u64 __user *data;
};

/**
 * struct vfio_iommu_type1_dma_unmap - for VFIO_IOMMU_UNMAP_DMA
 * @argsz: in: sizeof
 * @flags: in: VFIO_DMA_UNMAP_FLAG_*
 * @iova: in: start; 0 with FLAG_ALL
 * @size: in: bytes, 0 with FLAG_ALL; out: bytes that were unmapped
 * @data: struct vfio_bitmap, with FLAG_GET_DIRTY_BITMAP
 */
struct vfio_iommu_type1_dma_unmap {
	__u32 argsz;
	__u32 flags;
#define VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP (1 << 0)
#define VFIO_DMA_UNMAP_FLAG_ALL (1 << 1)
#define VFIO_DMA_UNMAP_FLAG_VADDR (1 << 2)
	__u64 iova;
	__u64 size;
	__u8 data[];
};

#define VFIO_IOMMU_UNMAP_DMA _IO(VFIO_TYPE, VFIO_BASE + 14)

#define VFIO_IOMMU_ENABLE _IO(VFIO_TYPE, VFIO_BASE + 15)
#define VFIO_IOMMU_DISABLE _IO(VFIO_TYPE, VFIO_BASE + 16)

struct vfio_iommu_type1_dirty_bitmap {
	__u32 argsz;
	__u32 flags;
#define VFIO_IOMMU_DIRTY_PAGES_FLAG_START (1 << 0)
#define VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP (1 << 1)
#define VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP (1 << 2)
	__u8 data[];
};

struct vfio_iommu_type1_dirty_bitmap_get {
	__u64 iova;
	__u64 size;
	struct vfio_bitmap bitmap;
};

#define VFIO_IOMMU_DIRTY_PAGES _IO(VFIO_TYPE, VFIO_BASE + 17)

#endif
