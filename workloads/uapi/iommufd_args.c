// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommufd_args.c - what all commands of /dev/iommu have in common
 *
 * Promises: an unknown number is -ENOTTY; a structure shorter than the command's
 * minimum is -EINVAL; a longer one than the kernel's is taken when its tail is
 * zero and -E2BIG otherwise; unreadable is -EFAULT; unknown flags and reserved
 * fields are -EOPNOTSUPP. Numbers that belong to a class of hardware that is not
 * there still check their argument first, or are unknown as on a kernel that
 * never heard of them.
 *
 * A failure means that a program written for a newer or older kernel gets wrong
 * answers instead of a refusal.
 *
 * History: B86 (structure larger than the buffer), B90 (reserved fields).
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iommu.h"
#include "kit_tap.h"
#include "mem.h"

/* One command: its number, the least and the full size of its structure. */
static const struct command {
	const char *name;
	unsigned long number;
	uint32_t min, full;
	bool optional; /* a kernel may not have it: -ENOTTY */
} commands[] = {
	{ "DESTROY", IOMMU_DESTROY, 8, 8, false },
	{ "IOAS_ALLOC", IOMMU_IOAS_ALLOC, 12, 12, false },
	{ "IOAS_ALLOW_IOVAS", IOMMU_IOAS_ALLOW_IOVAS, 24, 24, false },
	{ "IOAS_COPY", IOMMU_IOAS_COPY, 40, 40, false },
	{ "IOAS_IOVA_RANGES", IOMMU_IOAS_IOVA_RANGES, 32, 32, false },
	{ "IOAS_MAP", IOMMU_IOAS_MAP, 40, 40, false },
	{ "IOAS_UNMAP", IOMMU_IOAS_UNMAP, 24, 24, false },
	{ "OPTION", IOMMU_OPTION, 24, 24, false },
	{ "VFIO_IOAS", IOMMU_VFIO_IOAS, 12, 12, false },
	{ "HWPT_ALLOC", IOMMU_HWPT_ALLOC, 24, 48, true },
	{ "GET_HW_INFO", IOMMU_GET_HW_INFO, 32, 40, true },
	{ "HWPT_SET_DIRTY_TRACKING", IOMMU_HWPT_SET_DIRTY_TRACKING, 16, 16,
	  true },
	{ "HWPT_GET_DIRTY_BITMAP", IOMMU_HWPT_GET_DIRTY_BITMAP, 48, 48, true },
	{ "HWPT_INVALIDATE", IOMMU_HWPT_INVALIDATE, 32, 32, true },
	{ "FAULT_QUEUE_ALLOC", IOMMU_FAULT_QUEUE_ALLOC, 16, 16, true },
	{ "IOAS_MAP_FILE", IOMMU_IOAS_MAP_FILE, 40, 40, true },
	{ "IOAS_CHANGE_PROCESS", IOMMU_IOAS_CHANGE_PROCESS, 8, 8, true },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static int iommufd;

static void undo_iommufd(void *unused)
{
	(void)unused;
	close(iommufd);
}

static void setup(void)
{
	iommufd = iommu_open();
	REQUIRE_RC(0, iommufd < 0 ? iommufd : 0);
	tap_defer(undo_iommufd, NULL);
}

/* A structure full of zeroes with this size, at the end of a page. */
static int call_sized(unsigned long number, uint32_t size, const void *bytes,
		      uint32_t nbytes)
{
	uint8_t *page = mem_alloc_guarded(MEM_PAGE);
	uint8_t *at = page + MEM_PAGE - nbytes;
	int rc;

	REQUIRE_TRUE(page);
	if (bytes)
		memcpy(at, bytes, nbytes);
	memcpy(at, &size, sizeof(size));
	rc = iommu_call(iommufd, number, at);
	mem_free(page, MEM_PAGE);
	return rc;
}

static bool known(const struct command *command)
{
	return !command->optional ||
	       call_sized(command->number, 4, NULL, 4) != -ENOTTY;
}

/* An expectation about one of the commands, named in a note when it fails. */
static void expect(const struct command *command, int expected, int seen)
{
	if (expected != seen)
		tap_note("%s:", command->name);
	EXPECT_RC(expected, seen);
}

TEST(args_unknown_numbers_are_enotty)
{
	setup();
	for (unsigned int nr = 0; nr < 256; nr++) {
		/* 100..: type1 compatibility; 0x80..0xa0: the commands. */
		if ((nr >= 100 && nr < 130) || (nr >= 0x80 && nr <= 0xa0))
			continue;
		EXPECT_RC(-ENOTTY,
			  iommu_call(iommufd, _IO(IOMMUFD_TYPE, nr), NULL));
	}
	/* Direction, size and type are part of the number. */
	EXPECT_RC(-ENOTTY,
		  iommu_call(iommufd,
			     _IOWR(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_ALLOC,
				   struct iommu_ioas_alloc),
			     NULL));
	EXPECT_RC(-ENOTTY,
		  iommu_call(iommufd, _IO('<', IOMMUFD_CMD_IOAS_ALLOC), NULL));
}

TEST(args_too_short_are_einval)
{
	setup();
	for (unsigned int i = 0; i < NCOMMANDS; i++) {
		const struct command *c = &commands[i];

		if (!known(c))
			continue;
		expect(c, -EINVAL, call_sized(c->number, 0, NULL, 4));
		expect(c, -EINVAL, call_sized(c->number, 4, NULL, 4));
		expect(c, -EINVAL,
		       call_sized(c->number, c->min - 1, NULL, c->min - 1));
		/* The size's own word is what counts, not what lies there. */
		expect(c, -EINVAL,
		       call_sized(c->number, c->min - 1, NULL, c->full + 64));
	}
}

TEST(args_unreadable_are_efault)
{
	setup();
	for (unsigned int i = 0; i < NCOMMANDS; i++) {
		const struct command *c = &commands[i];

		if (!known(c))
			continue;
		expect(c, -EFAULT, iommu_call(iommufd, c->number, NULL));
		/* The size can be read, the rest cannot. */
		expect(c, -EFAULT, call_sized(c->number, c->full, NULL, 4));
		expect(c, -EFAULT,
		       call_sized(c->number, c->full, NULL, c->min - 4));
	}
}

TEST(args_with_a_tail_are_e2big)
{
	static uint8_t bytes[256];

	setup();
	for (unsigned int i = 0; i < NCOMMANDS; i++) {
		const struct command *c = &commands[i];

		if (!known(c))
			continue;
		memset(bytes, 0, sizeof(bytes));
		/* Larger than any kernel's idea of the structure. */
		bytes[c->full + 40] = 1;
		expect(c, -E2BIG,
		       call_sized(c->number, c->full + 64, bytes,
				  c->full + 64));
		bytes[c->full + 40] = 0;
		bytes[c->full + 63] = 0x80;
		expect(c, -E2BIG,
		       call_sized(c->number, c->full + 64, bytes,
				  c->full + 64));
		expect(c, -EFAULT, call_sized(c->number, 4096, NULL, c->full));
	}
}

/* A zero tail changes nothing: the same answer with and without it. */
TEST(args_with_a_zero_tail_are_taken)
{
	setup();
	for (unsigned int i = 0; i < NCOMMANDS; i++) {
		const struct command *c = &commands[i];
		int plain, longer;

		if (!known(c))
			continue;
		plain = call_sized(c->number, c->full, NULL, c->full);
		longer =
			call_sized(c->number, c->full + 64, NULL, c->full + 64);
		expect(c, plain, longer);
	}
}

TEST(args_zero_tail_really_works)
{
	uint8_t bytes[100] = { 0 };
	struct iommu_ioas_alloc *cmd = (void *)bytes;

	setup();
	cmd->size = sizeof(bytes);
	EXPECT_OK(iommu_call(iommufd, IOMMU_IOAS_ALLOC, bytes));
	EXPECT_GT(0, cmd->out_ioas_id);
	EXPECT_EQ(sizeof(bytes), cmd->size);
	EXPECT_OK(iommu_destroy(iommufd, cmd->out_ioas_id));
}

TEST(args_alloc_flags_are_eopnotsupp)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };

	setup();
	for (unsigned int bit = 0; bit < 32; bit++) {
		cmd.flags = 1u << bit;
		EXPECT_RC(-EOPNOTSUPP,
			  iommu_call(iommufd, IOMMU_IOAS_ALLOC, &cmd));
	}
}

TEST(args_reserved_fields_are_eopnotsupp)
{
	struct iommu_ioas_allow_iovas allow = {
		.size = sizeof(allow),
		.__reserved = 1,
	};
	struct iommu_ioas_iova_ranges ranges = {
		.size = sizeof(ranges),
		.__reserved = 1,
	};
	struct iommu_option option = {
		.size = sizeof(option),
		.op = IOMMU_OPTION_OP_GET,
		.__reserved = 1,
	};
	struct iommu_vfio_ioas vfio = {
		.size = sizeof(vfio),
		.__reserved = 1,
	};
	struct iommu_ioas_map map = { .size = sizeof(map), .__reserved = 1 };

	setup();
	EXPECT_RC(-EOPNOTSUPP,
		  iommu_call(iommufd, IOMMU_IOAS_ALLOW_IOVAS, &allow));
	EXPECT_RC(-EOPNOTSUPP,
		  iommu_call(iommufd, IOMMU_IOAS_IOVA_RANGES, &ranges));
	EXPECT_RC(-EOPNOTSUPP, iommu_call(iommufd, IOMMU_OPTION, &option));
	EXPECT_RC(-EOPNOTSUPP, iommu_call(iommufd, IOMMU_VFIO_IOAS, &vfio));
	EXPECT_RC(-EOPNOTSUPP, iommu_call(iommufd, IOMMU_IOAS_MAP, &map));
}

TEST(args_file_has_only_ioctls)
{
	char byte = 0;

	setup();
	EXPECT_TRUE(read(iommufd, &byte, 1) < 0);
	EXPECT_TRUE(write(iommufd, &byte, 1) < 0);
	EXPECT_TRUE(mmap(NULL, MEM_PAGE, PROT_READ, MAP_SHARED, iommufd, 0) ==
		    MAP_FAILED);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
