/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vars.h - what only the runner's own verbs need of the variables
 */
#ifndef _KIT_HARNESS_VARS_H
#define _KIT_HARNESS_VARS_H

#include "kit.h"

/* Append a table of all variables to @text. */
void vars_help(GString *text);

/* Does @name ("stress/swap"), or its last part, match one of the comma-separated @globs? */
bool vars_match(const char *globs, const char *name);

/**
 * vars_command() - the command that repeats this run
 * @vars: what the user gave is repeated
 * @verb: the verb
 * @set: NULL-terminated pairs of names and values that replace the user's; a
 *       NULL value removes the variable
 *
 * Return: "make VERB NAME=value ...", quoted for a shell.
 */
char *vars_command(const struct kit_vars *vars, const char *verb,
		   const char *const *set);

#endif /* _KIT_HARNESS_VARS_H */
