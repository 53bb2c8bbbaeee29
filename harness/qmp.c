// SPDX-License-Identifier: GPL-2.0-only
/*
 * qmp.c - QEMU's control channel
 *
 * One JSON object a line in both directions. QEMU greets, we ask for the command
 * mode, and whatever is sent before that has been granted waits in its socket
 * buffer, in order. Replies come in the order of the commands, so a queue of
 * callbacks is all the bookkeeping there is. A QEMU that is gone answers every
 * open command with NULL when the channel is freed.
 */
#include <errno.h>
#include <glib-unix.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp.h"

struct reply {
	qmp_reply_fn fn;
	void *data;
};

struct qmp {
	int fd;
	unsigned int source;
	GString *buffer;
	GQueue replies;
	qmp_event_fn on_event;
	void *data;
};

static void answer(struct qmp *qmp, const char *text)
{
	struct reply *reply = g_queue_pop_head(&qmp->replies);

	if (reply && reply->fn)
		reply->fn(reply->data, text);
	g_free(reply);
}

/* The string member that says why, wherever this event keeps it. */
static const char *event_reason(JsonObject *object)
{
	JsonObject *data;

	if (!json_object_has_member(object, "data"))
		return NULL;
	data = json_object_get_object_member(object, "data");
	if (data && json_object_has_member(data, "reason"))
		return json_object_get_string_member(data, "reason");
	if (data && json_object_has_member(data, "action"))
		return json_object_get_string_member(data, "action");
	return NULL;
}

static void answer_return(struct qmp *qmp, JsonNode *node)
{
	if (JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == G_TYPE_STRING) {
		answer(qmp, json_node_get_string(node));
	} else if (JSON_NODE_HOLDS_OBJECT(node) &&
		   json_object_has_member(json_node_get_object(node),
					  "status")) {
		answer(qmp, json_object_get_string_member(
				    json_node_get_object(node), "status"));
	} else {
		answer(qmp, "");
	}
}

static void read_message(struct qmp *qmp, const char *line)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonNode *root;
	JsonObject *object;

	if (!json_parser_load_from_data(parser, line, -1, NULL))
		return;
	root = json_parser_get_root(parser);
	if (!root || !JSON_NODE_HOLDS_OBJECT(root))
		return;
	object = json_node_get_object(root);
	if (json_object_has_member(object, "return"))
		answer_return(qmp, json_object_get_member(object, "return"));
	else if (json_object_has_member(object, "error"))
		answer(qmp, NULL);
	else if (json_object_has_member(object, "event") && qmp->on_event)
		qmp->on_event(qmp->data,
			      json_object_get_string_member(object, "event"),
			      event_reason(object));
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	struct qmp *qmp = data;
	char bytes[8192];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	char *newline;

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		qmp->source = 0;
		return G_SOURCE_REMOVE;
	}
	g_string_append_len(qmp->buffer, bytes, n);
	while ((newline = memchr(qmp->buffer->str, '\n', qmp->buffer->len))) {
		size_t length = newline - qmp->buffer->str;
		g_autofree char *line = g_strndup(qmp->buffer->str, length);

		g_string_erase(qmp->buffer, 0, length + 1);
		read_message(qmp, line);
	}
	return G_SOURCE_CONTINUE;
}

struct qmp *qmp_new(int fd, qmp_event_fn on_event, void *data)
{
	struct qmp *qmp = g_new0(struct qmp, 1);

	qmp->fd = fd;
	qmp->buffer = g_string_new(NULL);
	qmp->on_event = on_event;
	qmp->data = data;
	g_queue_init(&qmp->replies);
	qmp->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
				    on_readable, qmp);
	qmp_send(qmp, "qmp_capabilities", NULL, NULL, NULL, NULL);
	return qmp;
}

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	if (qmp->source)
		g_source_remove(qmp->source);
	close(qmp->fd);
	qmp->on_event = NULL;
	while (!g_queue_is_empty(&qmp->replies))
		answer(qmp, NULL);
	g_string_free(qmp->buffer, TRUE);
	g_free(qmp);
}

void qmp_send(struct qmp *qmp, const char *command, const char *name,
	      const char *value, qmp_reply_fn fn, void *data)
{
	g_autoptr(JsonBuilder) builder = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *line = NULL;
	g_autofree char *text = NULL;
	struct reply *reply = g_new0(struct reply, 1);

	json_builder_begin_object(builder);
	json_builder_set_member_name(builder, "execute");
	json_builder_add_string_value(builder, command);
	if (name) {
		json_builder_set_member_name(builder, "arguments");
		json_builder_begin_object(builder);
		json_builder_set_member_name(builder, name);
		json_builder_add_string_value(builder, value);
		json_builder_end_object(builder);
	}
	json_builder_end_object(builder);
	root = json_builder_get_root(builder);
	text = json_to_string(root, FALSE);
	line = g_strconcat(text, "\n", NULL);

	reply->fn = fn;
	reply->data = data;
	g_queue_push_tail(&qmp->replies, reply);
	/* Commands are short and few: a full buffer means that QEMU is gone. */
	if (send(qmp->fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		answer(qmp, NULL);
}

void qmp_monitor(struct qmp *qmp, const char *line, qmp_reply_fn reply,
		 void *data)
{
	qmp_send(qmp, "human-monitor-command", "command-line", line, reply,
		 data);
}
