/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * progress.h - the owner's side of the progress interface in kit.h
 */
#ifndef _KIT_HARNESS_PROGRESS_H
#define _KIT_HARNESS_PROGRESS_H

#include "kit.h"

/* Writes to stdout; @verbose is V=1. Installs the handlers of SIGINT and SIGTERM. */
struct kit_progress *progress_new(bool verbose);
void progress_free(struct kit_progress *progress);

/* Take the live line away, for text that is printed directly. */
void progress_clear(struct kit_progress *progress);

bool progress_is_verbose(const struct kit_progress *progress);

/* The signal that asked us to stop, or 0. */
int progress_signal(const struct kit_progress *progress);

#endif /* _KIT_HARNESS_PROGRESS_H */
