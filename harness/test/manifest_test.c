// SPDX-License-Identifier: GPL-2.0-only
/*
 * manifest_test.c - rows are read strictly, chosen as asked, and told to PID 1
 *
 * A failure means that a misspelt row would change a verdict without a word, or
 * that a plan would depend on more than its inputs.
 */
#include <string.h>

#include "guestplan.h"
#include "scratch.h"

static const char good[] =
	"[contract/attach]\n"
	"program=contract/attach\n"
	"suites=check,run\n"
	"xfail.tree=S4: a lost detach\n"
	"seconds=20\n"
	"devices=2\n"
	"[stress/swap]\n"
	"program=stress/storm\n"
	"args=--storm swap --seed @SEED@ --seconds @SECONDS@ --size @SIZE@\n"
	"suites=run;check;stress\n"
	"devices=1\n"
	"[stress/kit-only]\n"
	"program=stress/storm\n"
	"args=--seed @SEED@\n"
	"suites=stress\n"
	"cores=kit\n"
	"[harness/unit]\n"
	"host=@SELFTEST@/unit --tap\n"
	"suites=check\n";

static struct manifest *load(const char *text, GError **error)
{
	g_autofree char *dir = scratch_dir();
	g_autofree char *path = g_build_filename(dir, "manifest", NULL);
	const char *const paths[] = { path, NULL };

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return manifest_load(paths, error);
}

static struct kit_vars *vars_of(const char *arg)
{
	char *args[] = { (char *)arg };

	return vars_parse(args, arg ? 1 : 0, NULL);
}

static void test_load(void)
{
	struct manifest *manifest = load(good, NULL);
	const GPtrArray *tests = manifest_tests(manifest);
	const struct manifest_test *attach = g_ptr_array_index(tests, 0);
	const struct manifest_test *swap = g_ptr_array_index(tests, 1);
	const struct manifest_test *unit = g_ptr_array_index(tests, 3);

	g_assert_cmpuint(tests->len, ==, 4);
	g_assert_cmpstr(attach->program, ==, "contract/attach");
	g_assert_cmpuint(attach->seconds, ==, 20);
	g_assert_cmpuint(attach->devices, ==, 2);
	g_assert_false(attach->storm);
	g_assert_null(manifest_xfail(attach, KIT_CORE_KIT));
	g_assert_cmpstr(manifest_xfail(attach, KIT_CORE_TREE), ==,
			"S4: a lost detach");
	g_assert_true(swap->storm);
	g_assert_cmpstr(swap->args[1], ==, "swap");
	g_assert_cmpstr(unit->host[1], ==, "--tap");
	manifest_free(manifest);
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"[a]\nprogram=a\n",
		"[a]\nsuites=check\n",
		"[a]\nprogram=a\nhost=b\nsuites=check\n",
		"[a]\nprogram=a\nsuites=checks\n",
		"[a]\nprogram=a\nsuites=check\ncores=kti\n",
		"[a]\nprogram=a\nsuites=check\nxfail.kti=why\n",
		"[a]\nprogram=a\nsuites=check\nxfail.kit=\n",
		"[a]\nprogram=a\nsuites=check\nseconds=-1\n",
		"[a]\nprogram=a\nsuites=check\nseconds=0\n",
		"[a]\nprogram=a\nsuites=check\ntimeout=5\n",
		"[a]\nprogram=a b\nsuites=check\n",
		"[a b]\nprogram=a\nsuites=check\n",
		"[a]\nprogram=a\nargs='open\nsuites=check\n",
		"program=a\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		if (load(bad[i], &error))
			g_error("this was taken: %s", bad[i]);
		g_assert_error(error, KIT_ERROR, KIT_ERROR_HARNESS);
		g_assert_null(strchr(error->message, '\n'));
	}
}

static void test_select(void)
{
	static const struct {
		const char *suite;
		const char *arg;
		const char *chosen;
	} cases[] = {
		{ "check", NULL, "contract/attach stress/swap harness/unit" },
		{ "run", NULL, "contract/attach stress/swap" },
		{ "stress", NULL, "stress/swap stress/kit-only" },
		{ "stress", "CORE=tree", "stress/swap" },
		{ "run", "STORM=swap", "stress/swap" },
		{ "run", "TESTS=contract/*", "contract/attach" },
		{ "run", "TESTS=nothing", NULL },
		{ "check", "STORM=kit-only", NULL },
		{ NULL, "STORM=*", "stress/swap stress/kit-only" },
	};
	struct manifest *manifest = load(good, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct kit_vars *vars = vars_of(cases[i].arg);
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) names = g_string_new(NULL);
		GPtrArray *chosen =
			manifest_select(manifest, cases[i].suite, vars, &error);

		for (unsigned int j = 0; chosen && j < chosen->len; j++) {
			const struct manifest_test *test =
				g_ptr_array_index(chosen, j);

			g_string_append_printf(names, "%s%s", j ? " " : "",
					       test->name);
		}
		if (cases[i].chosen)
			g_assert_cmpstr(names->str, ==, cases[i].chosen);
		else
			g_assert_error(error, KIT_ERROR, KIT_ERROR_USAGE);
		if (chosen)
			g_ptr_array_unref(chosen);
		vars_free(vars);
	}
	manifest_free(manifest);
}

static void test_plan(void)
{
	static char *const modules[] = { (char *)"mdev.ko", (char *)"mdma.ko",
					 NULL };
	struct manifest *manifest = load(good, NULL);
	const GPtrArray *all = manifest_tests(manifest);
	g_autoptr(GPtrArray) tests = g_ptr_array_new();
	struct guestplan plan = { .tests = tests,
				  .modules = modules,
				  .seed = 7,
				  .seconds = 3,
				  .size = KIT_SIZE_SMOKE,
				  .core = KIT_CORE_TREE,
				  .stretch = 2 };
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) expected = NULL;
	const struct verdict_test *attach, *swap, *leaks;

	g_ptr_array_add(tests, g_ptr_array_index(all, 0));
	g_ptr_array_add(tests, g_ptr_array_index(all, 1));
	text = guestplan_text(&plan);
	g_assert_cmpstr(
		text, ==,
		"insmod mdev.ko\ninsmod mdma.ko\n"
		"mdev mdma mdma-1 6d646d61-0000-4000-8000-000000000001\n"
		"mdev mdma mdma-1 6d646d61-0000-4000-8000-000000000002\n"
		"test contract/attach 40 contract/attach\n"
		"test stress/swap 66 stress/storm --storm swap --seed 7 --seconds 3 "
		"--size smoke\n"
		"leakcheck\nend\n");

	expected = guestplan_tests(&plan);
	g_assert_cmpuint(expected->len, ==, 3);
	attach = g_ptr_array_index(expected, 0);
	swap = g_ptr_array_index(expected, 1);
	leaks = g_ptr_array_index(expected, 2);
	g_assert_cmpstr(attach->xfail, ==, "S4: a lost detach");
	g_assert_cmpfloat(swap->limit, ==, 33);
	g_assert_cmpstr(leaks->name, ==, "leakcheck");
	manifest_free(manifest);
}

static void test_no_tests(void)
{
	struct guestplan plan = { .stretch = 1 };
	g_autofree char *text = guestplan_text(&plan);

	g_assert_cmpstr(text, ==, "end\n");
}

int main(int argc, char **argv)
{
	int rc;

	g_test_init(&argc, &argv, NULL);
	scratch_begin();
	g_test_add_func("/manifest/load", test_load);
	g_test_add_func("/manifest/refused", test_refused);
	g_test_add_func("/manifest/select", test_select);
	g_test_add_func("/manifest/plan", test_plan);
	g_test_add_func("/manifest/no-tests", test_no_tests);
	rc = g_test_run();
	scratch_end();
	return rc;
}
