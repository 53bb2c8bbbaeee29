/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules.h - which of the kernel's own tests run on a core without page tables
 *
 * The first row whose pattern matches "fixture.variant.test" decides. A test that
 * no row matches fails: somebody has to look at it.
 */
#ifndef _KIT_UPSTREAM_RULES_H
#define _KIT_UPSTREAM_RULES_H

/**
 * struct rule - what to do with tests
 * @pattern: shell pattern of their names
 * @lack: NULL to run them, or what they need that is not there
 */
struct rule {
	const char *pattern;
	const char *lack;
};

static const struct rule rules[] = {
	{ "iommufd.*", NULL },
	{ "change_process.*", NULL },
	{ "iommufd_ioas.no_domain.*", NULL },
	{ "iommufd_ioas.*", "page tables with an aperture and 2 KiB pages" },
	{ "iommufd_mock_domain.*", "page tables, HWPT_ALLOC" },
	{ "iommufd_dirty_tracking.*", "page tables, dirty tracking" },
	{ "vfio_compat_mock_domain.*", NULL },
	{ "iommufd_viommu.no_viommu.viommu_auto_destroy", NULL },
	{ "iommufd_viommu.no_viommu.viommu_negative_tests", NULL },
	{ "iommufd_viommu.no_viommu.vdevice_alloc", NULL },
	{ "iommufd_viommu.*", "virtual IOMMUs" },
	{ "iommufd_device_pasid.*", "page tables, PASID" },
	{ "basic_fail_nth.device", "page tables, virtual IOMMUs, PASID" },
	{ "basic_fail_nth.*", NULL },
};

#endif
