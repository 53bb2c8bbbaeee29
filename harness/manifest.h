/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * manifest.h - the tests there are
 */
#ifndef _KIT_HARNESS_MANIFEST_H
#define _KIT_HARNESS_MANIFEST_H

#include "kit.h"

/**
 * struct manifest_test - a row
 * @name: the group's name, "contract/attach"
 * @program: below /workloads in the guest, or NULL for a test on the host
 * @args: words behind the program, with @SEED@, @SECONDS@ and @SIZE@ in them
 * @host: words of a command run on the host in the project's root, or NULL
 * @suites: names of verbs that run it
 * @cores: cores it is meant for
 * @xfail: core name to reason: it is expected to fail there
 * @seconds: time limit on a machine of speed 1, without the storm's SECONDS
 * @devices: mdma devices it needs
 * @storm: it takes a seed
 */
struct manifest_test {
	char *name;
	char *program;
	char **args;
	char **host;
	char **suites;
	char **cores;
	GHashTable *xfail;
	unsigned int seconds;
	unsigned int devices;
	bool storm;
};

struct manifest;

/**
 * manifest_load() - read one or more manifests
 * @paths: files, NULL-terminated; their rows stay in order
 * @error: KIT_ERROR_HARNESS with file, group and key
 */
struct manifest *manifest_load(const char *const *paths, GError **error);
void manifest_free(struct manifest *manifest);

/* struct manifest_test, in the order of the files. */
const GPtrArray *manifest_tests(const struct manifest *manifest);

/**
 * manifest_select() - the tests that a verb runs
 * @manifest: all
 * @suite: the verb; NULL = any
 * @vars: CORE, TESTS and STORM choose among them
 * @error: KIT_ERROR_USAGE when TESTS or STORM match nothing: says what there is
 *
 * Return: an array of pointers into @manifest, free with g_ptr_array_unref().
 */
GPtrArray *manifest_select(const struct manifest *manifest, const char *suite,
			   const struct kit_vars *vars, GError **error);

/* Do TESTS and STORM ask for it? STORM chooses among storms only; given both, both must agree. */
bool manifest_wanted(const struct manifest_test *test,
		     const struct kit_vars *vars);

/* Why it is expected to fail on @core, or NULL. */
const char *manifest_xfail(const struct manifest_test *test,
			   enum kit_core core);

#endif /* _KIT_HARNESS_MANIFEST_H */
