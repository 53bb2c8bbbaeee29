// SPDX-License-Identifier: GPL-2.0-only
/*
 * guestplan.c - from tests to what PID 1 is told
 *
 * The text is a pure function of the tests, the seed and the sizes. On the
 * deterministic machine nothing measured may flow into it (@stretch is 1 there),
 * or two runs of one seed would no longer be the same run.
 */
#include <math.h>
#include <string.h>

#include "guestplan.h"

#define MDEV_PARENT "mdma"
#define MDEV_TYPE "mdma-1"
#define LEAKCHECK_SECONDS 15
/*
 * A second of the deterministic machine's clock takes about five of a host of speed 1;
 * a part of that is in the measured scale already, since its boot is slower too.
 */
#define DETERMINISTIC_STRETCH 2.0

static unsigned int devices_needed(const struct guestplan *plan)
{
	unsigned int devices = plan->shell ? 2 : 0;

	for (unsigned int i = 0; plan->tests && i < plan->tests->len; i++) {
		const struct manifest_test *test =
			g_ptr_array_index(plan->tests, i);

		devices = MAX(devices, test->devices);
	}
	return devices;
}

static double limit_of(const struct guestplan *plan,
		       const struct manifest_test *test)
{
	bool timed = false;

	for (int i = 0; test->args[i]; i++) {
		if (strstr(test->args[i], "@SECONDS@"))
			timed = true;
	}
	return test->seconds + (timed ? plan->seconds : 0);
}

static void add_argument(GString *text, const struct guestplan *plan,
			 const char *word)
{
	g_autoptr(GString) out = g_string_new(word);
	g_autofree char *seed =
		g_strdup_printf("%" G_GUINT64_FORMAT, plan->seed);
	g_autofree char *seconds = g_strdup_printf("%u", plan->seconds);

	g_string_replace(out, "@SEED@", seed, 0);
	g_string_replace(out, "@SECONDS@", seconds, 0);
	g_string_replace(out, "@SIZE@", vars_size_name(plan->size), 0);
	g_string_append_printf(text, " %s", out->str);
}

static void add_test(GString *text, const struct guestplan *plan,
		     const struct manifest_test *test)
{
	g_string_append_printf(text, "test %s %.0f %s", test->name,
			       ceil(limit_of(plan, test) * plan->stretch),
			       test->program);
	for (int i = 0; test->args[i]; i++)
		add_argument(text, plan, test->args[i]);
	g_string_append_c(text, '\n');
}

char *guestplan_text(const struct guestplan *plan)
{
	GString *text = g_string_new(NULL);
	unsigned int devices = devices_needed(plan);

	for (int i = 0; plan->modules && plan->modules[i]; i++)
		g_string_append_printf(text, "insmod %s\n", plan->modules[i]);
	for (unsigned int i = 0; i < devices; i++)
		g_string_append_printf(text,
				       "mdev " MDEV_PARENT " " MDEV_TYPE
				       " 6d646d61-0000-4000-8000-%012x\n",
				       i + 1);
	if (plan->shell) {
		g_string_append(text, "shell\nend\n");
		return g_string_free(text, FALSE);
	}
	for (unsigned int i = 0; plan->tests && i < plan->tests->len; i++)
		add_test(text, plan, g_ptr_array_index(plan->tests, i));
	if (plan->tests && plan->tests->len)
		g_string_append(text, "leakcheck\n");
	g_string_append(text, "end\n");
	return g_string_free(text, FALSE);
}

GPtrArray *guestplan_tests(const struct guestplan *plan)
{
	GPtrArray *tests = g_ptr_array_new_with_free_func(verdict_test_free);

	for (unsigned int i = 0; plan->tests && i < plan->tests->len; i++) {
		const struct manifest_test *test =
			g_ptr_array_index(plan->tests, i);

		g_ptr_array_add(
			tests,
			verdict_test_new(test->name, limit_of(plan, test), true,
					 manifest_xfail(test, plan->core)));
	}
	if (tests->len)
		g_ptr_array_add(tests,
				verdict_test_new("leakcheck", LEAKCHECK_SECONDS,
						 true, NULL));
	return tests;
}

unsigned int guestplan_seconds(enum kit_size size, enum qemu_machine machine)
{
	static const unsigned int parallel[] = { 3, 10, 60, 900 };
	static const unsigned int deterministic[] = { 1, 2, 10, 60 };

	return machine == QEMU_PARALLEL ? parallel[size] : deterministic[size];
}

struct deadline_limits guestplan_limits(const struct guestplan *plan,
					enum qemu_machine machine)
{
	struct deadline_limits limits = {
		.boot = 60, .test = 30, .idle = 60, .total = 120
	};
	double stretch = machine == QEMU_PARALLEL ? 1.0 : DETERMINISTIC_STRETCH;

	for (unsigned int i = 0; plan->tests && i < plan->tests->len; i++) {
		double limit =
			limit_of(plan, g_ptr_array_index(plan->tests, i)) *
			stretch;

		/* PID 1 ends a silent test at its limit; longer silence is PID 1's own. */
		limits.idle = MAX(limits.idle, limit + 30);
		limits.total += limit + 15;
	}
	return limits;
}
