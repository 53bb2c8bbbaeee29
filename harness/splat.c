// SPDX-License-Identifier: GPL-2.0-only
/*
 * splat.c - complaints of the guest's kernel, found on its console
 *
 * Only kernel messages count: text behind a time stamp, which the kernel command
 * line asks for (printk.time=1). A program that prints "BUG:" on the console is
 * no kernel bug; a kernel message in the middle of a program's line is found.
 *
 * A complaint begins with a line that matches a pattern and owns what follows:
 * registers, call trace, further matching lines ("Oops:" behind "BUG: unable to
 * handle"), until the line that closes it, or MAX_LINES. A kernel panic right
 * behind an oops is part of it, not a second finding.
 *
 * FINGERPRINT. The first five functions of the first call trace, without those
 * that every trace has (the reporting itself, entry code). It is what makes two
 * runs' findings one bug: addresses, sizes and process names differ, these not.
 * Entries marked '?' are guesses of the unwinder and never count.
 */
#include <string.h>

#include "splat.h"

#define MAX_LINES 400
#define PANIC_LINES 100

struct pattern {
	char *kind;
	GRegex *regex;
};

struct exception {
	char *slug;
	GRegex *match;
	char *function;
	char *kernel;
};

struct splat_rules {
	GPtrArray *patterns;
	GPtrArray *exceptions;
};

struct splat_scanner {
	const struct splat_rules *rules;
	GRegex *stamp;
	GRegex *entry;
	GRegex *rip;
	char *release;
	GPtrArray *found;
	struct splat *open; /* the complaint we are in, also the last of @found */
	struct splat *
		closed; /* the one before, as long as a panic may belong to it */
	GPtrArray *functions; /* of @open */
	bool in_trace;
	bool trace_done;
	unsigned int lineno;
	unsigned int messages;
};

static void pattern_free(gpointer data)
{
	struct pattern *pattern = data;

	g_free(pattern->kind);
	g_clear_pointer(&pattern->regex, g_regex_unref);
	g_free(pattern);
}

static void exception_free(gpointer data)
{
	struct exception *exception = data;

	g_free(exception->slug);
	g_clear_pointer(&exception->match, g_regex_unref);
	g_free(exception->function);
	g_free(exception->kernel);
	g_free(exception);
}

static void splat_free(gpointer data)
{
	struct splat *splat = data;

	g_free(splat->kind);
	g_free(splat->title);
	g_strfreev(splat->functions);
	g_free(splat->fingerprint);
	g_free(splat->allowed);
	g_free(splat);
}

/* ----------------------------------------------------------------- the rules */

static bool load_patterns(struct splat_rules *rules, const char *path,
			  GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (int i = 0; lines[i]; i++) {
		const char *colon = strstr(lines[i], ": ");
		struct pattern *pattern;

		if (!*lines[i] || *lines[i] == '#')
			continue;
		if (!colon || colon == lines[i]) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "%s:%d: not 'kind: expression'", path,
				    i + 1);
			return false;
		}
		pattern = g_new0(struct pattern, 1);
		g_ptr_array_add(rules->patterns, pattern);
		pattern->kind = g_strndup(lines[i], colon - lines[i]);
		pattern->regex = g_regex_new(colon + 2,
					     G_REGEX_OPTIMIZE | G_REGEX_RAW,
					     G_REGEX_MATCH_ANCHORED, error);
		if (!pattern->regex) {
			g_prefix_error(error, "%s:%d: ", path, i + 1);
			return false;
		}
	}
	if (rules->patterns->len)
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
		    "%s: there is no pattern in it", path);
	return false;
}

static char *key_string(GKeyFile *file, const char *group, const char *key)
{
	return g_key_file_get_string(file, group, key, NULL);
}

static bool load_exceptions(struct splat_rules *rules, const char *path,
			    GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) groups = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error)) {
		g_prefix_error(error, "%s: ", path);
		return false;
	}
	groups = g_key_file_get_groups(file, NULL);
	for (int i = 0; groups[i]; i++) {
		g_autofree char *match = key_string(file, groups[i], "match");
		g_autofree char *reason = key_string(file, groups[i], "reason");
		g_autofree char *owner = key_string(file, groups[i], "owner");
		struct exception *exception;

		if (!match || !reason || !*reason || !owner || !*owner) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "%s: [%s] needs match, reason and owner",
				    path, groups[i]);
			return false;
		}
		exception = g_new0(struct exception, 1);
		g_ptr_array_add(rules->exceptions, exception);
		exception->slug = g_strdup(groups[i]);
		exception->function = key_string(file, groups[i], "function");
		exception->kernel = key_string(file, groups[i], "kernel");
		exception->match = g_regex_new(match, G_REGEX_RAW, 0, error);
		if (!exception->match) {
			g_prefix_error(error, "%s: [%s]: ", path, groups[i]);
			return false;
		}
	}
	return true;
}

struct splat_rules *splat_rules_load(const char *patterns, const char *allow,
				     GError **error)
{
	struct splat_rules *rules = g_new0(struct splat_rules, 1);
	g_autoptr(GError) why = NULL;

	rules->patterns = g_ptr_array_new_with_free_func(pattern_free);
	rules->exceptions = g_ptr_array_new_with_free_func(exception_free);
	if (load_patterns(rules, patterns, &why) &&
	    load_exceptions(rules, allow, &why))
		return rules;

	splat_rules_free(rules);
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS, "%s", why->message);
	return NULL;
}

void splat_rules_free(struct splat_rules *rules)
{
	if (!rules)
		return;
	g_ptr_array_unref(rules->patterns);
	g_ptr_array_unref(rules->exceptions);
	g_free(rules);
}

/* --------------------------------------------------------------- the scanner */

struct splat_scanner *splat_scanner_new(const struct splat_rules *rules,
					const char *release)
{
	struct splat_scanner *scanner = g_new0(struct splat_scanner, 1);

	scanner->rules = rules;
	scanner->release = g_strdup(release ? release : "");
	scanner->found = g_ptr_array_new_with_free_func(splat_free);
	scanner->functions = g_ptr_array_new_with_free_func(g_free);
	/* "[   12.345678] ", and with CONFIG_PRINTK_CALLER "[   12.345678][  T123] " */
	scanner->stamp =
		g_regex_new("\\[ *\\d+\\.\\d{6}\\](?:\\[ *[TC]\\d+\\])? ?",
			    G_REGEX_OPTIMIZE | G_REGEX_RAW, 0, NULL);
	/* " mutex_lock+0x12/0x30 [module]", not " ? guess+0x1/0x2" */
	scanner->entry = g_regex_new(
		"^ *(?:\\[<[0-9a-f]+>\\] )?([A-Za-z_][\\w.]*)\\+0x[0-9a-f]+/",
		G_REGEX_OPTIMIZE | G_REGEX_RAW, 0, NULL);
	scanner->rip = g_regex_new("^RIP: [0-9a-f]+:([A-Za-z_][\\w.]*)\\+0x",
				   G_REGEX_OPTIMIZE | G_REGEX_RAW, 0, NULL);
	return scanner;
}

void splat_scanner_free(struct splat_scanner *scanner)
{
	if (!scanner)
		return;
	g_ptr_array_unref(scanner->found);
	g_ptr_array_unref(scanner->functions);
	g_regex_unref(scanner->stamp);
	g_regex_unref(scanner->entry);
	g_regex_unref(scanner->rip);
	g_free(scanner->release);
	g_free(scanner);
}

/* Functions that say how the complaint was made, not what it is about. */
static bool is_plumbing(const char *function)
{
	static const char *const prefixes[] = {
		"__warn",
		"asm_exc_",
		"check_noncircular",
		"check_prev_add",
		"do_error_trap",
		"do_trap",
		"dump_stack",
		"entry_SYSCALL",
		"exc_",
		"fixup_exception",
		"handle_bug",
		"__handle_bug",
		"kasan_",
		"__kasan",
		"kcsan_",
		"__tsan_",
		"__lock_acquire",
		"lock_acquire",
		"lockdep_",
		"nmi_",
		"panic",
		"print_",
		"refcount_warn_",
		"report_bug",
		"ret_from_fork",
		"show_stack",
		"__asan_",
		"die",
		"vpanic",
		"__die",
		"page_fault_oops",
		"kernelmode_fixup",
		"__ubsan",
		"ubsan_",
		"__might_",
		"__schedule_bug",
		"check_panic_on_warn",
		"warn_slowpath",
		"object_err",
		"slab_err",
		"set_report_info",
		"error_entry",
		"no_context",
		"__bad_area",
		"bad_area",
		"do_user_addr_fault",
		"oops_",
		"__list_add_valid",
		"__list_del_entry_valid",
		"search_extable",
		"common_startup",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		if (g_str_has_prefix(function, prefixes[i]))
			return true;
	}
	return false;
}

/* A compiler's suffix (".isra.0", ".cold") says nothing about the bug. */
static void add_function(struct splat_scanner *scanner, char *function)
{
	char *dot = strchr(function, '.');
	GPtrArray *list = scanner->functions;

	if (dot)
		*dot = '\0';
	if (!*function || is_plumbing(function) ||
	    list->len >= SPLAT_FUNCTIONS ||
	    (list->len &&
	     !strcmp(g_ptr_array_index(list, list->len - 1), function)))
		g_free(function);
	else
		g_ptr_array_add(list, function);
}

static void read_trace(struct splat_scanner *scanner, const char *text)
{
	g_autoptr(GMatchInfo) match = NULL;

	if (g_regex_match(scanner->rip, text, 0, &match)) {
		if (!scanner->functions->len)
			add_function(scanner, g_match_info_fetch(match, 1));
		return;
	}
	if (strstr(text, "Call Trace:") ||
	    g_str_has_prefix(text, "Call trace:") ||
	    g_str_has_prefix(text, "stack backtrace:")) {
		scanner->in_trace = !scanner->trace_done;
		return;
	}
	if (!scanner->in_trace)
		return;
	if (strstr(text, "</TASK>") || g_str_has_prefix(text, "RIP: 0033:")) {
		scanner->in_trace = false;
		scanner->trace_done = true;
		return;
	}
	g_clear_pointer(&match, g_match_info_free);
	if (g_regex_match(scanner->entry, text, 0, &match))
		add_function(scanner, g_match_info_fetch(match, 1));
}

/* Numbers, addresses and process names taken out. */
static char *title_fingerprint(const char *title)
{
	GString *text = g_string_new(NULL);
	bool in_number = false;

	for (const char *c = title; *c && text->len < 120; c++) {
		bool number = g_ascii_isdigit(*c) ||
			      (in_number && g_ascii_isxdigit(*c));

		if (!number)
			g_string_append_c(text, *c);
		else if (!in_number)
			g_string_append_c(text, 'N');
		in_number = number || (in_number && *c == 'x');
	}
	return g_string_free(text, FALSE);
}

static const struct exception *
find_exception(const struct splat_scanner *scanner, const struct splat *splat)
{
	for (unsigned int i = 0; i < scanner->rules->exceptions->len; i++) {
		const struct exception *e =
			g_ptr_array_index(scanner->rules->exceptions, i);

		if (e->kernel &&
		    !g_pattern_match_simple(e->kernel, scanner->release))
			continue;
		if (e->function &&
		    !g_strv_contains((const char *const *)splat->functions,
				     e->function))
			continue;
		if (g_regex_match(e->match, splat->title, 0, NULL))
			return e;
	}
	return NULL;
}

static void complete(struct splat_scanner *scanner)
{
	struct splat *splat = scanner->open;
	const struct exception *exception;
	g_autofree char *joined = NULL;

	if (!splat)
		return;
	scanner->open = NULL;
	scanner->closed = splat;
	g_ptr_array_add(scanner->functions, NULL);
	splat->functions = g_strdupv((char **)scanner->functions->pdata);
	g_ptr_array_set_size(scanner->functions, 0);

	joined = *splat->functions ? g_strjoinv("+", splat->functions) :
				     title_fingerprint(splat->title);
	splat->fingerprint = g_strdup_printf("%s:%s", splat->kind, joined);
	exception = find_exception(scanner, splat);
	if (exception)
		splat->allowed = g_strdup(exception->slug);
}

static const struct pattern *find_pattern(const struct splat_scanner *scanner,
					  const char *text)
{
	for (unsigned int i = 0; i < scanner->rules->patterns->len; i++) {
		const struct pattern *pattern =
			g_ptr_array_index(scanner->rules->patterns, i);

		if (g_regex_match(pattern->regex, text, 0, NULL))
			return pattern;
	}
	return NULL;
}

/* Kinds that follow another complaint as part of it. */
static bool continues(const struct splat *open, const char *kind,
		      const char *text)
{
	if (!strcmp(kind, "panic"))
		return strcmp(open->kind, "warning") ||
		       strstr(text, "panic_on_warn");
	if (!strcmp(kind, "oops"))
		return strcmp(open->kind, "warning");
	return !strcmp(open->kind, "oops") && !strcmp(kind, "bug");
}

static bool closes(const char *text)
{
	return g_str_has_prefix(text, "---[ end trace") ||
	       g_str_has_prefix(text, "---[ end Kernel panic") ||
	       g_str_has_prefix(
		       text,
		       "==================================================");
}

static void open_splat(struct splat_scanner *scanner, const char *kind,
		       const char *text)
{
	struct splat *splat = g_new0(struct splat, 1);

	complete(scanner);
	splat->kind = g_strdup(kind);
	splat->title = g_strndup(text, 300);
	splat->line = scanner->lineno;
	splat->last = scanner->lineno;
	scanner->open = splat;
	scanner->in_trace = false;
	scanner->trace_done = false;
	g_ptr_array_add(scanner->found, splat);
}

/* Does @text, seen now, belong to the complaint that is open or has just been closed? */
static bool belongs(struct splat_scanner *scanner, const char *kind,
		    const char *text)
{
	struct splat *closed = scanner->closed;

	if (scanner->open)
		return continues(scanner->open, kind, text);
	if (!closed || scanner->lineno - closed->last > PANIC_LINES ||
	    strcmp(kind, "panic") || !continues(closed, kind, text))
		return false;
	closed->last = scanner->lineno;
	return true;
}

/* The kernel message in @line, or NULL. */
static const char *message_of(const struct splat_scanner *scanner,
			      const char *line)
{
	g_autoptr(GMatchInfo) match = NULL;
	int begin, end;

	if (!g_regex_match(scanner->stamp, line, 0, &match) ||
	    !g_match_info_fetch_pos(match, 0, &begin, &end))
		return NULL;
	return line + end;
}

void splat_scan(struct splat_scanner *scanner, const char *line)
{
	const struct pattern *pattern;
	const char *text;

	scanner->lineno++;
	text = message_of(scanner, line);
	if (!text)
		return;
	scanner->messages++;

	pattern = find_pattern(scanner, text);
	if (pattern && !belongs(scanner, pattern->kind, text))
		open_splat(scanner, pattern->kind, text);
	if (!scanner->open)
		return;

	scanner->open->last = scanner->lineno;
	read_trace(scanner, text);
	/* The bar above a sanitizer's report belongs to nothing; the one below closes it. */
	if (scanner->lineno > scanner->open->line &&
	    (closes(text) || scanner->lineno - scanner->open->line > MAX_LINES))
		complete(scanner);
}

void splat_finish(struct splat_scanner *scanner)
{
	complete(scanner);
}

const GPtrArray *splat_found(const struct splat_scanner *scanner)
{
	return scanner->found;
}

unsigned int splat_bad(const struct splat_scanner *scanner)
{
	unsigned int bad = 0;

	for (unsigned int i = 0; i < scanner->found->len; i++) {
		const struct splat *splat =
			g_ptr_array_index(scanner->found, i);

		bad += !splat->allowed;
	}
	return bad;
}

unsigned int splat_messages(const struct splat_scanner *scanner)
{
	return scanner->messages;
}
