// SPDX-License-Identifier: GPL-2.0-only
/*
 * kbuild.c - our modules, built for one kernel
 *
 *   build/modules/ID/src       the stage: what kbuild sees and writes into
 *   build/modules/ID/ko-KEY    the finished modules, one set per content
 *
 * ID names kernel and core. Kernels before 6.13 can only build a module where
 * its sources are, so the sources are staged: as symbolic links, which keep the
 * stage in step with the tree and compiler messages clickable, or, for mutants,
 * as copies that a patch is applied to. Copies are replaced only when they
 * differ, so going from one mutant to the next compiles the files that one of
 * the two touches. KEY covers every source, the patch and the kernel; a set that
 * exists is not built again.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "build.h"

/* Part of the key: raise it when the steps below change what comes out. */
#define RECIPE "1"

/* Sets of modules kept per kernel and core. */
#define KEEP_SETS 16

/* What is staged, relative to the project. */
static const char *const staged[] = { "Kbuild", "iommufd", "vfio",
				      "samples/mdev" };

struct stage {
	const struct kit_kernel *kernel;
	enum kit_core core;
	const char *mutant;
	unsigned int jobs;
	bool lint;
	char *dir; /* build/modules/ID */
	char *src;
	char *log;
	struct kit_progress *progress;
};

/* Files of the project to stage, relative names; unit tests stay outside. */
static bool list_sources(const char *relative, GPtrArray *list, GError **error)
{
	g_autofree char *path = path_source(relative, NULL);
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
		g_ptr_array_add(list, g_strdup(relative));
		return true;
	}
	dir = g_dir_open(path, 0, error);
	if (!dir)
		return false;
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *child = NULL;

		if (name[0] == '.' || !strcmp(name, "test"))
			continue;
		child = g_build_filename(relative, name, NULL);
		if (!list_sources(child, list, error))
			return false;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *all_sources(GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < G_N_ELEMENTS(staged); i++)
		if (!list_sources(staged[i], list, error))
			return NULL;
	g_ptr_array_sort(list, by_name);
	return g_steal_pointer(&list);
}

static char *make_key(const struct stage *stage, const GPtrArray *sources,
		      GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const char *words[] = { RECIPE, stage->kernel->id,
				vars_core_name(stage->core), NULL };

	for (const char **word = words; *word; word++)
		g_checksum_update(sum, (const guchar *)*word,
				  strlen(*word) + 1);
	for (guint i = 0; i < sources->len; i++) {
		const char *name = sources->pdata[i];
		g_autofree char *path = path_source(name, NULL);

		g_checksum_update(sum, (const guchar *)name, strlen(name) + 1);
		if (!build_hash_tree(sum, path, error))
			return NULL;
	}
	if (stage->mutant && !build_hash_tree(sum, stage->mutant, error))
		return NULL;
	return build_hash_name(sum, 16);
}

static bool same_content(const char *a, const char *b)
{
	g_autofree char *left = NULL;
	g_autofree char *right = NULL;
	gsize nleft, nright;

	return g_file_get_contents(a, &left, &nleft, NULL) &&
	       g_file_get_contents(b, &right, &nright, NULL) &&
	       nleft == nright && !memcmp(left, right, nleft);
}

static bool stage_copy(const char *from, const char *to, GError **error)
{
	g_autofree char *text = NULL;
	gsize length;

	if (same_content(from, to))
		return true;
	return g_file_get_contents(from, &text, &length, error) &&
	       build_write(to, text, length, error);
}

static bool stage_link(const char *from, const char *to, GError **error)
{
	g_autofree char *old = g_file_read_link(to, NULL);

	if (old && !strcmp(old, from))
		return true;
	g_unlink(to);
	if (!symlink(from, to))
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "cannot make %s: %s",
		    to, g_strerror(errno));
	build_explain_space(error);
	return false;
}

/* Take what an earlier stage held and the sources hold no more. */
static void unstage(const struct stage *stage, const char *list_file,
		    const GPtrArray *sources)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) old = NULL;

	if (!g_file_get_contents(list_file, &text, NULL, NULL))
		return;
	old = g_strsplit(text, "\n", -1);
	for (char **name = old; *name; name++) {
		g_autofree char *path =
			g_build_filename(stage->src, *name, NULL);

		if (**name && !bsearch(name, sources->pdata, sources->len,
				       sizeof(void *), by_name))
			g_unlink(path);
	}
}

static bool fill_stage(const struct stage *stage, const GPtrArray *sources,
		       GError **error)
{
	g_autofree char *list_file =
		g_build_filename(stage->dir, "staged", NULL);
	g_autoptr(GString) list = g_string_new(NULL);

	unstage(stage, list_file, sources);
	for (guint i = 0; i < sources->len; i++)
		g_string_append_printf(list, "%s\n", (char *)sources->pdata[i]);
	if (!path_mkdir(stage->src, error) ||
	    !build_write(list_file, list->str, -1, error))
		return false;
	for (guint i = 0; i < sources->len; i++) {
		const char *name = sources->pdata[i];
		g_autofree char *from = path_source(name, NULL);
		g_autofree char *to = g_build_filename(stage->src, name, NULL);
		g_autofree char *parent = g_path_get_dirname(to);

		if (!path_mkdir(parent, error))
			return false;
		if (stage->mutant ? !stage_copy(from, to, error) :
				    !stage_link(from, to, error))
			return false;
	}
	return true;
}

static bool apply_mutant(const struct stage *stage, GError **error)
{
	const char *argv[] = {
		"patch",
		"-p1",
		"--batch",
		"--forward",
		"--fuzz=0",
		"--quiet",
		"--no-backup-if-mismatch",
		"--reject-file=-",
		"-d",
		stage->src,
		"-i",
		stage->mutant,
		NULL,
	};
	const struct kit_command command = { .argv = argv, .log = stage->log };
	g_autofree char *tail = NULL;
	int status;

	if (!command_run(&command, stage->progress, &status, error))
		return false;
	if (!status)
		return true;
	tail = build_log_tail(stage->log, 4);
	g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
		    "%s does not apply any more: %s", stage->mutant, tail);
	return false;
}

/* What the user must see: the compiler's errors, or how it ended if it named none. */
static char *complaints(const char *log)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *all = NULL;
	g_auto(GStrv) lines = NULL;
	unsigned int shown = 0;

	if (!g_file_get_contents(log, &all, NULL, NULL))
		return g_strdup("(no output)");
	lines = g_strsplit(all, "\n", -1);
	for (char **line = lines; *line && shown < 12; line++) {
		if (!strstr(*line, "error:") && !strstr(*line, "ERROR:") &&
		    !strstr(*line, "No such file") &&
		    !strstr(*line, "No rule to make"))
			continue;
		g_string_append_printf(text, "\n    %s", *line);
		shown++;
	}
	if (shown)
		return g_string_free(g_steal_pointer(&text), FALSE);
	return build_log_tail(log, 12);
}

/*
 * Header packages name the compiler that the kernel was built with. When it is
 * not on this machine the plain gcc does: modules of another gcc work. Then what
 * the configuration says of the compiler may not hold, and these options would
 * be given to one that does not know them.
 */
static const struct {
	const char *flag;
	const char *override;
} newer_flags[] = {
	{ "-fmin-function-alignment=16",
	  "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=" },
};

static void add(GPtrArray *argv, const char *word)
{
	g_ptr_array_add(argv, (char *)word);
}

static bool names_missing_compiler(const struct kit_kernel *kernel)
{
	g_autofree char *path =
		g_build_filename(kernel->kbuild_dir, ".kernelvariables", NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(GRegex) pattern = g_regex_new(
		"^CC\\s*[:?]?=.*?(gcc-\\d+)\\s*$", G_REGEX_MULTILINE, 0, NULL);
	g_autofree char *text = NULL;
	g_autofree char *name = NULL;
	g_autofree char *cross = NULL;
	g_autofree char *program = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    !g_regex_match(pattern, text, 0, &match))
		return false;
	name = g_match_info_fetch(match, 1);
	cross = g_strconcat("x86_64-linux-gnu-", name, NULL);
	program = g_find_program_in_path(cross);
	return !program;
}

static bool gcc_knows(const char *flag, struct kit_progress *progress)
{
	const char *argv[] = { "gcc",	    flag, "-E",	       "-x", "c",
			       "/dev/null", "-o", "/dev/null", NULL };
	const struct kit_command command = { .argv = argv, .quiet = true };
	int status = 1;

	return command_run(&command, progress, &status, NULL) && !status;
}

/* Words for make that fit another compiler to the kernel's configuration. */
static void add_compiler(const struct kit_kernel *kernel, GPtrArray *argv,
			 struct kit_progress *progress)
{
	if (!names_missing_compiler(kernel))
		return;
	add(argv, "CC=gcc");
	/* Attributes that a newer compiler knows stand in the headers. */
	add(argv, "KCFLAGS=-Wno-attributes");
	for (size_t i = 0; i < G_N_ELEMENTS(newer_flags); i++)
		if (!gcc_knows(newer_flags[i].flag, progress))
			add(argv, newer_flags[i].override);
}

bool kbuild_external(const struct kit_kernel *kernel, const char *dir,
		     const char *const *words, unsigned int jobs,
		     const char *log, struct kit_progress *progress,
		     GError **error)
{
	g_autofree char *m = g_strconcat("M=", dir, NULL);
	g_autofree char *output = g_strconcat("O=", kernel->kbuild_dir, NULL);
	g_autofree char *j =
		g_strdup_printf("-j%u", jobs ? jobs : g_get_num_processors());
	static const char *const env[] = { "LC_ALL=C", NULL };
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	struct kit_command command = { .env = env, .log = log };
	int status;

	add(argv, "make");
	add(argv, "-C");
	add(argv, kernel->kbuild_dir);
	if (kernel->kbuild_makefile) {
		add(argv, "-f");
		add(argv, kernel->kbuild_makefile);
		/* Since 6.13 it looks beside itself for the configuration. */
		add(argv, output);
	}
	add(argv, m);
	add(argv, j);
	/* Type information needs a vmlinux that packages do not always carry. */
	add(argv, "CONFIG_DEBUG_INFO_BTF_MODULES=");
	add_compiler(kernel, argv, progress);
	for (; *words; words++)
		add(argv, *words);
	add(argv, "modules");
	add(argv, NULL);
	command.argv = (const char *const *)argv->pdata;
	if (!command_run(&command, progress, &status, error))
		return false;
	if (!status)
		return true;
	text = complaints(log);
	g_set_error(error, KIT_ERROR, KIT_ERROR_BUILD,
		    "the modules do not build for %s, log in %s%s",
		    kernel->release, log, text);
	return false;
}

static bool run_kbuild(const struct stage *stage, GError **error)
{
	g_autofree char *core =
		g_strconcat("CORE=", vars_core_name(stage->core), NULL);
	const char *words[] = { core, NULL, NULL, NULL };

	if (stage->lint) {
		/* C=2 checks what is already built, too. */
		words[1] = "C=2";
		words[2] = "W=1";
	}
	return kbuild_external(stage->kernel, stage->src, words, stage->jobs,
			       stage->log, stage->progress, error);
}

/* The same module without debugging information, for the guest. */
static bool strip_module(const struct stage *stage, const char *from,
			 const char *into, const char *name, GError **error)
{
	g_autofree char *dir = g_build_filename(into, "stripped", NULL);
	g_autofree char *to = g_build_filename(dir, name, NULL);
	const char *argv[] = { "strip", "--strip-debug", "-o", to, from, NULL };
	const struct kit_command command = { .argv = argv };

	return path_mkdir(dir, error) &&
	       command_run(&command, stage->progress, NULL, error);
}

/* Copy every .ko that modules.order names into @into. */
static bool collect(const struct stage *stage, const char *into, GError **error)
{
	g_autofree char *order =
		g_build_filename(stage->src, "modules.order", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(order, &text, NULL, error))
		return false;
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line; line++) {
		g_autofree char *object =
			g_canonicalize_filename(*line, stage->src);
		g_autofree char *stem =
			g_strndup(object, strrchr(object, '.') - object);
		g_autofree char *from = g_strconcat(stem, ".ko", NULL);
		g_autofree char *name = g_path_get_basename(from);
		g_autofree char *to = g_build_filename(into, name, NULL);
		g_autofree char *data = NULL;
		gsize length;

		if (!g_file_get_contents(from, &data, &length, error) ||
		    !build_write(to, data, length, error) ||
		    !strip_module(stage, from, into, name, error))
			return false;
	}
	return true;
}

static bool build_set(const struct stage *stage, const GPtrArray *sources,
		      const char *final, GError **error)
{
	g_autofree char *temporary = NULL;
	bool ok;

	if (!build_need_space(100, "building the modules", error))
		return false;
	if (!fill_stage(stage, sources, error))
		return false;
	g_unlink(stage->log);
	if (stage->mutant && !apply_mutant(stage, error))
		return false;
	if (!run_kbuild(stage, error))
		return false;
	temporary = path_temporary("modules", error);
	if (!temporary)
		return false;
	ok = collect(stage, temporary, error) &&
	     path_publish(temporary, final, error);
	if (!ok)
		path_remove(temporary, NULL);
	else
		build_trim(stage->dir, "ko-", KEEP_SETS);
	return ok;
}

static struct kit_modules *make_modules(const struct stage *stage,
					GError **error)
{
	g_autoptr(GPtrArray) sources = all_sources(error);
	g_autofree char *name = NULL;
	g_autofree char *path = NULL;
	g_autofree char *key = NULL;
	struct kit_modules *modules;

	if (!sources)
		return NULL;
	key = make_key(stage, sources, error);
	if (!key)
		return NULL;
	name = g_strconcat("ko-", key, NULL);
	path = g_build_filename(stage->dir, name, NULL);
	if (!g_file_test(path, G_FILE_TEST_IS_DIR) &&
	    !build_set(stage, sources, path, error)) {
		build_explain_space(error);
		return NULL;
	}
	/* The newest are kept: say that this one is in use. */
	utime(path, NULL);
	modules = g_new0(struct kit_modules, 1);
	modules->dir = g_steal_pointer(&path);
	modules->key = g_steal_pointer(&key);
	modules->core = stage->core;
	return modules;
}

struct kit_modules *kbuild_modules(const struct kit_kernel *kernel,
				   enum kit_core core, const char *mutant,
				   unsigned int jobs,
				   struct kit_progress *progress,
				   GError **error)
{
	g_autofree char *id = g_strdup_printf("%s-%s%s", kernel->id,
					      vars_core_name(core),
					      mutant ? "-mutant" : "");
	g_autofree char *what = g_strconcat("modules-", id, NULL);
	g_autofree char *patch = NULL;
	struct kit_modules *modules = NULL;
	struct stage stage = {
		.kernel = kernel,
		.core = core,
		.jobs = jobs,
		.progress = progress,
	};
	int lock;

	if (!kernel_serves(kernel, core, error))
		return NULL;
	if (mutant) {
		patch = g_canonicalize_filename(mutant, NULL);
		stage.mutant = patch;
	}
	progress_begin(progress, "modules");
	lock = build_lock(what, progress, error);
	if (lock >= 0) {
		stage.dir = path_build("modules", id, NULL);
		stage.src = g_build_filename(stage.dir, "src", NULL);
		stage.log = g_build_filename(stage.dir, "build.log", NULL);
		modules = make_modules(&stage, error);
		build_unlock(lock);
	}
	progress_end(progress, "%s", modules ? vars_core_name(core) : "failed");
	g_free(stage.dir);
	g_free(stage.src);
	g_free(stage.log);
	return modules;
}

char *kbuild_lint(const struct kit_kernel *kernel, unsigned int jobs,
		  struct kit_progress *progress, GError **error)
{
	g_autofree char *id = g_strconcat(kernel->id, "-lint", NULL);
	g_autofree char *what = g_strconcat("modules-", id, NULL);
	g_autoptr(GPtrArray) sources = NULL;
	struct stage stage = {
		.kernel = kernel,
		.core = KIT_CORE_KIT,
		.jobs = jobs,
		.lint = true,
		.progress = progress,
	};
	bool ok = false;
	int lock;

	progress_begin(progress, "sparse");
	lock = build_lock(what, progress, error);
	if (lock >= 0) {
		stage.dir = path_build("modules", id, NULL);
		stage.src = g_build_filename(stage.dir, "src", NULL);
		stage.log = g_build_filename(stage.dir, "build.log", NULL);
		sources = all_sources(error);
		ok = sources && fill_stage(&stage, sources, error);
		g_unlink(stage.log);
		ok = ok && run_kbuild(&stage, error);
		build_unlock(lock);
	}
	progress_end(progress, ok ? NULL : "failed");
	g_free(stage.dir);
	g_free(stage.src);
	if (ok)
		return stage.log;
	g_free(stage.log);
	return NULL;
}

void modules_free(struct kit_modules *modules)
{
	if (!modules)
		return;
	g_free(modules->dir);
	g_free(modules->key);
	g_free(modules);
}
