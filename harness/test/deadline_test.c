// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadline_test.c - four limits, each at its time, stretched and never shrunk
 *
 * A failure means that a hang would be waited for, or a slow machine be called one.
 */
#include "deadline.h"

#define SECOND G_USEC_PER_SEC

static const struct deadline_limits limits = {
	.boot = 10, .test = 20, .idle = 30, .total = 100
};

static struct deadline started(double scale)
{
	struct deadline deadline;

	deadline_start(&deadline, &limits, scale, 0);
	return deadline;
}

static void test_boot(void)
{
	struct deadline deadline = started(1);

	g_assert_cmpint(deadline_expired(&deadline, 10 * SECOND), ==,
			DEADLINE_NONE);
	/* A console that talks does not help: PID 1 has to. */
	deadline_activity(&deadline, 10 * SECOND);
	g_assert_cmpint(deadline_expired(&deadline, 10.1 * SECOND), ==,
			DEADLINE_BOOT);
	deadline_spoke(&deadline, 2 * SECOND);
	g_assert_cmpint(deadline_expired(&deadline, 11 * SECOND), ==,
			DEADLINE_NONE);
}

static void test_idle(void)
{
	struct deadline deadline = started(1);

	deadline_spoke(&deadline, 2 * SECOND);
	g_assert_cmpint(deadline_expired(&deadline, 32 * SECOND), ==,
			DEADLINE_NONE);
	g_assert_cmpint(deadline_expired(&deadline, 32.1 * SECOND), ==,
			DEADLINE_IDLE);
	deadline_activity(&deadline, 32 * SECOND);
	g_assert_cmpint(deadline_expired(&deadline, 33 * SECOND), ==,
			DEADLINE_NONE);
}

static void test_test(void)
{
	struct deadline deadline = started(1);

	deadline_spoke(&deadline, 1 * SECOND);
	deadline_test_begin(&deadline, 5, 2 * SECOND);
	for (int i = 2; i <= 22; i++)
		deadline_activity(&deadline, i * SECOND);
	/* Its own limit, and the time that PID 1 needs to end it. */
	g_assert_cmpint(deadline_expired(&deadline, 21.9 * SECOND), ==,
			DEADLINE_NONE);
	g_assert_cmpint(deadline_expired(&deadline, 22.1 * SECOND), ==,
			DEADLINE_TEST);
	deadline_test_end(&deadline, 22 * SECOND);
	g_assert_cmpint(deadline_expired(&deadline, 40 * SECOND), ==,
			DEADLINE_NONE);
	/* Without a limit of its own. */
	deadline_test_begin(&deadline, 0, 40 * SECOND);
	g_assert_cmpint(deadline_expired(&deadline, 60.1 * SECOND), ==,
			DEADLINE_TEST);
}

static void test_total(void)
{
	struct deadline deadline = started(1);

	deadline_spoke(&deadline, 1 * SECOND);
	for (int i = 1; i <= 101; i++)
		deadline_activity(&deadline, i * SECOND);
	g_assert_cmpint(deadline_expired(&deadline, 100 * SECOND), ==,
			DEADLINE_NONE);
	g_assert_cmpint(deadline_expired(&deadline, 100.1 * SECOND), ==,
			DEADLINE_TOTAL);
}

static void test_scale(void)
{
	struct deadline deadline = started(2);

	g_assert_cmpfloat(deadline_scale(0.5), ==, 1);
	g_assert_cmpfloat(deadline_scale(7), ==, 2);
	g_assert_cmpfloat(deadline_scale(1e6), ==, 20);
	g_assert_cmpint(deadline_expired(&deadline, 19 * SECOND), ==,
			DEADLINE_NONE);
	/* A boot slower than promised stretches the rest, a faster one changes nothing. */
	deadline_spoke(&deadline, 14 * SECOND);
	g_assert_cmpfloat(deadline.scale, ==, 4);
	g_assert_cmpfloat(deadline_limit(&deadline, DEADLINE_IDLE), ==, 120);
	deadline = started(2);
	deadline_spoke(&deadline, 1 * SECOND);
	g_assert_cmpfloat(deadline.scale, ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deadline/boot", test_boot);
	g_test_add_func("/deadline/idle", test_idle);
	g_test_add_func("/deadline/test", test_test);
	g_test_add_func("/deadline/total", test_total);
	g_test_add_func("/deadline/scale", test_scale);
	return g_test_run();
}
