// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_profile.c - kernels built from the distribution's source: debug, kcsan, plain
 *
 * The configuration is allnoconfig plus two fragments of harness/config: base
 * and the profile's own. Kconfig silently drops what does not fit together, so
 * every line of the fragments is looked for in the result.
 *
 * The build's name is a hash of the source's version, the fragments and the
 * compiler: change one and another kernel is built beside the old one. The build
 * happens in a hidden directory that gets its name when everything is there; an
 * interrupted build goes on where it stopped. iommufd and vfio are modules, so
 * the same kernel serves the in-tree core and ours.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

/* Part of the key: raise it when the steps below change what comes out. */
#define RECIPE "1"

#define NEED_MIB 900

/* Kernels kept of one profile, for the suites and sources in use. */
#define KEEP_KERNELS 4

/* A build on its way: where from, where to, under which name. */
struct build {
	const char *profile;
	const char *source;
	const char *id;
	unsigned int jobs;
	char *dir;
	char *log;
	char *fragment;
	struct kit_progress *progress;
};

/* Option lines of a fragment: comments and blanks dropped. */
static char *strip_comments(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) out = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		char *comment = strstr(*line, "\t#");

		if (!comment)
			comment = strstr(*line, " #");
		if (comment)
			*comment = '\0';
		if (g_str_has_prefix(*line, "CONFIG_"))
			g_string_append_printf(out, "%s\n", g_strchomp(*line));
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *read_fragments(const char *profile, GError **error)
{
	g_autofree char *name = g_strconcat(profile, ".config", NULL);
	g_autofree char *base =
		path_source("harness", "config", "base.config", NULL);
	g_autofree char *own = path_source("harness", "config", name, NULL);
	g_autofree char *common = NULL;
	g_autofree char *special = NULL;
	g_autofree char *all = NULL;

	if (!g_file_get_contents(base, &common, NULL, error) ||
	    !g_file_get_contents(own, &special, NULL, error))
		return NULL;
	all = g_strconcat(common, "\n", special, NULL);
	return strip_comments(all);
}

static bool compiler_version(struct kit_progress *progress, char **version,
			     GError **error)
{
	static const char *const argv[] = { "gcc", "--version", NULL };
	const struct kit_command command = { .argv = argv, .output = version };

	if (!command_run(&command, progress, NULL, error))
		return false;
	(*version)[strcspn(*version, "\n")] = '\0';
	return true;
}

static char *make_id(const char *profile, const char *source,
		     const char *fragment, struct kit_progress *progress,
		     GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *package = g_path_get_basename(source);
	g_autofree char *compiler = NULL;
	g_autofree char *version = NULL;
	g_autofree char *key = NULL;
	const char *digits = package + strcspn(package, "0123456789");
	const char *inputs[] = { RECIPE, package, fragment, NULL };

	if (!compiler_version(progress, &compiler, error))
		return NULL;
	for (const char **input = inputs; *input; input++)
		g_checksum_update(sum, (const guchar *)*input,
				  strlen(*input) + 1);
	g_checksum_update(sum, (const guchar *)compiler, strlen(compiler));
	key = build_hash_name(sum, 8);
	version = g_strndup(digits, strspn(digits, "0123456789."));
	return g_strdup_printf("%s-%s-%s", profile, version, key);
}

/* make @goals in the build directory; a failure shows the compiler's words. */
static bool run_make(const struct build *build, const char *const *goals,
		     GError **error)
{
	g_autofree char *output = g_strconcat("O=", build->dir, NULL);
	g_autofree char *root =
		g_strdup_printf("INSTALL_MOD_PATH=%s/root", build->dir);
	g_autofree char *preset =
		g_strconcat("KCONFIG_ALLCONFIG=", build->fragment, NULL);
	g_autofree char *jobs = g_strdup_printf(
		"-j%u", build->jobs ? build->jobs : g_get_num_processors());
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	static const char *const env[] = {
		"LC_ALL=C",
		"KBUILD_BUILD_USER=mdevkit",
		"KBUILD_BUILD_HOST=mdevkit",
		"KBUILD_BUILD_TIMESTAMP=2026-01-01",
		NULL,
	};
	const char *const fixed[] = { "nice", "-n",	     "10",   "make",
				      "-C",   build->source, output, root,
				      preset, jobs,	     NULL };
	struct kit_command command = { .env = env, .log = build->log };
	g_autofree char *tail = NULL;
	int status;

	for (const char *const *word = fixed; *word; word++)
		g_ptr_array_add(argv, (char *)*word);
	for (; *goals; goals++)
		g_ptr_array_add(argv, (char *)*goals);
	g_ptr_array_add(argv, NULL);
	command.argv = (const char *const *)argv->pdata;
	if (!command_run(&command, build->progress, &status, error))
		return false;
	if (!status)
		return true;
	tail = build_log_tail(build->log, 12);
	g_set_error(error, KIT_ERROR, KIT_ERROR_BUILD,
		    "the %s kernel does not build, log in %s\n%s",
		    build->profile, build->log, tail);
	return false;
}

/* Every line of the fragments must have survived Kconfig. */
static bool check_config(const struct build *build, GError **error)
{
	g_autofree char *path = g_build_filename(build->dir, ".config", NULL);
	g_autoptr(GString) dropped = g_string_new(NULL);
	g_autofree char *wanted = NULL;
	g_autofree char *got = NULL;
	g_auto(GStrv) want = NULL;
	g_auto(GStrv) have = NULL;

	if (!g_file_get_contents(build->fragment, &wanted, NULL, error) ||
	    !g_file_get_contents(path, &got, NULL, error))
		return false;
	want = g_strsplit(wanted, "\n", -1);
	have = g_strsplit(got, "\n", -1);
	for (char **line = want; *line; line++)
		if (**line &&
		    !g_strv_contains((const char *const *)have, *line))
			g_string_append_printf(dropped, " %s", *line);
	if (!dropped->len)
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_BUILD,
		    "this source's Kconfig does not take%s (harness/config)",
		    dropped->str);
	return false;
}

/* Objects are not needed to build modules, and they are most of the disk. */
static bool prune(const struct build *build, GError **error)
{
	const char *argv[] = {
		"find", build->dir, "-mindepth", "1",
		/* Programs, headers and what will be packed stay whole. */
		"(", "-path", "*/scripts", "-o", "-path", "*/tools", "-o",
		"-path", "*/include", "-o", "-path", "*/root", ")", "-prune",
		"-o", "-type", "f", "(", "-name", "*.o", "-o", "-name", "*.a",
		"-o", "-name", "*.cmd", "-o", "-name", ".tmp_*", ")", "-exec",
		"rm", "{}", "+", NULL
	};
	const struct kit_command command = { .argv = argv };

	return command_run(&command, build->progress, NULL, error);
}

static bool compile(const struct build *build, GError **error)
{
	static const char *const configure[] = { "-s", "allnoconfig", NULL };
	static const char *const all[] = { "bzImage", "modules", NULL };
	static const char *const install[] = { "modules_install", NULL };
	g_autofree char *release = NULL;
	g_autofree char *modules = NULL;

	if (!run_make(build, configure, error) || !check_config(build, error))
		return false;
	progress_note(build->progress,
		      "building the %s kernel once, this takes minutes",
		      build->profile);
	if (!run_make(build, all, error) || !run_make(build, install, error) ||
	    !prune(build, error))
		return false;
	release = kernel_tree_release(build->dir, error);
	if (!release)
		return false;
	modules = g_build_filename("root/lib/modules", release, NULL);
	return kernel_describe(build->dir,
			       &(struct kernel_parts){
				       .profile = build->profile,
				       .release = release,
				       .image = "arch/x86/boot/bzImage",
				       .config = ".config",
				       .modules_dir = modules,
				       .kbuild_dir = ".",
				       .vmlinux = "vmlinux",
				       .source = build->source,
			       },
			       error);
}

/* Unfinished builds of this profile under another key will never be finished. */
static void sweep_partial(const char *parent, const char *profile,
			  const char *keep)
{
	g_autofree char *prefix = g_strdup_printf(".%s-", profile);
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(parent, name, NULL);

		if (g_str_has_prefix(name, prefix) && strcmp(name, keep))
			path_remove(path, NULL);
	}
}

static bool build_profile(struct build *build, const char *final,
			  const char *fragment, GError **error)
{
	g_autofree char *parent = path_build("kernels", NULL);
	g_autofree char *hidden = g_strdup_printf(".%s.partial", build->id);

	build->dir = g_build_filename(parent, hidden, NULL);
	build->log = g_build_filename(build->dir, "kit.log", NULL);
	build->fragment = g_build_filename(build->dir, "kit.config", NULL);
	sweep_partial(parent, build->profile, hidden);
	if (!g_file_test(build->dir, G_FILE_TEST_IS_DIR) &&
	    !build_need_space(NEED_MIB, "a kernel build", error))
		return false;
	if (!path_mkdir(build->dir, error) ||
	    !build_write(build->fragment, fragment, -1, error))
		return false;
	g_unlink(build->log);
	if (compile(build, error) && path_publish(build->dir, final, error)) {
		g_autofree char *prefix =
			g_strconcat(build->profile, "-", NULL);

		build_trim(parent, prefix, KEEP_KERNELS);
		return true;
	}
	build_explain_space(error);
	return false;
}

struct kit_kernel *kernel_profile(const struct kit_vars *vars,
				  struct kit_progress *progress, GError **error)
{
	struct kit_kernel *kernel = NULL;
	g_autofree char *fragment = read_fragments(vars->kernel, error);
	g_autofree char *source = NULL;
	g_autofree char *final = NULL;
	g_autofree char *id = NULL;
	GError *failed = NULL;
	struct build build = {
		.profile = vars->kernel,
		.jobs = vars->jobs,
		.progress = progress,
	};
	int lock;

	if (!fragment)
		return NULL;
	source = kernel_source(vars, progress, error);
	if (!source)
		return NULL;
	id = make_id(vars->kernel, source, fragment, progress, error);
	if (!id)
		return NULL;
	final = path_build("kernels", id, NULL);
	kernel = kernel_load(final, &failed);
	if (kernel || failed) {
		if (failed)
			g_propagate_error(error, failed);
		return kernel;
	}
	lock = build_lock("kernel", progress, error);
	if (lock < 0)
		return NULL;
	build.source = source;
	build.id = id;
	/* Perhaps the one we waited for has made it. */
	kernel = kernel_load(final, error);
	if (!kernel && !(error && *error) &&
	    build_profile(&build, final, fragment, error))
		kernel = kernel_load(final, error);
	build_unlock(lock);
	g_free(build.dir);
	g_free(build.log);
	g_free(build.fragment);
	return kernel;
}
