// SPDX-License-Identifier: GPL-2.0-only
/*
 * deaf.c - promises S2 and S8 against a driver that never answers
 *
 * mdma's `deaf` knob makes the driver ignore unmap callbacks. Promises: an UNMAP
 * that cannot get its pins gives up in bounded time with -EDEADLOCK and has
 * changed nothing: every area of the range is mapped and usable as before,
 * whether it was pinned or not. A replace gives up in the same way, with the old
 * attachment restored. A detach and a close must succeed; what the driver still
 * holds is then reported and reclaimed. A killed UNMAP changes nothing.
 *
 * A failure means that one broken driver makes an address space unusable, or
 * leaks pages for ever.
 *
 * History: B03, B21. Upstream 7.2 gives up after a hundred calls in a row, leaves
 * the area unusable and the areas before it gone, and never reclaims a pin.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"

#define LEN (4 * PAGE)

/* How long giving up may take; the core says about two seconds. */
#define GIVE_UP_MS 8000

static struct rig deaf_rig(uint8_t **mem)
{
	struct rig rig = fixture_rig();

	*mem = fixture_map(rig.iommufd, rig.ioas, IOVA_A, LEN, 1);
	REQUIRE_OK(mdma_do_pin(rig.queue, IOVA_A, LEN, MDMA_F_WRITE));
	fixture_knob(rig.dev, "deaf", 1);
	return rig;
}

/* The driver hears again and gives up its pins when asked. */
static void hear(struct rig *rig)
{
	fixture_knob(rig->dev, "deaf", 0);
}

TEST(unmap_failed_changes_nothing)
{
	uint8_t *mem;
	struct rig rig = deaf_rig(&mem);
	uint64_t length = LEN;
	uint64_t start = tap_now_ms();

	EXPECT_RC(-EDEADLOCK,
		  iommu_unmap(rig.iommufd, rig.ioas, IOVA_A, &length));
	EXPECT_LE(GIVE_UP_MS, tap_now_ms() - start);
	EXPECT_EQ(LEN, length);
	EXPECT_GT(0, mdma_ledger(rig.dev, MDMA_LEDGER_CALLBACKS));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 4));
	EXPECT_EQ(4, *(uint64_t *)mem);
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + 8, mem + 8));
	EXPECT_OK(probe_pin(rig.queue, IOVA_A + PAGE));
	EXPECT_RC(-EEXIST,
		  iommu_map_at(rig.iommufd, rig.ioas, mem, PAGE, IOVA_A));
	hear(&rig);
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
}

TEST(unmap_failed_keeps_every_area_of_the_range)
{
	uint8_t *mem;
	struct rig rig = deaf_rig(&mem);
	uint8_t *low = fixture_map(rig.iommufd, rig.ioas, IOVA_A - LEN, LEN, 2);
	uint8_t *high =
		fixture_map(rig.iommufd, rig.ioas, IOVA_A + 2 * LEN, LEN, 3);

	EXPECT_RC(-EDEADLOCK,
		  iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A - LEN, 4 * LEN));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A - LEN, low));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + 2 * LEN, high));
	EXPECT_OK(probe_pin(rig.queue, IOVA_A - LEN));
	EXPECT_OK(probe_pin(rig.queue, IOVA_A + 2 * LEN));
	hear(&rig);
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A - LEN, 4 * LEN));
	EXPECT_EQ(0, pins_now());
}

TEST(replace_failed_restores_the_attachment)
{
	uint8_t *mem;
	struct rig rig = deaf_rig(&mem);

	EXPECT_RC(-EDEADLOCK, mdma_attach(rig.dev, rig.other));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_EQ(LEN / PAGE, mdma_npins(rig.dev));
	EXPECT_OK(mdma_do_touch(rig.queue, IOVA_A, LEN, 5));
	EXPECT_EQ(5, *(uint64_t *)mem);
	EXPECT_TRUE(reaches(rig.queue, IOVA_A + 8, mem + 8));
	EXPECT_OK(probe_pin(rig.queue, IOVA_A + PAGE));
	EXPECT_RC(-EBUSY, iommu_destroy(rig.iommufd, rig.ioas));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.other));
	hear(&rig);
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
}

static int kmsg_at_end(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	REQUIRE_TRUE(fd >= 0);
	lseek(fd, 0, SEEK_END);
	return fd;
}

/* Does the kernel's log have a line since then that has all these words? */
static bool kmsg_says(int fd, const char *const *words)
{
	char line[1024];
	ssize_t n;

	for (;;) {
		bool all = true;

		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue; /* overwritten, read on */
		if (n <= 0)
			return false;
		line[n] = '\0';
		for (unsigned int i = 0; words[i]; i++)
			all = all && strcasestr(line, words[i]);
		if (all)
			return true;
	}
}

static const char *const leak_words[] = { "iommufd", "access", "pins", NULL };

TEST(detach_reclaims_leaked_pins)
{
	uint8_t *mem;
	struct rig rig = deaf_rig(&mem);
	int kmsg = kmsg_at_end();
	uint64_t start = tap_now_ms();

	mdma_forgive(rig.dev, MDMA_LEDGER_STALE_PIN);
	mdma_forgive(rig.dev, MDMA_LEDGER_CLOSE_PIN);
	EXPECT_OK(mdma_detach(rig.dev));
	EXPECT_LE(GIVE_UP_MS, tap_now_ms() - start);
	EXPECT_EQ(0, pins_now());
	EXPECT_TRUE(kmsg_says(kmsg, leak_words));
	EXPECT_RC(-ENOENT, probe_rw(rig.queue, IOVA_A));
	/* Nothing holds the area or the IOAS any more. */
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.ioas));
	close(kmsg);
}

TEST(close_reclaims_leaked_pins)
{
	uint8_t *mem;
	struct rig rig = deaf_rig(&mem);
	uint64_t start = tap_now_ms();

	mdma_forgive(rig.dev, MDMA_LEDGER_STALE_PIN);
	mdma_forgive(rig.dev, MDMA_LEDGER_CLOSE_PIN);
	mdma_close(rig.dev);
	EXPECT_LE(GIVE_UP_MS, tap_now_ms() - start);
	EXPECT_EQ(0, pins_now());
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_OK(iommu_destroy(rig.iommufd, rig.ioas));
}

static int child_unmaps(struct child *self, void *arg)
{
	struct rig *rig = arg;

	child_say(self, 1);
	iommu_unmap_at(rig->iommufd, rig->ioas, IOVA_A, LEN);
	return 1; /* it was to be killed in there */
}

TEST(unmap_killed_changes_nothing)
{
	uint8_t *mem;
	struct rig rig = deaf_rig(&mem);
	uint64_t before = mdma_ledger(rig.dev, MDMA_LEDGER_CALLBACKS);
	struct child *child = child_start(child_unmaps, &rig);

	REQUIRE_EQ(1, child_hear(child, PROMPT_MS));
	REQUIRE_TRUE(TAP_WAIT_FOR(mdma_ledger(rig.dev, MDMA_LEDGER_CALLBACKS) >
					  before,
				  PROMPT_MS));
	child_kill(child, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
	EXPECT_EQ(LEN / PAGE, pins_now());
	EXPECT_TRUE(reaches(rig.queue, IOVA_A, mem));
	EXPECT_OK(probe_pin(rig.queue, IOVA_A + PAGE));
	hear(&rig);
	EXPECT_OK(iommu_unmap_at(rig.iommufd, rig.ioas, IOVA_A, LEN));
	EXPECT_EQ(0, pins_now());
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
