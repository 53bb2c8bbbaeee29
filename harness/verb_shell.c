// SPDX-License-Identifier: GPL-2.0-only
/*
 * verb_shell.c - a root shell in the guest, with the samples loaded
 *
 * The guest's console is our terminal, in raw mode, so that ^C reaches the guest.
 * C-a x ends QEMU. The terminal is put back whatever happens to the guest.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "verbs.h"

struct shell {
	struct qemu *qemu;
	int status;
	bool over;
};

static void on_bytes(void *data, const char *bytes, size_t length)
{
	(void)data;
	(void)bytes;
	(void)length;
}

static void on_exited(void *data, int status)
{
	struct shell *shell = data;

	shell->status = status;
	shell->over = true;
}

static const struct qemu_events events = {
	.console = on_bytes,
	.results = on_bytes,
	.exited = on_exited,
};

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	struct shell *shell = data;

	(void)cancellable;
	if (shell->qemu && !shell->over)
		qemu_kill(shell->qemu);
}

static bool run_guest(struct session *session, const char *initrd,
		      GError **error)
{
	GCancellable *cancellable = progress_cancellable(session->progress);
	struct shell shell = { 0 };
	struct qemu_spec spec = {
		.machine = QEMU_PARALLEL,
		.accel = session->accel->accel,
		.cpus = session->vars->cpus,
		.mem_mib = session->vars->mem_mib,
		.image = session->kernel->image,
		.initrd = initrd,
		.append = "quiet",
		.dir = session->dir,
		.interactive = true,
	};
	unsigned long handler;

	shell.qemu = qemu_start(&spec, &events, &shell, error);
	if (!shell.qemu)
		return false;
	handler = g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled),
					&shell, NULL);
	while (!shell.over)
		g_main_context_iteration(NULL, TRUE);
	g_cancellable_disconnect(cancellable, handler);
	qemu_free(shell.qemu);
	if (WIFEXITED(shell.status) && !WEXITSTATUS(shell.status))
		return true;
	g_autofree char *said = qemu_said(session->dir);

	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "QEMU ended badly: %s",
		    said);
	return false;
}

static bool run_shell(struct session *session, GError **error)
{
	struct guestplan plan = {
		.modules = session->root->modules,
		.core = session->vars->core,
		.stretch = 1,
		.shell = true,
	};
	g_autofree char *text = guestplan_text(&plan);
	g_autofree char *initrd =
		g_build_filename(session->dir, "initrd", NULL);
	struct termios mode;
	bool terminal = !tcgetattr(STDIN_FILENO, &mode);
	bool done;

	if (!plan_append(session->root, text, initrd, error))
		return false;
	puts("C-a x ends the guest, `exit` too");
	fflush(stdout);
	done = run_guest(session, initrd, error);
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &mode);
	unlink(initrd);
	return done;
}

enum kit_status verb_shell(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error)
{
	struct session *session = verb_begin(verb, vars, progress, error);
	enum kit_status status = KIT_STATUS_BUILD;

	if (session && run_shell(session, error))
		status = KIT_STATUS_PASS;
	session_free(session);
	return status;
}
