// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktap_count.c - how many passed
 *
 * Leaves are counted, because they are what a person calls a test. A program that
 * failed though each of its cases passed (it crashed behind the last one) counts
 * as one failure more, so that no red document has "0 failed".
 */
#include "ktap.h"

void ktap_count(const struct ktap_node *node, struct ktap_counts *counts)
{
	unsigned int failed = counts->failed;

	for (unsigned int i = 0; i < node->children->len; i++)
		ktap_count(g_ptr_array_index(node->children, i), counts);
	if (!*node->name && !node->number)
		return;

	if (node->outcome == KTAP_FAIL) {
		if (counts->failed == failed)
			counts->failed++;
	} else if (!node->children->len) {
		if (node->outcome == KTAP_PASS)
			counts->passed++;
		else if (node->outcome == KTAP_SKIP)
			counts->skipped++;
		else
			counts->xfailed++;
	}
}

const char *ktap_outcome_name(enum ktap_outcome outcome)
{
	static const char *const names[] = { "passed", "failed", "skipped",
					     "expected failure" };

	return names[outcome];
}
