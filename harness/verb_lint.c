// SPDX-License-Identifier: GPL-2.0-only
/*
 * verb_lint.c - give lint.sh what it looks at: a kernel source, a build under sparse
 *
 * Sparse of Debian 12 refuses newer kernels and kbuild then builds on unchecked,
 * so it runs against the packaged kernel of this machine's own suite; lint.sh
 * sees in the log whether it ran.
 */
#include <stdio.h>

#include "build.h"
#include "verbs.h"

static bool run_script(const char *source, const char *sparse,
		       struct kit_progress *progress, int *status,
		       GError **error)
{
	g_autofree char *script = path_source("harness", "lint.sh", NULL);
	g_autofree char *log = path_build("lint", "errors.log", NULL);
	g_autofree char *dir = path_build("lint", NULL);
	g_autofree char *ksrc = g_strconcat("KIT_KSRC=", source, NULL);
	g_autofree char *said = g_strconcat("KIT_SPARSE_LOG=", sparse, NULL);
	g_autofree char *tmp = g_strconcat("KIT_TMP=", dir, NULL);
	g_autofree char *output = NULL;
	const char *argv[] = { script, NULL };
	const char *env[] = { ksrc, said, tmp, NULL };
	const struct kit_command command = {
		.argv = argv,
		.env = env,
		.log = log,
		.output = &output,
	};

	if (!path_mkdir(dir, error) ||
	    !command_run(&command, progress, status, error))
		return false;
	fputs(output, stdout);
	return true;
}

enum kit_status verb_lint(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error)
{
	g_autofree char *sparse = NULL;
	g_autofree char *source = NULL;
	struct kit_kernel *kernel;
	int status;
	bool ran;

	(void)verb;
	kernel = kernel_get(vars, progress, error);
	if (!kernel)
		return error_status(*error);
	sparse = kbuild_lint(kernel, vars->jobs, progress, error);
	kernel_free(kernel);
	if (!sparse)
		return error_status(*error);
	source = kernel_source(vars, progress, error);
	if (!source)
		return error_status(*error);
	progress_begin(progress, "lint");
	ran = run_script(source, sparse, progress, &status, error);
	progress_end(progress, !ran ? "did not run" : status ? "failed" : NULL);
	if (!ran)
		return error_status(*error);
	return status ? KIT_STATUS_FAILED : KIT_STATUS_PASS;
}
