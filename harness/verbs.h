/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verbs.h - what the runner can be told to do
 */
#ifndef _KIT_HARNESS_VERBS_H
#define _KIT_HARNESS_VERBS_H

#include "session.h"

/**
 * struct verb - a row of the table in main.c
 * @name: what the user says
 * @help: one line
 * @run: does it; an error explains itself and decides the exit status
 */
struct verb {
	const char *name;
	const char *help;
	enum kit_status (*run)(const struct verb *verb,
			       const struct kit_vars *vars,
			       struct kit_progress *progress, GError **error);
};

/* All verbs, ends with a name of NULL. */
extern const struct verb verbs[];

enum kit_status verb_build(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error);
enum kit_status verb_check(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error);
enum kit_status verb_help(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error);
enum kit_status verb_hunt(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error);
enum kit_status verb_lint(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error);
enum kit_status verb_list(const struct verb *verb, const struct kit_vars *vars,
			  struct kit_progress *progress, GError **error);
enum kit_status verb_mutants(const struct verb *verb,
			     const struct kit_vars *vars,
			     struct kit_progress *progress, GError **error);
enum kit_status verb_replay(const struct verb *verb,
			    const struct kit_vars *vars,
			    struct kit_progress *progress, GError **error);
enum kit_status verb_run(const struct verb *verb, const struct kit_vars *vars,
			 struct kit_progress *progress, GError **error);
enum kit_status verb_selftest(const struct verb *verb,
			      const struct kit_vars *vars,
			      struct kit_progress *progress, GError **error);
enum kit_status verb_shell(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error);
enum kit_status verb_stress(const struct verb *verb,
			    const struct kit_vars *vars,
			    struct kit_progress *progress, GError **error);

/* The common end: run what was added, write the report, print it. */
enum kit_status verb_finish(struct session *session,
			    const struct pool_policy *policy, GError **error);

/* The common beginning: a session with everything built, probed and open; NULL on error. */
struct session *verb_begin(const struct verb *verb, const struct kit_vars *vars,
			   struct kit_progress *progress, GError **error);

/* The report of what has been run already. */
enum kit_status verb_report(struct session *session, GError **error);

#endif /* _KIT_HARNESS_VERBS_H */
