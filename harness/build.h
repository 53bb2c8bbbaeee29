/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * build.h - what a cell needs before a guest can start
 *
 *   kernel_get()      -> a kernel to boot and to build against
 *   kbuild_modules()  -> a directory with our .ko files for that kernel
 *   workloads_build() -> a directory with the guest's programs
 *   root_make()       -> the initramfs made of them
 *   plan_append()     -> the same initramfs with one cell's plan behind it
 *
 * All of it is synchronous, idempotent and cached by content below
 * path_build(): a call that finds its result costs milliseconds and needs no
 * network. Results appear by rename, so an interrupted call leaves nothing
 * half-made. Two runners in one checkout wait for each other (build_lock()).
 */
#ifndef _KIT_HARNESS_BUILD_H
#define _KIT_HARNESS_BUILD_H

#include "kit.h"

/**
 * struct kit_kernel - a kernel to boot and to build modules against
 *
 * All paths are absolute. Immutable after kernel_get().
 *
 * @id: names it in file names: "6.12.117+deb12-amd64", "debug-6.12.117-3fa9c2d1"
 * @profile: stock, debug, kcsan, plain, host or tree (KERNEL=PATH)
 * @release: what uname -r will say in the guest
 * @image: the bootable image
 * @config: its .config
 * @modules_dir: lib/modules/RELEASE with modules.dep
 * @kbuild_dir: where make runs to build modules (make -C)
 * @kbuild_makefile: the Makefile for that (make -f), or NULL for the directory's own
 * @source: the kernel's source tree, or NULL when there is none
 * @vmlinux: the image with symbols, or NULL
 * @options: what .config says: "CONFIG_X" to "y", "m" or a value
 */
struct kit_kernel {
	char *id;
	char *profile;
	char *release;
	char *image;
	char *config;
	char *modules_dir;
	char *kbuild_dir;
	char *kbuild_makefile;
	char *source;
	char *vmlinux;
	GHashTable *options;
};

/**
 * struct kit_modules - our modules, built for one kernel and one core
 * @dir: directory with the .ko files; stripped/ holds them without debugging
 *	information
 * @key: identifies the content
 * @core: the core they were built for
 */
struct kit_modules {
	char *dir;
	char *key;
	enum kit_core core;
};

/**
 * struct kit_root - an initramfs
 * @path: the archive, uncompressed newc cpio
 * @key: identifies the content
 * @modules: file names for the plan's insmod lines, in the order that resolves
 *	every dependency; NULL-terminated
 */
struct kit_root {
	char *path;
	char *key;
	char **modules;
};

/* ----------------------------------------------------------------- kernel.c */

/**
 * kernel_get() - the kernel that KERNEL and SUITE name
 * @vars: kernel, suite, jobs
 * @progress: phases and cancellation
 * @error: KIT_ERROR_USAGE: no such kernel or suite, or options missing in the
 *	tree that was named; KIT_ERROR_TOOL: a tool or the network is missing;
 *	KIT_ERROR_BUILD: it does not build; KIT_ERROR_HARNESS: disk full
 *
 * The first call for a profile may download about 100 MB or compile for
 * minutes. Delete build/kernels/stock* to look for a newer packaged kernel.
 *
 * Return: the kernel, free with kernel_free(); NULL on error.
 */
struct kit_kernel *kernel_get(const struct kit_vars *vars,
			      struct kit_progress *progress, GError **error);
void kernel_free(struct kit_kernel *kernel);

/* The value of "CONFIG_X" or "X": "y", "m", a number, a string; NULL when it is off. */
const char *kernel_option(const struct kit_kernel *kernel, const char *name);

/* True when modules for @core can run here; otherwise one line says what is missing. */
bool kernel_serves(const struct kit_kernel *kernel, enum kit_core core,
		   GError **error);

/**
 * kernel_source() - the distribution's kernel source, unpacked
 * @vars: suite
 * @progress: phases and cancellation
 * @error: as kernel_get()
 *
 * For what is taken from the kernel at build time and never committed: the
 * maple tree under unit tests, checkpatch, upstream's selftests.
 *
 * Return: path of the tree, or NULL on error.
 */
char *kernel_source(const struct kit_vars *vars, struct kit_progress *progress,
		    GError **error);

/* ----------------------------------------------------------------- kbuild.c */

/**
 * kbuild_modules() - build our modules
 * @kernel: for this kernel
 * @core: KIT_CORE_KIT: everything; KIT_CORE_TREE: the samples only
 * @mutant: a patch applied to a copy of the sources first, or NULL
 * @jobs: compilers at a time, 0 = one per CPU
 * @progress: phases and cancellation
 * @error: KIT_ERROR_BUILD with the compiler's last lines when the sources do
 *	not build; KIT_ERROR_USAGE when the mutant does not apply
 *
 * Return: the modules, free with modules_free(); NULL on error.
 */
struct kit_modules *kbuild_modules(const struct kit_kernel *kernel,
				   enum kit_core core, const char *mutant,
				   unsigned int jobs,
				   struct kit_progress *progress,
				   GError **error);
void modules_free(struct kit_modules *modules);

/*
 * make modules in @dir, any external module, with @words (NULL-terminated
 * NAME=value) for make; knows how header packages want to be called. Output goes
 * to @log, complaints also into the error: KIT_ERROR_BUILD.
 */
bool kbuild_external(const struct kit_kernel *kernel, const char *dir,
		     const char *const *words, unsigned int jobs,
		     const char *log, struct kit_progress *progress,
		     GError **error);

/*
 * Build the modules of CORE=kit with sparse and W=1, without publishing them;
 * returns the log, whose warnings are the caller's business.
 */
char *kbuild_lint(const struct kit_kernel *kernel, unsigned int jobs,
		  struct kit_progress *progress, GError **error);

/* ------------------------------------------------------------------- root.c */

/* Build the guest's programs; returns the directory that holds them by name. */
char *workloads_build(unsigned int jobs, struct kit_progress *progress,
		      GError **error);

/**
 * root_make() - pack an initramfs
 * @kernel: its modules that ours need go in
 * @modules: ours
 * @workloads: directory whose programs become /workloads, or NULL
 * @progress: phases and cancellation
 * @error: KIT_ERROR_BUILD: init does not build; KIT_ERROR_TOOL: no busybox
 *
 * The content decides the name: the same inputs give the same bytes and the
 * same path. Guest side: /init, /bin (busybox), /lib/modules (flat),
 * /etc/mdevkit/transport (modules that the results port needs), /workloads.
 *
 * Return: the root, free with root_free(); NULL on error.
 */
struct kit_root *root_make(const struct kit_kernel *kernel,
			   const struct kit_modules *modules,
			   const char *workloads, struct kit_progress *progress,
			   GError **error);
void root_free(struct kit_root *root);

/* ------------------------------------------------------------------- plan.c */

/**
 * plan_append() - one cell's initramfs
 * @root: the archive to start from
 * @plan: text of /etc/mdevkit/plan, one verb a line (harness/guest/init.c)
 * @path: the file to write, by rename
 * @error: KIT_ERROR_HARNESS: disk full
 */
bool plan_append(const struct kit_root *root, const char *plan,
		 const char *path, GError **error);

/* ------------------------------------------------------------ build_util.c */

/*
 * Exclusive right to make @what ("kernel", "modules-<id>"), for this process
 * and against other runners; says that it waits when it does. Close the
 * descriptor to give it back. -1 on error.
 */
int build_lock(const char *what, struct kit_progress *progress, GError **error);
void build_unlock(int fd);

/* Remove what a killed holder of the lock left in build/tmp/STEM.*; the caller holds it now. */
void build_sweep(const char *stem);

/* Fail with one clear line unless @mib MiB are free below path_build(). */
bool build_need_space(unsigned int mib, const char *what, GError **error);

/* Remove what killed runners left in build/tmp more than a day ago. */
void build_sweep_old(void);

/* Say "disk full" instead of @error's text when that is what happened. */
void build_explain_space(GError **error);

/* Add name, mode and content of every file below @path (a file or a directory) to @sum, sorted. */
bool build_hash_tree(GChecksum *sum, const char *path, GError **error);

/* The first @length hex digits of @sum. */
char *build_hash_name(GChecksum *sum, unsigned int length);

/* Of the entries of @parent whose names begin with @prefix, remove all but the @keep last used. */
void build_trim(const char *parent, const char *prefix, unsigned int keep);

/* The last @nlines lines of @log, for an error message. */
char *build_log_tail(const char *log, unsigned int nlines);

/* Atomically write @length bytes (or a string: -1) to @path. */
bool build_write(const char *path, const char *text, ssize_t length,
		 GError **error);

#endif /* _KIT_HARNESS_BUILD_H */
