/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * splat.h - complaints of the guest's kernel, found on its console
 */
#ifndef _KIT_HARNESS_SPLAT_H
#define _KIT_HARNESS_SPLAT_H

#include "kit.h"

#define SPLAT_FUNCTIONS 5

/**
 * struct splat - one complaint
 * @kind: as in splat.patterns
 * @title: the line that gave it away, without its time stamp
 * @line: number of that line in the console log, from 1
 * @last: number of the last line that belongs to it
 * @functions: up to five of the call trace, innermost first, NULL-terminated
 * @fingerprint: "kind:f1+f2+..." or, without a call trace, "kind:" and the
 *               title with its numbers taken out
 * @allowed: the slug of the entry in splat.allow that covers it, or NULL
 */
struct splat {
	char *kind;
	char *title;
	unsigned int line;
	unsigned int last;
	char **functions;
	char *fingerprint;
	char *allowed;
};

/* The two files, read and compiled; shared by all scanners. */
struct splat_rules;

/**
 * splat_rules_load() - read splat.patterns and splat.allow
 * @patterns: path
 * @allow: path
 * @error: KIT_ERROR_HARNESS: a file cannot be read, an expression does not
 *         compile, an exception has no reason
 */
struct splat_rules *splat_rules_load(const char *patterns, const char *allow,
				     GError **error);
void splat_rules_free(struct splat_rules *rules);

struct splat_scanner;

/* @release chooses the exceptions; NULL before it is known. Keeps a pointer to @rules. */
struct splat_scanner *splat_scanner_new(const struct splat_rules *rules,
					const char *release);
void splat_scanner_free(struct splat_scanner *scanner);

/* The next line of the console, without its newline. */
void splat_scan(struct splat_scanner *scanner, const char *line);

/* The console is over: complete the last complaint. */
void splat_finish(struct splat_scanner *scanner);

/* struct splat, in the order of the console. */
const GPtrArray *splat_found(const struct splat_scanner *scanner);

/* How many of them are not allowed. */
unsigned int splat_bad(const struct splat_scanner *scanner);

/*
 * Kernel messages seen, by their time stamps. A console without any was not the
 * kernel's, and finding nothing on it means nothing.
 */
unsigned int splat_messages(const struct splat_scanner *scanner);

#endif /* _KIT_HARNESS_SPLAT_H */
