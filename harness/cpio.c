// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpio.c - deterministic newc archives by libarchive
 */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cpio.h"

/**
 * struct entry - one name in the archive
 * @name: without the leading slash
 * @mode: type and permissions
 * @target: of a symbolic link
 * @dev: of a device node
 * @data: of a regular file
 */
struct entry {
	char *name;
	mode_t mode;
	char *target;
	dev_t dev;
	GBytes *data;
};

/* Entries by name; a later one of the same name replaces the earlier. */
struct kit_cpio {
	GTree *entries;
};

static int by_name(gconstpointer a, gconstpointer b, gpointer data)
{
	(void)data;
	return strcmp(a, b);
}

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	g_free(entry->name);
	g_free(entry->target);
	if (entry->data)
		g_bytes_unref(entry->data);
	g_free(entry);
}

struct kit_cpio *cpio_new(void)
{
	struct kit_cpio *cpio = g_new0(struct kit_cpio, 1);

	cpio->entries = g_tree_new_full(by_name, NULL, NULL, entry_free);
	return cpio;
}

void cpio_free(struct kit_cpio *cpio)
{
	if (!cpio)
		return;
	g_tree_unref(cpio->entries);
	g_free(cpio);
}

static struct entry *add(struct kit_cpio *cpio, const char *name, mode_t mode)
{
	struct entry *entry = g_new0(struct entry, 1);
	g_autofree char *parent = NULL;

	entry->name = g_strdup(name + (*name == '/'));
	entry->mode = mode;
	parent = g_path_get_dirname(entry->name);
	if (strcmp(parent, ".") && !g_tree_lookup(cpio->entries, parent))
		add(cpio, parent, S_IFDIR | 0755);
	g_tree_replace(cpio->entries, entry->name, entry);
	return entry;
}

void cpio_add_dir(struct kit_cpio *cpio, const char *name)
{
	add(cpio, name, S_IFDIR | 0755);
}

void cpio_add_link(struct kit_cpio *cpio, const char *name, const char *target)
{
	add(cpio, name, S_IFLNK | 0777)->target = g_strdup(target);
}

void cpio_add_node(struct kit_cpio *cpio, const char *name, unsigned int major,
		   unsigned int minor)
{
	add(cpio, name, S_IFCHR | 0600)->dev = makedev(major, minor);
}

void cpio_add_data(struct kit_cpio *cpio, const char *name, unsigned int mode,
		   GBytes *data)
{
	add(cpio, name, S_IFREG | mode)->data = data;
}

static GBytes *unpack_file(const char *path, GError **error)
{
	struct archive *in = archive_read_new();
	GByteArray *data = g_byte_array_new();
	struct archive_entry *entry;
	guint8 block[65536];
	ssize_t n = -1;

	archive_read_support_filter_all(in);
	archive_read_support_format_raw(in);
	if (archive_read_open_filename(in, path, sizeof(block)) == ARCHIVE_OK &&
	    archive_read_next_header(in, &entry) == ARCHIVE_OK)
		while ((n = archive_read_data(in, block, sizeof(block))) > 0)
			g_byte_array_append(data, block, n);
	if (n < 0) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot unpack %s: %s", path,
			    archive_error_string(in));
		archive_read_free(in);
		g_byte_array_unref(data);
		return NULL;
	}
	archive_read_free(in);
	return g_byte_array_free_to_bytes(data);
}

bool cpio_add_file(struct kit_cpio *cpio, const char *name, unsigned int mode,
		   const char *path, bool unpack, GError **error)
{
	GBytes *data;
	char *text;
	gsize length;

	if (unpack && !g_str_has_suffix(path, ".ko")) {
		data = unpack_file(path, error);
		if (!data)
			return false;
	} else {
		if (!g_file_get_contents(path, &text, &length, error))
			return false;
		data = g_bytes_new_take(text, length);
	}
	cpio_add_data(cpio, name, mode, data);
	return true;
}

static gboolean hash_entry(gpointer key, gpointer value, gpointer data)
{
	const struct entry *entry = value;
	GChecksum *sum = data;
	gsize length = 0;
	gconstpointer bytes = NULL;
	g_autofree char *head = NULL;

	(void)key;
	if (entry->data)
		bytes = g_bytes_get_data(entry->data, &length);
	head = g_strdup_printf("%s %o %s %lx %zu", entry->name, entry->mode,
			       entry->target ? entry->target : "",
			       (unsigned long)entry->dev, length);
	g_checksum_update(sum, (const guchar *)head, strlen(head) + 1);
	g_checksum_update(sum, bytes, length);
	return FALSE;
}

char *cpio_key(struct kit_cpio *cpio)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_tree_foreach(cpio->entries, hash_entry, sum);
	return build_hash_name(sum, 16);
}

struct writing {
	struct archive *out;
	int ino;
	bool failed;
};

static gboolean write_entry(gpointer key, gpointer value, gpointer data)
{
	const struct entry *entry = value;
	struct archive_entry *head = archive_entry_new();
	struct writing *writing = data;
	gconstpointer bytes = NULL;
	gsize length = 0;

	(void)key;
	if (entry->data)
		bytes = g_bytes_get_data(entry->data, &length);
	archive_entry_set_pathname(head, entry->name);
	archive_entry_set_mode(head, entry->mode);
	archive_entry_set_ino(head, ++writing->ino);
	archive_entry_set_nlink(head, 1);
	archive_entry_set_uid(head, 0);
	archive_entry_set_gid(head, 0);
	archive_entry_set_mtime(head, 0, 0);
	archive_entry_set_size(head, length);
	if (entry->target)
		archive_entry_set_symlink(head, entry->target);
	if (entry->dev)
		archive_entry_set_rdev(head, entry->dev);
	if (archive_write_header(writing->out, head) != ARCHIVE_OK ||
	    (length && archive_write_data(writing->out, bytes, length) !=
			       (la_ssize_t)length))
		writing->failed = true;
	archive_entry_free(head);
	return writing->failed;
}

bool cpio_write(struct kit_cpio *cpio, const char *path, GError **error)
{
	struct writing writing = { .out = archive_write_new() };
	bool ok;

	archive_write_set_format_cpio_newc(writing.out);
	archive_write_set_bytes_in_last_block(writing.out, 1);
	writing.failed = archive_write_open_filename(writing.out, path) !=
			 ARCHIVE_OK;
	if (!writing.failed)
		g_tree_foreach(cpio->entries, write_entry, &writing);
	ok = !writing.failed && archive_write_close(writing.out) == ARCHIVE_OK;
	if (!ok) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot write %s: %s", path,
			    archive_error_string(writing.out));
		build_explain_space(error);
	}
	archive_write_free(writing.out);
	return ok;
}
