// SPDX-License-Identifier: GPL-2.0-only
/*
 * error.c - the error domain, and which exit status an error deserves
 *
 * The statuses are those of the manual (docs, `mdevkit help`). 125 is git
 * bisect's word for "this commit cannot be judged", so everything that says
 * nothing about the kernel under test ends there: a build that failed and a
 * harness that broke. Above 128 git bisect stops altogether, which is what an
 * interrupted run wants.
 */
#include "kit.h"

G_DEFINE_QUARK(kit - error - quark, error)

enum kit_status error_status(const GError *error)
{
	if (!error)
		return KIT_STATUS_PASS;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return KIT_STATUS_INTERRUPTED;
	if (error->domain != KIT_ERROR)
		return KIT_STATUS_BUILD;

	switch ((enum kit_error)error->code) {
	case KIT_ERROR_FAILED:
		return KIT_STATUS_FAILED;
	case KIT_ERROR_USAGE:
	case KIT_ERROR_TOOL:
		return KIT_STATUS_USAGE;
	case KIT_ERROR_SPLAT:
		return KIT_STATUS_SPLAT;
	case KIT_ERROR_HUNG:
		return KIT_STATUS_HUNG;
	case KIT_ERROR_INTERRUPTED:
		return KIT_STATUS_INTERRUPTED;
	case KIT_ERROR_BUILD:
	case KIT_ERROR_HARNESS:
		return KIT_STATUS_BUILD;
	}
	return KIT_STATUS_BUILD;
}
