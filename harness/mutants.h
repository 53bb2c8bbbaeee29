/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mutants.h - known bugs put back
 */
#ifndef _KIT_HARNESS_MUTANTS_H
#define _KIT_HARNESS_MUTANTS_H

#include "session.h"

/* How many of them, the first by name, belong to `make check`. */
#define MUTANTS_IN_CHECK 5

/**
 * struct mutant - a patch in workloads/mutants
 * @slug: its file name without ".patch": "001-unpin-current-only"
 * @path: the patch
 * @bug: "Bug:" of its head
 * @cause: "Cause:"
 * @detect: "Detect:", "storm NAME" or the name of a test
 * @survives: "Survives:", why nothing catches it yet; NULL = it must be caught
 */
struct mutant {
	char *slug;
	char *path;
	char *bug;
	char *cause;
	char *detect;
	char *survives;
};

/* struct mutant, sorted by name; an error names the file whose head is incomplete. */
GPtrArray *mutants_load(const char *dir, GError **error);

/**
 * mutants_run() - build, boot and judge mutants; their cells join the session's
 * @session: built, probed and open
 * @most: run at most so many, the first ones
 * @error: only what stops everything; a mutant that does not build is a failed cell
 *
 * TESTS chooses among them (mutant/NNN-slug).
 */
bool mutants_run(struct session *session, unsigned int most, GError **error);

/* Do TESTS and STORM leave any mutant? */
bool mutants_wanted(const struct session *session);

/* "mutants: 5 of 5 caught, median 3.1 s", or NULL if none ran. */
char *mutants_summary(const struct session *session);

#endif /* _KIT_HARNESS_MUTANTS_H */
