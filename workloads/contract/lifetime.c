// SPDX-License-Identifier: GPL-2.0-only
/*
 * lifetime.c - processes that exit, fork, exec or are killed while mapped
 *
 * Promises: whatever ends a process, its pins, its charges and its device come
 * back; memory belongs to the mm that mapped it, also when another process, or a
 * fork, or a kernel thread drives the device; when that mm is gone, new pins and
 * copies are -EFAULT, what is pinned already stays reachable until it is
 * released, and UNMAP works.
 *
 * A failure means that a crashed VMM leaves pages pinned for ever, or that a
 * device writes into a process that never mapped anything.
 *
 * History: B08 (leaks), B49 (an address of another mm).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define LEN (8 * PAGE)

/* The argument that makes this program only wait for its stdin to close. */
#define WAIT_ARG "--wait-for-eof"

/* ---- the user of the device ends ----------------------------------------- */

/* Opens, maps, pins, keeps queues busy; then does what it is told. */
static int child_uses(struct child *self, void *arg)
{
	struct rig rig = fixture_rig();
	struct mdma_desc descs[16];

	(void)arg;
	fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	fixture_map(rig.iommufd, rig.other, IOVA_A, LEN, 2);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	for (unsigned int i = 0; i < 16; i++)
		descs[i] = (struct mdma_desc){
			.opcode = MDMA_OP_WRITE,
			.flags = i % 2 ? MDMA_F_PIN : 0,
			.length = LEN,
			.iova = IOVA_A,
			.delay_us = 5000,
		};
	REQUIRE_OK(mdma_submit(rig.queue, descs, 16));
	child_say(self, 1);
	if (child_hear(self, PROMPT_MS) == 1)
		return 0; /* exits with everything open */
	for (unsigned int i = 0;; i++) {
		mdma_attach(rig.dev, i % 2 ? rig.ioas : rig.other);
		iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN);
	}
}

static void device_is_free(void)
{
	int iommufd = fixture_iommufd();
	struct mdma_dev *dev;

	EXPECT_TRUE(TAP_WAIT_FOR(pins_now() == 0, PROMPT_MS));
	dev = fixture_device(0, iommufd, 0);
	EXPECT_EQ(0, mdma_npins(dev));
	EXPECT_EQ(0, mdma_ledger_violations(dev));
	mdma_close(dev);
}

TEST(exit_returns_everything)
{
	struct child *child = child_start(child_uses, NULL);

	REQUIRE_EQ(1, child_hear(child, PROMPT_MS));
	EXPECT_GE(LEN / PAGE, pins_now());
	child_say(child, 1);
	EXPECT_EQ(0, child_wait(child, PROMPT_MS));
	device_is_free();
}

TEST(kill_returns_everything)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct child *child = child_start(child_uses, NULL);

		REQUIRE_EQ(1, child_hear(child, PROMPT_MS));
		child_kill(child, SIGKILL);
		EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
		device_is_free();
	}
}

TEST(kill_in_the_middle_of_changes_returns_everything)
{
	for (unsigned int i = 0; i < 5; i++) {
		struct child *child = child_start(child_uses, NULL);

		REQUIRE_EQ(1, child_hear(child, PROMPT_MS));
		child_say(child, 2);
		/* Any moment will do; which one differs from run to run. */
		usleep(1000 * (1 + 7 * i));
		child_kill(child, SIGKILL);
		EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
		device_is_free();
	}
}

/* ---- the owner of the memory ends ---------------------------------------- */

/*
 * The parent has the device and the context. The child maps memory of its own
 * and says what it sees there.
 */
struct owner {
	struct rig *rig;
	bool exec;
};

static int child_owns(struct child *self, void *arg)
{
	struct owner *owner = arg;
	uint8_t *mem = mem_alloc(LEN);

	if (!mem)
		return 1;
	mem_fill(mem, LEN, 5, 0);
	if (iommu_map_at(owner->rig->iommufd, owner->rig->ioas, mem, LEN,
			 IOVA_A))
		return 2;
	child_say(self, 1);
	while (child_hear(self, 2 * PROMPT_MS) == 1) /* "what do you see?" */
		child_say(self, *(volatile int32_t *)mem);
	if (!owner->exec)
		return 0;
	/* Same process, another mm. It says 2 by closing its pipe at exec. */
	if (dup2(self->from, STDIN_FILENO) < 0)
		return 3;
	execl("/proc/self/exe", "lifetime", WAIT_ARG, (char *)NULL);
	return 4;
}

static int32_t ask(struct child *child)
{
	child_say(child, 1);
	return child_hear(child, PROMPT_MS);
}

static struct child *start_owner(struct rig *rig, bool exec)
{
	struct owner owner = { rig, exec };
	struct child *child = child_start(child_owns, &owner);

	REQUIRE_EQ(1, child_hear(child, PROMPT_MS));
	return child;
}

TEST(memory_is_the_mappers)
{
	struct rig rig = fixture_rig();
	struct child *child = start_owner(&rig, false);

	rig.dev->mem[0] = 0x11;
	rig.dev->mem[1] = 0x22;
	rig.dev->mem[2] = 0x33;
	rig.dev->mem[3] = 0x44;
	EXPECT_OK(mdma_do_write(rig.queue, IOVA_A, 0, 4, 0));
	EXPECT_EQ(0x44332211, ask(child));
	EXPECT_OK(mdma_do_fill(rig.queue, IOVA_A, 0x0101010101010101, 8,
			       MDMA_F_PIN));
	EXPECT_EQ(0x01010101, ask(child));
	/* From this process's own context, which has another mm. */
	EXPECT_OK(
		mdma_bench(rig.dev, MDMA_BENCH_RW_READ, IOVA_A, LEN, 1, NULL));
	EXPECT_OK(mdma_bench(rig.dev, MDMA_BENCH_RW_READ, IOVA_A + 5, 77, 1,
			     NULL));
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A + PAGE, 0, PAGE, 0));
	EXPECT_EQ(-1, mem_check(rig.dev->mem, PAGE, 5, PAGE));
	EXPECT_OK(iommu_unmap_all(rig.iommufd, rig.ioas));
}

static void mm_is_gone(struct rig *rig)
{
	EXPECT_RC(-EFAULT, probe_rw(rig->queue, IOVA_A));
	EXPECT_RC(-EFAULT, mdma_bench(rig->dev, MDMA_BENCH_RW_WRITE, IOVA_A, 8,
				      1, NULL));
	EXPECT_RC(-EFAULT, probe_pin(rig->queue, IOVA_A));
	EXPECT_RC(-EFAULT, mdma_do_write(rig->queue, IOVA_A, 0, 8, MDMA_F_PIN));
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(iommu_unmap_at(rig->iommufd, rig->ioas, IOVA_A, LEN));
}

TEST(mm_gone_by_exit_is_efault)
{
	struct rig rig = fixture_rig();
	struct child *child = start_owner(&rig, false);

	EXPECT_OK(probe_rw(rig.queue, IOVA_A));
	child_say(child, 0);
	EXPECT_EQ(0, child_wait(child, PROMPT_MS));
	mm_is_gone(&rig);
}

TEST(mm_gone_by_kill_is_efault)
{
	struct rig rig = fixture_rig();
	struct child *child = start_owner(&rig, false);

	EXPECT_OK(probe_rw(rig.queue, IOVA_A));
	child_kill(child, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
	mm_is_gone(&rig);
}

TEST(mm_gone_by_exec_is_efault)
{
	struct rig rig = fixture_rig();
	struct child *child = start_owner(&rig, true);

	EXPECT_OK(probe_rw(rig.queue, IOVA_A));
	child_say(child, 0);
	/* Its end of the pipe closes on exec. */
	EXPECT_EQ(-EPIPE, child_hear(child, PROMPT_MS));
	EXPECT_TRUE(TAP_WAIT_FOR(probe_rw(rig.queue, IOVA_A) == -EFAULT,
				 PROMPT_MS));
	mm_is_gone(&rig);
	EXPECT_EQ(-ETIMEDOUT, child_wait(child, 0));
}

TEST(pin_outlives_the_mm)
{
	struct rig rig = fixture_rig();
	struct child *child = start_owner(&rig, false);

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	child_kill(child, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 9));
	EXPECT_OK(mdma_do_unpin(rig.queue, IOVA_A, LEN));
	mm_is_gone(&rig);
}

TEST(unmap_of_a_dead_mms_pins)
{
	struct rig rig = fixture_rig();
	struct child *child = start_owner(&rig, false);

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	child_kill(child, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
}

/* ---- fork ---------------------------------------------------------------- */

/* A forked child that holds copies of every file and of the memory. */
static int child_watches(struct child *self, void *arg)
{
	volatile uint8_t *mem = arg;

	child_say(self, 1);
	while (child_hear(self, 2 * PROMPT_MS) == 1)
		child_say(self, mem[0]);
	return 0;
}

TEST(fork_leaves_dma_with_the_parent)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	struct child *child;

	mem[0] = 10;
	mem[PAGE] = 10;
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, PAGE, MDMA_F_WRITE));
	child = child_start(child_watches, mem);
	REQUIRE_EQ(1, child_hear(child, PROMPT_MS));

	/* By the pin that was there before, by copy, by a new pin. */
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, PAGE, 20));
	EXPECT_EQ(20, mem[0]);
	EXPECT_EQ(10, ask(child));
	memset(rig.dev->mem, 30, 8);
	EXPECT_OK(mdma_do_write(rig.queue, IOVA_A, 0, 8, 0));
	EXPECT_EQ(30, mem[0]);
	EXPECT_OK(mdma_do_write(rig.queue, IOVA_A + PAGE, 0, 8, MDMA_F_PIN));
	EXPECT_EQ(30, mem[PAGE]);
	EXPECT_EQ(10, ask(child));
	/* The parent's own writes are still what the device sees. */
	mem[0] = 40;
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, 0, 8, 0));
	EXPECT_EQ(40, rig.dev->mem[0]);
	EXPECT_OK(mdma_do_read(rig.queue, IOVA_A, 64, 8, MDMA_F_PIN));
	EXPECT_EQ(40, rig.dev->mem[64]);
}

TEST(fork_keeps_the_device_open)
{
	struct rig rig = fixture_rig();
	uint8_t *mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	struct child *child;
	struct cdev_name name = rig.dev->name;
	int fd;

	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, 0));
	child = child_start(child_watches, mem);
	REQUIRE_EQ(1, child_hear(child, PROMPT_MS));
	/* Our file goes, the child's copy stays: the device is still owned. */
	munmap(rig.dev->mem, rig.dev->mem_size);
	close(rig.dev->fd);
	rig.dev->mem = NULL;
	rig.dev->fd = -1;
	EXPECT_EQ(LEN / PAGE, pins_now());
	fd = cdev_open(&name);
	REQUIRE_TRUE(fd >= 0);
	EXPECT_RC(-EINVAL, cdev_bind(fd, rig.iommufd, NULL));
	child_say(child, 0);
	EXPECT_EQ(0, child_wait(child, PROMPT_MS));
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(cdev_bind(fd, rig.iommufd, NULL));
	close(fd);
}

int main(int argc, char **argv)
{
	char byte;

	if (argc == 2 && !strcmp(argv[1], WAIT_ARG)) {
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
		return 0;
	}
	return tap_main(argc, argv);
}
