/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpio.h - archives that a kernel takes as its root
 *
 * Entries are collected in memory, then written in the order of their names
 * with fixed owners, times and inode numbers: the same content gives the same
 * bytes, and cpio_key() names it before anything is written.
 */
#ifndef _KIT_HARNESS_CPIO_H
#define _KIT_HARNESS_CPIO_H

#include "build.h"

struct kit_cpio;

struct kit_cpio *cpio_new(void);
void cpio_free(struct kit_cpio *cpio);

/* Names are absolute guest paths; missing parent directories are added. */
void cpio_add_dir(struct kit_cpio *cpio, const char *name);
void cpio_add_link(struct kit_cpio *cpio, const char *name, const char *target);
void cpio_add_node(struct kit_cpio *cpio, const char *name, unsigned int major,
		   unsigned int minor);

/* Takes over @data. */
void cpio_add_data(struct kit_cpio *cpio, const char *name, unsigned int mode,
		   GBytes *data);

/* Add the host's file @path; a compressed kernel module is unpacked with @unpack. */
bool cpio_add_file(struct kit_cpio *cpio, const char *name, unsigned int mode,
		   const char *path, bool unpack, GError **error);

/* Identifies the content, 16 hex digits. */
char *cpio_key(struct kit_cpio *cpio);

/* Write the archive to @path, which must not exist or is overwritten. */
bool cpio_write(struct kit_cpio *cpio, const char *path, GError **error);

#endif /* _KIT_HARNESS_CPIO_H */
