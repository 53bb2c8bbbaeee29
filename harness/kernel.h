/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel.h - between the files that find, fetch and build kernels
 *
 * A kernel that we made is a directory build/kernels/ID with a key file
 * "kit.kernel" that says where its parts are, relative to the directory. The
 * key file is written last, before the directory gets its name by rename.
 */
#ifndef _KIT_HARNESS_KERNEL_H
#define _KIT_HARNESS_KERNEL_H

#include "build.h"

/* The parts of a kernel, relative to its directory; NULL where it has none. */
struct kernel_parts {
	const char *profile;
	const char *release;
	const char *image;
	const char *config;
	const char *modules_dir;
	const char *kbuild_dir;
	const char *kbuild_makefile;
	const char *vmlinux;
	const char *source; /* absolute */
};

/* Write @dir/kit.kernel. */
bool kernel_describe(const char *dir, const struct kernel_parts *parts,
		     GError **error);

/* Read a described kernel; NULL without @error when @dir has none. */
struct kit_kernel *kernel_load(const char *dir, GError **error);

/* What is wanted of a kernel whose parts lie outside build/; absolute paths. */
struct kit_kernel *kernel_new(const char *id, const struct kernel_parts *parts,
			      GError **error);

struct kit_kernel *kernel_debian_stock(const struct kit_vars *vars,
				       struct kit_progress *progress,
				       GError **error);
struct kit_kernel *kernel_profile(const struct kit_vars *vars,
				  struct kit_progress *progress,
				  GError **error);
struct kit_kernel *kernel_host(const struct kit_vars *vars,
			       struct kit_progress *progress, GError **error);
struct kit_kernel *kernel_tree(const struct kit_vars *vars,
			       struct kit_progress *progress, GError **error);

/* The release a build tree was configured for, from include/config/kernel.release. */
char *kernel_tree_release(const char *tree, GError **error);

/* ------------------------------------------------------------- kernel_apt.c */

/**
 * struct kit_apt - a private apt state: lists, cache and configuration
 * @dir: where it lives, build/apt/NAME
 * @conf: its configuration file, given to every apt command
 * @suite: the suite, NULL for the machine's own sources
 */
struct kit_apt {
	char *dir;
	char *conf;
	char *suite;
};

/**
 * struct kit_package - one package that apt could fetch
 * @name: package name
 * @version: candidate version
 * @size: bytes to download
 * @installed_kib: KiB when unpacked
 * @depends: names of dependencies, alternatives flattened, versions dropped
 */
struct kit_package {
	char *name;
	char *version;
	uint64_t size;
	uint64_t installed_kib;
	char **depends;
};

struct kit_apt *apt_open(const char *suite, struct kit_progress *progress,
			 GError **error);
void apt_close(struct kit_apt *apt);

/* Fetch the package lists, verified against the archive's keys. */
bool apt_update(struct kit_apt *apt, struct kit_progress *progress,
		GError **error);

/* Names of all packages that match @regex (the whole name). */
char **apt_names(struct kit_apt *apt, const char *regex,
		 struct kit_progress *progress, GError **error);

struct kit_package *apt_show(struct kit_apt *apt, const char *name,
			     struct kit_progress *progress, GError **error);
void package_free(struct kit_package *package);

/* Download @packages (verified) and unpack them into @into. */
bool apt_unpack(struct kit_apt *apt, const GPtrArray *packages,
		const char *into, struct kit_progress *progress,
		GError **error);

/* ----------------------------------------------------------- kernel_tools.c */

/*
 * Make the programs of the header packages in @dir start on this machine, with
 * libraries of their own suite where needed. @packages are what was unpacked.
 */
bool tools_adapt(struct kit_apt *apt, const GPtrArray *packages,
		 const char *dir, struct kit_progress *progress,
		 GError **error);

#endif /* _KIT_HARNESS_KERNEL_H */
