// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - run a program to its end, inside the main loop
 *
 * The main loop keeps turning while the child runs, so the live line moves and
 * signals are seen. Output is read from a pipe: it goes to the log, its last
 * line to the live line, and the end of it into the error message, because
 * "make failed" without the compiler's words helps nobody.
 *
 * Cancelled: SIGTERM to the child's group, SIGKILL two seconds later.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "progress.h"

#define TAIL_BYTES 4096
#define TAIL_LINES 12

struct run {
	const struct kit_command *command;
	struct kit_progress *progress;
	GPid pid;
	GString *output; /* all of stdout if wanted, else its tail */
	int fd;
	int log;
	int wait_status;
	unsigned int kill_timer;
	bool exited;
};

static void keep(struct run *run, const char *data, size_t length)
{
	g_string_append_len(run->output, data, length);
	if (!run->command->output && run->output->len > 2 * TAIL_BYTES)
		g_string_erase(run->output, 0, run->output->len - TAIL_BYTES);
}

static void show_last_line(struct run *run)
{
	char *end = run->output->str + run->output->len;
	g_autofree char *line = NULL;
	char *begin;

	while (end > run->output->str && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	for (begin = end; begin > run->output->str && begin[-1] != '\n';
	     begin--)
		;
	line = g_strndup(begin, end - begin);
	if (*line)
		progress_live(run->progress, "%s", line);
}

/* Returns false at the end of the output. */
static bool read_some(struct run *run)
{
	char buffer[16384];
	ssize_t n = read(run->fd, buffer, sizeof(buffer));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;

	keep(run, buffer, n);
	if (run->command->output)
		return true;
	if (run->log >= 0 && write(run->log, buffer, n) != n)
		progress_verbose(run->progress, "the log %s is incomplete: %s",
				 run->command->log, g_strerror(errno));
	if (progress_is_verbose(run->progress)) {
		progress_clear(run->progress);
		fwrite(buffer, 1, n, stdout);
		fflush(stdout);
	} else if (!run->command->quiet) {
		show_last_line(run);
	}
	return true;
}

static gboolean on_output(int fd, GIOCondition condition, gpointer data)
{
	struct run *run = data;

	(void)fd;
	(void)condition;
	if (read_some(run))
		return G_SOURCE_CONTINUE;
	close(run->fd);
	run->fd = -1;
	return G_SOURCE_REMOVE;
}

static void on_exit_status(GPid pid, int wait_status, gpointer data)
{
	struct run *run = data;

	(void)pid;
	run->exited = true;
	run->wait_status = wait_status;
}

static gboolean kill_hard(gpointer data)
{
	struct run *run = data;

	run->kill_timer = 0;
	child_kill(run->pid, true, SIGKILL);
	return G_SOURCE_REMOVE;
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	struct run *run = data;

	(void)cancellable;
	if (run->kill_timer)
		return;
	child_kill(run->pid, true, SIGTERM);
	run->kill_timer = g_timeout_add_seconds(2, kill_hard, run);
}

static bool start(struct run *run, GError **error)
{
	const struct kit_command *command = run->command;
	struct child_spec spec = {
		.argv = command->argv,
		.cwd = command->cwd,
		.env = command->env,
		.in = -1,
		.own_group = true,
	};
	int ends[2];
	bool started;

	if (command->log) {
		run->log = open(command->log,
				O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				0644);
		if (run->log < 0) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "cannot write %s: %s", command->log,
				    g_strerror(errno));
			return false;
		}
	}
	if (!g_unix_open_pipe(ends, FD_CLOEXEC, error))
		return false;

	spec.out = ends[1];
	spec.err = command->output ? run->log : ends[1];
	started = child_spawn(&spec, &run->pid, error);
	close(ends[1]);
	if (!started) {
		close(ends[0]);
		return false;
	}
	run->fd = ends[0];
	g_unix_set_fd_nonblocking(run->fd, TRUE, NULL);
	return true;
}

static void wait_for_end(struct run *run)
{
	GCancellable *cancellable = progress_cancellable(run->progress);
	unsigned int reader = g_unix_fd_add(
		run->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_output, run);
	unsigned long handler;

	g_child_watch_add(run->pid, on_exit_status, run);
	handler = g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled),
					run, NULL);
	while (!run->exited)
		g_main_context_iteration(NULL, TRUE);
	g_cancellable_disconnect(cancellable, handler);
	if (run->kill_timer)
		g_source_remove(run->kill_timer);

	/* A grandchild may hold the pipe open for ever: take what is there, no more. */
	if (run->fd >= 0) {
		int before = -1;

		while (before != (int)run->output->len) {
			before = run->output->len;
			if (!read_some(run))
				break;
		}
		g_source_remove(reader);
		close(run->fd);
		run->fd = -1;
	}
}

/* The last lines of the output, indented, for an error message. */
static char *tail(const struct run *run)
{
	g_auto(GStrv)
		lines = g_strsplit(g_strchomp(run->output->str), "\n", -1);
	unsigned int n = g_strv_length(lines);
	GString *text = g_string_new(NULL);

	for (unsigned int i = n > TAIL_LINES ? n - TAIL_LINES : 0; i < n; i++)
		g_string_append_printf(text, "\n    %s", lines[i]);
	return g_string_free(text, FALSE);
}

static bool judge(struct run *run, int *status, GError **error)
{
	int rc = WIFEXITED(run->wait_status) ? WEXITSTATUS(run->wait_status) :
					       128 + WTERMSIG(run->wait_status);
	g_autofree char *last = NULL;

	if (g_cancellable_is_cancelled(progress_cancellable(run->progress))) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_INTERRUPTED,
			    "interrupted during %s", run->command->argv[0]);
		return false;
	}
	if (status)
		*status = rc;
	if (status || rc == 0)
		return true;

	last = run->command->output ? g_strdup("") : tail(run);
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
		    "%s failed with status %d%s%s%s", run->command->argv[0], rc,
		    run->command->log ? ", log in " : "",
		    run->command->log ? run->command->log : "", last);
	return false;
}

bool command_run(const struct kit_command *command,
		 struct kit_progress *progress, int *status, GError **error)
{
	struct run run = {
		.command = command, .progress = progress, .fd = -1, .log = -1
	};
	g_autofree char *shown = g_strjoinv(" ", (char **)command->argv);
	bool ok = false;

	progress_verbose(progress, "+ %s", shown);
	if (g_cancellable_is_cancelled(progress_cancellable(progress))) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_INTERRUPTED,
			    "interrupted before %s", command->argv[0]);
		return false;
	}

	run.output = g_string_new(NULL);
	if (start(&run, error)) {
		wait_for_end(&run);
		ok = judge(&run, status, error);
	}
	if (run.log >= 0)
		close(run.log);
	if (ok && command->output)
		*command->output = g_string_free(run.output, FALSE);
	else
		g_string_free(run.output, TRUE);
	return ok;
}
