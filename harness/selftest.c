// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest.c - the harness tested with guests that lie
 *
 * A row is a guest whose PID 1 (harness/test/guests), or whose test program
 * under the honest PID 1 (harness/test/programs), breaks one rule. It must come
 * out as exactly its class, for the reason given: a harness that calls everything
 * "failed" is as useless as one that calls everything "passed".
 *
 * The schedule rows run one racing guest on the deterministic machine: twice with
 * one seed, once with another. They pass if the guest ends well; what they are
 * for, the comparison, is added by selftest_conclude().
 *
 * Limits are explicit and short: a guest that hangs costs seconds.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "cpio.h"
#include "selftest.h"
#include "vars.h"

/**
 * struct row - a guest
 * @name: of its file; the cell is guest/NAME or program/NAME
 * @program: it is a program under the honest PID 1
 * @expected: how it must come out
 * @text: what the reason must contain, or NULL
 * @test: time limit of a test, in seconds; for programs PID 1 keeps it
 * @idle: limit of silence
 * @boot: limit of the boot
 * @console_kib: limit of the console, 0 = the default
 * @boots: 2: a lost boot is repeated
 */
struct row {
	const char *name;
	bool program;
	enum verdict expected;
	const char *text;
	double test;
	double idle;
	double boot;
	unsigned int console_kib;
	unsigned int boots;
};

static const struct row rows[] = {
	{ "chatter", false, VERDICT_HUNG, "test limit", 4, 20, 30, 0, 1 },
	{ "exit_early", false, VERDICT_FAILED, "the plan says 2", 10, 20, 30, 0,
	  1 },
	{ "exit_init", false, VERDICT_SPLAT, "Attempted to kill init", 10, 20,
	  30, 0, 1 },
	{ "exit_silent", false, VERDICT_DIED, "ended before", 10, 20, 30, 0,
	  1 },
	{ "flood", false, VERDICT_SPLAT, "KFENCE", 60, 30, 30, 0, 1 },
	{ "flood_over", false, VERDICT_FAILED, "could not be scanned", 60, 30,
	  30, 512, 1 },
	{ "garbage", false, VERDICT_FAILED, "not KTAP", 10, 20, 30, 0, 1 },
	{ "irqs_off", false, VERDICT_HUNG, "interrupts off", 20, 3, 30, 0, 1 },
	{ "miscount", false, VERDICT_FAILED, "it broke", 10, 20, 30, 0, 1 },
	{ "mute", false, VERDICT_HUNG, "idle limit", 20, 3, 30, 0, 1 },
	{ "panic_early", false, VERDICT_DIED, "sysrq", 10, 20, 30, 0, 2 },
	{ "panic_middle", false, VERDICT_SPLAT, "sysrq", 10, 20, 30, 0, 1 },
	{ "silence", false, VERDICT_DIED, "did not say a word", 10, 20, 6, 0,
	  1 },
	{ "splat_late", false, VERDICT_SPLAT, "KASAN", 10, 20, 30, 0, 1 },
	{ "splat_pass", false, VERDICT_SPLAT, "warning:liar_pin+liar_ioctl", 10,
	  20, 30, 0, 1 },
	{ "stays", false, VERDICT_HUNG, "idle limit", 10, 3, 30, 0, 1 },
	{ "talker", false, VERDICT_PASSED, NULL, 10, 20, 30, 0, 1 },
	{ "crash", true, VERDICT_FAILED, "signal 11", 10, 20, 30, 0, 1 },
	{ "endless", true, VERDICT_FAILED, "timeout", 2, 30, 30, 0, 1 },
	{ "honest", true, VERDICT_PASSED, NULL, 10, 20, 30, 0, 1 },
	{ "no_plan", true, VERDICT_FAILED, "no plan", 10, 20, 30, 0, 1 },
	{ "return3", true, VERDICT_FAILED, "exit 3", 10, 20, 30, 0, 1 },
	{ "short_plan", true, VERDICT_FAILED, "short plan", 10, 20, 30, 0, 1 },
};

struct schedule {
	const char *name;
	uint64_t seed;
};

/* The racing guest, and a storm with everything that belongs to it. */
static const struct schedule races[] = {
	{ "schedule/seed1", 1 },
	{ "schedule/seed1-again", 1 },
	{ "schedule/seed2", 2 },
};

static const struct schedule storms[] = {
	{ "schedule/storm-seed1", 1 },
	{ "schedule/storm-seed1-again", 1 },
	{ "schedule/storm-seed2", 2 },
};

static char *selftest_path(const char *dir, const char *name)
{
	return path_build("selftest", dir, name, NULL);
}

static bool is_wanted(const struct session *session, const char *name)
{
	const struct kit_vars *vars = session->vars;

	return !vars->storm && (!vars->tests || vars_match(vars->tests, name));
}

static char *row_name(const struct row *row)
{
	return g_strdup_printf("%s/%s", row->program ? "program" : "guest",
			       row->name);
}

static char *replay(const struct session *session, const char *name)
{
	const char *set[] = {
		"TESTS", name, "STORM", NULL, "REPEAT", NULL, NULL
	};

	return vars_command(session->vars, session->verb, set);
}

/* ---------------------------------------------------------------------- building */

static bool build_programs(struct session *session, GError **error)
{
	g_autofree char *log = path_build("selftest.log", NULL);
	g_autofree char *root = path_source(".", NULL);
	const char *argv[] = {
		"make", "-s", "-j2", "-f", "harness/Makefile", "selftest", NULL
	};
	struct kit_command command = { .argv = argv, .cwd = root, .log = log };
	g_autoptr(GError) why = NULL;

	g_unlink(log);
	if (command_run(&command, session->progress, NULL, &why))
		return true;
	if (g_error_matches(why, KIT_ERROR, KIT_ERROR_HARNESS))
		g_set_error(error, KIT_ERROR, KIT_ERROR_BUILD,
			    "the harness' own tests do not build: %s",
			    why->message);
	else
		g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

static char *module_dir(const struct session *session)
{
	return path_build("selftest", "irqs_off", session->kernel->id, NULL);
}

static bool copy_source(const char *name, const char *dir, GError **error)
{
	g_autofree char *from = path_source("harness", "test", "guests",
					    "irqs_off", name, NULL);
	g_autofree char *to = g_build_filename(dir, name, NULL);
	g_autofree char *text = NULL;
	g_autofree char *old = NULL;
	size_t length;

	if (!g_file_get_contents(from, &text, &length, error))
		return false;
	/* An unchanged file keeps its time, so nothing is built again. */
	if (g_file_get_contents(to, &old, NULL, NULL) && !strcmp(old, text))
		return true;
	return g_file_set_contents(to, text, length, error);
}

/* The one guest that needs a kernel module of its own. */
static bool build_module(struct session *session, GError **error)
{
	g_autofree char *dir = module_dir(session);
	g_autofree char *log = g_build_filename(dir, "build.log", NULL);
	const char *words[] = { NULL };

	g_unlink(log);
	return path_mkdir(dir, error) && copy_source("Kbuild", dir, error) &&
	       copy_source("irqs_off.c", dir, error) &&
	       kbuild_external(session->kernel, dir, words, 1, log,
			       session->progress, error);
}

bool selftest_build(struct session *session, GError **error)
{
	bool done;

	if (session->selftest_built)
		return true;
	progress_begin(session->progress, "selftest");
	done = build_programs(session, error) && build_module(session, error);
	progress_end(session->progress, done ? "built" : "does not build");
	session->selftest_built = done;
	return done;
}

/* ----------------------------------------------------------------------- the roots */

static struct kit_cpio *empty_root(void)
{
	struct kit_cpio *cpio = cpio_new();

	cpio_add_dir(cpio, "/dev");
	cpio_add_dir(cpio, "/proc");
	cpio_add_dir(cpio, "/sys");
	cpio_add_dir(cpio, "/tmp");
	/* The kernel opens it for PID 1 before PID 1 can mount anything. */
	cpio_add_node(cpio, "/dev/console", 5, 1);
	return cpio;
}

static char *write_root(struct kit_cpio *cpio, const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "initrd", NULL);
	bool written = cpio_write(cpio, path, error);

	cpio_free(cpio);
	if (!written)
		g_unlink(path);
	return written ? g_steal_pointer(&path) : NULL;
}

static void add_plan(struct kit_cpio *cpio, const char *plan)
{
	cpio_add_data(cpio, "/etc/mdevkit/plan", 0644,
		      g_bytes_new(plan, strlen(plan)));
}

static bool add_file(struct kit_cpio *cpio, const char *name, const char *path,
		     GError **error)
{
	return cpio_add_file(cpio, name, 0755, path, false, error);
}

/* PID 1 is @file itself. */
static char *liar_root(const struct session *session, const char *name,
		       const char *dir, GError **error)
{
	g_autofree char *init = selftest_path("guests", name);
	g_autofree char *modules = module_dir(session);
	g_autofree char *module =
		g_build_filename(modules, "irqs_off.ko", NULL);
	struct kit_cpio *cpio = empty_root();

	if (!add_file(cpio, "/init", init, error) ||
	    (!strcmp(name, "irqs_off") &&
	     !add_file(cpio, "/irqs_off.ko", module, error))) {
		cpio_free(cpio);
		return NULL;
	}
	return write_root(cpio, dir, error);
}

/* PID 1 is the honest one, which runs the program. */
static char *program_root(const char *name, const char *plan, const char *dir,
			  GError **error)
{
	g_autofree char *init = selftest_path("init", "init");
	g_autofree char *program = name ? selftest_path("programs", name) :
					  NULL;
	g_autofree char *guest = g_strconcat("/workloads/", name, NULL);
	struct kit_cpio *cpio = empty_root();

	add_plan(cpio, plan);
	if (!add_file(cpio, "/init", init, error) ||
	    (name && !add_file(cpio, guest, program, error))) {
		cpio_free(cpio);
		return NULL;
	}
	return write_root(cpio, dir, error);
}

static char *make_root(const struct cell_spec *spec, const char *dir,
		       const void *data, GError **error)
{
	const char *name = strchr(spec->name, '/') + 1;

	if (g_str_has_prefix(spec->name, "program/"))
		return program_root(name, spec->plan, dir, error);
	if (g_str_has_prefix(spec->name, "schedule/"))
		name = "race";
	return liar_root(data, name, dir, error);
}

char *selftest_honest_root(struct session *session, GError **error)
{
	g_autofree char *dir = path_build("selftest", NULL);

	(void)session;
	return program_root(NULL, "end\n", dir, error);
}

static struct cell_spec *spec_new(struct session *session, const char *name,
				  enum qemu_machine machine)
{
	struct cell_spec *spec = session_spec(session, name, machine);

	spec->mem_mib = 256;
	spec->make_root = make_root;
	spec->root_data = session;
	spec->replay = replay(session, name);
	return spec;
}

static void add_row(struct session *session, const struct row *row)
{
	g_autofree char *name = row_name(row);
	struct cell_spec *spec;

	if (!is_wanted(session, name))
		return;
	spec = spec_new(session, name, QEMU_PARALLEL);
	/* The hang must be on all CPUs; the others need one. */
	spec->cpus = strcmp(row->name, "irqs_off") ? 1 : 2;
	spec->boots = row->boots;
	spec->limits = (struct deadline_limits){ .boot = row->boot,
						 .test = row->test,
						 .idle = row->idle,
						 .total = 120 };
	if (row->console_kib)
		spec->console_limit = row->console_kib * 1024ull;
	spec->expects = true;
	spec->expected = row->expected;
	spec->expected_text = g_strdup(row->text);
	if (row->program) {
		spec->plan = g_strdup_printf("test %s %.0f %s\nend\n",
					     row->name, row->test, row->name);
		spec->tests = g_ptr_array_new_with_free_func(verdict_test_free);
		g_ptr_array_add(spec->tests,
				verdict_test_new(row->name, row->test, true,
						 NULL));
	}
	session_add(session, spec);
}

/* The first storm that check runs, or NULL. */
static struct manifest_test *first_storm(const struct session *session)
{
	const GPtrArray *tests = manifest_tests(session->manifest);
	const char *core = vars_core_name(session->vars->core);

	for (unsigned int i = 0; i < tests->len; i++) {
		struct manifest_test *test = g_ptr_array_index(tests, i);

		if (test->storm &&
		    g_strv_contains((const char *const *)test->suites,
				    "check") &&
		    g_strv_contains((const char *const *)test->cores, core))
			return test;
	}
	return NULL;
}

static void add_storms(struct session *session)
{
	g_autoptr(GPtrArray) tests = g_ptr_array_new();
	struct manifest_test *storm = first_storm(session);

	if (!session->root || !storm || !is_wanted(session, "schedule/storm"))
		return;
	g_ptr_array_add(tests, storm);
	for (size_t i = 0; i < G_N_ELEMENTS(storms); i++) {
		g_autofree char *again = replay(session, "schedule/storm");
		struct session_guest guest = {
			.name = storms[i].name,
			.tests = tests,
			.machine = QEMU_DETERMINISTIC,
			.seed = storms[i].seed,
			.seconds = 1,
			.replay = again,
		};

		session_add_guest(session, &guest);
	}
}

static void add_races(struct session *session)
{
	for (size_t i = 0; i < G_N_ELEMENTS(races); i++) {
		struct cell_spec *spec;

		if (!is_wanted(session, "schedule/same") &&
		    !is_wanted(session, races[i].name))
			continue;
		spec = spec_new(session, races[i].name, QEMU_DETERMINISTIC);
		spec->cpus = 2;
		spec->seed = races[i].seed;
		spec->limits = (struct deadline_limits){
			.boot = 60, .test = 60, .idle = 60, .total = 180
		};
		session_add(session, spec);
	}
}

bool selftest_add(struct session *session, GError **error)
{
	if (session->vars->storm)
		return true;
	if (!selftest_build(session, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		add_row(session, &rows[i]);
	add_races(session);
	add_storms(session);
	return true;
}

/* ------------------------------------------------------------------ the comparisons */

static const struct cell *find_cell(const struct session *session,
				    const char *name)
{
	for (unsigned int i = 0; i < session->cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);

		if (cell->begin && !strcmp(cell->spec->name, name))
			return cell;
	}
	return NULL;
}

static void put_case(GString *text, unsigned int number, bool ok,
		     const char *name, const char *why)
{
	g_string_append_printf(text, "%s %u %s%s%s\n", ok ? "ok" : "not ok",
			       number, name, ok ? "" : " # ", ok ? "" : why);
}

/* @rows: one seed, the same again, another. */
static void compare_schedules(struct session *session,
			      const struct schedule *rows, const char *name)
{
	const struct cell *one = find_cell(session, rows[0].name);
	const struct cell *again = find_cell(session, rows[1].name);
	const struct cell *other = find_cell(session, rows[2].name);
	g_autoptr(GString) text = g_string_new("KTAP version 1\n1..3\n");
	struct cell_spec *spec;

	if (!one || !again || !other || !one->console_digest ||
	    !again->console_digest || !other->console_digest)
		return;
	put_case(text, 1, !strcmp(one->console_digest, again->console_digest),
		 "same_seed_same_console",
		 "two runs of seed 1 differ, see their console.log");
	put_case(text, 2, !strcmp(one->results_digest, again->results_digest),
		 "same_seed_same_results",
		 "two runs of seed 1 differ, see their results.ktap");
	put_case(text, 3,
		 strcmp(one->results_digest, other->results_digest) != 0,
		 "other_seed_other_schedule",
		 "seeds 1 and 2 raced in the same order");
	spec = cell_spec_new(name);
	spec->replay = replay(session, name);
	cell_conclude(session_add(session, spec), text->str);
}

static void conclude_lost_boot(struct session *session)
{
	const struct cell *cell = find_cell(session, "guest/panic_early");
	g_autoptr(GString) text = g_string_new("KTAP version 1\n1..1\n");
	struct cell_spec *spec;

	if (!cell)
		return;
	put_case(
		text, 1, cell->lost_boots->len == 1, "lost_boot_is_counted",
		"a boot that died before init was not repeated once and counted");
	spec = cell_spec_new("guest/lost_boot");
	spec->replay = replay(session, "guest/panic_early");
	cell_conclude(session_add(session, spec), text->str);
}

void selftest_conclude(struct session *session)
{
	if (g_cancellable_is_cancelled(progress_cancellable(session->progress)))
		return;
	compare_schedules(session, races, "schedule/same");
	compare_schedules(session, storms, "schedule/storm");
	conclude_lost_boot(session);
}

void selftest_list(GString *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *name = row_name(&rows[i]);

		g_string_append_printf(text, "  %-28s must come out as: %s\n",
				       name, verdict_name(rows[i].expected));
	}
	g_string_append_printf(text,
			       "  %-28s one seed, one schedule, to the byte\n",
			       "schedule/same");
	g_string_append_printf(text,
			       "  %-28s the same of a storm (make check)\n",
			       "schedule/storm");
}
