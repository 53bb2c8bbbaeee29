/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ktap_token.h - one line of KTAP, taken apart
 */
#ifndef _KIT_HARNESS_KTAP_TOKEN_H
#define _KIT_HARNESS_KTAP_TOKEN_H

#include "ktap.h"

enum ktap_kind {
	KTAP_NOISE,
	KTAP_VERSION,
	KTAP_PLAN,
	KTAP_RESULT,
	KTAP_BAIL,
	KTAP_DIAGNOSTIC,
};

/**
 * struct ktap_token - one line
 * @kind: decides which of the others mean something
 * @number: of a plan or a result
 * @outcome: of a result
 * @name: of a result, not NULL
 * @reason: behind the '#' of a result or plan, or behind "Bail out!"; may be NULL
 */
struct ktap_token {
	enum ktap_kind kind;
	unsigned int number;
	enum ktap_outcome outcome;
	char *name;
	char *reason;
};

/* @text has no indentation and no newline. Clear @token when done. */
void ktap_token_read(const char *text, struct ktap_token *token);
void ktap_token_clear(struct ktap_token *token);

#endif /* _KIT_HARNESS_KTAP_TOKEN_H */
