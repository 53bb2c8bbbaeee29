// SPDX-License-Identifier: GPL-2.0-only
/*
 * cell_host.c - a cell that is a program on the host
 *
 * Unit tests of the harness and of the core's user-space build run as cells too,
 * so that they appear in the same report with the same rules: TAP on stdout with
 * a plan, an exit status that agrees with it, a time limit, no silence.
 * stderr goes to console.log.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell.h"
#include "child.h"
#include "lines.h"
#include "progress.h"

#define TICK_MS 100

struct host {
	struct cell *cell;
	struct deadline deadline;
	struct lines lines;
	GPid pid;
	int fd;
	int log;
	unsigned int reader;
	unsigned int ticker;
	enum deadline_layer expired;
	bool interrupted;
};

static void on_line(void *data, const char *line)
{
	struct host *host = data;

	ktap_line(host->cell->ktap, line, g_get_monotonic_time());
}

static ssize_t read_some(struct host *host)
{
	char bytes[16384];
	ssize_t n = read(host->fd, bytes, sizeof(bytes));

	if (n > 0) {
		lines_push(&host->lines, bytes, n);
		deadline_activity(&host->deadline, g_get_monotonic_time());
	}
	return n;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	struct host *host = data;
	ssize_t n;

	(void)fd;
	(void)condition;
	n = read_some(host);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return G_SOURCE_CONTINUE;
	host->reader = 0;
	return G_SOURCE_REMOVE;
}

static void on_result(void *data, const struct ktap_node *test)
{
	struct host *host = data;

	if (test->outcome == KTAP_FAIL)
		host->cell->failures++;
	cell_say(host->cell, "%s", test->name);
}

static const struct ktap_events ktap_events = { .result = on_result };

static gboolean on_tick(gpointer data)
{
	struct host *host = data;
	enum deadline_layer layer =
		deadline_expired(&host->deadline, g_get_monotonic_time());

	if (layer == DEADLINE_NONE || host->expired != DEADLINE_NONE)
		return G_SOURCE_CONTINUE;
	host->expired = layer;
	child_kill(host->pid, true, SIGKILL);
	return G_SOURCE_CONTINUE;
}

static void host_stop(struct cell *cell)
{
	struct host *host = cell->runner;

	host->interrupted = true;
	child_kill(host->pid, true, SIGKILL);
}

static void host_free(struct host *host)
{
	host->cell->runner = NULL;
	if (host->reader)
		g_source_remove(host->reader);
	if (host->ticker)
		g_source_remove(host->ticker);
	if (host->fd >= 0)
		close(host->fd);
	if (host->log >= 0)
		close(host->log);
	lines_clear(&host->lines);
	g_free(host);
}

/* A program that leaves with a failure though every line said ok: the runner adds the "not ok". */
static char *bad_end(const struct host *host, int status)
{
	struct ktap_counts counts = { 0 };

	ktap_count(ktap_root(host->cell->ktap), &counts);
	if (WIFSIGNALED(status))
		return g_strdup_printf("signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) && !counts.failed)
		return g_strdup_printf("exit %d", WEXITSTATUS(status));
	return NULL;
}

static void finish(struct host *host, int status, const char *harness)
{
	struct cell *cell = host->cell;
	g_autofree char *bad = NULL;
	struct verdict_facts facts = {
		.interrupted = host->interrupted,
		.harness = harness,
		.spoke = true,
		.expired = host->expired,
		.limit = deadline_limit(&host->deadline, host->expired),
		.ktap = cell->ktap,
	};

	if (!harness) {
		lines_finish(&host->lines);
		bad = host->expired || host->interrupted ?
			      NULL :
			      bad_end(host, status);
		if (bad)
			ktap_fail(cell->ktap, bad);
		ktap_finish(cell->ktap);
	}
	cell_finish(cell, &facts);
	host_free(host);
}

static void on_exit_status(GPid pid, int status, gpointer data)
{
	struct host *host = data;

	g_spawn_close_pid(pid);
	/* Grandchildren that still hold the pipe do not keep us: what is there now is all. */
	kill(-host->pid, SIGKILL);
	while (read_some(host) > 0)
		;
	finish(host, status, NULL);
}

static bool start(struct host *host, GError **error)
{
	struct cell *cell = host->cell;
	g_autofree char *root = path_source(".", NULL);
	g_autofree char *build = path_build(".", NULL);
	g_autofree char *log = cell_path(cell, "console.log");
	g_autofree char *env = g_strdup_printf("KIT_BUILD=%s", build);
	const char *const envs[] = { env, NULL };
	struct child_spec spec = {
		.argv = (const char *const *)cell->spec->host,
		.cwd = root,
		.env = envs,
		.in = -1,
		.own_group = true,
	};
	int ends[2];
	bool started;

	host->log = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (host->log < 0) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot write %s: %s", log, g_strerror(errno));
		return false;
	}
	if (!g_unix_open_pipe(ends, FD_CLOEXEC, error))
		return false;
	host->fd = ends[0];
	spec.out = ends[1];
	spec.err = host->log;
	started = child_spawn(&spec, &host->pid, error);
	close(ends[1]);
	g_unix_set_fd_nonblocking(host->fd, TRUE, NULL);
	return started;
}

void cell_host_start(struct cell *cell)
{
	struct host *host = g_new0(struct host, 1);
	const struct cell_spec *spec = cell->spec;
	int64_t now = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;

	host->cell = cell;
	host->fd = -1;
	host->log = -1;
	cell->runner = host;
	cell->stop = host_stop;
	cell->ktap = ktap_new(KTAP_PROGRAM, &ktap_events, host);
	lines_init(&host->lines, on_line, host);
	deadline_start(&host->deadline, &spec->limits, spec->scale, now);
	/* There is no boot: the program's first word is as late as its first test. */
	deadline_spoke(&host->deadline, now);
	if (!start(host, &error)) {
		finish(host, 0, error->message);
		return;
	}
	host->reader =
		g_unix_fd_add(host->fd, G_IO_IN | G_IO_HUP, on_readable, host);
	host->ticker = g_timeout_add(TICK_MS, on_tick, host);
	g_child_watch_add(host->pid, on_exit_status, host);
	cell_say(cell, "running");
}
