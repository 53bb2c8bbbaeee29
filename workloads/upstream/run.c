// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - the kernel's own test programs, each of their tests as a case
 *
 *     run [--all] [PATTERN...]
 *
 * The programs stand beside this one. They say which tests they have; rules.h
 * says which of them to run (--all: every one, for a core with page tables). Each
 * runs in a process of its own, and is reported under the name it has there.
 *
 * A failure means that a program which passes on the kernel's own core does not
 * pass on the core under test: an errno, a number or a promise differs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit_tap.h"
#include "mem.h"
#include "rules.h"

#define TESTS_MAX 1024
#define COLUMNS_MAX 64
#define NAME_BYTES 160
#define LINE_BYTES 1024

/* More than the programs give a test themselves (30 s), on a slow guest. */
#define TEST_MS 120000

/* Pins of processes that just ended may take a moment to be returned. */
#define PINS_SETTLE_MS 3000

/* Huge pages of 2 MiB that the tests map at the same time. */
#define HUGE_PAGES 16

/* The widths of the columns of a program's list of tests. */
#define FIXTURE_WIDTH 20
#define VARIANT_WIDTH 25

static const char *const programs[] = { "iommufd", "iommufd_fail_nth" };

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* A test of a program; @rule is NULL when no rule knows it. */
struct test {
	const char *program;
	const struct rule *rule;
	char name[NAME_BYTES];
};

static struct test tests[TESTS_MAX];
static unsigned int ntests;

static char directory[PATH_MAX];
static bool all;
static char **patterns;
static int npatterns;
static unsigned int nfailed;

/* ---- a program in a process of its own ---------------------------------- */

struct child {
	pid_t pid;
	int out;
	FILE *lines;
};

static void become(const char *program, const char *option, const char *name,
		   int out)
{
	char path[PATH_MAX + NAME_BYTES];

	setpgid(0, 0);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	snprintf(path, sizeof(path), "%s/%s", directory, program);
	execl(path, program, option, name, (char *)NULL);
	printf("cannot run %s: %s\n", path, strerror(errno));
	fflush(stdout);
	_exit(TAP_EXIT_USAGE);
}

static bool start(struct child *child, const char *program, const char *option,
		  const char *name)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return false;
	fflush(stdout);
	child->pid = fork();
	if (!child->pid)
		become(program, option, name, ends[1]);
	close(ends[1]);
	child->out = ends[0];
	child->lines = child->pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (child->lines)
		setvbuf(child->lines, NULL, _IONBF, 0);
	else
		close(ends[0]);
	return child->lines;
}

/* A line, without its end. False at the end of the output or of the time. */
static bool next_line(struct child *child, char *line, uint64_t deadline_ms)
{
	uint64_t now = tap_now_ms();
	struct pollfd poll_out = { .fd = child->out, .events = POLLIN };

	if (now >= deadline_ms ||
	    poll(&poll_out, 1, (int)(deadline_ms - now)) <= 0)
		return false;
	if (!fgets(line, LINE_BYTES, child->lines))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* A program that is still running is killed. */
static void finish(struct child *child)
{
	kill(-child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	fclose(child->lines);
}

/* ---- which tests there are ---------------------------------------------- */

static const struct rule *find_rule(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_LEN(rules); i++)
		if (!fnmatch(rules[i].pattern, name, 0))
			return &rules[i];
	return NULL;
}

static void add_test(const char *program, const char *fixture,
		     const char *variant, const char *test)
{
	struct test *new = &tests[ntests];

	if (ntests == TESTS_MAX)
		return;
	ntests++;
	new->program = program;
	snprintf(new->name, sizeof(new->name), "%s%s%s.%s", fixture,
		 *variant ? "." : "", variant, test);
	new->rule = find_rule(new->name);
}

/* A fixture as it is being read: its variants and its tests. */
struct fixture {
	char name[COLUMNS_MAX];
	char variants[COLUMNS_MAX][COLUMNS_MAX];
	char tests[COLUMNS_MAX][COLUMNS_MAX];
	unsigned int nvariants;
	unsigned int ntests;
};

static void add_fixture(const char *program, struct fixture *fixture)
{
	/* Without variants there is one, without a name. */
	unsigned int nvariants = fixture->nvariants ?: 1;

	for (unsigned int v = 0; v < nvariants; v++)
		for (unsigned int t = 0; t < fixture->ntests; t++)
			add_test(program, fixture->name, fixture->variants[v],
				 fixture->tests[t]);
	memset(fixture, 0, sizeof(*fixture));
}

/* What stands at the beginning of a padded column; *text moves behind it. */
static void take_column(const char **text, size_t width, char *word)
{
	size_t length = strcspn(*text, " ");
	size_t column = length > width ? length : width;
	size_t left = strlen(*text);

	snprintf(word, COLUMNS_MAX, "%.*s", (int)length, *text);
	*text += column < left ? column + 1 : left;
}

static void add_row(struct fixture *fixture, const char *row)
{
	char name[COLUMNS_MAX], variant[COLUMNS_MAX], test[COLUMNS_MAX];

	take_column(&row, FIXTURE_WIDTH, name);
	take_column(&row, VARIANT_WIDTH, variant);
	take_column(&row, 0, test);
	if (*name)
		memcpy(fixture->name, name, sizeof(name));
	if (*variant && fixture->nvariants < COLUMNS_MAX)
		memcpy(fixture->variants[fixture->nvariants++], variant,
		       sizeof(variant));
	if (*test && fixture->ntests < COLUMNS_MAX)
		memcpy(fixture->tests[fixture->ntests++], test, sizeof(test));
}

/* Variants and tests stand side by side, a dashed line between fixtures. */
static bool list_tests(const char *program)
{
	uint64_t deadline_ms = tap_now_ms() + TEST_MS;
	unsigned int before = ntests;
	struct fixture fixture = { 0 };
	char line[LINE_BYTES];
	struct child child;

	if (!start(&child, program, "-l", NULL))
		return false;
	while (next_line(&child, line, deadline_ms)) {
		if (*line == '#')
			continue;
		if (*line == '-')
			add_fixture(program, &fixture);
		else
			add_row(&fixture, line);
	}
	add_fixture(program, &fixture);
	finish(&child);
	return ntests > before;
}

static bool asked_for(const struct test *test)
{
	for (int i = 0; i < npatterns; i++)
		if (!fnmatch(patterns[i], test->name, 0))
			return true;
	return !npatterns;
}

static bool left_out(const struct test *test)
{
	return !all && test->rule && test->rule->lack;
}

/* ---- running them -------------------------------------------------------- */

/* What a program printed about its one test. */
struct verdict {
	bool seen;
	bool ok;
	char skip[LINE_BYTES];
	char why[LINE_BYTES];
};

/*
 * The lines between "RUN" and the result name file, line and test of each
 * expectation that does not hold; the first is the reason.
 */
static void read_line(struct verdict *verdict, const char *line)
{
	const char *skip = strstr(line, " # SKIP");

	if (!strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7)) {
		verdict->seen = true;
		verdict->ok = *line == 'o';
		if (skip)
			snprintf(verdict->skip, sizeof(verdict->skip), "%s",
				 skip + strlen(" # SKIP"));
	} else if (strstr(line, ":Expected ") || strstr(line, ": Test ") ||
		   !strncmp(line, "cannot ", 7)) {
		line += strspn(line, "# ");
		tap_note("%s", line);
		if (!*verdict->why)
			snprintf(verdict->why, sizeof(verdict->why), "%s",
				 line);
	}
}

/* What the kernel was like before a test, and has to be after it. */
struct baseline {
	int64_t pins;
	int taints;
};

static bool left_clean(const struct baseline *before, struct verdict *verdict)
{
	int64_t pins = 0;
	bool settled;

	if (mem_kernel_taints() != before->taints) {
		snprintf(verdict->why, sizeof(verdict->why),
			 "the kernel warned, see its log");
		return false;
	}
	settled = TAP_WAIT_FOR((pins = mem_pins_held()) == before->pins,
			       PINS_SETTLE_MS);
	if (!settled) {
		snprintf(verdict->why, sizeof(verdict->why),
			 "pinned pages: expected %lld, seen %lld",
			 (long long)before->pins, (long long)pins);
		return false;
	}
	return true;
}

static void failed(const struct test *test, const char *what, const char *why)
{
	nfailed++;
	tap_result(false, test->name, "%s%s", what, why);
}

static void run_test(const struct test *test)
{
	struct baseline before = { mem_pins_held(), mem_kernel_taints() };
	uint64_t deadline_ms = tap_now_ms() + TEST_MS;
	struct verdict verdict = { 0 };
	char line[LINE_BYTES];
	struct child child;
	bool hung;

	if (!start(&child, test->program, "-r", test->name)) {
		failed(test, "no process: ", strerror(errno));
		return;
	}
	while (next_line(&child, line, deadline_ms))
		read_line(&verdict, line);
	hung = tap_now_ms() >= deadline_ms;
	finish(&child);

	if (hung)
		failed(test, "hung", "");
	else if (!verdict.seen)
		failed(test, "no result: ", verdict.why);
	else if (!verdict.ok || !left_clean(&before, &verdict))
		failed(test, "", verdict.why);
	else if (*verdict.skip)
		tap_result_skip(test->name, "%s", verdict.skip);
	else
		tap_result(true, test->name, " ");
}

/* A line for each rule that leaves tests out. */
static void note_left_out(void)
{
	for (unsigned int i = 0; i < ARRAY_LEN(rules); i++) {
		unsigned int n = 0;

		for (unsigned int t = 0; t < ntests; t++)
			n += tests[t].rule == &rules[i] && left_out(&tests[t]);
		if (n)
			tap_note("not run: %s (%u): needs %s", rules[i].pattern,
				 n, rules[i].lack);
	}
}

static void provide_huge_pages(void)
{
	FILE *knob = fopen("/proc/sys/vm/nr_hugepages", "r+");
	unsigned int have = 0;

	if (!knob)
		return;
	if (fscanf(knob, "%u", &have) == 1 && have < HUGE_PAGES) {
		rewind(knob);
		fprintf(knob, "%d\n", HUGE_PAGES);
	}
	fclose(knob);
}

static int run_all(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ARRAY_LEN(programs); i++)
		if (!list_tests(programs[i])) {
			fprintf(stderr, "run: %s/%s lists no tests\n",
				directory, programs[i]);
			return TAP_EXIT_USAGE;
		}
	for (unsigned int i = 0; i < ntests; i++)
		n += asked_for(&tests[i]) && !left_out(&tests[i]);
	if (!n) {
		fprintf(stderr, "run: no such test\n");
		return TAP_EXIT_USAGE;
	}
	tap_plan(n, 0);
	note_left_out();
	for (unsigned int i = 0; i < ntests; i++) {
		if (!asked_for(&tests[i]) || left_out(&tests[i]))
			continue;
		if (tests[i].rule || all)
			run_test(&tests[i]);
		else
			failed(&tests[i], "",
			       "no rule in rules.h says whether to run it");
	}
	return nfailed ? TAP_EXIT_FAIL : TAP_EXIT_PASS;
}

int main(int argc, char **argv)
{
	ssize_t length =
		readlink("/proc/self/exe", directory, sizeof(directory) - 1);

	if (length < 0)
		length = 0;
	directory[length] = '\0';
	dirname(directory);
	patterns = argv + 1;
	npatterns = argc - 1;
	if (npatterns && !strcmp(*patterns, "--all")) {
		all = true;
		patterns++;
		npatterns--;
	}
	if (npatterns && **patterns == '-') {
		fprintf(stderr, "usage: run [--all] [PATTERN...]\n");
		return TAP_EXIT_USAGE;
	}
	provide_huge_pages();
	return run_all();
}
