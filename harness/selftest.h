/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * selftest.h - the harness tested with guests that lie
 */
#ifndef _KIT_HARNESS_SELFTEST_H
#define _KIT_HARNESS_SELFTEST_H

#include "session.h"

/*
 * Build units, guests and programs, and add the cells of those that TESTS
 * selects (names begin with guest/, program/ and schedule/; none with STORM=). The session needs a
 * kernel; what else it lacks is not needed.
 */
bool selftest_add(struct session *session, GError **error);

/* Build what selftest_add() and the host tests of harness/test/manifest need. */
bool selftest_build(struct session *session, GError **error);

/* After the cells were run: add the checks that compare them. */
void selftest_conclude(struct session *session);

/* An initramfs whose PID 1 speaks and ends at once, for accel_probe(); NULL on error. */
char *selftest_honest_root(struct session *session, GError **error);

/* Append a line for each to @text. */
void selftest_list(GString *text);

#endif /* _KIT_HARNESS_SELFTEST_H */
