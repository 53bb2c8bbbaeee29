// SPDX-License-Identifier: GPL-2.0-only
/*
 * cdev_state.c - what a VFIO device file may do when, and promise S7
 *
 * Promises: a freshly opened file can only BIND; one file owns the device; every
 * errno of BIND, ATTACH and DETACH; a call that fails, in its last step too,
 * changes nothing (S7); the file can be closed in every state, and the device is
 * then as new.
 *
 * A failure means that a process uses a device that is not its own, or that is
 * not open yet, or that a device is lost until the next boot.
 *
 * History: B18, B30 (two owners), B31 (gate open too early), B32 and B33
 * (open and close out of balance), B90. Upstream 7.2 detaches
 * when it cannot write the reply of an ATTACH.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define LEN (4 * PAGE)

/* A device file in its first state: open, nothing else. */
static int fresh(void)
{
	struct cdev_name name;
	int fd;

	REQUIRE_OK(cdev_find(0, MDMA_DEV_TYPE, &name));
	fd = cdev_open(&name);
	REQUIRE_RC(0, fd < 0 ? fd : 0);
	return fd;
}

/* Everything but BIND is -EINVAL. */
static void is_gated(int fd, uint32_t ioas)
{
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET,
	};
	struct vfio_device_info info;
	struct vfio_region_info region;
	struct vfio_irq_info irq;
	uint32_t word = 0, id = ioas;
	void *va;

	EXPECT_RC(-EINVAL, cdev_info(fd, &info));
	EXPECT_RC(-EINVAL, cdev_region_info(fd, 0, &region));
	EXPECT_RC(-EINVAL, cdev_irq_info(fd, 0, &irq));
	EXPECT_RC(-EINVAL, cdev_irq_off(fd, 0));
	EXPECT_RC(-EINVAL, cdev_reset(fd));
	EXPECT_RC(-EINVAL, cdev_attach(fd, &id));
	EXPECT_RC(-EINVAL, cdev_detach(fd));
	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_DEVICE_FEATURE, &feature));
	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_GET_API_VERSION, NULL));
	EXPECT_RC(-EINVAL, iommu_call(fd, 0xdead, NULL));
	EXPECT_RC(-EINVAL, cdev_read(fd, 0, &word, sizeof(word)));
	EXPECT_RC(-EINVAL, cdev_write(fd, 0, &word, sizeof(word)));
	va = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_RC(-EINVAL, va == MAP_FAILED ? -errno : 0);
}

TEST(fresh_file_can_only_bind)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint32_t devid;
	int fd = fresh();

	is_gated(fd, ioas);
	EXPECT_OK(cdev_bind(fd, iommufd, &devid));
	EXPECT_OK(cdev_attach(fd, &ioas));
	close(fd);
}

TEST(fresh_files_are_many)
{
	int fds[8];

	for (unsigned int i = 0; i < 8; i++)
		fds[i] = fresh();
	for (unsigned int i = 0; i < 8; i++)
		close(fds[i]);
}

static int bind_with(int fd, uint32_t argsz, uint32_t flags, int32_t iommufd)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = argsz,
		.flags = flags,
		.iommufd = iommufd,
	};

	return iommu_call(fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);
}

/* The argument up to and with out_devid, the first version's size. */
#define BIND_SIZE 16

TEST(bind_bad_arguments)
{
	int iommufd = fixture_iommufd();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd = fresh();

	REQUIRE_TRUE(null >= 0);
	EXPECT_RC(-EINVAL, bind_with(fd, 0, 0, iommufd));
	EXPECT_RC(-EINVAL, bind_with(fd, BIND_SIZE - 1, 0, iommufd));
	EXPECT_RC(-EINVAL, bind_with(fd, BIND_SIZE, 1u << 31, iommufd));
	EXPECT_RC(-EINVAL, bind_with(fd, BIND_SIZE, 1u << 8, iommufd));
	EXPECT_RC(-EINVAL, bind_with(fd, BIND_SIZE, 0, -1));
	EXPECT_RC(-EINVAL, bind_with(fd, BIND_SIZE, 0, INT32_MIN));
	EXPECT_RC(-EBADF, bind_with(fd, BIND_SIZE, 0, 9999));
	EXPECT_RC(-EBADFD, bind_with(fd, BIND_SIZE, 0, null));
	EXPECT_RC(-EBADFD, bind_with(fd, BIND_SIZE, 0, fd));
	EXPECT_RC(-EFAULT, iommu_call(fd, VFIO_DEVICE_BIND_IOMMUFD, NULL));
	EXPECT_RC(-EFAULT,
		  iommu_call(fd, VFIO_DEVICE_BIND_IOMMUFD, NOBODYS_VA));
	is_gated(fd, 1);
	EXPECT_OK(bind_with(fd, BIND_SIZE, 0, iommufd));
	close(null);
	close(fd);
}

TEST(bind_tells_the_device_id)
{
	int iommufd = fixture_iommufd();
	uint32_t ioas = fixture_ioas(iommufd);
	uint32_t devid = 0;
	int fd = fresh();

	EXPECT_OK(cdev_bind(fd, iommufd, &devid));
	EXPECT_GT(0, devid);
	EXPECT_NE(ioas, devid);
	EXPECT_RC(-EBUSY, iommu_destroy(iommufd, devid));
	close(fd);
	EXPECT_RC(-ENOENT, iommu_destroy(iommufd, devid));
}

TEST(bind_twice_is_einval)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	int other = fixture_iommufd();
	int second = fresh();

	EXPECT_RC(-EINVAL, cdev_bind(rig.dev->fd, rig.iommufd, NULL));
	EXPECT_RC(-EINVAL, cdev_bind(rig.dev->fd, other, NULL));
	EXPECT_RC(-EINVAL, cdev_bind(second, rig.iommufd, NULL));
	EXPECT_RC(-EINVAL, cdev_bind(second, other, NULL));
	is_gated(second, rig.ioas);
	close(second);
	/* The owner did not notice. */
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_RC(-EBUSY, iommu_destroy(rig.iommufd, rig.dev->devid));
	mdma_close(rig.dev);
	second = fresh();
	EXPECT_OK(cdev_bind(second, other, NULL));
	close(second);
}

TEST(bind_unanswerable_changes_nothing)
{
	int iommufd = fixture_iommufd();
	struct vfio_device_bind_iommufd cmd = {
		.argsz = sizeof(cmd),
		.iommufd = iommufd,
	};
	void *readonly = fixture_readonly(&cmd, sizeof(cmd));
	uint64_t zero = 0;
	int fd = fresh();

	for (unsigned int i = 0; i < 3; i++)
		EXPECT_RC(-EFAULT,
			  iommu_call(fd, VFIO_DEVICE_BIND_IOMMUFD, readonly));
	is_gated(fd, 1);
	/* No access is left in the context: it has no object at all. */
	EXPECT_OK(iommu_option(iommufd, IOMMU_OPTION_RLIMIT_MODE,
			       IOMMU_OPTION_OP_SET, 0, &zero));
	EXPECT_OK(cdev_bind(fd, iommufd, NULL));
	close(fd);
}

static int attach_with(int fd, uint32_t argsz, uint32_t flags, uint32_t pt_id)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = argsz,
		.flags = flags,
		.pt_id = pt_id,
	};

	return iommu_call(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
}

TEST(attach_bad_arguments)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	int fd = rig.dev->fd;

	EXPECT_RC(-EINVAL, attach_with(fd, 0, 0, rig.other));
	EXPECT_RC(-EINVAL, attach_with(fd, 11, 0, rig.other));
	EXPECT_RC(-EINVAL, attach_with(fd, 12, 1u << 31, rig.other));
	EXPECT_RC(-ENOENT, attach_with(fd, 12, 0, 0));
	EXPECT_RC(-EFAULT, iommu_call(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, NULL));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_OK(attach_with(fd, 12, 0, rig.other));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
}

TEST(detach_bad_arguments)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = 7 };
	int fd = rig.dev->fd;

	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd));
	cmd.argsz = 0;
	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd));
	cmd.argsz = sizeof(cmd);
	cmd.flags = 1u << 31;
	EXPECT_RC(-EINVAL, iommu_call(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd));
	EXPECT_RC(-EFAULT, iommu_call(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, NULL));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	cmd.flags = 0;
	EXPECT_OK(iommu_call(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
}

static void *readonly_attach(uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.pt_id = ioas,
	};

	return fixture_readonly(&cmd, sizeof(cmd));
}

TEST(attach_unanswerable_stays_unattached)
{
	struct rig rig = fixture_rig();
	void *arg = readonly_attach(rig.ioas);

	REQUIRE_OK(mdma_detach(rig.dev));
	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	EXPECT_RC(-EFAULT,
		  iommu_call(rig.dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, arg));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.ioas));
}

TEST(attach_unanswerable_stays_attached)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	void *same = readonly_attach(rig.ioas);
	void *other = readonly_attach(rig.other);

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	EXPECT_RC(-EFAULT, iommu_call(rig.dev->fd,
				      VFIO_DEVICE_ATTACH_IOMMUFD_PT, other));
	EXPECT_RC(-EFAULT,
		  iommu_call(rig.dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, same));
	EXPECT_EQ(LEN / PAGE, mdma_npins(rig.dev));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 7));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.other));
	EXPECT_RC(-EBUSY, iommu_destroy(rig.iommufd, rig.ioas));
}

TEST(bound_device_describes_itself)
{
	struct rig rig = fixture_rig();
	struct vfio_device_info info;
	struct vfio_region_info region;
	struct vfio_irq_info irq;
	int fd = rig.dev->fd;

	EXPECT_OK(cdev_info(fd, &info));
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_RESET);
	EXPECT_GE(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_GE(VFIO_PCI_MSIX_IRQ_INDEX + 1, info.num_irqs);
	EXPECT_OK(cdev_region_info(fd, VFIO_PCI_BAR0_REGION_INDEX, &region));
	EXPECT_EQ(MDMA_BAR0_SIZE, region.size);
	EXPECT_OK(cdev_irq_info(fd, VFIO_PCI_MSIX_IRQ_INDEX, &irq));
	EXPECT_EQ(MDMA_NVECTORS, irq.count);
	EXPECT_RC(-EINVAL, cdev_region_info(fd, info.num_regions, &region));
	EXPECT_RC(-EINVAL, cdev_region_info(fd, UINT32_MAX, &region));
	EXPECT_RC(-EINVAL, cdev_irq_info(fd, info.num_irqs, &irq));
	EXPECT_RC(-EINVAL, cdev_irq_info(fd, UINT32_MAX, &irq));
}

/* ---- closing in every state --------------------------------------------- */

/* The device can be opened and used by somebody new. */
static void is_as_new(void)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 9);

	EXPECT_EQ(0, pins_now());
	EXPECT_EQ(0, mdma_npins(rig.dev));
	EXPECT_EQ(0, mdma_ledger(rig.dev, MDMA_LEDGER_CALLBACKS));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	mdma_close(rig.dev);
}

TEST(close_when_fresh)
{
	close(fresh());
	is_as_new();
}

TEST(close_when_bound)
{
	int iommufd = fixture_iommufd();

	mdma_close(fixture_device(0, iommufd, 0));
	is_as_new();
}

TEST(close_when_attached)
{
	int iommufd = fixture_iommufd();

	mdma_close(fixture_device(0, iommufd, fixture_ioas(iommufd)));
	is_as_new();
}

TEST(close_when_detached_again)
{
	struct rig rig = fixture_rig();

	REQUIRE_OK(mdma_detach(rig.dev));
	mdma_close(rig.dev);
	is_as_new();
}

TEST(close_with_pins)
{
	struct rig rig = fixture_rig();

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	mdma_close(rig.dev);
	is_as_new();
}

TEST(close_with_descriptors_in_flight)
{
	struct rig rig = fixture_rig();
	struct mdma_desc descs[8];

	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	for (unsigned int i = 0; i < 8; i++)
		descs[i] = (struct mdma_desc){
			.opcode = i % 2 ? MDMA_OP_PIN : MDMA_OP_WRITE,
			.length = LEN,
			.iova = IOVA_A,
			.delay_us = 20000,
		};
	REQUIRE_OK(mdma_submit(rig.queue, descs, 8));
	mdma_close(rig.dev);
	is_as_new();
}

TEST(close_of_one_of_two_files)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	int copy = dup(rig.dev->fd);

	REQUIRE_TRUE(copy >= 0);
	close(copy);
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
}

/* ---- races for the device ----------------------------------------------- */

struct binder {
	struct cdev_name name;
	int iommufd;
	unsigned int rounds;
	unsigned int won;
};

static int binder(void *arg)
{
	struct binder *b = arg;

	for (unsigned int i = 0; i < b->rounds; i++) {
		int fd = cdev_open(&b->name);
		int rc;

		if (fd < 0)
			return fd;
		rc = cdev_bind(fd, b->iommufd, NULL);
		b->won += !rc;
		close(fd);
		if (rc && rc != -EINVAL)
			return rc;
	}
	return 0;
}

TEST(bind_race_has_one_winner_at_a_time)
{
	struct binder b = { .rounds = 60 };
	unsigned int won = 0;
	struct job *jobs[4];

	REQUIRE_OK(cdev_find(0, MDMA_DEV_TYPE, &b.name));
	for (unsigned int i = 0; i < 4; i++) {
		b.iommufd = fixture_iommufd();
		jobs[i] = job_start(binder, &b, sizeof(b));
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct binder *done = jobs[i]->arg;

		EXPECT_OK(job_wait(jobs[i], PROMPT_MS));
		won += done->won;
	}
	tap_note("stat tries=240 won=%u", won);
	EXPECT_GT(0, won);
	is_as_new();
}

struct bind_call {
	int fd;
	int iommufd;
};

static int call_bind(void *arg)
{
	struct bind_call *call = arg;

	return cdev_bind(call->fd, call->iommufd, NULL);
}

TEST(bind_opens_the_gate_last)
{
	struct bind_call call = { .iommufd = fixture_iommufd() };
	struct vfio_device_info info;
	struct cdev_name name;
	unsigned int gated = 0;
	struct mdma_dev *dev;
	struct job *job;

	/* A device that goes through the fixture once resets its knobs after. */
	dev = fixture_device(0, call.iommufd, 0);
	name = dev->name;
	fixture_knob(dev, "delay_open_us", 300000);
	mdma_close(dev);
	call.fd = fresh();
	job = job_start(call_bind, &call, sizeof(call));
	while (!job_done(job)) {
		uint32_t word;
		int rc = cdev_info(call.fd, &info);

		if (rc == -EINVAL)
			gated++;
		else
			EXPECT_OK(rc);
		rc = cdev_read(call.fd, 0, &word, sizeof(word));
		EXPECT_TRUE(rc == -EINVAL || rc >= 0);
	}
	EXPECT_GT(0, gated);
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_OK(cdev_info(call.fd, &info));
	REQUIRE_OK(mdma_adopt(dev, &name, call.fd, 0));
	EXPECT_EQ(0, mdma_ledger(dev, MDMA_LEDGER_EARLY));
	mdma_close(dev);
}

/* ---- the group path, where the kernel has one ---------------------------- */

static int group_open(void)
{
	char link[128], target[256], path[64];
	struct cdev_name name;
	const char *number;
	ssize_t n;
	int fd;

	REQUIRE_OK(cdev_find(0, MDMA_DEV_TYPE, &name));
	snprintf(link, sizeof(link), "/sys/bus/mdev/devices/%s/iommu_group",
		 name.uuid);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		tap_skip("vfio was built without the group path");
	target[n] = '\0';
	number = strrchr(target, '/');
	snprintf(path, sizeof(path), "/dev/vfio/%.32s",
		 number ? number + 1 : target);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

TEST(group_open_keeps_others_from_binding)
{
	int iommufd = fixture_iommufd();
	int group = group_open();
	int fd = fresh();

	REQUIRE_RC(0, group < 0 ? group : 0);
	EXPECT_RC(-EBUSY, cdev_bind(fd, iommufd, NULL));
	EXPECT_RC(-EBUSY, group_open());
	close(group);
	EXPECT_OK(cdev_bind(fd, iommufd, NULL));
	close(fd);
}

TEST(bound_device_keeps_its_group_closed)
{
	int iommufd = fixture_iommufd();
	int group = group_open();
	int fd = fresh();

	REQUIRE_RC(0, group < 0 ? group : 0);
	close(group);
	EXPECT_OK(cdev_bind(fd, iommufd, NULL));
	EXPECT_RC(-EBUSY, group_open());
	/* A BIND that failed holds nothing. */
	EXPECT_RC(-EINVAL, cdev_bind(fd, iommufd, NULL));
	close(fd);
	group = group_open();
	EXPECT_RC(0, group < 0 ? group : 0);
	if (group >= 0)
		close(group);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
