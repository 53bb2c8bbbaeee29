// SPDX-License-Identifier: GPL-2.0-only
/*
 * layout.c - the numbers of the uAPI headers that this repository ships
 *
 * Programs are compiled against our headers and run on the kernel's own iommufd
 * and vfio as well, and programs compiled against the kernel's headers run on
 * ours: every size, offset and number has to be the kernel's. The tables are
 * facts, read off the 6.12 headers by a program and extended by what 7.2 added
 * (marked); they are never regenerated from our own headers.
 *
 * A failure means that a header was changed in a way that breaks every compiled
 * program.
 */
#include <stddef.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "kit_tap.h"
#include "mdma.h"

struct fact {
	const char *name;
	unsigned long long expected;
	unsigned long long seen;
};

#define STRUCT(s, n)                                         \
	{                                                    \
		"sizeof(struct " #s ")", n, sizeof(struct s) \
	}
#define FIELD(s, f, n)                              \
	{                                           \
#s "." #f, n, offsetof(struct s, f) \
	}
#define VALUE(v, n)      \
	{                \
#v, n, v \
	}

static void check(const struct fact *facts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (facts[i].expected != facts[i].seen)
			tap_note("%s:", facts[i].name);
		EXPECT_EQ(facts[i].expected, facts[i].seen);
	}
}

#define CHECK(facts) check(facts, sizeof(facts) / sizeof((facts)[0]))

static const struct fact iommufd_structs[] = {
	STRUCT(iommu_destroy, 8),
	FIELD(iommu_destroy, size, 0),
	FIELD(iommu_destroy, id, 4),
	STRUCT(iommu_ioas_alloc, 12),
	FIELD(iommu_ioas_alloc, size, 0),
	FIELD(iommu_ioas_alloc, flags, 4),
	FIELD(iommu_ioas_alloc, out_ioas_id, 8),
	STRUCT(iommu_iova_range, 16),
	FIELD(iommu_iova_range, start, 0),
	FIELD(iommu_iova_range, last, 8),
	STRUCT(iommu_ioas_iova_ranges, 32),
	FIELD(iommu_ioas_iova_ranges, size, 0),
	FIELD(iommu_ioas_iova_ranges, ioas_id, 4),
	FIELD(iommu_ioas_iova_ranges, num_iovas, 8),
	FIELD(iommu_ioas_iova_ranges, __reserved, 12),
	FIELD(iommu_ioas_iova_ranges, allowed_iovas, 16),
	FIELD(iommu_ioas_iova_ranges, out_iova_alignment, 24),
	STRUCT(iommu_ioas_allow_iovas, 24),
	FIELD(iommu_ioas_allow_iovas, size, 0),
	FIELD(iommu_ioas_allow_iovas, ioas_id, 4),
	FIELD(iommu_ioas_allow_iovas, num_iovas, 8),
	FIELD(iommu_ioas_allow_iovas, __reserved, 12),
	FIELD(iommu_ioas_allow_iovas, allowed_iovas, 16),
	STRUCT(iommu_ioas_map, 40),
	FIELD(iommu_ioas_map, size, 0),
	FIELD(iommu_ioas_map, flags, 4),
	FIELD(iommu_ioas_map, ioas_id, 8),
	FIELD(iommu_ioas_map, __reserved, 12),
	FIELD(iommu_ioas_map, user_va, 16),
	FIELD(iommu_ioas_map, length, 24),
	FIELD(iommu_ioas_map, iova, 32),
	STRUCT(iommu_ioas_copy, 40),
	FIELD(iommu_ioas_copy, size, 0),
	FIELD(iommu_ioas_copy, flags, 4),
	FIELD(iommu_ioas_copy, dst_ioas_id, 8),
	FIELD(iommu_ioas_copy, src_ioas_id, 12),
	FIELD(iommu_ioas_copy, length, 16),
	FIELD(iommu_ioas_copy, dst_iova, 24),
	FIELD(iommu_ioas_copy, src_iova, 32),
	STRUCT(iommu_ioas_unmap, 24),
	FIELD(iommu_ioas_unmap, size, 0),
	FIELD(iommu_ioas_unmap, ioas_id, 4),
	FIELD(iommu_ioas_unmap, iova, 8),
	FIELD(iommu_ioas_unmap, length, 16),
	STRUCT(iommu_option, 24),
	FIELD(iommu_option, size, 0),
	FIELD(iommu_option, option_id, 4),
	FIELD(iommu_option, op, 8),
	FIELD(iommu_option, __reserved, 10),
	FIELD(iommu_option, object_id, 12),
	FIELD(iommu_option, val64, 16),
	STRUCT(iommu_vfio_ioas, 12),
	FIELD(iommu_vfio_ioas, size, 0),
	FIELD(iommu_vfio_ioas, ioas_id, 4),
	FIELD(iommu_vfio_ioas, op, 8),
	FIELD(iommu_vfio_ioas, __reserved, 10),
	STRUCT(iommu_hwpt_alloc, 48),
	FIELD(iommu_hwpt_alloc, size, 0),
	FIELD(iommu_hwpt_alloc, flags, 4),
	FIELD(iommu_hwpt_alloc, dev_id, 8),
	FIELD(iommu_hwpt_alloc, pt_id, 12),
	FIELD(iommu_hwpt_alloc, out_hwpt_id, 16),
	FIELD(iommu_hwpt_alloc, __reserved, 20),
	FIELD(iommu_hwpt_alloc, data_type, 24),
	FIELD(iommu_hwpt_alloc, data_len, 28),
	FIELD(iommu_hwpt_alloc, data_uptr, 32),
	FIELD(iommu_hwpt_alloc, fault_id, 40),
	FIELD(iommu_hwpt_alloc, __reserved2, 44),
	STRUCT(iommu_hw_info, 40),
	FIELD(iommu_hw_info, size, 0),
	FIELD(iommu_hw_info, flags, 4),
	FIELD(iommu_hw_info, dev_id, 8),
	FIELD(iommu_hw_info, data_len, 12),
	FIELD(iommu_hw_info, data_uptr, 16),
	FIELD(iommu_hw_info, out_data_type, 24),
	FIELD(iommu_hw_info, out_capabilities, 32),
	STRUCT(iommu_hwpt_set_dirty_tracking, 16),
	FIELD(iommu_hwpt_set_dirty_tracking, size, 0),
	FIELD(iommu_hwpt_set_dirty_tracking, flags, 4),
	FIELD(iommu_hwpt_set_dirty_tracking, hwpt_id, 8),
	FIELD(iommu_hwpt_set_dirty_tracking, __reserved, 12),
	STRUCT(iommu_hwpt_get_dirty_bitmap, 48),
	FIELD(iommu_hwpt_get_dirty_bitmap, size, 0),
	FIELD(iommu_hwpt_get_dirty_bitmap, hwpt_id, 4),
	FIELD(iommu_hwpt_get_dirty_bitmap, flags, 8),
	FIELD(iommu_hwpt_get_dirty_bitmap, __reserved, 12),
	FIELD(iommu_hwpt_get_dirty_bitmap, iova, 16),
	FIELD(iommu_hwpt_get_dirty_bitmap, length, 24),
	FIELD(iommu_hwpt_get_dirty_bitmap, page_size, 32),
	FIELD(iommu_hwpt_get_dirty_bitmap, data, 40),
	STRUCT(iommu_hwpt_invalidate, 32),
	FIELD(iommu_hwpt_invalidate, size, 0),
	FIELD(iommu_hwpt_invalidate, hwpt_id, 4),
	FIELD(iommu_hwpt_invalidate, data_uptr, 8),
	FIELD(iommu_hwpt_invalidate, data_type, 16),
	FIELD(iommu_hwpt_invalidate, entry_len, 20),
	FIELD(iommu_hwpt_invalidate, entry_num, 24),
	FIELD(iommu_hwpt_invalidate, __reserved, 28),
	STRUCT(iommu_fault_alloc, 16),
	FIELD(iommu_fault_alloc, size, 0),
	FIELD(iommu_fault_alloc, flags, 4),
	FIELD(iommu_fault_alloc, out_fault_id, 8),
	FIELD(iommu_fault_alloc, out_fault_fd, 12),
	/* since 6.13 and later */
	STRUCT(iommu_ioas_map_file, 40),
	FIELD(iommu_ioas_map_file, size, 0),
	FIELD(iommu_ioas_map_file, flags, 4),
	FIELD(iommu_ioas_map_file, ioas_id, 8),
	FIELD(iommu_ioas_map_file, fd, 12),
	FIELD(iommu_ioas_map_file, start, 16),
	FIELD(iommu_ioas_map_file, length, 24),
	FIELD(iommu_ioas_map_file, iova, 32),
	STRUCT(iommu_ioas_change_process, 8),
	FIELD(iommu_ioas_change_process, size, 0),
	FIELD(iommu_ioas_change_process, __reserved, 4),
	STRUCT(iommu_viommu_alloc, 40),
	STRUCT(iommu_vdevice_alloc, 24),
	STRUCT(iommu_veventq_alloc, 32),
	STRUCT(iommu_hw_queue_alloc, 40),
};

static const struct fact iommufd_numbers[] = {
	VALUE(IOMMU_DESTROY, 0x3b80),
	VALUE(IOMMU_IOAS_ALLOC, 0x3b81),
	VALUE(IOMMU_IOAS_ALLOW_IOVAS, 0x3b82),
	VALUE(IOMMU_IOAS_COPY, 0x3b83),
	VALUE(IOMMU_IOAS_IOVA_RANGES, 0x3b84),
	VALUE(IOMMU_IOAS_MAP, 0x3b85),
	VALUE(IOMMU_IOAS_UNMAP, 0x3b86),
	VALUE(IOMMU_OPTION, 0x3b87),
	VALUE(IOMMU_VFIO_IOAS, 0x3b88),
	VALUE(IOMMU_HWPT_ALLOC, 0x3b89),
	VALUE(IOMMU_GET_HW_INFO, 0x3b8a),
	VALUE(IOMMU_HWPT_SET_DIRTY_TRACKING, 0x3b8b),
	VALUE(IOMMU_HWPT_GET_DIRTY_BITMAP, 0x3b8c),
	VALUE(IOMMU_HWPT_INVALIDATE, 0x3b8d),
	VALUE(IOMMU_FAULT_QUEUE_ALLOC, 0x3b8e),
	VALUE(IOMMU_IOAS_MAP_FIXED_IOVA, 1),
	VALUE(IOMMU_IOAS_MAP_WRITEABLE, 2),
	VALUE(IOMMU_IOAS_MAP_READABLE, 4),
	VALUE(IOMMU_OPTION_RLIMIT_MODE, 0),
	VALUE(IOMMU_OPTION_HUGE_PAGES, 1),
	VALUE(IOMMU_OPTION_OP_SET, 0),
	VALUE(IOMMU_OPTION_OP_GET, 1),
	VALUE(IOMMU_VFIO_IOAS_GET, 0),
	VALUE(IOMMU_VFIO_IOAS_SET, 1),
	VALUE(IOMMU_VFIO_IOAS_CLEAR, 2),
	/* since 6.13 and later */
	VALUE(IOMMU_IOAS_MAP_FILE, 0x3b8f),
	VALUE(IOMMU_VIOMMU_ALLOC, 0x3b90),
	VALUE(IOMMU_VDEVICE_ALLOC, 0x3b91),
	VALUE(IOMMU_IOAS_CHANGE_PROCESS, 0x3b92),
	VALUE(IOMMU_VEVENTQ_ALLOC, 0x3b93),
	VALUE(IOMMU_HW_QUEUE_ALLOC, 0x3b94),
};

static const struct fact vfio_structs[] = {
	STRUCT(vfio_info_cap_header, 8),
	FIELD(vfio_info_cap_header, id, 0),
	FIELD(vfio_info_cap_header, version, 2),
	FIELD(vfio_info_cap_header, next, 4),
	STRUCT(vfio_group_status, 8),
	FIELD(vfio_group_status, argsz, 0),
	FIELD(vfio_group_status, flags, 4),
	STRUCT(vfio_device_info, 24),
	FIELD(vfio_device_info, argsz, 0),
	FIELD(vfio_device_info, flags, 4),
	FIELD(vfio_device_info, num_regions, 8),
	FIELD(vfio_device_info, num_irqs, 12),
	FIELD(vfio_device_info, cap_offset, 16),
	STRUCT(vfio_region_info, 32),
	FIELD(vfio_region_info, argsz, 0),
	FIELD(vfio_region_info, flags, 4),
	FIELD(vfio_region_info, index, 8),
	FIELD(vfio_region_info, cap_offset, 12),
	FIELD(vfio_region_info, size, 16),
	FIELD(vfio_region_info, offset, 24),
	STRUCT(vfio_region_sparse_mmap_area, 16),
	FIELD(vfio_region_sparse_mmap_area, offset, 0),
	FIELD(vfio_region_sparse_mmap_area, size, 8),
	STRUCT(vfio_region_info_cap_sparse_mmap, 16),
	FIELD(vfio_region_info_cap_sparse_mmap, header, 0),
	FIELD(vfio_region_info_cap_sparse_mmap, nr_areas, 8),
	FIELD(vfio_region_info_cap_sparse_mmap, reserved, 12),
	FIELD(vfio_region_info_cap_sparse_mmap, areas, 16),
	STRUCT(vfio_region_info_cap_type, 16),
	FIELD(vfio_region_info_cap_type, header, 0),
	FIELD(vfio_region_info_cap_type, type, 8),
	FIELD(vfio_region_info_cap_type, subtype, 12),
	STRUCT(vfio_region_gfx_edid, 24),
	FIELD(vfio_region_gfx_edid, edid_offset, 0),
	FIELD(vfio_region_gfx_edid, edid_max_size, 4),
	FIELD(vfio_region_gfx_edid, edid_size, 8),
	FIELD(vfio_region_gfx_edid, max_xres, 12),
	FIELD(vfio_region_gfx_edid, max_yres, 16),
	FIELD(vfio_region_gfx_edid, link_state, 20),
	STRUCT(vfio_irq_info, 16),
	FIELD(vfio_irq_info, argsz, 0),
	FIELD(vfio_irq_info, flags, 4),
	FIELD(vfio_irq_info, index, 8),
	FIELD(vfio_irq_info, count, 12),
	STRUCT(vfio_irq_set, 20),
	FIELD(vfio_irq_set, argsz, 0),
	FIELD(vfio_irq_set, flags, 4),
	FIELD(vfio_irq_set, index, 8),
	FIELD(vfio_irq_set, start, 12),
	FIELD(vfio_irq_set, count, 16),
	FIELD(vfio_irq_set, data, 20),
	STRUCT(vfio_device_gfx_plane_info, 64),
	FIELD(vfio_device_gfx_plane_info, argsz, 0),
	FIELD(vfio_device_gfx_plane_info, flags, 4),
	FIELD(vfio_device_gfx_plane_info, drm_plane_type, 8),
	FIELD(vfio_device_gfx_plane_info, drm_format, 12),
	FIELD(vfio_device_gfx_plane_info, drm_format_mod, 16),
	FIELD(vfio_device_gfx_plane_info, width, 24),
	FIELD(vfio_device_gfx_plane_info, height, 28),
	FIELD(vfio_device_gfx_plane_info, stride, 32),
	FIELD(vfio_device_gfx_plane_info, size, 36),
	FIELD(vfio_device_gfx_plane_info, x_pos, 40),
	FIELD(vfio_device_gfx_plane_info, y_pos, 44),
	FIELD(vfio_device_gfx_plane_info, x_hot, 48),
	FIELD(vfio_device_gfx_plane_info, y_hot, 52),
	FIELD(vfio_device_gfx_plane_info, region_index, 56),
	FIELD(vfio_device_gfx_plane_info, dmabuf_id, 56),
	STRUCT(vfio_device_feature, 8),
	FIELD(vfio_device_feature, argsz, 0),
	FIELD(vfio_device_feature, flags, 4),
	FIELD(vfio_device_feature, data, 8),
	STRUCT(vfio_device_bind_iommufd, 24), /* 7.2 */
	FIELD(vfio_device_bind_iommufd, argsz, 0),
	FIELD(vfio_device_bind_iommufd, flags, 4),
	FIELD(vfio_device_bind_iommufd, iommufd, 8),
	FIELD(vfio_device_bind_iommufd, out_devid, 12),
	STRUCT(vfio_device_attach_iommufd_pt, 16), /* 7.2 */
	FIELD(vfio_device_attach_iommufd_pt, argsz, 0),
	FIELD(vfio_device_attach_iommufd_pt, flags, 4),
	FIELD(vfio_device_attach_iommufd_pt, pt_id, 8),
	STRUCT(vfio_device_detach_iommufd_pt, 12), /* 7.2 */
	FIELD(vfio_device_detach_iommufd_pt, argsz, 0),
	FIELD(vfio_device_detach_iommufd_pt, flags, 4),
	STRUCT(vfio_device_feature_migration, 8),
	FIELD(vfio_device_feature_migration, flags, 0),
	STRUCT(vfio_device_feature_mig_state, 8),
	FIELD(vfio_device_feature_mig_state, device_state, 0),
	FIELD(vfio_device_feature_mig_state, data_fd, 4),
	STRUCT(vfio_precopy_info, 24),
	FIELD(vfio_precopy_info, argsz, 0),
	FIELD(vfio_precopy_info, flags, 4),
	FIELD(vfio_precopy_info, initial_bytes, 8),
	FIELD(vfio_precopy_info, dirty_bytes, 16),
	STRUCT(vfio_device_feature_dma_logging_control, 24),
	FIELD(vfio_device_feature_dma_logging_control, page_size, 0),
	FIELD(vfio_device_feature_dma_logging_control, num_ranges, 8),
	FIELD(vfio_device_feature_dma_logging_control, __reserved, 12),
	FIELD(vfio_device_feature_dma_logging_control, ranges, 16),
	STRUCT(vfio_device_feature_dma_logging_range, 16),
	FIELD(vfio_device_feature_dma_logging_range, iova, 0),
	FIELD(vfio_device_feature_dma_logging_range, length, 8),
	STRUCT(vfio_device_feature_dma_logging_report, 32),
	FIELD(vfio_device_feature_dma_logging_report, iova, 0),
	FIELD(vfio_device_feature_dma_logging_report, length, 8),
	FIELD(vfio_device_feature_dma_logging_report, page_size, 16),
	FIELD(vfio_device_feature_dma_logging_report, bitmap, 24),
	STRUCT(vfio_device_feature_mig_data_size, 8),
	FIELD(vfio_device_feature_mig_data_size, stop_copy_length, 0),
	STRUCT(vfio_iommu_type1_info, 24),
	FIELD(vfio_iommu_type1_info, argsz, 0),
	FIELD(vfio_iommu_type1_info, flags, 4),
	FIELD(vfio_iommu_type1_info, iova_pgsizes, 8),
	FIELD(vfio_iommu_type1_info, cap_offset, 16),
	STRUCT(vfio_iommu_type1_info_cap_iova_range, 16),
	FIELD(vfio_iommu_type1_info_cap_iova_range, header, 0),
	FIELD(vfio_iommu_type1_info_cap_iova_range, nr_iovas, 8),
	FIELD(vfio_iommu_type1_info_cap_iova_range, reserved, 12),
	FIELD(vfio_iommu_type1_info_cap_iova_range, iova_ranges, 16),
	STRUCT(vfio_iommu_type1_dma_map, 32),
	FIELD(vfio_iommu_type1_dma_map, argsz, 0),
	FIELD(vfio_iommu_type1_dma_map, flags, 4),
	FIELD(vfio_iommu_type1_dma_map, vaddr, 8),
	FIELD(vfio_iommu_type1_dma_map, iova, 16),
	FIELD(vfio_iommu_type1_dma_map, size, 24),
	STRUCT(vfio_bitmap, 24),
	FIELD(vfio_bitmap, pgsize, 0),
	FIELD(vfio_bitmap, size, 8),
	FIELD(vfio_bitmap, data, 16),
	STRUCT(vfio_iommu_type1_dma_unmap, 24),
	FIELD(vfio_iommu_type1_dma_unmap, argsz, 0),
	FIELD(vfio_iommu_type1_dma_unmap, flags, 4),
	FIELD(vfio_iommu_type1_dma_unmap, iova, 8),
	FIELD(vfio_iommu_type1_dma_unmap, size, 16),
	FIELD(vfio_iommu_type1_dma_unmap, data, 24),
	/* since 6.13 and later */
	FIELD(vfio_device_bind_iommufd, token_uuid_ptr, 16),
	FIELD(vfio_device_attach_iommufd_pt, pasid, 12),
	FIELD(vfio_device_detach_iommufd_pt, pasid, 8),
};

static const struct fact vfio_numbers[] = {
	VALUE(VFIO_GET_API_VERSION, 0x3b64),
	VALUE(VFIO_CHECK_EXTENSION, 0x3b65),
	VALUE(VFIO_SET_IOMMU, 0x3b66),
	VALUE(VFIO_GROUP_GET_STATUS, 0x3b67),
	VALUE(VFIO_GROUP_SET_CONTAINER, 0x3b68),
	VALUE(VFIO_GROUP_UNSET_CONTAINER, 0x3b69),
	VALUE(VFIO_GROUP_GET_DEVICE_FD, 0x3b6a),
	VALUE(VFIO_DEVICE_GET_INFO, 0x3b6b),
	VALUE(VFIO_DEVICE_GET_REGION_INFO, 0x3b6c),
	VALUE(VFIO_DEVICE_GET_IRQ_INFO, 0x3b6d),
	VALUE(VFIO_DEVICE_SET_IRQS, 0x3b6e),
	VALUE(VFIO_DEVICE_RESET, 0x3b6f),
	VALUE(VFIO_DEVICE_QUERY_GFX_PLANE, 0x3b72),
	VALUE(VFIO_DEVICE_GET_GFX_DMABUF, 0x3b73),
	VALUE(VFIO_DEVICE_FEATURE, 0x3b75),
	VALUE(VFIO_DEVICE_BIND_IOMMUFD, 0x3b76),
	VALUE(VFIO_DEVICE_ATTACH_IOMMUFD_PT, 0x3b77),
	VALUE(VFIO_DEVICE_DETACH_IOMMUFD_PT, 0x3b78),
	VALUE(VFIO_MIG_GET_PRECOPY_INFO, 0x3b79),
	VALUE(VFIO_IOMMU_GET_INFO, 0x3b70),
	VALUE(VFIO_IOMMU_MAP_DMA, 0x3b71),
	VALUE(VFIO_IOMMU_UNMAP_DMA, 0x3b72),
	VALUE(VFIO_IOMMU_DIRTY_PAGES, 0x3b75),
	VALUE(VFIO_API_VERSION, 0),
	VALUE(VFIO_TYPE1_IOMMU, 1),
	VALUE(VFIO_TYPE1v2_IOMMU, 3),
	VALUE(VFIO_DMA_CC_IOMMU, 4),
	VALUE(VFIO_NOIOMMU_IOMMU, 8),
	VALUE(VFIO_UNMAP_ALL, 9),
	VALUE(VFIO_DEVICE_FLAGS_RESET, 1),
	VALUE(VFIO_DEVICE_FLAGS_PCI, 2),
	VALUE(VFIO_DEVICE_FLAGS_CAPS, 128),
	VALUE(VFIO_REGION_INFO_FLAG_READ, 1),
	VALUE(VFIO_REGION_INFO_FLAG_WRITE, 2),
	VALUE(VFIO_REGION_INFO_FLAG_MMAP, 4),
	VALUE(VFIO_REGION_INFO_FLAG_CAPS, 8),
	VALUE(VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1),
	VALUE(VFIO_REGION_INFO_CAP_TYPE, 2),
	VALUE(VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 3),
	VALUE(VFIO_IRQ_INFO_EVENTFD, 1),
	VALUE(VFIO_IRQ_INFO_MASKABLE, 2),
	VALUE(VFIO_IRQ_INFO_AUTOMASKED, 4),
	VALUE(VFIO_IRQ_INFO_NORESIZE, 8),
	VALUE(VFIO_IRQ_SET_DATA_NONE, 1),
	VALUE(VFIO_IRQ_SET_DATA_BOOL, 2),
	VALUE(VFIO_IRQ_SET_DATA_EVENTFD, 4),
	VALUE(VFIO_IRQ_SET_ACTION_MASK, 8),
	VALUE(VFIO_IRQ_SET_ACTION_UNMASK, 16),
	VALUE(VFIO_IRQ_SET_ACTION_TRIGGER, 32),
	VALUE(VFIO_PCI_BAR0_REGION_INDEX, 0),
	VALUE(VFIO_PCI_BAR5_REGION_INDEX, 5),
	VALUE(VFIO_PCI_ROM_REGION_INDEX, 6),
	VALUE(VFIO_PCI_CONFIG_REGION_INDEX, 7),
	VALUE(VFIO_PCI_VGA_REGION_INDEX, 8),
	VALUE(VFIO_PCI_NUM_REGIONS, 9),
	VALUE(VFIO_PCI_INTX_IRQ_INDEX, 0),
	VALUE(VFIO_PCI_MSI_IRQ_INDEX, 1),
	VALUE(VFIO_PCI_MSIX_IRQ_INDEX, 2),
	VALUE(VFIO_PCI_ERR_IRQ_INDEX, 3),
	VALUE(VFIO_PCI_REQ_IRQ_INDEX, 4),
	VALUE(VFIO_PCI_NUM_IRQS, 5),
	VALUE(VFIO_DEVICE_FEATURE_MASK, 65535),
	VALUE(VFIO_DEVICE_FEATURE_GET, 65536),
	VALUE(VFIO_DEVICE_FEATURE_SET, 131072),
	VALUE(VFIO_DEVICE_FEATURE_PROBE, 262144),
	VALUE(VFIO_DEVICE_FEATURE_MIGRATION, 1),
	VALUE(VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, 2),
	VALUE(VFIO_DEVICE_FEATURE_DMA_LOGGING_START, 6),
	VALUE(VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, 7),
	VALUE(VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, 8),
	VALUE(VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, 9),
	VALUE(VFIO_DEVICE_STATE_ERROR, 0),
	VALUE(VFIO_DEVICE_STATE_STOP, 1),
	VALUE(VFIO_DEVICE_STATE_RUNNING, 2),
	VALUE(VFIO_DEVICE_STATE_STOP_COPY, 3),
	VALUE(VFIO_DEVICE_STATE_RESUMING, 4),
	VALUE(VFIO_DEVICE_STATE_RUNNING_P2P, 5),
	VALUE(VFIO_DEVICE_STATE_PRE_COPY, 6),
	VALUE(VFIO_DEVICE_STATE_PRE_COPY_P2P, 7),
	VALUE(VFIO_MIGRATION_STOP_COPY, 1),
	VALUE(VFIO_MIGRATION_P2P, 2),
	VALUE(VFIO_MIGRATION_PRE_COPY, 4),
	VALUE(VFIO_DMA_MAP_FLAG_READ, 1),
	VALUE(VFIO_DMA_MAP_FLAG_WRITE, 2),
	VALUE(VFIO_DMA_UNMAP_FLAG_ALL, 2),
	/* since 6.13 and later */
	VALUE(VFIO_DEVICE_BIND_FLAG_TOKEN, 1),
	VALUE(VFIO_DEVICE_ATTACH_PASID, 1),
	VALUE(VFIO_DEVICE_DETACH_PASID, 1),
};

static const struct fact mdma_layout[] = {
	STRUCT(mdma_desc, 64),
	FIELD(mdma_desc, opcode, 0),
	FIELD(mdma_desc, flags, 2),
	FIELD(mdma_desc, length, 4),
	FIELD(mdma_desc, cookie, 8),
	FIELD(mdma_desc, iova, 16),
	FIELD(mdma_desc, dev_offset, 24),
	FIELD(mdma_desc, arg, 32),
	FIELD(mdma_desc, delay_us, 40),
	FIELD(mdma_desc, reserved, 44),
	STRUCT(mdma_comp, 32),
	FIELD(mdma_comp, cookie, 0),
	FIELD(mdma_comp, result, 8),
	FIELD(mdma_comp, status, 16),
	FIELD(mdma_comp, done, 20),
	FIELD(mdma_comp, opcode, 24),
	FIELD(mdma_comp, phase, 28),
	VALUE(MDMA_LEDGER_NVIOLATIONS, 6),
	VALUE(MDMA_LEDGER_CALLBACKS, 8),
	VALUE(MDMA_LEDGER_SWAP_HELD, 19),
	VALUE(MDMA_REG_Q(3), 0x10c0),
};

TEST(layout_of_iommufd_structures)
{
	CHECK(iommufd_structs);
}

TEST(layout_of_iommufd_numbers)
{
	CHECK(iommufd_numbers);
}

TEST(layout_of_vfio_structures)
{
	CHECK(vfio_structs);
}

TEST(layout_of_vfio_numbers)
{
	CHECK(vfio_numbers);
}

TEST(layout_of_mdma)
{
	CHECK(mdma_layout);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
