// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktap.c - test results, parsed strictly
 *
 * A document is believed only if it is complete: a version line, a plan, as
 * many results as planned, numbered without a gap, no result that contradicts
 * its subtests, and (from a guest) the closing line. Everything else is an
 * error, and a document with an error cannot pass. Lines that are no KTAP are
 * allowed inside a program's output, where libraries print what they like, and
 * nowhere else.
 *
 * LEVELS. A stack: its bottom is the document (of the guest) or the program; a
 * deeper indented version, plan or result line opens a level; a less indented
 * one closes levels. The tests of a closed level wait in its parent as orphans
 * until the parent's next result line adopts them.
 *
 *   guest    level 0 at indent 0; the tests' programs start at indent 4
 *   program  level 0 at indent 0
 *
 * Diagnostics ('#' lines) belong to the next result of their level, as KTAP
 * says; what follows the last result belongs to the test around it.
 */
#include <string.h>

#include "ktap_token.h"

#define GUEST_INDENT 4
#define MAX_ERRORS 50
#define MAX_DEPTH 16
#define MAX_DIAGNOSTICS 1000
#define END_MARK "# mdevkit end "

struct level {
	unsigned int indent;
	struct ktap_node *node; /* whose children the results here are */
	GPtrArray *
		orphans; /* of the level above this one, not adopted yet, or NULL */
	int orphans_planned;
	GPtrArray *diagnostics; /* for the next result */
	bool versioned;
	bool bailed;
};

struct ktap {
	enum ktap_dialect dialect;
	const struct ktap_events *events;
	void *data;
	struct ktap_node *root;
	struct ktap_node
		*running; /* KTAP_GUEST: between "# start" and its result */
	GPtrArray *levels;
	GPtrArray *errors;
	char *bail;
	unsigned int lineno;
	int64_t now;
	bool ended;
	bool finished;
	int end_status;
};

static void node_free(gpointer data)
{
	struct ktap_node *node = data;

	g_free(node->name);
	g_free(node->reason);
	g_ptr_array_unref(node->children);
	g_ptr_array_unref(node->diagnostics);
	g_ptr_array_unref(node->stats);
	g_free(node);
}

static struct ktap_node *node_new(const char *name, int64_t now)
{
	struct ktap_node *node = g_new0(struct ktap_node, 1);

	node->name = g_strdup(name);
	node->outcome = KTAP_FAIL;
	node->planned = -1;
	node->begin = now;
	node->end = now;
	node->children = g_ptr_array_new_with_free_func(node_free);
	node->diagnostics = g_ptr_array_new_with_free_func(g_free);
	node->stats = g_ptr_array_new_with_free_func(g_free);
	return node;
}

static void level_free(gpointer data)
{
	struct level *level = data;

	if (level->orphans)
		g_ptr_array_unref(level->orphans);
	g_ptr_array_unref(level->diagnostics);
	g_free(level);
}

static struct level *level_push(struct ktap *ktap, struct ktap_node *node,
				unsigned int indent)
{
	struct level *level = g_new0(struct level, 1);

	level->indent = indent;
	level->node = node;
	level->diagnostics = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(ktap->levels, level);
	return level;
}

static struct level *level_top(struct ktap *ktap)
{
	return g_ptr_array_index(ktap->levels, ktap->levels->len - 1);
}

static void complain(struct ktap *ktap, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
static void complain(struct ktap *ktap, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	if (ktap->errors->len >= MAX_ERRORS)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(ktap->errors, g_strdup_printf("results line %u: %s",
						      ktap->lineno, text));
}

struct ktap *ktap_new(enum ktap_dialect dialect,
		      const struct ktap_events *events, void *data)
{
	static const struct ktap_events none;
	struct ktap *ktap = g_new0(struct ktap, 1);

	ktap->dialect = dialect;
	ktap->events = events ? events : &none;
	ktap->data = data;
	ktap->root = node_new("", 0);
	ktap->levels = g_ptr_array_new_with_free_func(level_free);
	ktap->errors = g_ptr_array_new_with_free_func(g_free);
	level_push(ktap, ktap->root, 0);
	return ktap;
}

void ktap_free(struct ktap *ktap)
{
	if (!ktap)
		return;
	for (unsigned int i = 1; i < ktap->levels->len; i++) {
		struct level *level = g_ptr_array_index(ktap->levels, i);

		if (level->node != ktap->running)
			node_free(level->node);
	}
	if (ktap->running)
		node_free(ktap->running);
	g_ptr_array_unref(ktap->levels);
	g_ptr_array_unref(ktap->errors);
	node_free(ktap->root);
	g_free(ktap->bail);
	g_free(ktap);
}

/* The name under which a level's node is complained about. */
static const char *level_name(const struct level *level)
{
	return *level->node->name ? level->node->name : "the document";
}

static void check_level(struct ktap *ktap, const struct level *level)
{
	const struct ktap_node *node = level->node;

	if (level->bailed)
		return;
	if (level->orphans)
		complain(ktap, "%s: a group of subtests has no result line",
			 level_name(level));
	if (node->planned < 0)
		complain(ktap, "%s: the plan is missing", level_name(level));
	else if ((unsigned int)node->planned != node->children->len)
		complain(ktap, "%s: the plan says %d, there are %u",
			 level_name(level), node->planned, node->children->len);
}

static void move_all(GPtrArray *from, GPtrArray *to)
{
	g_ptr_array_extend_and_steal(to, g_ptr_array_ref(from));
}

/*
 * Close the top level. A program's own level (whose node is the running test)
 * leaves its tests there; a deeper one hands them to its parent as orphans.
 */
static void level_pop(struct ktap *ktap)
{
	struct level *level = level_top(ktap);
	struct ktap_node *node = level->node;
	struct level *parent;

	check_level(ktap, level);
	if (level->orphans) {
		struct ktap_node *lost =
			node_new("subtests without a result", ktap->now);

		move_all(level->orphans, lost->children);
		g_clear_pointer(&level->orphans, g_ptr_array_unref);
		g_ptr_array_add(node->children, lost);
	}
	for (unsigned int i = 0; i < level->diagnostics->len; i++)
		g_ptr_array_add(
			node->diagnostics,
			g_strdup(g_ptr_array_index(level->diagnostics, i)));
	g_ptr_array_set_size(ktap->levels, ktap->levels->len - 1);
	if (node == ktap->running)
		return;

	parent = level_top(ktap);
	if (parent->orphans)
		complain(ktap, "%s: a group of subtests has no result line",
			 level_name(parent));
	g_clear_pointer(&parent->orphans, g_ptr_array_unref);
	parent->orphans = g_ptr_array_ref(node->children);
	parent->orphans_planned = node->planned;
	for (unsigned int i = 0; i < node->diagnostics->len; i++)
		g_ptr_array_add(
			parent->diagnostics,
			g_strdup(g_ptr_array_index(node->diagnostics, i)));
	node_free(node);
}

static bool any_failed(const GPtrArray *nodes)
{
	for (unsigned int i = 0; i < nodes->len; i++) {
		const struct ktap_node *node = g_ptr_array_index(nodes, i);

		if (node->outcome == KTAP_FAIL)
			return true;
	}
	return false;
}

static void apply_result(struct ktap *ktap, struct level *level,
			 struct ktap_token *token, struct ktap_node *node)
{
	struct ktap_node *parent = level->node;

	if (token->number != parent->children->len + 1)
		complain(ktap, "%s: result %u comes as number %u",
			 level_name(level), token->number,
			 parent->children->len + 1);
	if (!node)
		node = node_new(token->name, ktap->now);
	if (level->orphans) {
		node->planned = level->orphans_planned;
		move_all(level->orphans, node->children);
		g_clear_pointer(&level->orphans, g_ptr_array_unref);
	}
	move_all(level->diagnostics, node->diagnostics);
	node->number = token->number;
	node->outcome = token->outcome;
	node->reason = g_steal_pointer(&token->reason);
	node->finished = true;
	node->end = ktap->now;
	g_ptr_array_add(parent->children, node);

	if (node->outcome == KTAP_PASS && any_failed(node->children)) {
		complain(ktap, "%s says ok, but its subtests failed",
			 node->name);
		node->outcome = KTAP_FAIL;
	}
}

static void apply_plan(struct ktap *ktap, struct level *level,
		       const struct ktap_token *token)
{
	if (level->node->planned >= 0) {
		complain(ktap, "%s: a second plan", level_name(level));
		return;
	}
	level->node->planned = token->number;
	if (token->reason && *token->reason && !level->node->reason)
		level->node->reason = g_strdup(token->reason);
}

static void apply_bail(struct ktap *ktap, const struct ktap_token *token)
{
	if (!ktap->bail)
		ktap->bail = g_strdup(*token->reason ? token->reason :
						       "no reason given");
	for (unsigned int i = 0; i < ktap->levels->len; i++) {
		struct level *level = g_ptr_array_index(ktap->levels, i);

		level->bailed = true;
	}
}

static void add_diagnostic(struct ktap *ktap, const char *text)
{
	struct level *level = level_top(ktap);
	const char *words = *text == '#' ? text + 1 : text;

	words += strspn(words, " ");
	if (g_str_has_prefix(words, "stat ")) {
		g_ptr_array_add(ktap->running ? ktap->running->stats :
						ktap->root->stats,
				g_strdup(words + 5));
		if (ktap->events->stat)
			ktap->events->stat(ktap->data, words + 5);
		return;
	}
	if (g_str_has_prefix(words, "progress ")) {
		if (ktap->events->progress)
			ktap->events->progress(ktap->data, words + 9);
		return;
	}
	if (level->diagnostics->len < MAX_DIAGNOSTICS)
		g_ptr_array_add(level->diagnostics, g_strdup(words));
}

/* A line of a program; @base is the indent at which programs start here. */
static void program_line(struct ktap *ktap, const char *line, unsigned int base)
{
	unsigned int bottom =
		base ? 2 : 1; /* levels that indentation cannot close */
	unsigned int indent = strspn(line, " ");
	struct ktap_token token;
	struct level *level;

	ktap_token_read(line + indent, &token);
	if (token.kind == KTAP_NOISE || token.kind == KTAP_DIAGNOSTIC) {
		if (line[indent])
			add_diagnostic(ktap, line + indent);
		ktap_token_clear(&token);
		return;
	}

	while (ktap->levels->len > bottom && level_top(ktap)->indent > indent)
		level_pop(ktap);
	level = level_top(ktap);
	if (indent > level->indent && token.kind != KTAP_BAIL) {
		if (ktap->levels->len >= MAX_DEPTH) {
			complain(ktap, "nested too deeply");
			ktap_token_clear(&token);
			return;
		}
		level = level_push(ktap,
				   node_new("a group of subtests", ktap->now),
				   indent);
	}

	switch (token.kind) {
	case KTAP_VERSION:
		if (level->versioned || level->node->children->len)
			complain(ktap, "%s: a second version line",
				 level_name(level));
		level->versioned = true;
		break;
	case KTAP_PLAN:
		apply_plan(ktap, level, &token);
		break;
	case KTAP_RESULT:
		apply_result(ktap, level, &token, NULL);
		if (ktap->events->result &&
		    level == g_ptr_array_index(ktap->levels, bottom - 1))
			ktap->events->result(
				ktap->data,
				g_ptr_array_index(level->node->children,
						  level->node->children->len -
							  1));
		break;
	case KTAP_BAIL:
		apply_bail(ktap, &token);
		break;
	default:
		break;
	}
	ktap_token_clear(&token);
}

/* ------------------------------------------------------------- the guest's PID 1 */

static void start_test(struct ktap *ktap, const char *name)
{
	if (ktap->running) {
		complain(ktap, "%s starts before %s had its result", name,
			 ktap->running->name);
		while (ktap->levels->len > 1)
			level_pop(ktap);
		g_ptr_array_add(ktap->root->children,
				g_steal_pointer(&ktap->running));
	}
	if (ktap->root->planned < 0)
		complain(ktap, "%s starts before the plan", name);
	ktap->running = node_new(name, ktap->now);
	if (ktap->events->start)
		ktap->events->start(ktap->data, name);
}

static void guest_result(struct ktap *ktap, struct ktap_token *token)
{
	struct level *level;
	struct ktap_node *node;

	while (ktap->levels->len > 1) {
		/* Who did not finish has no plan to keep, it has failed anyway; nor who skips. */
		if (token->outcome != KTAP_PASS)
			level_top(ktap)->bailed = true;
		level_pop(ktap);
	}
	level = level_top(ktap);
	if (!ktap->running) {
		complain(ktap, "%s has a result, but was never started",
			 token->name);
	} else if (strcmp(ktap->running->name, token->name)) {
		complain(ktap, "%s was started, the result is for %s",
			 ktap->running->name, token->name);
	}
	if (level->node->planned < 0)
		complain(ktap, "%s: a result before the plan", token->name);
	apply_result(ktap, level, token, g_steal_pointer(&ktap->running));
	node = g_ptr_array_index(level->node->children,
				 level->node->children->len - 1);
	if (ktap->events->result)
		ktap->events->result(ktap->data, node);
}

static void guest_end(struct ktap *ktap, const char *status)
{
	uint64_t number;

	if (ktap->running)
		complain(ktap, "the end, but %s has no result",
			 ktap->running->name);
	if (!g_ascii_string_to_unsigned(status, 10, 0, 255, &number, NULL)) {
		complain(ktap, "the end has no status");
		number = 255;
	}
	ktap->ended = true;
	ktap->end_status = number;
	if (number == 0 && any_failed(ktap->root->children))
		complain(ktap, "the end says 0, but tests failed");
}

static void guest_line(struct ktap *ktap, const char *line)
{
	struct level *bottom = g_ptr_array_index(ktap->levels, 0);
	unsigned int indent = strspn(line, " ");
	struct ktap_token token;

	if (!line[indent])
		return;
	if (ktap->ended) {
		complain(ktap, "something follows the end: %.60s", line);
		return;
	}
	if (indent >= GUEST_INDENT) {
		if (!ktap->running) {
			complain(ktap,
				 "output of a test that was not started: %.60s",
				 line);
			return;
		}
		if (ktap->levels->len == 1)
			level_push(ktap, ktap->running, 0);
		program_line(ktap, line + GUEST_INDENT, GUEST_INDENT);
		return;
	}

	ktap_token_read(line, &token);
	if (!bottom->versioned && token.kind != KTAP_VERSION &&
	    token.kind != KTAP_BAIL)
		complain(ktap, "the first line is not 'KTAP version 1': %.60s",
			 line);
	if (token.kind != KTAP_VERSION)
		bottom->versioned = true;

	switch (token.kind) {
	case KTAP_VERSION:
		if (bottom->versioned)
			complain(ktap, "a second version line");
		bottom->versioned = true;
		break;
	case KTAP_PLAN:
		apply_plan(ktap, bottom, &token);
		break;
	case KTAP_RESULT:
		guest_result(ktap, &token);
		break;
	case KTAP_BAIL:
		apply_bail(ktap, &token);
		break;
	case KTAP_DIAGNOSTIC:
		if (g_str_has_prefix(line, "# start "))
			start_test(ktap, line + strlen("# start "));
		else if (g_str_has_prefix(line, END_MARK))
			guest_end(ktap, line + strlen(END_MARK));
		else
			add_diagnostic(ktap, line);
		break;
	case KTAP_NOISE:
		complain(ktap, "not KTAP: %.60s", line);
		break;
	}
	ktap_token_clear(&token);
}

void ktap_line(struct ktap *ktap, const char *line, int64_t now)
{
	g_autofree char *text = g_strchomp(g_strdup(line));

	ktap->lineno++;
	ktap->now = now;
	if (ktap->dialect == KTAP_GUEST)
		guest_line(ktap, text);
	else
		program_line(ktap, text, 0);
}

void ktap_finish(struct ktap *ktap)
{
	if (ktap->finished)
		return;
	ktap->finished = true;
	while (ktap->levels->len > 1)
		level_pop(ktap);
	if (ktap->running) {
		complain(ktap, "%s never got a result", ktap->running->name);
		g_ptr_array_add(ktap->root->children,
				g_steal_pointer(&ktap->running));
	}
	if (ktap->lineno)
		check_level(ktap, level_top(ktap));
	else
		complain(ktap, "there are no results");
	if (ktap->dialect == KTAP_GUEST && ktap->lineno && !ktap->ended &&
	    !ktap->bail)
		complain(ktap, "the last line, '# mdevkit end', is missing");
}

void ktap_fail(struct ktap *ktap, const char *reason)
{
	complain(ktap, "behind the last line: %s", reason);
}

const struct ktap_node *ktap_root(const struct ktap *ktap)
{
	return ktap->root;
}

const GPtrArray *ktap_errors(const struct ktap *ktap)
{
	return ktap->errors;
}

const char *ktap_bail(const struct ktap *ktap)
{
	return ktap->bail;
}

bool ktap_spoke(const struct ktap *ktap)
{
	return ktap->lineno > 0;
}

bool ktap_ended(const struct ktap *ktap)
{
	return ktap->ended;
}

int ktap_end_status(const struct ktap *ktap)
{
	return ktap->end_status;
}

const struct ktap_node *ktap_running(const struct ktap *ktap)
{
	return ktap->running;
}
