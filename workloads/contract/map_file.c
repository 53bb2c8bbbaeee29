// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_file.c - IOAS_MAP_FILE and IOAS_CHANGE_PROCESS
 *
 * Promises: a range of a memfd can be mapped without any mapping of it in a
 * process; it stays when the descriptor, the user's mapping, or the process goes;
 * whoever mapped it pays, once, until another process takes the account over with
 * CHANGE_PROCESS, which succeeds for all mappings or changes nothing.
 *
 * A failure means that a VMM cannot hand its guest's memory to its successor, or
 * that two processes pay, or none.
 *
 * History: B85 (neither readable nor writable), B27; a kernel's own iommufd has
 * these commands since 6.13.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define NPAGES 4
#define LEN (NPAGES * PAGE)
#define FIXED_RW (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_MAP_RW)

static void undo_fd(void *arg)
{
	close((int)(intptr_t)arg);
}

/* A memfd with the pattern @tag, seen at *mem until the test ends. */
static int file_new(uint8_t **mem, size_t len, uint64_t tag)
{
	int fd = memfd_create("map_file", MFD_CLOEXEC);

	REQUIRE_TRUE(fd >= 0 && !ftruncate(fd, len));
	tap_defer(undo_fd, (void *)(intptr_t)fd);
	*mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE_TRUE(*mem != MAP_FAILED);
	mem_fill(*mem, len, tag, 0);
	return fd;
}

static int map_file(int iommufd, uint32_t ioas, int fd, uint64_t start,
		    uint64_t len, uint32_t flags, uint64_t iova)
{
	return iommu_map_file(iommufd, ioas, fd, start, len, flags, &iova);
}

static void need_map_file(void)
{
	int iommufd = fixture_iommufd();

	if (map_file(iommufd, 0, -1, 0, 0, 0, 0) == -ENOTTY)
		tap_skip("this kernel has no IOMMU_IOAS_MAP_FILE");
}

static int64_t vm_pin(void)
{
	return mem_status_kb(0, "VmPin") * 1024 / (int64_t)PAGE;
}

TEST(map_file_reaches_the_file)
{
	struct rig rig = fixture_rig();
	uint8_t *mem;
	int fd = file_new(&mem, 2 * LEN, 1);

	need_map_file();
	REQUIRE_OK(map_file(rig.iommufd, rig.ioas, fd, PAGE, LEN, FIXED_RW,
			    IOVA_A));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem + PAGE));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + LEN - 8, mem + PAGE + LEN - 8));
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A + PAGE + 3, 0, PAGE, 0));
	EXPECT_EQ(-1, mem_check(rig.dev->mem, PAGE, 1, 2 * PAGE + 3));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A + LEN));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 5));
	EXPECT_EQ(5, *(uint64_t *)(mem + LEN));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
	munmap(mem, 2 * LEN);
}

TEST(map_file_outlives_descriptor_and_mapping)
{
	struct rig rig = fixture_rig();
	uint8_t *mem;
	int fd = file_new(&mem, LEN, 1);

	need_map_file();
	REQUIRE_OK(
		map_file(rig.iommufd, rig.ioas, fd, 0, LEN, FIXED_RW, IOVA_A));
	munmap(mem, LEN);
	REQUIRE_TRUE(dup2(rig.iommufd, fd) == fd); /* closes the memfd */
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, 0, LEN, 0));
	EXPECT_EQ(-1, mem_check(rig.dev->mem, LEN, 1, 0));
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, LEN, LEN, MDMA_F_PIN));
	EXPECT_EQ(-1, mem_check(rig.dev->mem + LEN, LEN, 1, 0));
}

TEST(map_file_errors)
{
	struct rig rig = fixture_rig();
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = FIXED_RW,
		.ioas_id = rig.ioas,
		.length = LEN,
		.iova = IOVA_B,
	};
	int ctx = rig.iommufd;
	uint32_t ioas = rig.ioas;
	uint8_t *mem;
	int fd = file_new(&mem, LEN, 1);

	need_map_file();
	cmd.fd = fd;
	EXPECT_RC(-EBADF, map_file(ctx, ioas, -1, 0, LEN, FIXED_RW, IOVA_B));
	EXPECT_RC(-EBADF, map_file(ctx, ioas, 9999, 0, LEN, FIXED_RW, IOVA_B));
	EXPECT_RC(-ENOENT, map_file(ctx, 0, fd, 0, LEN, FIXED_RW, IOVA_B));
	EXPECT_RC(-EINVAL, map_file(ctx, ioas, fd, 0, 0, FIXED_RW, IOVA_B));
	EXPECT_RC(-EINVAL, map_file(ctx, ioas, fd, 0, LEN,
				    IOMMU_IOAS_MAP_FIXED_IOVA, IOVA_B));
	EXPECT_RC(-EINVAL,
		  map_file(ctx, ioas, fd, 0, LEN, FIXED_RW, IOVA_B + 1));
	EXPECT_RC(-EINVAL, map_file(ctx, ioas, fd, 8, PAGE, FIXED_RW, IOVA_B));
	EXPECT_RC(-EOPNOTSUPP,
		  map_file(ctx, ioas, fd, 0, LEN, FIXED_RW | 8, IOVA_B));
	EXPECT_RC(-EOVERFLOW, map_file(ctx, ioas, fd, UINT64_MAX - PAGE + 1,
				       2 * PAGE, FIXED_RW, IOVA_B));
	EXPECT_RC(-EOVERFLOW,
		  map_file(ctx, ioas, fd, 0, LEN, FIXED_RW, UINT64_MAX));
	EXPECT_RC(-EFAULT, iommu_call(ctx, IOMMU_IOAS_MAP_FILE,
				      fixture_readonly(&cmd, sizeof(cmd))));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_B));
	EXPECT_OK(map_file(ctx, ioas, fd, 0, LEN, FIXED_RW, IOVA_B));
	EXPECT_RC(-EEXIST, map_file(ctx, ioas, fd, 0, LEN, FIXED_RW, IOVA_B));
	EXPECT_TRUE(reaches(rig.queue, IOVA_B, mem));
	munmap(mem, LEN);
}

TEST(map_file_is_charged_once)
{
	struct rig rig = fixture_rig();
	uint8_t *mem;
	int fd = file_new(&mem, LEN, 1);

	need_map_file();
	REQUIRE_OK(
		map_file(rig.iommufd, rig.ioas, fd, 0, LEN, FIXED_RW, IOVA_A));
	EXPECT_EQ(0, vm_pin());
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A + PAGE, PAGE, 0));
	EXPECT_EQ(NPAGES, vm_pin());
	EXPECT_EQ(NPAGES, pins_now());
	REQUIRE_OK(mdma_do_unpin(rig.queue, IOVA_A, LEN));
	EXPECT_EQ(1, vm_pin());
	REQUIRE_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, pins_now());
	munmap(mem, LEN);
}

struct hand {
	struct rig *rig;
	int fd;
};

static int child_maps(struct child *self, void *arg)
{
	struct hand *hand = arg;
	int rc = map_file(hand->rig->iommufd, hand->rig->ioas, hand->fd, 0, LEN,
			  FIXED_RW, IOVA_A);

	child_say(self, rc);
	child_hear(self, 2 * PROMPT_MS);
	return 0;
}

TEST(map_file_outlives_its_mapper)
{
	struct rig rig = fixture_rig();
	struct hand hand = { .rig = &rig };
	struct child *child;
	uint8_t *mem;

	need_map_file();
	hand.fd = file_new(&mem, LEN, 1);
	child = child_start(child_maps, &hand);
	REQUIRE_OK(child_hear(child, PROMPT_MS));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, PAGE, MDMA_F_WRITE));
	child_kill(child, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + PAGE, mem + PAGE));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, PAGE, 8));
	EXPECT_EQ(8, *(uint64_t *)mem);
	EXPECT_OK(probe_pin(rig.queue, IOVA_A + 2 * PAGE));
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
	EXPECT_EQ(0, pins_now());
	munmap(mem, LEN);
}

/* ---- CHANGE_PROCESS ------------------------------------------------------ */

static int child_takes_over(struct child *self, void *arg)
{
	struct rig *rig = arg;

	child_say(self, iommu_change_process(rig->iommufd));
	child_say(self, (int32_t)vm_pin());
	child_hear(self, 2 * PROMPT_MS);
	child_say(self, (int32_t)vm_pin());
	return 0;
}

TEST(change_process_moves_the_account)
{
	struct rig rig = fixture_rig();
	struct child *child;
	uint8_t *mem;
	int fd = file_new(&mem, LEN, 1);

	need_map_file();
	REQUIRE_OK(
		map_file(rig.iommufd, rig.ioas, fd, 0, LEN, FIXED_RW, IOVA_A));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	EXPECT_EQ(NPAGES, vm_pin());
	child = child_start(child_takes_over, &rig);
	EXPECT_OK(child_hear(child, PROMPT_MS));
	EXPECT_EQ(NPAGES, child_hear(child, PROMPT_MS));
	EXPECT_EQ(0, vm_pin());
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 4));
	EXPECT_EQ(4, *(uint64_t *)mem);
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, LEN));
	child_say(child, 1);
	EXPECT_EQ(0, child_hear(child, PROMPT_MS));
	EXPECT_EQ(0, child_wait(child, PROMPT_MS));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, pins_now());
	munmap(mem, LEN);
}

TEST(change_process_failed_changes_nothing)
{
	struct rig rig = fixture_rig();
	struct iommu_ioas_change_process cmd = {
		.size = sizeof(cmd),
		.__reserved = 1,
	};
	struct child *child;
	uint8_t *mem;
	int fd = file_new(&mem, LEN, 1);

	need_map_file();
	EXPECT_OK(iommu_change_process(rig.iommufd));
	EXPECT_RC(-EOPNOTSUPP,
		  iommu_call(rig.iommufd, IOMMU_IOAS_CHANGE_PROCESS, &cmd));
	REQUIRE_OK(
		map_file(rig.iommufd, rig.ioas, fd, 0, LEN, FIXED_RW, IOVA_A));
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	/* Memory of a process cannot move, wherever in the context it is. */
	fixture_map(rig.iommufd, rig.other, IOVA_A, PAGE, 2);
	child = child_start(child_takes_over, &rig);
	EXPECT_RC(-EINVAL, child_hear(child, PROMPT_MS));
	EXPECT_EQ(0, child_hear(child, PROMPT_MS));
	EXPECT_EQ(NPAGES, vm_pin());
	child_say(child, 1);
	EXPECT_EQ(0, child_hear(child, PROMPT_MS));
	EXPECT_EQ(0, child_wait(child, PROMPT_MS));
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, LEN));
	EXPECT_EQ(0, vm_pin());
	munmap(mem, LEN);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
