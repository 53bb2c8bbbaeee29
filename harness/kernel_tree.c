// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_tree.c - kernels that are already there: a built tree, the host's own
 *
 * Nothing is written into either. A tree's modules lie all over it, and the
 * guest's root wants a lib/modules with modules.dep: one is made below build/
 * out of symbolic links to the tree's .ko files, under a name that changes
 * whenever the tree is built again.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel.h"

/* Kernels built elsewhere that are remembered; each may have modules of two cores. */
#define KEEP_VIEWS 4

char *kernel_tree_release(const char *tree, GError **error)
{
	g_autofree char *path = g_build_filename(tree, "include", "config",
						 "kernel.release", NULL);
	char *release = NULL;

	if (!g_file_get_contents(path, &release, NULL, error))
		return NULL;
	return g_strstrip(release);
}

/* Everything a tree must hold before it can be used, and how to get it. */
static bool check_tree(const char *tree, GError **error)
{
	static const char *const files[] = {
		"Makefile",
		".config",
		"arch/x86/boot/bzImage",
		"Module.symvers",
		"modules.order",
		"include/config/kernel.release",
	};

	if (!g_file_test(tree, G_FILE_TEST_IS_DIR)) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_USAGE,
			"KERNEL=%s: no such directory; KERNEL is stock, debug, kcsan, plain, host or the path of a built kernel tree",
			tree);
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(tree, files[i], NULL);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			continue;
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_USAGE,
			"KERNEL=%s is not a built kernel tree: %s is missing; run make bzImage modules there",
			tree, files[i]);
		return false;
	}
	return true;
}

/* Changes when any of the tree's results does. */
static char *tree_key(const char *tree)
{
	static const char *const files[] = { ".config", "arch/x86/boot/bzImage",
					     "Module.symvers",
					     "modules.order" };
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(sum, (const guchar *)tree, strlen(tree));
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(tree, files[i], NULL);
		struct stat st;

		if (stat(path, &st) < 0)
			continue;
		g_checksum_update(sum, (const guchar *)&st.st_mtim,
				  sizeof(st.st_mtim));
		g_checksum_update(sum, (const guchar *)&st.st_size,
				  sizeof(st.st_size));
	}
	return build_hash_name(sum, 8);
}

/* modules.order names .ko files since 2023, .o files before. */
static bool link_modules(const char *tree, const char *into, GError **error)
{
	g_autofree char *order = g_build_filename(tree, "modules.order", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(order, &text, NULL, error))
		return false;
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line; line++) {
		g_autofree char *stem = g_strndup(
			*line,
			strlen(*line) -
				(g_str_has_suffix(*line, ".ko") ? 3 : 2));
		g_autofree char *name = g_strconcat(stem, ".ko", NULL);
		g_autofree char *from = g_build_filename(tree, name, NULL);
		g_autofree char *to =
			g_build_filename(into, "kernel", name, NULL);
		g_autofree char *parent = g_path_get_dirname(to);

		if (!path_mkdir(parent, error))
			return false;
		if (symlink(from, to) < 0) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "cannot make %s: %s", to,
				    g_strerror(errno));
			return false;
		}
	}
	return true;
}

static bool link_lists(const char *tree, const char *into, GError **error)
{
	static const char *const lists[] = { "modules.order", "modules.builtin",
					     "modules.builtin.modinfo" };

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *from = g_build_filename(tree, lists[i], NULL);
		g_autofree char *to = g_build_filename(into, lists[i], NULL);

		if (!g_file_test(from, G_FILE_TEST_EXISTS) ||
		    !symlink(from, to))
			continue;
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot make %s: %s", to, g_strerror(errno));
		return false;
	}
	return true;
}

/* Every build of a tree gets another name; what was made for older ones goes. */
static void forget_old_views(void)
{
	g_autofree char *kernels = path_build("kernels", NULL);
	g_autofree char *modules = path_build("modules", NULL);

	build_trim(kernels, "tree-", KEEP_VIEWS);
	build_trim(modules, "tree-", 2 * KEEP_VIEWS);
}

/* build/kernels/@id with lib/modules/@release made of links into @tree. */
static bool make_view(const char *tree, const char *id, const char *release,
		      struct kit_progress *progress, GError **error)
{
	g_autofree char *final = path_build("kernels", id, NULL);
	g_autofree char *temporary = NULL;
	g_autofree char *modules = NULL;
	const char *argv[] = { "depmod", "-b", NULL, release, NULL };
	const struct kit_command depmod = { .argv = argv };
	bool ok;

	if (g_file_test(final, G_FILE_TEST_IS_DIR))
		return true;
	build_sweep("tree");
	temporary = path_temporary("tree", error);
	if (!temporary)
		return false;
	modules = g_build_filename(temporary, "lib", "modules", release, NULL);
	argv[2] = temporary;
	ok = path_mkdir(modules, error) && link_modules(tree, modules, error) &&
	     link_lists(tree, modules, error) &&
	     command_run(&depmod, progress, NULL, error) &&
	     path_publish(temporary, final, error);
	if (!ok) {
		build_explain_space(error);
		path_remove(temporary, NULL);
	} else {
		forget_old_views();
	}
	return ok;
}

/* A tree built with O= has a link to its sources; one built in place is its own. */
static char *find_source(const char *tree)
{
	g_autofree char *link = g_build_filename(tree, "source", NULL);
	char *real = realpath(link, NULL);

	return real ? real : g_strdup(tree);
}

struct kit_kernel *kernel_tree(const struct kit_vars *vars,
			       struct kit_progress *progress, GError **error)
{
	const char *tree = vars->kernel;
	struct kit_kernel *kernel = NULL;
	g_autofree char *release = NULL;
	g_autofree char *source = NULL;
	g_autofree char *modules = NULL;
	g_autofree char *vmlinux = NULL;
	g_autofree char *config = NULL;
	g_autofree char *image = NULL;
	g_autofree char *key = NULL;
	g_autofree char *id = NULL;
	int lock;

	if (!check_tree(tree, error))
		return NULL;
	release = kernel_tree_release(tree, error);
	if (!release)
		return NULL;
	key = tree_key(tree);
	id = g_strdup_printf("tree-%s-%s", release, key);
	image = g_build_filename(tree, "arch/x86/boot/bzImage", NULL);
	config = g_build_filename(tree, ".config", NULL);
	vmlinux = g_build_filename(tree, "vmlinux", NULL);
	modules = path_build("kernels", id, "lib", "modules", release, NULL);
	source = find_source(tree);
	lock = build_lock("kernel", progress, error);
	if (lock < 0)
		return NULL;
	if (make_view(tree, id, release, progress, error))
		kernel = kernel_new(id,
				    &(struct kernel_parts){
					    .profile = "tree",
					    .release = release,
					    .image = image,
					    .config = config,
					    .modules_dir = modules,
					    .kbuild_dir = tree,
					    .vmlinux = vmlinux,
					    .source = source,
				    },
				    error);
	build_unlock(lock);
	return kernel;
}

struct kit_kernel *kernel_host(const struct kit_vars *vars,
			       struct kit_progress *progress, GError **error)
{
	g_autofree char *modules = NULL;
	g_autofree char *kbuild = NULL;
	g_autofree char *config = NULL;
	g_autofree char *image = NULL;
	g_autofree char *id = NULL;
	struct utsname name;

	(void)vars;
	(void)progress;
	uname(&name);
	image = g_strconcat("/boot/vmlinuz-", name.release, NULL);
	modules = g_build_filename("/lib/modules", name.release, NULL);
	kbuild = g_build_filename(modules, "build", NULL);
	config = g_strconcat("/boot/config-", name.release, NULL);
	if (!g_file_test(config, G_FILE_TEST_EXISTS)) {
		g_free(config);
		config = g_build_filename(kbuild, ".config", NULL);
	}
	id = g_strconcat("host-", name.release, NULL);
	if (access(image, R_OK) < 0) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
			    "KERNEL=host: cannot read %s (%s)%s", image,
			    g_strerror(errno),
			    errno == EACCES ?
				    "; run as root or make it readable" :
				    "; use KERNEL=stock or a path");
		return NULL;
	}
	if (!g_file_test(kbuild, G_FILE_TEST_IS_DIR)) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_TOOL,
			"KERNEL=host: %s is missing; install the headers of kernel %s",
			kbuild, name.release);
		return NULL;
	}
	return kernel_new(id,
			  &(struct kernel_parts){
				  .profile = "host",
				  .release = name.release,
				  .image = image,
				  .config = config,
				  .modules_dir = modules,
				  .kbuild_dir = kbuild,
			  },
			  error);
}
