// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadline.c - how long a guest may take, in layers
 *
 *   boot    from the start to the first word of PID 1
 *   test    one test; PID 1 enforces it too, with its own clock, so this layer
 *           fires only when PID 1 itself is stuck, and leaves it time to act
 *   idle    silence on console and results
 *   total   everything
 *
 * Each layer names another suspect, which is why there are four. All of them are
 * written for a machine of speed 1, one that boots the stock kernel under plain
 * TCG in REFERENCE_BOOT seconds, and stretched by how much slower this machine
 * was measured to be: first by the cached measurement, then by the guest's own
 * boot. They never shrink: a fast boot says little about a busy machine later.
 *
 * No clock and no timer in here: the caller says what time it is.
 */
#include "deadline.h"

#define REFERENCE_BOOT 3.5
#define MAX_SCALE 20.0
#define TEST_GRACE \
	15.0 /* PID 1's own kill ladder: stacks, SIGKILL, ten seconds */

double deadline_scale(double boot_seconds)
{
	return CLAMP(boot_seconds / REFERENCE_BOOT, 1.0, MAX_SCALE);
}

void deadline_start(struct deadline *deadline,
		    const struct deadline_limits *limits, double scale,
		    int64_t now)
{
	*deadline = (struct deadline){
		.limits = *limits,
		.scale = CLAMP(scale, 1.0, MAX_SCALE),
		.start = now,
		.activity = now,
	};
}

void deadline_activity(struct deadline *deadline, int64_t now)
{
	deadline->activity = now;
}

void deadline_spoke(struct deadline *deadline, int64_t now)
{
	double boot = (now - deadline->start) / (double)G_USEC_PER_SEC;

	if (deadline->spoke)
		return;
	deadline->spoke = true;
	deadline->activity = now;
	deadline->scale = MAX(deadline->scale, deadline_scale(boot));
}

void deadline_test_begin(struct deadline *deadline, double limit, int64_t now)
{
	deadline->test_begin = now;
	deadline->test_limit = limit;
	deadline->activity = now;
}

void deadline_test_end(struct deadline *deadline, int64_t now)
{
	deadline->test_begin = 0;
	deadline->activity = now;
}

double deadline_limit(const struct deadline *deadline,
		      enum deadline_layer layer)
{
	const struct deadline_limits *limits = &deadline->limits;
	double grace = MIN(TEST_GRACE, limits->test);

	switch (layer) {
	case DEADLINE_BOOT:
		return limits->boot * deadline->scale;
	case DEADLINE_TEST:
		if (deadline->test_limit > 0)
			return (deadline->test_limit + grace) * deadline->scale;
		return limits->test * deadline->scale;
	case DEADLINE_IDLE:
		return limits->idle * deadline->scale;
	case DEADLINE_TOTAL:
		return limits->total * deadline->scale;
	case DEADLINE_NONE:
		break;
	}
	return 0;
}

static bool over(const struct deadline *deadline, enum deadline_layer layer,
		 int64_t since, int64_t now)
{
	return (now - since) / (double)G_USEC_PER_SEC >
	       deadline_limit(deadline, layer);
}

enum deadline_layer deadline_expired(const struct deadline *deadline,
				     int64_t now)
{
	if (!deadline->spoke) {
		if (over(deadline, DEADLINE_BOOT, deadline->start, now))
			return DEADLINE_BOOT;
		return DEADLINE_NONE;
	}
	if (deadline->test_begin &&
	    over(deadline, DEADLINE_TEST, deadline->test_begin, now))
		return DEADLINE_TEST;
	if (over(deadline, DEADLINE_IDLE, deadline->activity, now))
		return DEADLINE_IDLE;
	if (over(deadline, DEADLINE_TOTAL, deadline->start, now))
		return DEADLINE_TOTAL;
	return DEADLINE_NONE;
}

const char *deadline_name(enum deadline_layer layer)
{
	static const char *const names[] = { "none", "boot", "test", "idle",
					     "total" };

	return names[layer];
}
