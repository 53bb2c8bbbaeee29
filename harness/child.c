// SPDX-License-Identifier: GPL-2.0-only
/*
 * child.c - processes that cannot outlive the runner
 *
 * Three layers, because a runner ends in three ways:
 *   finished, or told to stop        whoever started the child kills and reaps it
 *   crashed, or SIGKILLed            the kernel sends the child PR_SET_PDEATHSIG
 *   dead before that took effect     the child compares its parent and leaves
 *
 * The parent-death signal is sent when the *thread* that forked ends, so
 * children are started from the main thread only.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"

#define MAX_FDS 8

struct setup {
	pid_t parent;
	bool own_group;
};

/* Runs in the child between fork and exec: async-signal-safe calls only. */
static void in_child(gpointer data)
{
	const struct setup *setup = data;

	if (setup->own_group)
		setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != setup->parent)
		_exit(127);
}

static char **environment(const char *const *add)
{
	char **env = g_get_environ();

	for (int i = 0; add && add[i]; i++) {
		const char *equals = strchr(add[i], '=');
		g_autofree char *name =
			equals ? g_strndup(add[i], equals - add[i]) : NULL;

		if (name)
			env = g_environ_setenv(env, name, equals + 1, TRUE);
	}
	return env;
}

bool child_spawn(const struct child_spec *spec, GPid *pid, GError **error)
{
	struct setup setup = { .parent = getpid(),
			       .own_group = spec->own_group };
	GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD;
	g_auto(GStrv) env = environment(spec->env);
	g_autoptr(GError) spawn_error = NULL;
	int targets[MAX_FDS];

	g_assert(spec->nfds <= MAX_FDS);
	for (unsigned int i = 0; i < spec->nfds; i++)
		targets[i] = 3 + i;
	if (spec->out < 0)
		flags |= G_SPAWN_STDOUT_TO_DEV_NULL;
	if (spec->err < 0)
		flags |= G_SPAWN_STDERR_TO_DEV_NULL;

	if (g_spawn_async_with_pipes_and_fds(
		    spec->cwd, spec->argv, (const char *const *)env, flags,
		    in_child, &setup, spec->in, spec->out, spec->err, spec->fds,
		    targets, spec->nfds, pid, NULL, NULL, NULL, &spawn_error))
		return true;

	if (g_error_matches(spawn_error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_TOOL,
			"%s is not installed; harness/mdevkit.sh says which packages are needed",
			spec->argv[0]);
	else
		g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
			    "cannot start %s: %s", spec->argv[0],
			    spawn_error->message);
	return false;
}

void child_kill(GPid pid, bool own_group, int signal)
{
	if (pid <= 0)
		return;
	if (!own_group || kill(-pid, signal))
		kill(pid, signal);
}
