// SPDX-License-Identifier: GPL-2.0-only
/*
 * test.c - one program: run, listened to, ended, judged
 *
 * The program's standard output is its own TAP; it is passed on line by line
 * and followed closely enough to know whether it kept its promise: a plan, as
 * many results as planned, none of them "not ok". The exit status must agree
 * (0 passed, 1 failed, 4 skipped). What contradicts itself has failed.
 *
 * When the program's own process ends, everything it left behind is killed: a
 * process that survives its test would hold devices open under the next one. A
 * process that does not die within ten seconds of SIGKILL hangs in the kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define KILL_MS 10000
#define LINE_MAX_BYTES 65536

#define EXIT_SKIP 4

/**
 * struct tap - what the program's output has claimed so far
 * @planned: results promised, -1 before the plan
 * @seen: result lines
 * @failed: of them, "not ok"
 * @bailed: it gave up
 * @skip: the reason of the last skip
 */
struct tap {
	int planned;
	int seen;
	int failed;
	bool bailed;
	char skip[128];
};

/**
 * struct running - a program on its way
 * @pid: its process, the leader of its group
 * @out: read end of its standard output, -1 after end of file
 * @sig: signalfd for SIGCHLD
 * @status: wait status, valid when @exited
 * @exited: the program's own process is gone
 * @line: output after the last newline
 * @length: of @line
 * @tap: what the output claimed
 */
struct running {
	pid_t pid;
	int out;
	int sig;
	int status;
	bool exited;
	char line[LINE_MAX_BYTES];
	size_t length;
	struct tap tap;
};

/* Results of the outermost level only: subtests are indented. */
static void follow(struct tap *tap, const char *line)
{
	const char *skip = strstr(line, "# SKIP");
	int planned;

	if (sscanf(line, "1..%d", &planned) == 1) {
		tap->planned = planned;
	} else if (!strncmp(line, "ok ", 3)) {
		tap->seen++;
	} else if (!strncmp(line, "not ok ", 7)) {
		tap->seen++;
		tap->failed++;
	} else if (!strncmp(line, "Bail out!", 9)) {
		tap->bailed = true;
	} else {
		return;
	}
	if (skip)
		snprintf(tap->skip, sizeof(tap->skip), "%s",
			 skip + 6 + strspn(skip + 6, " "));
}

static void end_line(struct running *run)
{
	run->line[run->length] = '\0';
	run->length = 0;
	/* The port carries text; a stray byte must not look like its end. */
	for (char *c = run->line; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			*c = '?';
	follow(&run->tap, run->line);
	port_print("    %s\n", run->line);
}

/* Pass on what is there; closes the pipe at its end. */
static void listen_to(struct running *run)
{
	char block[4096];
	ssize_t n = read(run->out, block, sizeof(block));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		if (run->length)
			end_line(run);
		close(run->out);
		run->out = -1;
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (block[i] == '\n' || run->length == LINE_MAX_BYTES - 1)
			end_line(run);
		if (block[i] != '\n')
			run->line[run->length++] = block[i] ? block[i] : '?';
	}
}

/* Reap whoever is dead; true when no child is left. */
static bool reap(struct running *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == run->pid) {
			run->exited = true;
			run->status = status;
		}
	return pid < 0 && errno == ECHILD;
}

/* Wait for output or a child until @deadline; false when it has passed. */
static bool wait_some(struct running *run, long deadline)
{
	struct pollfd fds[2] = {
		{ .fd = run->sig, .events = POLLIN },
		{ .fd = run->out, .events = POLLIN },
	};
	long left = deadline - machine_now();
	struct signalfd_siginfo info;

	if (left <= 0)
		return false;
	if (poll(fds, 2, left) <= 0)
		return true;
	if (fds[0].revents)
		while (read(run->sig, &info, sizeof(info)) > 0)
			;
	if (fds[1].revents)
		listen_to(run);
	return true;
}

static _Noreturn void become(char *const *argv, int out)
{
	int null = open("/dev/null", O_RDONLY);
	char path[512];
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(out, 1);
	close(null);
	if (argv[0][0] == '/')
		snprintf(path, sizeof(path), "%s", argv[0]);
	else
		snprintf(path, sizeof(path), "/workloads/%s", argv[0]);
	execv(path, argv);
	dprintf(1, "Bail out! %s: %s\n", path, strerror(errno));
	_exit(127);
}

static bool start(struct running *run, char *const *argv)
{
	sigset_t child;
	int ends[2];

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	run->sig = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->sig < 0)
		return false;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		close(run->sig);
		return false;
	}
	run->pid = fork();
	if (!run->pid)
		become(argv, ends[1]);
	close(ends[1]);
	run->out = ends[0];
	if (run->pid > 0)
		return true;
	close(ends[0]);
	close(run->sig);
	return false;
}

/* Kill everything but ourselves; false when something does not die. */
static bool clear_away(struct running *run)
{
	long deadline = machine_now() + KILL_MS;

	for (;;) {
		kill(-1, SIGKILL);
		if (reap(run))
			return true;
		/* SIGCHLD may have been consumed before the last child died. */
		if (!wait_some(run, deadline))
			return reap(run);
	}
}

/* What is wrong with how the program ended, or an empty string. */
static void find_fault(const struct running *run, bool timed_out, char *why,
		       size_t size)
{
	const struct tap *tap = &run->tap;

	why[0] = '\0';
	if (timed_out)
		snprintf(why, size, "timeout");
	else if (!WIFEXITED(run->status))
		snprintf(why, size, "signal %d", WTERMSIG(run->status));
	else if (WEXITSTATUS(run->status))
		snprintf(why, size, "exit %d", WEXITSTATUS(run->status));
	else if (tap->bailed)
		snprintf(why, size, "exit 0 after bailing out");
	else if (tap->planned < 0)
		snprintf(why, size, "no plan");
	else if (tap->seen < tap->planned)
		snprintf(why, size, "short plan");
	else if (tap->seen > tap->planned)
		snprintf(why, size, "more results than planned");
	else if (tap->failed)
		snprintf(why, size, "exit 0 with %d failed", tap->failed);
}

static bool has_skipped(const struct running *run, bool timed_out)
{
	return !timed_out && WIFEXITED(run->status) &&
	       WEXITSTATUS(run->status) == EXIT_SKIP && !run->tap.failed &&
	       !run->tap.bailed;
}

/* Returns true when the test has not failed. */
static bool print_result(unsigned int number, const char *name,
			 const struct running *run, bool timed_out)
{
	const char *skip = run->tap.skip;
	char why[128];

	if (has_skipped(run, timed_out)) {
		port_print("ok %u %s # SKIP %s\n", number, name,
			   skip[0] ? skip : "no reason given");
		return true;
	}
	find_fault(run, timed_out, why, sizeof(why));
	if (why[0])
		port_print("not ok %u %s # %s\n", number, name, why);
	else
		port_print("ok %u %s\n", number, name);
	return !why[0];
}

enum test_result test_run(unsigned int number, const char *name,
			  unsigned int seconds, char *const *argv)
{
	static struct running run;
	long deadline = machine_now() + seconds * 1000L;
	bool timed_out = false;
	bool gone;

	memset(&run, 0, sizeof(run));
	run.tap.planned = -1;
	port_print("# start %s\n", name);
	if (!start(&run, argv)) {
		port_print("not ok %u %s # cannot start: %s\n", number, name,
			   strerror(errno));
		return TEST_FAILED;
	}
	while (!run.exited && !timed_out) {
		timed_out = !wait_some(&run, deadline);
		reap(&run);
	}
	timed_out = !run.exited;
	if (timed_out)
		machine_dump_tasks();
	gone = clear_away(&run);
	/* Every writer is dead or hangs: take what is in the pipe, wait for no more. */
	if (run.out >= 0) {
		fcntl(run.out, F_SETFL, O_NONBLOCK);
		while (run.out >= 0) {
			errno = 0;
			listen_to(&run);
			if (errno == EAGAIN)
				break;
		}
		if (run.length)
			end_line(&run);
		if (run.out >= 0)
			close(run.out);
	}
	close(run.sig);
	if (!gone) {
		machine_dump_tasks();
		port_print("not ok %u %s # hung\n", number, name);
		return TEST_HUNG;
	}
	return print_result(number, name, &run, timed_out) ? TEST_PASSED :
							     TEST_FAILED;
}
