// SPDX-License-Identifier: GPL-2.0-only
/*
 * type1.c - the VFIO container's ioctls on a file of /dev/iommu
 *
 * Promises: they act on the IOAS that IOMMU_VFIO_IOAS names and are -ENODEV
 * without one; version 2 of type1 unmaps whole mappings, version 1 cuts them,
 * unless they are pinned; every errno.
 *
 * A failure means that a program written for containers gets other answers from
 * an iommufd than from the real thing.
 *
 * History: B54 (cutting an area under its pins), B87 (reply not zeroed).
 */
#include "fixture.h"

#define LEN (4 * PAGE)

/* The rig's first IOAS as the container's. */
static struct rig container(unsigned long version)
{
	struct rig rig = fixture_rig();
	uint32_t id = rig.ioas;

	REQUIRE_OK(iommu_vfio_ioas(rig.iommufd, IOMMU_VFIO_IOAS_SET, &id));
	REQUIRE_OK(iommu_call(rig.iommufd, VFIO_SET_IOMMU, (void *)version));
	return rig;
}

static int map_dma(int fd, const void *va, uint64_t len, uint64_t iova,
		   uint32_t flags)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = len,
	};

	return iommu_call(fd, VFIO_IOMMU_MAP_DMA, &cmd);
}

/* Return: 0 with the bytes unmapped in @len, or negative errno. */
static int unmap_dma(int fd, uint64_t iova, uint64_t *len, uint32_t flags)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.iova = iova,
		.size = *len,
	};
	int rc = iommu_call(fd, VFIO_IOMMU_UNMAP_DMA, &cmd);

	*len = cmd.size;
	return rc;
}

static int extension(int fd, unsigned long which)
{
	return iommu_call(fd, VFIO_CHECK_EXTENSION, (void *)which);
}

#define DMA_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

TEST(type1_versions_and_extensions)
{
	int fd = fixture_iommufd();

	EXPECT_RC(VFIO_API_VERSION, iommu_call(fd, VFIO_GET_API_VERSION, NULL));
	EXPECT_EQ(1, extension(fd, VFIO_TYPE1_IOMMU));
	EXPECT_EQ(1, extension(fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(1, extension(fd, VFIO_UNMAP_ALL));
	EXPECT_EQ(0, extension(fd, VFIO_UPDATE_VADDR));
	EXPECT_EQ(0, extension(fd, 1000));
}

TEST(type1_without_an_ioas_is_enodev)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	int fd = fixture_iommufd();
	uint8_t *mem = fixture_mem(PAGE, 1);
	uint64_t len = PAGE;

	EXPECT_RC(-ENODEV, map_dma(fd, mem, PAGE, IOVA_A, DMA_RW));
	EXPECT_RC(-ENODEV, unmap_dma(fd, IOVA_A, &len, 0));
	EXPECT_RC(-ENODEV, iommu_call(fd, VFIO_IOMMU_GET_INFO, &info));
}

TEST(type1_set_iommu_errors)
{
	int fd = fixture_iommufd();
	uint32_t id = fixture_ioas(fd);

	REQUIRE_OK(iommu_vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &id));
	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_SET_IOMMU, (void *)1000));
	EXPECT_OK(iommu_call(fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU));
}

TEST(type1_info_describes_the_space)
{
	struct {
		struct vfio_iommu_type1_info info;
		uint8_t caps[512];
	} reply;
	struct rig rig = container(VFIO_TYPE1v2_IOMMU);

	memset(&reply, 0xff, sizeof(reply));
	reply.info.argsz = sizeof(reply);
	reply.info.flags = 0;
	EXPECT_OK(iommu_call(rig.iommufd, VFIO_IOMMU_GET_INFO, &reply));
	EXPECT_TRUE(reply.info.flags & VFIO_IOMMU_INFO_PGSIZES);
	EXPECT_TRUE(reply.info.iova_pgsizes & PAGE);
	EXPECT_TRUE(reply.info.flags & VFIO_IOMMU_INFO_CAPS);
	EXPECT_GE(sizeof(reply.info), reply.info.cap_offset);
	EXPECT_LT(sizeof(reply), reply.info.cap_offset);
}

TEST(type1_map_and_unmap)
{
	struct rig rig = container(VFIO_TYPE1v2_IOMMU);
	uint8_t *mem = fixture_mem(LEN, 1);
	uint64_t len = LEN;
	int fd = rig.iommufd;

	REQUIRE_OK(map_dma(fd, mem, LEN, IOVA_A, DMA_RW));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_RC(-EEXIST, map_dma(fd, mem, LEN, IOVA_A, DMA_RW));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	EXPECT_OK(unmap_dma(fd, IOVA_A, &len, 0));
	EXPECT_EQ(LEN, len);
	EXPECT_EQ(0, pins_now());
	/* Nothing there: success, no bytes. */
	EXPECT_OK(unmap_dma(fd, IOVA_A, &len, 0));
	EXPECT_EQ(0, len);
}

TEST(type1_permissions)
{
	struct rig rig = container(VFIO_TYPE1v2_IOMMU);
	uint8_t *mem = fixture_mem(LEN, 1);

	REQUIRE_OK(
		map_dma(rig.iommufd, mem, LEN, IOVA_A, VFIO_DMA_MAP_FLAG_READ));
	EXPECT_OK(probe_rw(rig.queue, IOVA_A));
	EXPECT_RC(-EPERM, mdma_do_write(rig.queue, IOVA_A, 0, 8, 0));
	EXPECT_RC(-EPERM, mdma_do_pin(rig.queue, IOVA_A, PAGE, MDMA_F_WRITE));
}

TEST(type1_bad_arguments)
{
	struct rig rig = container(VFIO_TYPE1v2_IOMMU);
	struct vfio_iommu_type1_dma_map map = { .argsz = 8 };
	struct vfio_iommu_type1_dma_unmap unmap = { .argsz = 8 };
	uint8_t *mem = fixture_mem(LEN, 1);
	int fd = rig.iommufd;
	uint64_t len;

	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_IOMMU_MAP_DMA, &map));
	EXPECT_RC(-EFAULT, iommu_call(fd, VFIO_IOMMU_MAP_DMA, NULL));
	EXPECT_RC(-EINVAL, map_dma(fd, mem, LEN, IOVA_A, DMA_RW | 1u << 31));
	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_IOMMU_UNMAP_DMA, &unmap));
	EXPECT_RC(-EFAULT, iommu_call(fd, VFIO_IOMMU_UNMAP_DMA, NULL));
	len = LEN;
	EXPECT_RC(-EINVAL, unmap_dma(fd, IOVA_A, &len, 1u << 31));
	len = LEN;
	EXPECT_RC(-EINVAL, unmap_dma(fd, 0, &len, VFIO_DMA_UNMAP_FLAG_ALL));
	len = 0;
	EXPECT_RC(-EINVAL,
		  unmap_dma(fd, IOVA_A, &len, VFIO_DMA_UNMAP_FLAG_ALL));
	EXPECT_RC(-ENOTTY, iommu_call(fd, VFIO_IOMMU_DIRTY_PAGES, &unmap));
}

TEST(type1_unmap_all)
{
	struct rig rig = container(VFIO_TYPE1v2_IOMMU);
	uint8_t *mem = fixture_mem(LEN, 1);
	uint64_t len = 0;

	REQUIRE_OK(map_dma(rig.iommufd, mem, PAGE, 0, DMA_RW));
	REQUIRE_OK(map_dma(rig.iommufd, mem, LEN, IOVA_B, DMA_RW));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_B, LEN, 0));
	EXPECT_OK(unmap_dma(rig.iommufd, 0, &len, VFIO_DMA_UNMAP_FLAG_ALL));
	EXPECT_EQ(LEN + PAGE, len);
	EXPECT_EQ(0, pins_now());
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, 0));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_B));
}

TEST(type1_v2_never_cuts)
{
	struct rig rig = container(VFIO_TYPE1v2_IOMMU);
	uint8_t *mem = fixture_mem(LEN, 1);
	uint64_t len = PAGE;

	REQUIRE_OK(map_dma(rig.iommufd, mem, LEN, IOVA_A, DMA_RW));
	EXPECT_RC(-ENOENT, unmap_dma(rig.iommufd, IOVA_A + PAGE, &len, 0));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + PAGE, mem + PAGE));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + LEN - 8, mem + LEN - 8));
}

TEST(type1_v1_cuts_what_is_not_pinned)
{
	struct rig rig = container(VFIO_TYPE1_IOMMU);
	uint8_t *mem = fixture_mem(LEN, 1);
	uint64_t len = PAGE;

	REQUIRE_OK(map_dma(rig.iommufd, mem, LEN, IOVA_A, DMA_RW));
	EXPECT_OK(unmap_dma(rig.iommufd, IOVA_A + PAGE, &len, 0));
	EXPECT_EQ(PAGE, len);
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + PAGE - 8, mem + PAGE - 8));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A + PAGE));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A + 2 * PAGE - 8));
	/* Each part goes on by itself: pins, and its own end. */
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + 2 * PAGE, 2 * PAGE,
			       MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A + 2 * PAGE, 2 * PAGE, 3));
	EXPECT_EQ(3, *(uint64_t *)(mem + 3 * PAGE));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A + 2 * PAGE,
				 2 * PAGE));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, PAGE));
	EXPECT_EQ(0, pins_now());
}

TEST(type1_v1_does_not_cut_under_pins)
{
	struct rig rig = container(VFIO_TYPE1_IOMMU);
	uint8_t *mem = fixture_mem(LEN, 1);
	uint64_t len = PAGE;
	int rc;

	REQUIRE_OK(map_dma(rig.iommufd, mem, LEN, IOVA_A, DMA_RW));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	rc = unmap_dma(rig.iommufd, IOVA_A + PAGE, &len, 0);
	/* Refused, or the driver was asked first; never cut under a pin. */
	EXPECT_TRUE(rc == -EINVAL || rc == -EBUSY || rc == 0);
	if (rc)
		EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 4));
	else
		EXPECT_EQ(0, mdma_npins(rig.dev));
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, pins_now());
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
