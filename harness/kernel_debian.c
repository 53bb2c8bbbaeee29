// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_debian.c - the distribution's kernel and its source, by packages
 *
 * A stock kernel is the newest image package from 6.12 on, its modules, and the
 * headers it was released with, unpacked side by side into one directory. The
 * directory is complete before it gets its name; build/kernels/stock (or
 * stock-SUITE) is a link to it, and as long as that link leads to a complete
 * kernel nothing is looked up again.
 *
 * Headers are built against as they come: their configuration is the one the
 * kernel was built with, a regenerated one may change struct module.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"

#define OLDEST_MAJOR 6
#define OLDEST_MINOR 12

static bool is_supported(const char *version)
{
	unsigned int major = 0, minor = 0;

	return sscanf(version, "%u.%u", &major, &minor) == 2 &&
	       (major > OLDEST_MAJOR ||
		(major == OLDEST_MAJOR && minor >= OLDEST_MINOR));
}

/* The newest of @names behind @prefix that we support, or NULL. */
static const char *newest(char **names, const char *prefix)
{
	const char *best = NULL;

	for (char **name = names; *name; name++) {
		const char *version = *name + strlen(prefix);

		if (is_supported(version) &&
		    (!best || strverscmp(version, best) > 0))
			best = version;
	}
	return best;
}

static const char *where(const struct kit_apt *apt)
{
	return apt->suite ? apt->suite : "this machine's apt sources";
}

/*
 * Packages that make up a kernel: the roots and whatever they need whose name
 * carries the kernel's version, so neither compilers nor initramfs tools.
 */
static GPtrArray *closure(struct kit_apt *apt, const char *release,
			  struct kit_progress *progress, GError **error)
{
	g_autoptr(GPtrArray) packages = NULL;
	g_autoptr(GHashTable) seen = NULL;
	g_autoptr(GQueue) queue = g_queue_new();
	g_autofree char *version =
		g_strndup(release, strspn(release, "0123456789."));

	packages = g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
	seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_push_tail(queue, g_strconcat("linux-image-", release, NULL));
	g_queue_push_tail(queue, g_strconcat("linux-headers-", release, NULL));
	while (!g_queue_is_empty(queue)) {
		g_autofree char *name = g_queue_pop_head(queue);
		struct kit_package *package;

		if (!g_hash_table_add(seen, g_strdup(name)))
			continue;
		package = apt_show(apt, name, progress, error);
		if (!package) {
			g_queue_clear_full(queue, g_free);
			return NULL;
		}
		g_ptr_array_add(packages, package);
		for (char **d = package->depends; *d; d++)
			if (g_str_has_prefix(*d, "linux-") &&
			    strstr(*d, version))
				g_queue_push_tail(queue, g_strdup(*d));
	}
	return g_steal_pointer(&packages);
}

/* The first of @paths below @dir that exists; printf formats of the release. */
static char *find_part(const char *dir, const char *release,
		       const char *const *paths)
{
	for (; *paths; paths++) {
		g_auto(GStrv) halves = g_strsplit(*paths, "@", 2);
		g_autofree char *name =
			g_strconcat(halves[0], release, halves[1], NULL);
		g_autofree char *path = g_build_filename(dir, name, NULL);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return g_steal_pointer(&name);
	}
	return NULL;
}

/*
 * Debian's headers directory holds a Makefile of one include line with an
 * absolute path; ours is below a prefix, so make is pointed at the included
 * file itself. NULL when the directory's own Makefile works anywhere.
 */
static char *find_makefile(const char *dir, const char *headers)
{
	g_autofree char *path =
		g_build_filename(dir, headers, "Makefile", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(GRegex) pattern =
		g_regex_new("^include\\s+/(\\S+)$", G_REGEX_MULTILINE, 0, NULL);

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    !g_regex_match(pattern, text, 0, &match))
		return NULL;
	return g_match_info_fetch(match, 1);
}

static bool run_depmod(const char *dir, const char *release,
		       struct kit_progress *progress, GError **error)
{
	const char *argv[] = { "depmod", "-b", dir, release, NULL };
	const struct kit_command command = { .argv = argv };
	g_autofree char *lib = g_build_filename(dir, "lib", NULL);

	/* Newer packages are made for a merged /usr. */
	if (!g_file_test(lib, G_FILE_TEST_EXISTS) &&
	    symlink("usr/lib", lib) < 0) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot make %s: %s", lib, g_strerror(errno));
		return false;
	}
	return command_run(&command, progress, NULL, error);
}

static bool describe(const char *dir, const char *release,
		     struct kit_progress *progress, GError **error)
{
	static const char *const images[] = { "boot/vmlinuz-@",
					      "usr/lib/modules/@/vmlinuz",
					      NULL };
	static const char *const configs[] = {
		"usr/src/linux-headers-@/.config", "boot/config-@",
		"usr/lib/modules/@/config", NULL
	};
	static const char *const trees[] = { "usr/src/linux-headers-@", NULL };
	g_autofree char *modules =
		g_build_filename("lib/modules", release, NULL);
	g_autofree char *image = find_part(dir, release, images);
	g_autofree char *config = find_part(dir, release, configs);
	g_autofree char *headers = find_part(dir, release, trees);
	g_autofree char *makefile = NULL;

	if (!image || !config || !headers) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
			    "the packages of %s hold no %s", release,
			    !image  ? "image" :
			    !config ? "configuration" :
				      "headers");
		return false;
	}
	if (!run_depmod(dir, release, progress, error))
		return false;
	makefile = find_makefile(dir, headers);
	return kernel_describe(dir,
			       &(struct kernel_parts){
				       .profile = "stock",
				       .release = release,
				       .image = image,
				       .config = config,
				       .modules_dir = modules,
				       .kbuild_dir = headers,
				       .kbuild_makefile = makefile,
			       },
			       error);
}

/* Make build/PARENT/@name lead to @target beside it, in one step. */
static bool make_link(const char *parent, const char *name, const char *target,
		      GError **error)
{
	g_autofree char *link = path_build(parent, name, NULL);
	g_autofree char *temporary = g_strconcat(link, ".new", NULL);

	g_unlink(temporary);
	if (!symlink(target, temporary) && !rename(temporary, link))
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "cannot make %s: %s",
		    link, g_strerror(errno));
	build_explain_space(error);
	return false;
}

static bool fetch_release(struct kit_apt *apt, const char *release,
			  struct kit_progress *progress, GError **error)
{
	g_autoptr(GPtrArray) packages = NULL;
	g_autofree char *final = path_build("kernels", release, NULL);
	g_autofree char *parent = path_build("kernels", NULL);
	g_autofree char *done = g_build_filename(final, "kit.kernel", NULL);
	g_autofree char *temporary = NULL;
	bool ok;

	if (g_file_test(done, G_FILE_TEST_EXISTS))
		return true;
	packages = closure(apt, release, progress, error);
	if (!packages || !path_mkdir(parent, error))
		return false;
	build_sweep("kernel");
	temporary = path_temporary("kernel", error);
	if (!temporary)
		return false;
	ok = apt_unpack(apt, packages, temporary, progress, error) &&
	     tools_adapt(apt, packages, temporary, progress, error) &&
	     describe(temporary, release, progress, error) &&
	     path_publish(temporary, final, error);
	if (!ok) {
		build_explain_space(error);
		path_remove(temporary, NULL);
	}
	return ok;
}

static bool fetch_stock(const struct kit_vars *vars, const char *link,
			struct kit_progress *progress, GError **error)
{
	static const char prefix[] = "linux-image-";
	g_auto(GStrv) names = NULL;
	struct kit_apt *apt;
	const char *release;
	bool ok = false;

	apt = apt_open(vars->suite, progress, error);
	if (!apt)
		return false;
	progress_live(progress, "looking for the newest kernel in %s",
		      where(apt));
	if (!apt_update(apt, progress, error))
		goto out_close;
	/* Full versions only: no flavours, metapackages, debug symbols. */
	names = apt_names(
		apt,
		"linux-image-\\d+\\.\\d+\\.\\d[0-9.+~a-z]*(-\\d+)?-(amd64|generic)$",
		progress, error);
	if (!names)
		goto out_close;
	release = newest(names, prefix);
	if (!release) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_TOOL,
			"%s has no kernel from %d.%d on; try SUITE=, KERNEL=host or KERNEL=/path/to/linux",
			where(apt), OLDEST_MAJOR, OLDEST_MINOR);
		goto out_close;
	}
	ok = fetch_release(apt, release, progress, error) &&
	     make_link("kernels", link, release, error);
out_close:
	apt_close(apt);
	return ok;
}

struct kit_kernel *kernel_debian_stock(const struct kit_vars *vars,
				       struct kit_progress *progress,
				       GError **error)
{
	g_autofree char *link =
		vars->suite ? g_strconcat("stock-", vars->suite, NULL) :
			      g_strdup("stock");
	g_autofree char *path = path_build("kernels", link, NULL);
	struct kit_kernel *kernel = NULL;
	GError *failed = NULL;
	int lock;

	kernel = kernel_load(path, &failed);
	if (kernel)
		return kernel;
	/* Made, and damaged since: whoever damaged it may know why. */
	if (failed) {
		g_propagate_error(error, failed);
		return NULL;
	}
	lock = build_lock("kernel", progress, error);
	if (lock < 0)
		return NULL;
	/* Perhaps the one we waited for has made it. */
	kernel = kernel_load(path, error);
	if (!kernel && !(error && *error) &&
	    fetch_stock(vars, link, progress, error))
		kernel = kernel_load(path, error);
	build_unlock(lock);
	return kernel;
}

/* Unpack the tarball that a linux-source package carries into @into. */
static bool unpack_source(const char *dir, const char *name, const char *into,
			  struct kit_progress *progress, GError **error)
{
	static const char *const suffixes[] = { ".tar.xz", ".tar.zst",
						".tar.gz", ".tar.bz2", NULL };

	for (const char *const *s = suffixes; *s; s++) {
		g_autofree char *file = g_strconcat(name, *s, NULL);
		g_autofree char *tarball =
			g_build_filename(dir, "usr/src", file, NULL);
		const char *argv[] = { "tar",	"-xf",
				       tarball, "--strip-components=1",
				       "-C",	into,
				       NULL };
		const struct kit_command command = { .argv = argv,
						     .quiet = true };

		if (!g_file_test(tarball, G_FILE_TEST_EXISTS))
			continue;
		progress_live(progress, "unpacking %s", file);
		return command_run(&command, progress, NULL, error);
	}
	g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
		    "package %s holds no source archive", name);
	return false;
}

static bool fetch_source_package(struct kit_apt *apt, const char *name,
				 const char *link,
				 struct kit_progress *progress, GError **error)
{
	g_autoptr(GPtrArray) packages =
		g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
	g_autofree char *parent = path_build("src", NULL);
	g_autofree char *debs = NULL;
	g_autofree char *tree = NULL;
	g_autofree char *final = NULL;
	g_autofree char *stem = NULL;
	struct kit_package *package;
	bool ok = false;

	package = apt_show(apt, name, progress, error);
	if (!package)
		return false;
	g_ptr_array_add(packages, package);
	stem = g_strdup_printf("linux-%s", package->version);
	final = path_build("src", stem, NULL);
	if (g_file_test(final, G_FILE_TEST_IS_DIR))
		return make_link("src", link, stem, error);
	if (!path_mkdir(parent, error) ||
	    !build_need_space(2200, "the kernel source", error))
		return false;
	build_sweep("source-package");
	build_sweep("source");
	debs = path_temporary("source-package", error);
	tree = debs ? path_temporary("source", error) : NULL;
	if (tree)
		ok = apt_unpack(apt, packages, debs, progress, error) &&
		     unpack_source(debs, name, tree, progress, error) &&
		     path_publish(tree, final, error) &&
		     make_link("src", link, stem, error);
	if (!ok)
		build_explain_space(error);
	if (debs)
		path_remove(debs, NULL);
	if (tree && !ok)
		path_remove(tree, NULL);
	return ok;
}

static bool fetch_source(const struct kit_vars *vars, const char *link,
			 struct kit_progress *progress, GError **error)
{
	static const char prefix[] = "linux-source-";
	g_auto(GStrv) names = NULL;
	g_autofree char *name = NULL;
	struct kit_apt *apt;
	const char *version;
	bool ok = false;

	apt = apt_open(vars->suite, progress, error);
	if (!apt)
		return false;
	progress_live(progress, "looking for the kernel source in %s",
		      where(apt));
	if (!apt_update(apt, progress, error))
		goto out_close;
	names = apt_names(apt, "linux-source-\\d+\\.\\d+(\\.\\d+)?$", progress,
			  error);
	if (!names)
		goto out_close;
	version = newest(names, prefix);
	if (!version) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
			    "%s has no kernel source from %d.%d on; try SUITE=",
			    where(apt), OLDEST_MAJOR, OLDEST_MINOR);
		goto out_close;
	}
	name = g_strconcat(prefix, version, NULL);
	ok = fetch_source_package(apt, name, link, progress, error);
out_close:
	apt_close(apt);
	return ok;
}

char *kernel_source(const struct kit_vars *vars, struct kit_progress *progress,
		    GError **error)
{
	g_autofree char *link =
		vars->suite ? g_strconcat("linux-", vars->suite, NULL) :
			      g_strdup("linux");
	g_autofree char *path = path_build("src", link, NULL);
	char *real = realpath(path, NULL);
	int lock;

	if (real)
		return real;
	lock = build_lock("source", progress, error);
	if (lock < 0)
		return NULL;
	real = realpath(path, NULL);
	if (!real && fetch_source(vars, link, progress, error)) {
		real = realpath(path, NULL);
		if (!real)
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "cannot read %s: %s", path,
				    g_strerror(errno));
	}
	build_unlock(lock);
	return real;
}
