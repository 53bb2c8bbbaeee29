// SPDX-License-Identifier: GPL-2.0-only
/*
 * plan.c - what one guest is to do
 *
 * The kernel unpacks archives that follow one another in the initramfs file,
 * so a cell's plan is a second, tiny archive behind the root that all cells
 * share.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpio.h"

static bool copy_all(int from, int to)
{
	char block[1 << 17];
	ssize_t n;

	while ((n = read(from, block, sizeof(block))) > 0)
		for (ssize_t done = 0; done < n;) {
			ssize_t rc = write(to, block + done, n - done);

			if (rc < 0)
				return false;
			done += rc;
		}
	return n == 0;
}

static bool append_file(const char *from, int to, GError **error)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && copy_all(fd, to);

	if (!ok)
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot copy %s: %s", from, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool concatenate(const char *const *parts, const char *path,
			GError **error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = true;

	if (fd < 0) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot write %s: %s", path, g_strerror(errno));
		return false;
	}
	for (; ok && *parts; parts++)
		ok = append_file(*parts, fd, error);
	if (close(fd) < 0 && ok) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot write %s: %s", path, g_strerror(errno));
		ok = false;
	}
	return ok;
}

bool plan_append(const struct kit_root *root, const char *plan,
		 const char *path, GError **error)
{
	g_autofree char *dir = path_temporary("plan", error);
	struct kit_cpio *cpio;
	bool ok;

	if (!dir)
		return false;
	g_autofree char *small = g_build_filename(dir, "plan.cpio", NULL);
	g_autofree char *whole = g_build_filename(dir, "cell.cpio", NULL);
	const char *const parts[] = { root->path, small, NULL };

	cpio = cpio_new();
	cpio_add_data(cpio, "/etc/mdevkit/plan", 0644,
		      g_bytes_new(plan, strlen(plan)));
	ok = cpio_write(cpio, small, error) &&
	     concatenate(parts, whole, error) &&
	     path_publish(whole, path, error);
	if (!ok)
		build_explain_space(error);
	cpio_free(cpio);
	path_remove(dir, NULL);
	return ok;
}
