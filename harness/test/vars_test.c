// SPDX-License-Identifier: GPL-2.0-only
/*
 * vars_test.c - variables are checked once, and repeated truly
 *
 * A failure means that a misspelt variable would silently run something else, or
 * that a printed replay command would not repeat the run.
 */
#include <string.h>

#include "vars.h"

static struct kit_vars *parse(GError **error, const char *first, ...)
{
	char *args[16];
	int n = 0;
	va_list list;

	va_start(list, first);
	for (const char *arg = first; arg; arg = va_arg(list, const char *))
		args[n++] = (char *)arg;
	va_end(list);
	return vars_parse(args, n, error);
}

static void test_defaults(void)
{
	struct kit_vars *vars = parse(NULL, NULL);

	g_assert_cmpstr(vars->kernel, ==, "stock");
	g_assert_cmpint(vars->core, ==, KIT_CORE_KIT);
	g_assert_cmpuint(vars->cpus, ==, 2);
	g_assert_cmpuint(vars->mem_mib, ==, 1024);
	g_assert_cmpuint(vars->jobs, ==, 0);
	g_assert_cmpint(vars->size, ==, KIT_SIZE_QUICK);
	g_assert_false(vars->seed_set);
	g_assert_null(vars->tests);
	vars_free(vars);
}

static void test_values(void)
{
	struct kit_vars *vars = parse(NULL, "CORE=tree", "MEM=2G", "SEED=0xff",
				      "STORM=swap,un*", "SIZE=full", "V=1",
				      "CPUS=4", "CPUS=3", "TESTS=", NULL);

	g_assert_nonnull(vars);
	g_assert_cmpint(vars->core, ==, KIT_CORE_TREE);
	g_assert_cmpuint(vars->mem_mib, ==, 2048);
	g_assert_cmpuint(vars->seed, ==, 255);
	g_assert_cmpstr(vars->storm, ==, "swap,un*");
	g_assert_true(vars->verbose);
	g_assert_cmpuint(vars->cpus, ==, 3);
	g_assert_null(vars->tests);
	vars_free(vars);

	vars = parse(NULL, "SEEDS=5-9", NULL);
	g_assert_cmpuint(vars->seed_first, ==, 5);
	g_assert_cmpuint(vars->seed_last, ==, 9);
	vars_free(vars);
	vars = parse(NULL, "SEEDS=18446744073709551615", NULL);
	g_assert_cmpuint(vars->seed_first, ==, G_MAXUINT64);
	vars_free(vars);
}

/* One line that names the variable and says what is allowed. */
static void test_refused(void)
{
	static const char *const bad[] = {
		"CORE=kernel",
		"ACCEL=fast",
		"CPUS=0",
		"CPUS=two",
		"CPUS=65",
		"MEM=2",
		"MEM=1T",
		"MEM=99999999999G",
		"JOBS=0",
		"V=yes",
		"SEED=-1",
		"SEED=1x",
		"SEED=0x",
		"SEED=18446744073709551616",
		"SEEDS=9-5",
		"SEEDS=1-",
		"SEEDS=-3",
		"SEEDS=1-99999999",
		"SECONDS=0",
		"SIZE=huge",
		"STORM=a b",
		"TESTS=a;b",
		"SUITE=../x",
		"KERNEL=fast",
		"KERNEL=/nonexistent/tree",
		"DRIVER=/nonexistent.ko",
		"REPEAT=0",
		"UNTIL_FAIL=2",
		"COLOUR=red",
		"seed=1",
		"SEED",
		"=1",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = g_strndup(bad[i], strcspn(bad[i], "="));

		if (parse(&error, bad[i], NULL))
			g_error("%s was taken", bad[i]);
		g_assert_error(error, KIT_ERROR, KIT_ERROR_USAGE);
		g_assert_nonnull(strstr(error->message, name));
		g_assert_null(strchr(error->message, '\n'));
	}
	g_autoptr(GError) both = NULL;

	g_assert_null(parse(&both, "SEED=1", "SEEDS=1-2", NULL));
	g_assert_error(both, KIT_ERROR, KIT_ERROR_USAGE);
}

static void test_match(void)
{
	g_assert_true(vars_match("stress/swap", "stress/swap"));
	g_assert_true(vars_match("swap", "stress/swap"));
	g_assert_true(vars_match("unmap,sw*", "stress/swap"));
	g_assert_true(vars_match("stress/*", "stress/swap"));
	g_assert_false(vars_match("stress", "stress/swap"));
	g_assert_false(vars_match("swap", "stress/swapper"));
	g_assert_false(vars_match("", "stress/swap"));
}

static void test_command(void)
{
	struct kit_vars *vars = parse(NULL, "STORM=sw*", "CORE=tree",
				      "REPEAT=5", "CPUS=4", "CPUS=3", NULL);
	const char *set[] = { "SEED",	"7",  "STORM", "stress/swap",
			      "REPEAT", NULL, NULL };
	g_autofree char *line = vars_command(vars, "stress", set);
	g_autofree char *plain = vars_command(vars, "run", NULL);

	g_assert_cmpstr(
		line, ==,
		"make stress SEED=7 STORM=stress/swap CORE=tree CPUS=3");
	g_assert_cmpstr(plain, ==,
			"make run CORE=tree CPUS=3 REPEAT=5 STORM='sw*'");
	vars_free(vars);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vars/defaults", test_defaults);
	g_test_add_func("/vars/values", test_values);
	g_test_add_func("/vars/refused", test_refused);
	g_test_add_func("/vars/match", test_match);
	g_test_add_func("/vars/command", test_command);
	return g_test_run();
}
