// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - runs the cases and says KTAP
 *
 *   core-test [-s SEED] [-n SCHEDULES] [-t] [-l] [PATTERN...]
 *
 * -s sets the seed of the random cases (it is in the header line), -n how many
 * schedules a scenario is run under, -t runs and traces just one, -l lists the cases.
 * Exit status: 0 all passed, 1 a case failed, 2 wrong usage. A case that takes longer
 * than a minute hangs, and is killed.
 */
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

#define CASE_SECONDS 60

static struct test *tests, **tests_end = &tests;
static unsigned long seed = 1;
static unsigned long schedules;
static bool tracing;
static int failed; /* atomic: threads fail too */
static jmp_buf leave;
static pid_t leaver; /* the thread that may longjmp */

void test_register(struct test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

unsigned long test_seed(void)
{
	return seed;
}

/**
 * test_schedules - how many schedules the user wants
 * @usual: if he did not say
 */
unsigned long test_schedules(unsigned long usual)
{
	return schedules ?: usual;
}

bool test_tracing(void)
{
	return tracing;
}

bool test_has_failed(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}

static const char *errno_name(long value)
{
	return value < 0 && value > -4096 ? strerrorname_np(-value) : NULL;
}

static void print_value(const char *word, long value)
{
	const char *name = errno_name(value);

	if (name)
		printf(", %s -%s", word, name);
	else
		printf(", %s %ld", word, value);
}

void test_failed(const char *file, int line, const char *what, long seen,
		 long expected)
{
	const char *slash = strrchr(file, '/');

	/* What fails in a loop does so many times: the first few say it. */
	if (__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED) >= 10)
		return;
	printf("# %s:%d: %s", slash ? slash + 1 : file, line, what);
	print_value("expected", expected);
	print_value("seen", seen);
	putchar('\n');
	fflush(stdout);
}

void test_leave(void)
{
	if (leaver != gettid())
		abort();
	longjmp(leave, 1);
}

static void run_case(const struct test *test)
{
	alarm(CASE_SECONDS);
	leaver = gettid();
	if (!setjmp(leave))
		test->run();
	fflush(stdout);
}

/* Runs a case in a child. NULL when it passed, else why not. */
static const char *outcome(const struct test *test)
{
	static char why[64];
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		run_case(test);
		/* What a failed case left behind would drown the reason. */
		if (test_has_failed())
			_exit(1);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return "cannot run";
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return NULL;
	if (WIFEXITED(status))
		snprintf(why, sizeof(why), "exit %d", WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGALRM)
		snprintf(why, sizeof(why), "timeout");
	else
		snprintf(why, sizeof(why), "signal %d", WTERMSIG(status));
	return why;
}

static bool selected(const struct test *test, char **patterns, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!fnmatch(patterns[i], test->name, 0))
			return true;
	return !n;
}

static int usage(void)
{
	fprintf(stderr, "usage: core-test [-s SEED] [-n SCHEDULES] [-t] [-l] "
			"[PATTERN...]\n");
	return 2;
}

static bool parse(const char *text, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return !errno && *text && !*end;
}

static int run_all(char **patterns, int npatterns)
{
	const struct test *test;
	int n = 0, i = 0, bad = 0;

	for (test = tests; test; test = test->next)
		n += selected(test, patterns, npatterns);
	if (!n) {
		fprintf(stderr, "core-test: no case of that name\n");
		return 2;
	}
	printf("KTAP version 1\n# seed %lu\n1..%d\n", seed, n);
	for (test = tests; test; test = test->next) {
		const char *why;

		if (!selected(test, patterns, npatterns))
			continue;
		why = outcome(test);
		bad += !!why;
		printf("%sok %d %s%s%s\n", why ? "not " : "", ++i, test->name,
		       why ? " # " : "", why ?: "");
	}
	fflush(stdout);
	return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct test *test;
	int option;

	while ((option = getopt(argc, argv, "s:n:tl")) != -1) {
		switch (option) {
		case 's':
			if (!parse(optarg, &seed))
				return usage();
			break;
		case 'n':
			if (!parse(optarg, &schedules))
				return usage();
			break;
		case 't':
			tracing = true;
			break;
		case 'l':
			for (test = tests; test; test = test->next)
				puts(test->name);
			return 0;
		default:
			return usage();
		}
	}
	return run_all(argv + optind, argc - optind);
}

void rng_init(struct rng *rng, unsigned long from)
{
	rng->state = from;
}

/* splitmix64 */
unsigned long rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

unsigned long rng_below(struct rng *rng, unsigned long below)
{
	return rng_next(rng) % below;
}

bool rng_one_in(struct rng *rng, unsigned long n)
{
	return !rng_below(rng, n);
}
