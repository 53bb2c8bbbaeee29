// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the command: mdevkit VERB [NAME=value...]
 *
 * Results go to stdout, errors of the runner itself to stderr, in one line that
 * begins with "mdevkit:" and says what to do. The exit status is the one of
 * enum kit_status in kit.h, whatever the verb; on failure a line names it.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "progress.h"
#include "report.h"
#include "verbs.h"

const struct verb verbs[] = {
	{ "build", "everything that a run needs, without running it",
	  verb_build },
	{ "check", "all tests", verb_check },
	{ "help", "this text", verb_help },
	{ "hunt",
	  "storms on the deterministic machine, one schedule per seed: SEEDS=1-100",
	  verb_hunt },
	{ "lint", "formatting, checkpatch, sparse, kernel-doc, shellcheck",
	  verb_lint },
	{ "list", "tests and storms, with what they need", verb_list },
	{ "mutants",
	  "put known bugs back one by one: what catches each, and how fast",
	  verb_mutants },
	{ "replay", "one schedule again, to the byte: SEED=n STORM=name",
	  verb_replay },
	{ "run",
	  "the main job: build, boot, storm the samples, say the verdict",
	  verb_run },
	{ "selftest",
	  "the harness' own tests: units, guests that lie, determinism",
	  verb_selftest },
	{ "shell", "a root shell in the guest, with the samples loaded",
	  verb_shell },
	{ "stress",
	  "long storms, truly parallel: SECONDS=60 SEED=n STORM=name,...",
	  verb_stress },
	{ NULL, NULL, NULL },
};

static const struct verb *find_verb(const char *name, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (!strcmp(verb->name, name))
			return verb;
		g_string_append_printf(known, " %s", verb->name);
	}
	g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
		    "'%s' is no verb; there are%s", name, known->str);
	return NULL;
}

static enum kit_status run(int argc, char **argv, GError **error)
{
	const char *name = argc > 1 ? argv[1] : "help";
	const struct verb *verb;
	struct kit_progress *progress;
	struct kit_vars *vars;
	enum kit_status status;

	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	verb = find_verb(name, error);
	if (!verb)
		return KIT_STATUS_USAGE;
	vars = vars_parse(argv + MIN(argc, 2), MAX(argc - 2, 0), error);
	if (!vars)
		return KIT_STATUS_USAGE;

	progress = progress_new(vars->verbose);
	status = verb->run(verb, vars, progress, error);
	progress_free(progress);
	vars_free(vars);
	return status;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	enum kit_status status;

	setlocale(LC_ALL, "");
	/* A reader of our output who goes away must not leave guests behind. */
	signal(SIGPIPE, SIG_IGN);
	status = run(argc, argv, &error);
	if (!error)
		return status;

	status = error_status(error);
	fflush(stdout);
	fprintf(stderr, "mdevkit: %s\n", error->message);
	fprintf(stderr, "exit status %d (%s)\n", status,
		report_status_text(status));
	return status;
}
