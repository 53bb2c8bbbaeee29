// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_compat_test.c - vfio_compat.c: a VFIO container's ioctls on an IOAS
 *
 * Promised: type1's answers; version 1 may unmap a part of what was mapped, version
 * 2 may not; what is pinned is not cut.
 */
#include <linux/vfio.h>
#include "driver.h"

#define AT pages(16)

static long vfio(struct world *world, unsigned int number, void *arg)
{
	return vfio_compat_ioctl(world->ictx, number, (unsigned long)arg);
}

static int map_dma(struct world *world, unsigned long iova, unsigned long index,
		   unsigned long npages)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = page_va(index),
		.iova = iova,
		.size = pages(npages),
	};

	return vfio(world, VFIO_IOMMU_MAP_DMA, &map);
}

static int unmap_dma(struct world *world, unsigned long iova,
		     unsigned long length, u32 flags, unsigned long *unmapped)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = flags,
		.iova = iova,
		.size = length,
	};
	int rc = vfio(world, VFIO_IOMMU_UNMAP_DMA, &unmap);

	*unmapped = unmap.size;
	return rc;
}

TEST(vfio_compat_without_ioas)
{
	struct world world;

	world_open(&world);
	EXPECT_EQ(vfio(&world, VFIO_GET_API_VERSION, NULL), VFIO_API_VERSION);
	EXPECT_EQ(map_dma(&world, AT, 0, 1), -ENODEV);
	EXPECT_EQ(vfio(&world, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU),
		  -ENODEV);
	EXPECT_EQ(vfio(&world, 12345, NULL), -ENOTTY);
	world_close(&world);
}

TEST(vfio_compat_version_1_cuts)
{
	struct driver driver;
	struct world world;
	unsigned long n;
	char byte;
	u32 id;

	world_open(&world);
	REQUIRE_EQ(iommufd_vfio_compat_ioas_create(world.ictx), 0);
	REQUIRE_EQ(iommufd_vfio_compat_ioas_get_id(world.ictx, &id), 0);
	REQUIRE_EQ(vfio(&world, VFIO_SET_IOMMU, (void *)VFIO_TYPE1_IOMMU), 0);
	REQUIRE_EQ(driver_open(&driver, &world), 0);
	REQUIRE_EQ(driver_attach(&driver, id), 0);
	REQUIRE_EQ(map_dma(&world, AT, 0, 8), 0);
	EXPECT_EQ(unmap_dma(&world, AT + pages(2), pages(3), 0, &n), 0);
	EXPECT_EQ(n, pages(3));
	EXPECT_EQ(driver_read(&driver, AT + pages(2) - 1, &byte, 1), 0);
	EXPECT_EQ(driver_read(&driver, AT + pages(2), &byte, 1), -ENOENT);
	EXPECT_EQ(driver_read(&driver, AT + pages(5), &byte, 1), 0);
	REQUIRE_EQ(driver_pin(&driver, AT + pages(7), pages(1), 0), 0);
	EXPECT_EQ(unmap_dma(&world, AT + pages(5), pages(1), 0, &n), -EBUSY);
	EXPECT_EQ(unmap_dma(&world, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL, &n), 0);
	EXPECT_EQ(n, pages(5));
	EXPECT_EQ(driver_held(&driver), 0);
	driver_close(&driver);
	world_close(&world);
}

TEST(vfio_compat_version_2_does_not)
{
	struct world world;
	unsigned long n;

	world_open(&world);
	REQUIRE_EQ(iommufd_vfio_compat_ioas_create(world.ictx), 0);
	REQUIRE_EQ(vfio(&world, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU), 0);
	REQUIRE_EQ(map_dma(&world, AT, 0, 8), 0);
	EXPECT_EQ(map_dma(&world, AT + pages(7), 0, 8), -EEXIST);
	EXPECT_EQ(map_dma(&world, 0UL - pages(1), 0, 2), -EOVERFLOW);
	EXPECT_EQ(unmap_dma(&world, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL, &n), 0);
	EXPECT_EQ(n, pages(8));
	EXPECT_EQ(unmap_dma(&world, AT, pages(8), 0, &n), 0);
	EXPECT_EQ(n, 0);
	EXPECT_EQ(unmap_dma(&world, AT, 0, 0, &n), -EINVAL);
	EXPECT_EQ(vfio(&world, VFIO_IOMMU_MAP_DMA, BAD_USER), -EFAULT);
	world_close(&world);
}

TEST(vfio_compat_info)
{
	struct {
		struct vfio_iommu_type1_info info;
		char rest[256];
	} out = { .info = { .argsz = sizeof(out) } };
	struct world world;

	world_open(&world);
	REQUIRE_EQ(iommufd_vfio_compat_ioas_create(world.ictx), 0);
	EXPECT_EQ(vfio(&world, VFIO_IOMMU_GET_INFO, &out), 0);
	EXPECT_EQ(out.info.iova_pgsizes, PAGE_MASK);
	EXPECT(out.info.cap_offset);
	out.info.argsz =
		offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);
	EXPECT_EQ(vfio(&world, VFIO_IOMMU_GET_INFO, &out), 0);
	EXPECT(out.info.argsz > sizeof(out.info));
	out.info.argsz = 4;
	EXPECT_EQ(vfio(&world, VFIO_IOMMU_GET_INFO, &out), -EINVAL);
	world_close(&world);
}
