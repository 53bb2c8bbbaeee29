// SPDX-License-Identifier: GPL-2.0-only
/*
 * build_util.c - locks, disk space and content keys for everything that is built
 *
 * A key is a SHA-256 over names, modes and contents, in sorted order, so the
 * same sources give the same key on every machine and at every time. A build
 * directory is published under its key and never changed afterwards.
 *
 * Locks are flock() on files in the build directory: the kernel drops them when
 * the holder dies, so a killed runner never blocks the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "build.h"

/* Below this, a failed write is blamed on the disk. */
#define FULL_MIB 16

static char *build_dir(void)
{
	g_autofree char *below = path_build("tmp", NULL);

	return g_path_get_dirname(below);
}

static bool free_mib(uint64_t *mib)
{
	g_autofree char *dir = build_dir();
	struct statvfs fs;

	if (statvfs(dir, &fs) < 0)
		return false;
	*mib = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	return true;
}

bool build_need_space(unsigned int mib, const char *what, GError **error)
{
	g_autofree char *dir = build_dir();
	uint64_t have;

	if (!path_mkdir(dir, error))
		return false;
	if (!free_mib(&have) || have >= mib)
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
		    "disk full: %s needs %u MiB below %s, %" G_GUINT64_FORMAT
		    " MiB are free",
		    what, mib, dir, have);
	return false;
}

void build_explain_space(GError **error)
{
	g_autofree char *dir = build_dir();
	uint64_t have;

	if (!error || !*error ||
	    g_error_matches(*error, KIT_ERROR, KIT_ERROR_INTERRUPTED))
		return;
	if (!free_mib(&have) || have >= FULL_MIB)
		return;
	g_clear_error(error);
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
		    "disk full: %" G_GUINT64_FORMAT
		    " MiB are free below %s; make room and run again",
		    have, dir);
}

int build_lock(const char *what, struct kit_progress *progress, GError **error)
{
	g_autofree char *name = g_strdup_printf(".%s.lock", what);
	g_autofree char *dir = build_dir();
	g_autofree char *path = path_build(name, NULL);
	bool told = false;
	int fd;

	if (!path_mkdir(dir, error))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot write %s: %s", path, g_strerror(errno));
		return -1;
	}
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "cannot lock %s: %s", path,
				    g_strerror(errno));
			close(fd);
			return -1;
		}
		if (g_cancellable_is_cancelled(
			    progress_cancellable(progress))) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_INTERRUPTED,
				    "interrupted");
			close(fd);
			return -1;
		}
		if (!told)
			progress_note(progress,
				      "waiting: another mdevkit makes %s here",
				      what);
		told = true;
		/* flock() has no timeout; signals must be seen meanwhile. */
		while (g_main_context_iteration(NULL, FALSE))
			;
		g_usleep(100 * 1000);
	}
	return fd;
}

void build_sweep(const char *stem)
{
	g_autofree char *parent = path_build("tmp", NULL);
	g_autofree char *prefix = g_strconcat(stem, ".", NULL);
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(parent, name, NULL);

		if (g_str_has_prefix(name, prefix))
			path_remove(path, NULL);
	}
}

void build_sweep_old(void)
{
	g_autofree char *parent = path_build("tmp", NULL);
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	time_t now = time(NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(parent, name, NULL);
		struct stat st;

		if (!lstat(path, &st) && now - st.st_mtime > 24 * 60 * 60)
			path_remove(path, NULL);
	}
}

void build_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

static bool hash_file(GChecksum *sum, const char *path, const char *name,
		      mode_t mode, GError **error)
{
	g_autofree char *head =
		g_strdup_printf("%c %s", mode & 0100 ? 'x' : '-', name);
	g_autofree char *text = NULL;
	gsize length;

	if (!g_file_get_contents(path, &text, &length, error))
		return false;
	g_checksum_update(sum, (const guchar *)head, strlen(head) + 1);
	g_checksum_update(sum, (const guchar *)&length, sizeof(length));
	g_checksum_update(sum, (const guchar *)text, length);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool hash_below(GChecksum *sum, const char *path, const char *name,
		       GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GDir) dir = NULL;
	const char *entry;
	struct stat st;

	if (stat(path, &st) < 0) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot read %s: %s", path, g_strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		return hash_file(sum, path, name, st.st_mode, error);

	dir = g_dir_open(path, 0, error);
	if (!dir)
		return false;
	entries = g_ptr_array_new_with_free_func(g_free);
	while ((entry = g_dir_read_name(dir)))
		g_ptr_array_add(entries, g_strdup(entry));
	g_ptr_array_sort(entries, by_name);
	for (guint i = 0; i < entries->len; i++) {
		g_autofree char *child =
			g_build_filename(path, entries->pdata[i], NULL);
		g_autofree char *below =
			g_strconcat(name, "/", entries->pdata[i], NULL);

		if (!hash_below(sum, child, below, error))
			return false;
	}
	return true;
}

bool build_hash_tree(GChecksum *sum, const char *path, GError **error)
{
	g_autofree char *name = g_path_get_basename(path);

	return hash_below(sum, path, name, error);
}

char *build_hash_name(GChecksum *sum, unsigned int length)
{
	return g_strndup(g_checksum_get_string(sum), length);
}

bool build_write(const char *path, const char *text, ssize_t length,
		 GError **error)
{
	/* GLib writes beside @path and renames. */
	if (g_file_set_contents(path, text, length, error))
		return true;
	build_explain_space(error);
	return false;
}

char *build_log_tail(const char *log, unsigned int nlines)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint count, first;

	if (!g_file_get_contents(log, &text, NULL, NULL))
		return g_strdup("(no output)");
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	count = g_strv_length(lines);
	first = count > nlines ? count - nlines : 0;
	return g_strjoinv("\n", lines + first);
}

struct aged {
	char *path;
	time_t used;
};

static void aged_free(void *data)
{
	struct aged *aged = data;

	g_free(aged->path);
	g_free(aged);
}

static int newest_first(const void *a, const void *b)
{
	const struct aged *x = *(struct aged *const *)a;
	const struct aged *y = *(struct aged *const *)b;

	return (x->used < y->used) - (x->used > y->used);
}

void build_trim(const char *parent, const char *prefix, unsigned int keep)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(aged_free);
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		struct aged *aged;
		struct stat st;

		if (!g_str_has_prefix(name, prefix))
			continue;
		aged = g_new0(struct aged, 1);
		aged->path = g_build_filename(parent, name, NULL);
		aged->used = stat(aged->path, &st) ? 0 : st.st_mtime;
		g_ptr_array_add(list, aged);
	}
	g_ptr_array_sort(list, newest_first);
	for (guint i = keep; i < list->len; i++) {
		const struct aged *aged = list->pdata[i];

		path_remove(aged->path, NULL);
	}
}
