// SPDX-License-Identifier: GPL-2.0-only
/*
 * init.c - PID 1 of the guest: carries out a plan, reports, switches off
 *
 * The plan is /etc/mdevkit/plan, one verb a line, words separated by blanks:
 *
 *   insmod FILE [ARGS...]        load /lib/modules/FILE
 *   mdev PARENT TYPE UUID        create a mediated device
 *   sysctl KEY VALUE             as sysctl(8), dots in KEY
 *   write PATH TEXT              TEXT is the rest of the line
 *   test NAME SECONDS PROGRAM [ARGS...]
 *   leakcheck                    what did the tests leave behind?
 *   shell                        an interactive shell on the console
 *   end                          must be the last line
 *
 * Results go to the port that mdevkit.results= on the kernel's command line
 * names, never to the console, where anything may be printed:
 *
 *   KTAP version 1
 *   1..N                         tests and leakchecks in the plan
 *   # start NAME
 *       the program's standard output, indented
 *   ok K NAME | not ok K NAME # reason | ok K NAME # SKIP reason
 *   # mdevkit end STATUS         0 passed, 1 failed, 4 hung
 *
 * The last line is what makes a result complete. A plan that cannot be carried
 * out ends with "Bail out! reason" instead; so does a plan without an end, and
 * a plan that is not there. Nothing here prints times or process ids: on the
 * deterministic machine two runs of one plan print the same bytes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define PLAN "/etc/mdevkit/plan"
#define PLAN_MAX (1 << 18)
#define MAX_WORDS 64

/* Where the plan stands. */
struct plan {
	unsigned int ntests; /* reported so far */
	unsigned int ndevices; /* mediated devices created */
	enum test_result worst;
	bool ended;
};

/**
 * struct verb - one kind of line
 * @name: its first word
 * @min: words it needs, itself included
 * @is_test: counts in the results' plan
 * @run: carry it out; NULL or the reason why the guest must stop
 */
struct verb {
	const char *name;
	int min;
	bool is_test;
	const char *(*run)(struct plan *plan, char **words, int nwords);
};

/* Why a verb failed, for the caller to print; one at a time. */
static char reason[512];

static const char *because(int rc, const char *what, const char *which)
{
	snprintf(reason, sizeof(reason), "%s %s: %s", what, which,
		 strerror(-rc));
	return reason;
}

/* Undo the splitting from @first on: words are separated by their terminators. */
static char *rejoin(char **words, int nwords, int first)
{
	static char text[4096];
	size_t length = 0;

	text[0] = '\0';
	for (int i = first; i < nwords; i++) {
		int n = snprintf(text + length, sizeof(text) - length, "%s%s",
				 i > first ? " " : "", words[i]);

		length += n;
		if (length >= sizeof(text))
			break;
	}
	return text;
}

static const char *do_insmod(struct plan *plan, char **words, int nwords)
{
	int rc = machine_insmod(words[1], rejoin(words, nwords, 2));

	(void)plan;
	return rc ? because(rc, "insmod", words[1]) : NULL;
}

static const char *do_mdev(struct plan *plan, char **words, int nwords)
{
	char path[512];
	int rc;

	(void)nwords;
	snprintf(path, sizeof(path),
		 "/sys/class/mdev_bus/%s/mdev_supported_types/%s/create",
		 words[1], words[2]);
	rc = machine_write(path, words[3]);
	if (rc)
		return because(rc, "mdev", words[3]);
	plan->ndevices++;
	return NULL;
}

static const char *do_sysctl(struct plan *plan, char **words, int nwords)
{
	char path[512];
	int rc;

	(void)plan;
	snprintf(path, sizeof(path), "/proc/sys/%s", words[1]);
	for (char *c = path; *c; c++)
		if (*c == '.')
			*c = '/';
	rc = machine_write(path, rejoin(words, nwords, 2));
	return rc ? because(rc, "sysctl", words[1]) : NULL;
}

static const char *do_write(struct plan *plan, char **words, int nwords)
{
	int rc = machine_write(words[1], rejoin(words, nwords, 2));

	(void)plan;
	return rc ? because(rc, "write", words[1]) : NULL;
}

static void note(struct plan *plan, enum test_result result)
{
	if (result > plan->worst)
		plan->worst = result;
	/* A program that cannot be killed holds locks: nothing more can be learned. */
	if (result == TEST_HUNG)
		plan->ended = true;
}

static const char *do_test(struct plan *plan, char **words, int nwords)
{
	char *end;
	unsigned long seconds = strtoul(words[2], &end, 10);

	(void)nwords;
	if (*end || !seconds)
		return because(-EINVAL, "time limit of", words[1]);
	if (!plan->ntests)
		leak_baseline();
	note(plan, test_run(++plan->ntests, words[1], seconds, words + 3));
	return NULL;
}

static const char *do_leakcheck(struct plan *plan, char **words, int nwords)
{
	(void)words;
	(void)nwords;
	note(plan, leak_check(++plan->ntests, plan->ndevices));
	return NULL;
}

static const char *do_shell(struct plan *plan, char **words, int nwords)
{
	pid_t pid = fork();

	(void)plan;
	(void)words;
	(void)nwords;
	if (pid < 0)
		return because(-errno, "fork", "sh");
	if (!pid) {
		int fd;

		setsid();
		fd = open("/dev/ttyS0", O_RDWR);
		if (fd < 0)
			fd = open("/dev/console", O_RDWR);
		ioctl(fd, TIOCSCTTY, 1);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		setenv("PS1", "mdevkit# ", 1);
		chdir("/root");
		execl("/bin/sh", "-sh", NULL);
		_exit(127);
	}
	/* Orphans of the shell come back to us; wait for the shell itself. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return NULL;
}

static const char *do_end(struct plan *plan, char **words, int nwords)
{
	(void)words;
	(void)nwords;
	plan->ended = true;
	return NULL;
}

static const struct verb verbs[] = {
	{ "end", 1, false, do_end },
	{ "insmod", 2, false, do_insmod },
	{ "leakcheck", 1, true, do_leakcheck },
	{ "mdev", 4, false, do_mdev },
	{ "shell", 1, false, do_shell },
	{ "sysctl", 3, false, do_sysctl },
	{ "test", 4, true, do_test },
	{ "write", 3, false, do_write },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int split(char *line, char **words)
{
	char *save = NULL;
	int n = 0;

	for (char *word = strtok_r(line, " \t", &save); word && n < MAX_WORDS;
	     word = strtok_r(NULL, " \t", &save))
		words[n++] = word;
	words[n] = NULL;
	return n;
}

static _Noreturn void bail_out(const char *why)
{
	port_print("Bail out! %s\n", why);
	port_drain();
	fprintf(stderr, "mdevkit init: %s\n", why);
	machine_off();
}

static const char *run_line(struct plan *plan, char *line)
{
	char *words[MAX_WORDS + 1];
	const struct verb *verb;
	int nwords = split(line, words);

	if (!nwords || words[0][0] == '#')
		return NULL;
	verb = find_verb(words[0]);
	if (!verb)
		return because(-EINVAL, "plan: verb", words[0]);
	if (nwords < verb->min)
		return because(-EINVAL, "plan: too few words for", words[0]);
	return verb->run(plan, words, nwords);
}

/* Tests in the plan, for the "1..N" that comes before the first of them. */
static unsigned int count_tests(const char *text)
{
	unsigned int count = 0;

	while (*text) {
		char word[16];
		const struct verb *verb;

		if (sscanf(text, "%15s", word) == 1) {
			verb = find_verb(word);
			count += verb && verb->is_test;
		}
		text = strchr(text, '\n');
		if (!text)
			break;
		text += strspn(text, "\n");
	}
	return count;
}

static void carry_out(char *text)
{
	struct plan plan = { .worst = TEST_PASSED };
	static const int statuses[] = {
		[TEST_PASSED] = 0,
		[TEST_FAILED] = 1,
		[TEST_HUNG] = 4,
	};
	char *save = NULL;

	port_print("KTAP version 1\n1..%u\n", count_tests(text));
	for (char *line = strtok_r(text, "\n", &save); line && !plan.ended;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *why = run_line(&plan, line);

		if (why)
			bail_out(why);
	}
	if (!plan.ended)
		bail_out("the plan has no end");
	port_print("# mdevkit end %d\n", statuses[plan.worst]);
	port_drain();
}

int main(void)
{
	static char text[PLAN_MAX];
	sigset_t all;
	ssize_t n;

	machine_setup();
	/* Children are waited for where they are expected. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (!port_open())
		machine_off();
	n = machine_read(PLAN, text, sizeof(text));
	if (n < 0)
		bail_out(because(n, "no plan in", PLAN));
	if (n == PLAN_MAX - 1)
		bail_out(because(-E2BIG, "plan", PLAN));
	carry_out(text);
	machine_off();
}
