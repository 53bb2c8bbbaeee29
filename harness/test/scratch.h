/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scratch.h - a build directory of its own for a unit test, gone afterwards
 */
#ifndef _KIT_TEST_SCRATCH_H
#define _KIT_TEST_SCRATCH_H

#include <glib/gstdio.h>

#include "kit.h"

/* Before anything asks for path_build(). */
static inline void scratch_begin(void)
{
	g_autofree char *dir = g_dir_make_tmp("mdevkit-test.XXXXXX", NULL);

	g_assert_nonnull(dir);
	g_setenv("KIT_BUILD", dir, TRUE);
}

/* A new directory in it; free the name. */
static inline char *scratch_dir(void)
{
	char *dir = path_temporary("test", NULL);

	g_assert_nonnull(dir);
	return dir;
}

static inline void scratch_end(void)
{
	g_autofree char *tmp = path_build("tmp", NULL);

	path_remove(tmp, NULL);
	g_rmdir(g_getenv("KIT_BUILD"));
}

#endif /* _KIT_TEST_SCRATCH_H */
