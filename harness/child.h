/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * child.h - processes that cannot outlive the runner
 */
#ifndef _KIT_HARNESS_CHILD_H
#define _KIT_HARNESS_CHILD_H

#include "kit.h"

/**
 * struct child_spec - how to start a process
 * @argv: NULL-terminated, argv[0] is looked up in PATH
 * @cwd: directory or NULL
 * @env: "NAME=value" strings added to the environment, NULL-terminated, or NULL
 * @in: descriptor of its stdin, -1 for /dev/null
 * @out: descriptor of its stdout, -1 for /dev/null
 * @err: descriptor of its stderr, -1 for /dev/null
 * @fds: further descriptors to hand over: @fds[i] becomes 3 + i
 * @nfds: how many
 * @own_group: gives it a process group, so that child_kill() reaches grandchildren
 */
struct child_spec {
	const char *const *argv;
	const char *cwd;
	const char *const *env;
	int in;
	int out;
	int err;
	const int *fds;
	unsigned int nfds;
	bool own_group;
};

/**
 * child_spawn() - start a process that dies with the runner
 * @spec: what to start
 * @pid: receives the process id; the caller reaps it (g_child_watch_add())
 * @error: KIT_ERROR_TOOL if the program does not exist or may not be run
 *
 * The descriptors in @spec stay open here; they are the caller's to close.
 */
bool child_spawn(const struct child_spec *spec, GPid *pid, GError **error);

/* Send @signal to @pid, and to its group if it was started with own_group. */
void child_kill(GPid pid, bool own_group, int signal);

#endif /* _KIT_HARNESS_CHILD_H */
