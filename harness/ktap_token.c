// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktap_token.c - one line of KTAP, taken apart
 *
 * Pure functions of the line: what it means where it stands is ktap.c's
 * business. A line that is nearly KTAP ("ok one", "1..") is noise, so that the
 * result or plan it should have been is missed as missing.
 */
#include <stdlib.h>
#include <string.h>

#include "ktap_token.h"

#define MAX_NUMBER (10 * 1000 * 1000)

/* "SKIP why", "skip: why", "TODO why": sets the outcome and returns the rest. */
static const char *read_directive(const char *text, enum ktap_outcome *outcome)
{
	static const struct {
		const char *word;
		enum ktap_outcome outcome;
	} words[] = {
		{ "SKIP", KTAP_SKIP },
		{ "TODO", KTAP_XFAIL },
		{ "XFAIL", KTAP_XFAIL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		size_t length = strlen(words[i].word);

		if (g_ascii_strncasecmp(text, words[i].word, length) ||
		    g_ascii_isalnum(text[length]))
			continue;
		/* "not ok ... # SKIP" is a failure that makes excuses. */
		if (*outcome == KTAP_PASS || words[i].outcome == KTAP_XFAIL)
			*outcome = words[i].outcome;
		text += length;
		return text + strspn(text, ": ");
	}
	return text;
}

static bool read_number(const char **text, unsigned int *number)
{
	unsigned long n;
	char *end;

	if (!g_ascii_isdigit(**text))
		return false;
	n = strtoul(*text, &end, 10);
	if (n > MAX_NUMBER)
		return false;
	*number = n;
	*text = end;
	return true;
}

static bool read_result(const char *text, struct ktap_token *token)
{
	const char *hash;

	if (g_str_has_prefix(text, "ok ")) {
		token->outcome = KTAP_PASS;
		text += strlen("ok ");
	} else if (g_str_has_prefix(text, "not ok ")) {
		token->outcome = KTAP_FAIL;
		text += strlen("not ok ");
	} else {
		return false;
	}
	if (!read_number(&text, &token->number) || (*text && *text != ' '))
		return false;

	token->kind = KTAP_RESULT;
	text += strspn(text, " ");
	if (g_str_has_prefix(text, "- "))
		text += 2;
	hash = *text == '#' ? text : strstr(text, " # ");
	token->name = g_strchomp(hash ? g_strndup(text, hash - text) :
					g_strdup(text));
	if (hash) {
		hash = read_directive(hash + strspn(hash, " #"),
				      &token->outcome);
		if (*hash)
			token->reason = g_strchomp(g_strdup(hash));
	}
	return true;
}

static bool read_plan(const char *text, struct ktap_token *token)
{
	enum ktap_outcome outcome = KTAP_PASS;

	if (!g_str_has_prefix(text, "1.."))
		return false;
	text += strlen("1..");
	if (!read_number(&text, &token->number))
		return false;
	text += strspn(text, " ");
	if (*text == '#')
		token->reason = g_strdup(
			read_directive(text + strspn(text, "# "), &outcome));
	else if (*text)
		return false;
	token->kind = KTAP_PLAN;
	return true;
}

void ktap_token_read(const char *text, struct ktap_token *token)
{
	memset(token, 0, sizeof(*token));
	if (*text == '#') {
		token->kind = KTAP_DIAGNOSTIC;
	} else if (!strcmp(text, "KTAP version 1") ||
		   g_str_has_prefix(text, "TAP version 1")) {
		token->kind = KTAP_VERSION;
	} else if (g_str_has_prefix(text, "Bail out!")) {
		token->kind = KTAP_BAIL;
		token->reason =
			g_strstrip(g_strdup(text + strlen("Bail out!")));
	} else if (!read_plan(text, token)) {
		read_result(text, token);
	}
}

void ktap_token_clear(struct ktap_token *token)
{
	g_free(token->name);
	g_free(token->reason);
}
