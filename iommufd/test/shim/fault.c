// SPDX-License-Identifier: GPL-2.0-only
/* fault.c - see fault.h; one thread at a time uses it */
#include "fault.h"

static unsigned long left; /* 0: not armed */
static bool again;
static bool happened;
/* Threads that are not the sweeping one must not fail in its place. */
static __thread bool armed_here;

/**
 * fault_arm - let a later step of this thread fail
 * @nth: which one, from 1
 * @persistent: and every one after it
 */
void fault_arm(unsigned long nth, bool persistent)
{
	left = nth;
	again = persistent;
	happened = false;
	armed_here = true;
}

/**
 * fault_disarm - nothing fails any more
 *
 * Return: whether a step has failed.
 */
bool fault_disarm(void)
{
	left = 0;
	armed_here = false;
	return happened;
}

/**
 * fault_now - is this the step that fails?
 */
bool fault_now(void)
{
	if (!armed_here || !left || --left)
		return false;
	left = again;
	happened = true;
	return true;
}
