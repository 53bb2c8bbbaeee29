// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest.c - the library that the other programs stand on
 *
 * Promises: a test that fails, leaves early, skips, hangs or dies is reported as
 * exactly that, with expected and seen; undos always run, in reverse; random
 * numbers and patterns are the same on every machine.
 *
 * The tests called mini_* behave badly on purpose. They are not part of a normal
 * run: lib_* run them by starting this program again, and read what it says.
 *
 * A failure means that no other result can be trusted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit_tap.h"
#include "mem.h"
#include "rng.h"

/* ---- the badly behaved ones ---------------------------------------------- */

TEST(mini_passes)
{
	EXPECT_EQ(4, 2 + 2);
	EXPECT_OK(0);
	EXPECT_RC(-ENOENT, -ENOENT);
}

static void say(void *text)
{
	tap_note("undo %s", (const char *)text);
}

TEST(mini_fails_and_goes_on)
{
	tap_defer(say, "one");
	tap_defer(say, "two");
	EXPECT_RC(-EBUSY, -ENOENT);
	EXPECT_GE(5, 4);
	tap_note("went on");
}

TEST(mini_leaves)
{
	tap_defer(say, "three");
	REQUIRE_EQ(1, 2);
	tap_note("never said");
}

TEST(mini_skips)
{
	tap_skip("it is %s", "Friday # 13");
}

static void *expects(void *unused)
{
	(void)unused;
	EXPECT_TRUE(!"a thread may fail");
	REQUIRE_TRUE(!"and leave");
	tap_note("never said");
	return NULL;
}

TEST(mini_fails_in_a_thread)
{
	pthread_t thread;

	REQUIRE_EQ(0, pthread_create(&thread, NULL, expects, NULL));
	pthread_join(thread, NULL);
}

TEST(mini_fails_in_an_undo)
{
	tap_defer((void (*)(void *))tap_leave, NULL);
	tap_defer(say, "four");
	EXPECT_TRUE(false);
}

TEST_LIMIT(mini_hangs, 1)
{
	EXPECT_EQ(7, 8);
	for (;;)
		pause();
}

TEST(mini_dies)
{
	abort();
}

/* ---- what is said about them --------------------------------------------- */

static char output[1 << 16];

/* Runs this program with a pattern; its output is in `output`. Returns status. */
static int run(const char *pattern)
{
	size_t used = 0;
	int out[2], status;
	ssize_t n;
	pid_t pid;

	REQUIRE_TRUE(!pipe(out));
	pid = fork();
	REQUIRE_TRUE(pid >= 0);
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execl("/proc/self/exe", "selftest", "--seed", "42", pattern,
		      (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	while ((n = read(out[0], output + used, sizeof(output) - 1 - used)) > 0)
		used += n;
	output[used] = '\0';
	close(out[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   256 + WTERMSIG(status);
}

/* Is there this whole line in the output? */
static bool said(const char *line)
{
	size_t len = strlen(line);

	for (const char *at = output; (at = strstr(at, line)); at++)
		if ((at == output || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static bool said_part(const char *text)
{
	return strstr(output, text);
}

TEST(lib_tap_passes)
{
	EXPECT_EQ(TAP_EXIT_PASS, run("mini_passes"));
	EXPECT_TRUE(!strncmp(output, "KTAP version 1\n1..3\n# seed 42\n", 29));
	EXPECT_TRUE(said("ok 1 mini_passes"));
	EXPECT_TRUE(said("ok 2 pins_returned"));
	EXPECT_TRUE(said("ok 3 kernel_silent"));
}

TEST(lib_tap_fails_with_expected_and_seen)
{
	EXPECT_EQ(TAP_EXIT_FAIL, run("mini_fails_and*"));
	EXPECT_TRUE(said_part("not ok 1 mini_fails_and_goes_on # selftest.c:"));
	EXPECT_TRUE(said_part("expected -EBUSY, seen -ENOENT\n"));
	EXPECT_TRUE(said_part("expected >= 5 (0x5), seen 4 (0x4)\n"));
	EXPECT_TRUE(said("# went on"));
	EXPECT_TRUE(strstr(output, "# undo two\n# undo one\n"));
	/* What comes after it still runs. */
	EXPECT_TRUE(said("ok 2 pins_returned"));
}

TEST(lib_tap_leaves_and_undoes)
{
	EXPECT_EQ(TAP_EXIT_FAIL, run("mini_leaves"));
	EXPECT_TRUE(said_part("not ok 1 mini_leaves # "));
	EXPECT_TRUE(!said_part("never said"));
	EXPECT_TRUE(said("# undo three"));
}

TEST(lib_tap_skips)
{
	EXPECT_EQ(TAP_EXIT_SKIP, run("mini_skips"));
	EXPECT_TRUE(said("ok 1 mini_skips # SKIP it is Friday   13"));
	/* One skip among others is no skip of the program. */
	EXPECT_EQ(TAP_EXIT_PASS, run("mini_[ps][ak][si]*"));
	EXPECT_TRUE(said("ok 2 mini_skips # SKIP it is Friday   13"));
}

TEST(lib_tap_fails_in_threads_and_undos)
{
	EXPECT_EQ(TAP_EXIT_FAIL, run("mini_fails_in*"));
	EXPECT_TRUE(said_part("not ok 1 mini_fails_in_a_thread # "));
	EXPECT_TRUE(said_part("a thread may fail"));
	EXPECT_TRUE(!said_part("never said"));
	EXPECT_TRUE(said_part("not ok 2 mini_fails_in_an_undo # "));
	EXPECT_TRUE(said("# undo four"));
}

TEST(lib_tap_says_who_hung)
{
	EXPECT_EQ(TAP_EXIT_FAIL, run("mini_[ph]a*"));
	EXPECT_TRUE(said("ok 1 mini_passes"));
	EXPECT_TRUE(said_part("not ok 2 mini_hangs # hung: no end after "));
	/* The reason it had failed already is not lost. */
	EXPECT_TRUE(said_part("expected == 7"));
	/* Short plan: what follows was not run. */
	EXPECT_TRUE(!said_part("pins_returned"));
}

TEST(lib_tap_death_leaves_a_short_plan)
{
	EXPECT_LE(run("mini_dies"), 256);
	EXPECT_TRUE(said_part("1..3\n"));
	EXPECT_TRUE(!said_part("ok 1"));
}

TEST(lib_tap_unknown_name_is_usage)
{
	EXPECT_EQ(TAP_EXIT_USAGE, run("no_such_test"));
}

TEST(lib_tap_errno_names)
{
	EXPECT_TRUE(!strcmp("0", tap_errno_name(0)));
	EXPECT_TRUE(!strcmp("-EDEADLK", tap_errno_name(-EDEADLOCK)) ||
		    !strcmp("-EDEADLOCK", tap_errno_name(-EDEADLOCK)));
	EXPECT_TRUE(!strcmp("-EINVAL", tap_errno_name(-EINVAL)));
	EXPECT_TRUE(!strcmp("17", tap_errno_name(17)));
	EXPECT_TRUE(!strcmp("-100000", tap_errno_name(-100000)));
}

/* ---- numbers and patterns ------------------------------------------------ */

TEST(lib_rng_is_the_same_everywhere)
{
	struct rng a, b;

	/* splitmix64 from 0, the values its author publishes. */
	EXPECT_EQ(0xe220a8397b1dcdafull, rng_mix(0));
	EXPECT_EQ(0x6e789e6aa1b965f4ull, rng_mix(0x9e3779b97f4a7c15ull));

	/* xoshiro256** from 1, 2, 3, 4. */
	a = (struct rng){ { 1, 2, 3, 4 } };
	EXPECT_EQ(11520, rng_next(&a));
	EXPECT_EQ(0, rng_next(&a));
	EXPECT_EQ(1509978240, rng_next(&a));

	rng_init(&a, 7);
	rng_init(&b, 7);
	for (unsigned int i = 0; i < 100; i++)
		EXPECT_EQ(rng_next(&a), rng_next(&b));
	rng_split(&a, 7, 1);
	rng_split(&b, 7, 2);
	EXPECT_NE(rng_next(&a), rng_next(&b));
}

TEST(lib_rng_stays_in_range)
{
	unsigned int seen[7] = { 0 };
	struct rng rng;

	rng_init(&rng, tap_seed());
	for (unsigned int i = 0; i < 7000; i++) {
		uint64_t x = rng_below(&rng, 7);

		REQUIRE_TRUE(x < 7);
		seen[x]++;
		x = rng_range(&rng, 10, 12);
		REQUIRE_TRUE(x >= 10 && x <= 12);
	}
	for (unsigned int i = 0; i < 7; i++)
		EXPECT_TRUE(seen[i] > 800 && seen[i] < 1200);
	EXPECT_EQ(5, rng_range(&rng, 5, 5));
	(void)rng_range(&rng, 0, UINT64_MAX);
}

TEST(lib_mem_patterns)
{
	static uint8_t buf[256], other[256];

	/* Any alignment, and pieces fit together. */
	for (size_t offset = 0; offset < 20; offset++) {
		for (size_t len = 0; len < 40; len++) {
			memset(buf, 0xee, sizeof(buf));
			mem_fill(buf + 3, len, 5, offset);
			REQUIRE_EQ(-1, mem_check(buf + 3, len, 5, offset));
			REQUIRE_EQ(-1, mem_check_byte(buf, 3, 0xee));
			REQUIRE_EQ(-1, mem_check_byte(buf + 3 + len, 50, 0xee));
			for (size_t cut = 0; cut < len; cut++)
				REQUIRE_EQ(-1, mem_check(buf + 3 + cut,
							 len - cut, 5,
							 offset + cut));
		}
	}
	mem_fill(buf, sizeof(buf), 1, 0);
	mem_fill(other, sizeof(other), 2, 0);
	for (size_t i = 0; i < sizeof(buf); i += 8)
		EXPECT_TRUE(memcmp(buf + i, other + i, 8));
	buf[77] ^= 1;
	EXPECT_EQ(77, mem_check(buf, sizeof(buf), 1, 0));
	EXPECT_EQ(0, mem_check(buf, sizeof(buf), 2, 0));
}

TEST(lib_mem_counters)
{
	struct mem_pins pins;
	uint8_t *page;

	EXPECT_OK(mem_pins(&pins));
	EXPECT_GE(0, mem_pins_held());
	EXPECT_EQ(0, mem_status_kb(0, "VmPin"));
	EXPECT_GT(0, mem_status_kb(0, "VmRSS"));
	EXPECT_RC(-ENODATA, mem_status_kb(0, "VmNone"));
	EXPECT_GE(0, mem_kernel_taints());
	page = mem_alloc_guarded(MEM_PAGE);
	REQUIRE_TRUE(page);
	EXPECT_EQ(-1, mem_check_byte(page, MEM_PAGE, 0));
	mem_free(page, MEM_PAGE);
}

int main(int argc, char **argv)
{
	char *normal[] = { argv[0], "lib_*", NULL };

	if (argc > 1)
		return tap_main(argc, argv);
	return tap_main(2, normal);
}
