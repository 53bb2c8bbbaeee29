// SPDX-License-Identifier: GPL-2.0-only
/*
 * path.c - where things are, and how they appear there
 *
 * Two trees: the project's sources (never written to) and the build directory
 * (nothing outside it is ever written to). What takes longer than one write is
 * made below <build>/tmp and renamed to its place when it is finished.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"

/* A directory is the project's root if the runner's own sources are there. */
static bool is_root(const char *dir)
{
	g_autofree char *mark = g_build_filename(dir, "harness", "kit.h", NULL);

	return g_file_test(mark, G_FILE_TEST_IS_REGULAR);
}

/* Walk up from @dir (consumed) until a root is found. */
static char *root_above(char *dir)
{
	while (dir && !is_root(dir)) {
		char *up = g_path_get_dirname(dir);
		bool top = !strcmp(up, dir);

		g_free(dir);
		dir = up;
		if (top)
			g_clear_pointer(&dir, g_free);
	}
	return dir;
}

static const char *project_root(void)
{
	static char *root;
	const char *env = g_getenv("KIT_ROOT");
	g_autofree char *exe = NULL;

	if (root)
		return root;
	if (env && *env)
		root = g_canonicalize_filename(env, NULL);
	if (!root) {
		exe = g_file_read_link("/proc/self/exe", NULL);
		root = exe ? root_above(g_path_get_dirname(exe)) : NULL;
	}
	if (!root)
		root = root_above(g_get_current_dir());
	if (!root)
		root = g_get_current_dir();
	return root;
}

static const char *build_root(void)
{
	static char *root;
	const char *env = g_getenv("KIT_BUILD");

	if (root)
		return root;
	if (env && *env)
		root = g_canonicalize_filename(env, NULL);
	else
		root = g_build_filename(project_root(), "build", NULL);
	return root;
}

static char *join(const char *root, const char *first, va_list args)
{
	GString *path = g_string_new(root);
	const char *part;

	for (part = first; part; part = va_arg(args, const char *)) {
		g_string_append_c(path, '/');
		g_string_append(path, part);
	}
	return g_string_free(path, FALSE);
}

char *path_source(const char *first, ...)
{
	va_list args;
	char *path;

	va_start(args, first);
	path = join(project_root(), first, args);
	va_end(args);
	return path;
}

char *path_build(const char *first, ...)
{
	va_list args;
	char *path;

	va_start(args, first);
	path = join(build_root(), first, args);
	va_end(args);
	return path;
}

static bool fail(GError **error, const char *what, const char *path)
{
	int err = errno;

	g_set_error(error, KIT_ERROR,
		    err == EACCES || err == EPERM || err == EROFS ?
			    KIT_ERROR_TOOL :
			    KIT_ERROR_HARNESS,
		    "cannot %s %s: %s", what, path, g_strerror(err));
	return false;
}

bool path_mkdir(const char *path, GError **error)
{
	if (g_mkdir_with_parents(path, 0755) == 0)
		return true;
	return fail(error, "create the directory", path);
}

static bool remove_tree(const char *path, GError **error)
{
	struct stat st;

	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return true;
		return fail(error, "look at", path);
	}
	if (S_ISDIR(st.st_mode)) {
		g_autoptr(GDir) dir = g_dir_open(path, 0, error);
		const char *name;

		if (!dir)
			return false;
		while ((name = g_dir_read_name(dir))) {
			g_autofree char *child =
				g_build_filename(path, name, NULL);

			if (!remove_tree(child, error))
				return false;
		}
	}
	if (g_remove(path) && errno != ENOENT)
		return fail(error, "remove", path);
	return true;
}

bool path_remove(const char *path, GError **error)
{
	g_autofree char *full = g_canonicalize_filename(path, NULL);
	g_autofree char *below = g_strconcat(build_root(), "/", NULL);

	if (!g_str_has_prefix(full, below)) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "refusing to remove %s: it is not below %s", full,
			    build_root());
		return false;
	}
	return remove_tree(full, error);
}

bool path_publish(const char *temporary, const char *final, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(final);
	g_autofree char *aside = NULL;

	if (!path_mkdir(parent, error))
		return false;
	if (g_rename(temporary, final) == 0)
		return true;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR &&
	    errno != EISDIR)
		return fail(error, "create", final);

	/* A directory is in the way: move it aside, so that there is one at nearly every moment. */
	aside = g_strdup_printf("%s.old", temporary);
	if (g_rename(final, aside) && errno != ENOENT)
		return fail(error, "replace", final);
	if (g_rename(temporary, final)) {
		bool lost = errno == ENOTEMPTY || errno == EEXIST;

		if (!lost)
			return fail(error, "create", final);
		if (!remove_tree(temporary, error))
			return false;
	}
	return remove_tree(aside, error);
}

char *path_temporary(const char *stem, GError **error)
{
	g_autofree char *parent = path_build("tmp", NULL);
	g_autofree char *template =
		g_strdup_printf("%s/%s.XXXXXX", parent, stem);

	if (!path_mkdir(parent, error))
		return NULL;
	if (!g_mkdtemp_full(template, 0755)) {
		fail(error, "create a directory in", parent);
		return NULL;
	}
	return g_steal_pointer(&template);
}
