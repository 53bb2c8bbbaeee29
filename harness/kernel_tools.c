// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_tools.c - programs of a newer suite's kernel headers on this machine
 *
 * Header packages bring programs: modpost, objtool. Those of a newer suite may
 * want a newer C library than this machine has. Then the suite's libraries are
 * unpacked beside them, and each such program is started through that suite's
 * own loader by a script in its place:
 *
 *   modpost  ->  modpost.elf, and a script "modpost" that runs
 *                LIBS/ld-linux-x86-64.so.2 --library-path LIBS modpost.elf
 *
 * Paths in the script are relative: the directory is still to be renamed.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"

#define LOADER "ld-linux-x86-64.so.2"
#define LIBRARIES "usr/lib/x86_64-linux-gnu"

static bool is_program(const char *path)
{
	char magic[4] = "";
	struct stat st;
	FILE *file;

	if (lstat(path, &st) || !S_ISREG(st.st_mode) || !(st.st_mode & 0100))
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fread(magic, 1, sizeof(magic), file) != sizeof(magic))
		magic[0] = '\0';
	fclose(file);
	return !memcmp(magic, "\177ELF", sizeof(magic));
}

/* Does this machine's loader find what the program wants? */
static bool starts_here(const char *path, struct kit_progress *progress)
{
	const char *argv[] = { "/lib64/" LOADER, "--list", path, NULL };
	g_autofree char *log = path_build("tmp", "loader.log", NULL);
	g_autofree char *complaint = NULL;
	g_autofree char *list = NULL;
	const struct kit_command command = {
		.argv = argv,
		.log = log,
		.output = &list,
	};
	int status;

	/* It names libraries on stdout, versions that are missing on stderr. */
	g_unlink(log);
	if (!command_run(&command, progress, &status, NULL))
		return true;
	if (g_file_get_contents(log, &complaint, NULL, NULL) &&
	    strstr(complaint, "not found")) {
		g_unlink(log);
		return false;
	}
	g_unlink(log);
	return !status && !strstr(list, "not found");
}

static void find_strangers(const char *dir, const char *relative,
			   GPtrArray *found, struct kit_progress *progress)
{
	g_autofree char *path = g_build_filename(dir, relative, NULL);
	g_autoptr(GDir) handle = NULL;
	const char *name;

	if (g_file_test(path, G_FILE_TEST_IS_SYMLINK))
		return;
	handle = g_dir_open(path, 0, NULL);
	if (!handle) {
		if (is_program(path) && !starts_here(path, progress))
			g_ptr_array_add(found, g_strdup(relative));
		return;
	}
	while ((name = g_dir_read_name(handle))) {
		g_autofree char *below = g_build_filename(relative, name, NULL);

		find_strangers(dir, below, found, progress);
	}
}

/* Libraries that the packages name, and theirs. */
static GPtrArray *library_closure(struct kit_apt *apt,
				  const GPtrArray *packages,
				  struct kit_progress *progress, GError **error)
{
	g_autoptr(GPtrArray) libraries =
		g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const GPtrArray *lists[] = { packages, libraries };

	for (size_t list = 0; list < G_N_ELEMENTS(lists); list++) {
		for (guint i = 0; i < lists[list]->len; i++) {
			const struct kit_package *package =
				lists[list]->pdata[i];

			for (char **d = package->depends; *d; d++) {
				struct kit_package *library;

				if (!g_str_has_prefix(*d, "lib") &&
				    strcmp(*d, "zlib1g"))
					continue;
				if (!g_hash_table_add(seen, g_strdup(*d)))
					continue;
				library = apt_show(apt, *d, progress, error);
				if (!library)
					return NULL;
				g_ptr_array_add(libraries, library);
			}
		}
	}
	return g_steal_pointer(&libraries);
}

static bool wrap(const char *dir, const char *relative, GError **error)
{
	g_autofree char *path = g_build_filename(dir, relative, NULL);
	g_autofree char *elf = g_strconcat(path, ".elf", NULL);
	g_autofree char *name = g_path_get_basename(path);
	g_autoptr(GString) up = g_string_new("${0%/*}");
	g_autofree char *script = NULL;

	for (const char *c = relative; *c; c++)
		if (*c == '/')
			g_string_append(up, "/..");
	script = g_strdup_printf(
		"#!/bin/sh\n"
		"# Made for a newer C library than this machine's.\n"
		"libs=%s/%s\n"
		"exec \"$libs/%s\" --library-path \"$libs\" "
		"\"${0%%/*}/%s.elf\" \"$@\"\n",
		up->str, LIBRARIES, LOADER, name);
	if (g_rename(path, elf)) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot rename %s", path);
		return false;
	}
	if (!build_write(path, script, -1, error))
		return false;
	return !g_chmod(path, 0755);
}

bool tools_adapt(struct kit_apt *apt, const GPtrArray *packages,
		 const char *dir, struct kit_progress *progress, GError **error)
{
	g_autoptr(GPtrArray) strangers = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) libraries = NULL;
	g_autofree char *lib = g_build_filename(dir, "usr", "lib", NULL);
	g_autoptr(GDir) handle = g_dir_open(lib, 0, NULL);
	const char *name;

	while (handle && (name = g_dir_read_name(handle))) {
		g_autofree char *tree = g_build_filename("usr/lib", name, NULL);

		if (g_str_has_prefix(name, "linux-kbuild-"))
			find_strangers(dir, tree, strangers, progress);
	}
	if (!strangers->len)
		return true;
	progress_live(progress, "%u programs need a newer C library",
		      strangers->len);
	libraries = library_closure(apt, packages, progress, error);
	if (!libraries || !apt_unpack(apt, libraries, dir, progress, error))
		return false;
	for (guint i = 0; i < strangers->len; i++)
		if (!wrap(dir, strangers->pdata[i], error))
			return false;
	return true;
}
