/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qmp.h - QEMU's control channel
 */
#ifndef _KIT_HARNESS_QMP_H
#define _KIT_HARNESS_QMP_H

#include "kit.h"

struct qmp;

/* @event: "STOP", "SHUTDOWN", ...; @reason: its reason or status, or NULL. */
typedef void (*qmp_event_fn)(void *data, const char *event, const char *reason);

/* @text: what the command returned if that was a string, else ""; NULL if it failed. */
typedef void (*qmp_reply_fn)(void *data, const char *text);

/* Takes over the connected, non-blocking socket @fd. */
struct qmp *qmp_new(int fd, qmp_event_fn on_event, void *data);
void qmp_free(struct qmp *qmp);

/* Send a command; @reply may be NULL. @name and @value: one string argument, or NULL. */
void qmp_send(struct qmp *qmp, const char *command, const char *name,
	      const char *value, qmp_reply_fn reply, void *data);

/* A line for QEMU's human monitor: "info registers -a", "sendkey alt-sysrq-w". */
void qmp_monitor(struct qmp *qmp, const char *line, qmp_reply_fn reply,
		 void *data);

#endif /* _KIT_HARNESS_QMP_H */
