// SPDX-License-Identifier: GPL-2.0-only
/*
 * kit_tap.c - the test runner behind kit_tap.h
 *
 * Tests run on the main thread. REQUIRE_*, tap_skip() and the end of a body all
 * come back to run_one(), the first two by a long jump, so that undos always
 * run. Other threads may use EXPECT_* and tap_note(); a failed REQUIRE_* there
 * ends only that thread.
 *
 * A watchdog thread knows the running test's deadline. When it passes, the test
 * is reported and the process ends at once, without undos: a thread that is
 * stuck in the kernel would not let them run. Deadlines are doubled when the
 * guest is slow: MDEVKIT_SLOWDOWN in the environment multiplies them.
 *
 * LOCKING
 *   out_lock    one line of output at a time; protects ntests_done
 *   state_lock  protects the running test's record: first_failure, nfailures,
 *               deadline_ms, current
 *   neither is taken inside the other
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kit_tap.h"
#include "mem.h"

#define LINE_MAX_BYTES 1024
#define MAX_UNDOS 256
#define MAX_FINALS 8

/* Pins of other processes that just died may take a moment to be returned. */
#define PINS_SETTLE_MS 3000

struct undo {
	void (*run)(void *arg);
	void *arg;
};

static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;

static struct tap_test *tests;
static struct tap_test **tests_tail = &tests;
static struct tap_test finals[MAX_FINALS];
static unsigned int nfinals;

static unsigned int ntests_done;
static uint64_t seed = 1;
static unsigned int slowdown = 1;

/* The running test. */
static const struct tap_test *current;
static char first_failure[LINE_MAX_BYTES];
static char skip_reason[LINE_MAX_BYTES];
static unsigned int nfailures;
static uint64_t deadline_ms;
static struct undo undos[MAX_UNDOS];
static unsigned int nundos;
static jmp_buf leave;
static pthread_t test_thread;
static pid_t test_process;

static int64_t pins_at_start;
static int taints_at_start;

/* ---- output ------------------------------------------------------------- */

/* Caller holds out_lock. */
static void put_line(const char *line)
{
	size_t left = strlen(line);

	while (left) {
		ssize_t n = write(STDOUT_FILENO, line, left);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			line += n;
			left -= n;
		}
	}
}

/* A text that may be a result's reason: one line, no '#' that starts another. */
static void flatten(char *text)
{
	for (; *text; text++)
		if (*text == '\n' || *text == '#')
			*text = ' ';
}

void tap_note(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES + 8] = "# ";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + 2, LINE_MAX_BYTES, fmt, ap);
	va_end(ap);
	strcat(line, "\n");
	pthread_mutex_lock(&out_lock);
	put_line(line);
	pthread_mutex_unlock(&out_lock);
}

void tap_plan(unsigned int ntests, uint64_t with_seed)
{
	char text[128];

	snprintf(text, sizeof(text), "KTAP version 1\n1..%u\n# seed %llu\n",
		 ntests, (unsigned long long)with_seed);
	pthread_mutex_lock(&out_lock);
	put_line(text);
	pthread_mutex_unlock(&out_lock);
}

static void put_result(const char *word, const char *name, const char *mark,
		       char *why)
{
	char line[2 * LINE_MAX_BYTES];

	flatten(why);
	pthread_mutex_lock(&out_lock);
	snprintf(line, sizeof(line), "%s %u %s%s%s\n", word, ++ntests_done,
		 name, *why || *mark == ' ' ? mark : "", why);
	put_line(line);
	pthread_mutex_unlock(&out_lock);
}

void tap_result(bool ok, const char *name, const char *fmt, ...)
{
	char why[LINE_MAX_BYTES] = "";
	va_list ap;

	if (!ok) {
		va_start(ap, fmt);
		vsnprintf(why, sizeof(why), fmt, ap);
		va_end(ap);
	}
	put_result(ok ? "ok" : "not ok", name, *why ? " # " : "", why);
}

void tap_result_skip(const char *name, const char *fmt, ...)
{
	char why[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	put_result("ok", name, " # SKIP ", why);
}

const char *tap_errno_name(long long rc)
{
	static _Thread_local char digits[4][24];
	static _Thread_local unsigned int turn;
	const char *name = NULL;
	char *text;

	if (rc == 0)
		return "0";
	if (rc < 0 && rc > -4096)
		name = strerrorname_np((int)-rc);
	text = digits[turn++ % 4];
	if (name)
		snprintf(text, sizeof(digits[0]), "-%s", name);
	else
		snprintf(text, sizeof(digits[0]), "%lld", rc);
	return text;
}

/* ---- time --------------------------------------------------------------- */

uint64_t tap_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

uint64_t tap_now_ms(void)
{
	return tap_now_ns() / 1000000;
}

void tap_relax(void)
{
	/* A pause between two looks at a counter, not a way to order events. */
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

/* ---- the running test --------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char text[LINE_MAX_BYTES];
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "%s:%d: ", base ? base + 1 : file,
		     line);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);

	pthread_mutex_lock(&state_lock);
	if (!nfailures++)
		memcpy(first_failure, text, sizeof(text));
	pthread_mutex_unlock(&state_lock);
	tap_note("%s", text);
}

bool tap_failed(void)
{
	bool failed;

	pthread_mutex_lock(&state_lock);
	failed = nfailures != 0;
	pthread_mutex_unlock(&state_lock);
	return failed;
}

bool tap_check_true(bool ok, const char *file, int line, const char *text)
{
	if (!ok)
		fail(file, line, "expected %s", text);
	return ok;
}

bool tap_check_int(bool ok, const char *op, long long expected, long long seen,
		   const char *file, int line, const char *text)
{
	if (!ok)
		fail(file, line,
		     "%s: expected %s %lld (0x%llx), seen %lld (0x%llx)", text,
		     op, expected, expected, seen, seen);
	return ok;
}

bool tap_check_rc(long long expected, long long seen, const char *file,
		  int line, const char *text)
{
	if (expected != seen)
		fail(file, line, "%s: expected %s, seen %s", text,
		     tap_errno_name(expected), tap_errno_name(seen));
	return expected == seen;
}

void tap_leave(void)
{
	/* A child of the test has nothing to undo and nowhere to go on. */
	if (getpid() != test_process)
		_exit(TAP_EXIT_FAIL);
	if (!pthread_equal(pthread_self(), test_thread))
		pthread_exit(NULL);
	longjmp(leave, 1);
}

void tap_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(skip_reason, sizeof(skip_reason), fmt, ap);
	va_end(ap);
	tap_leave();
}

void tap_defer(void (*undo)(void *arg), void *arg)
{
	if (nundos == MAX_UNDOS) {
		fail(__FILE__, __LINE__, "too many undos");
		undo(arg);
		tap_leave();
	}
	undos[nundos++] = (struct undo){ undo, arg };
}

uint64_t tap_seed(void)
{
	return seed;
}

/* ---- the runner --------------------------------------------------------- */

void tap_register(struct tap_test *test)
{
	*tests_tail = test;
	tests_tail = &test->next;
}

void tap_final(const char *name, void (*check)(void))
{
	for (unsigned int i = 0; i < nfinals; i++)
		if (!strcmp(finals[i].name, name))
			return;
	if (nfinals == MAX_FINALS)
		abort();
	finals[nfinals++] = (struct tap_test){ name, check, TAP_SECONDS, NULL };
}

static void *watchdog(void *unused)
{
	char line[LINE_MAX_BYTES];
	bool hung;

	(void)unused;
	for (;;) {
		/* The watchdog's own clock tick. */
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		pthread_mutex_lock(&state_lock);
		hung = current && tap_now_ms() > deadline_ms;
		if (hung)
			snprintf(
				line, sizeof(line),
				"not ok %u %s # hung: no end after %u s %.400s\n",
				ntests_done + 1, current->name,
				current->seconds * slowdown, first_failure);
		pthread_mutex_unlock(&state_lock);
		if (hung) {
			pthread_mutex_lock(&out_lock);
			put_line(line);
			_exit(TAP_EXIT_FAIL);
		}
	}
	return NULL;
}

static void set_current(const struct tap_test *test)
{
	pthread_mutex_lock(&state_lock);
	current = test;
	if (test) {
		nfailures = 0;
		first_failure[0] = '\0';
		deadline_ms = tap_now_ms() + 1000ull * test->seconds * slowdown;
	}
	pthread_mutex_unlock(&state_lock);
}

/* Returns TAP_EXIT_PASS, _FAIL or _SKIP. */
static int run_one(const struct tap_test *test)
{
	char why[LINE_MAX_BYTES];

	skip_reason[0] = '\0';
	set_current(test);
	if (!setjmp(leave))
		test->run();
	/* An undo may fail expectations too, and leave itself early. */
	setjmp(leave);
	while (nundos) {
		struct undo *undo = &undos[--nundos];

		undo->run(undo->arg);
	}
	set_current(NULL);

	if (nfailures) {
		memcpy(why, first_failure, sizeof(why));
		tap_result(false, test->name, "%s", why);
		return TAP_EXIT_FAIL;
	}
	if (skip_reason[0]) {
		tap_result_skip(test->name, "%s", skip_reason);
		return TAP_EXIT_SKIP;
	}
	tap_result(true, test->name, " ");
	return TAP_EXIT_PASS;
}

static void check_pins_returned(void)
{
	int64_t held = -1;

	(void)TAP_WAIT_FOR((held = mem_pins_held()) == pins_at_start,
			   PINS_SETTLE_MS);
	EXPECT_EQ(pins_at_start, held);
	EXPECT_EQ(0, mem_status_kb(0, "VmPin"));
}

static void check_kernel_silent(void)
{
	EXPECT_EQ(taints_at_start, mem_kernel_taints());
}

static bool selected(const char *name, char **patterns, int n)
{
	for (int i = 0; i < n; i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return n == 0;
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [--list] [--seed N] [TEST...]\n", program);
	return TAP_EXIT_USAGE;
}

/* Returns the number of tests left, all of those that do not match removed. */
static unsigned int select_tests(char **patterns, int n)
{
	struct tap_test **link = &tests;
	unsigned int count = 0;

	while (*link) {
		if (selected((*link)->name, patterns, n)) {
			link = &(*link)->next;
			count++;
		} else {
			*link = (*link)->next;
		}
	}
	return count;
}

int tap_main(int argc, char **argv)
{
	const char *slow = getenv("MDEVKIT_SLOWDOWN");
	unsigned int ntests, nskipped = 0, nfailed = 0;
	pthread_t dog;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--list")) {
			for (struct tap_test *t = tests; t; t = t->next)
				puts(t->name);
			return TAP_EXIT_PASS;
		}
		if (strcmp(argv[i], "--seed") || ++i == argc)
			return usage(argv[0]);
		seed = strtoull(argv[i], NULL, 0);
	}
	if (slow && atoi(slow) > 0)
		slowdown = atoi(slow);

	ntests = select_tests(argv + i, argc - i);
	if (!ntests)
		return usage(argv[0]);
	pins_at_start = mem_pins_held();
	taints_at_start = mem_kernel_taints();
	tap_final("pins_returned", check_pins_returned);
	tap_final("kernel_silent", check_kernel_silent);
	tap_plan(ntests + nfinals, seed);

	test_thread = pthread_self();
	test_process = getpid();
	if (pthread_create(&dog, NULL, watchdog, NULL)) {
		tap_note("no watchdog: a hang will look like silence");
		return TAP_EXIT_FAIL;
	}
	for (struct tap_test *t = tests; t; t = t->next) {
		int rc = run_one(t);

		nskipped += rc == TAP_EXIT_SKIP;
		nfailed += rc == TAP_EXIT_FAIL;
	}
	for (unsigned int f = 0; f < nfinals; f++)
		nfailed += run_one(&finals[f]) == TAP_EXIT_FAIL;
	if (nfailed)
		return TAP_EXIT_FAIL;
	return nskipped == ntests ? TAP_EXIT_SKIP : TAP_EXIT_PASS;
}
