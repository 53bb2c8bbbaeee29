// SPDX-License-Identifier: GPL-2.0-only
/*
 * cell.c - the unit of work: one guest (or one program on the host), one verdict
 *
 * A cell depends on its spec alone and writes to its directory alone. Its
 * result.json says "failed: not finished" before anything starts and is replaced
 * by rename when the verdict is known, so that a runner that is killed in
 * between leaves a failure and never a pass.
 *
 *   new -> start -> (stop) -> finish -> done(), once
 */
#include <string.h>

#include "build.h"
#include "cell.h"
#include "progress.h"

struct cell_spec *cell_spec_new(const char *name)
{
	struct cell_spec *spec = g_new0(struct cell_spec, 1);

	spec->name = g_strdup(name);
	spec->slug = g_strdup(name);
	g_strcanon(spec->slug, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-",
		   '-');
	spec->accel = KIT_ACCEL_TCG;
	spec->cpus = 2;
	spec->mem_mib = 1024;
	spec->limits = (struct deadline_limits){
		.boot = 60, .test = 60, .idle = 60, .total = 600
	};
	spec->scale = 1;
	spec->boots = 2;
	spec->console_limit = CELL_CONSOLE_LIMIT;
	return spec;
}

void cell_spec_free(gpointer data)
{
	struct cell_spec *spec = data;

	if (!spec)
		return;
	g_free(spec->name);
	g_free(spec->slug);
	g_free(spec->image);
	g_free(spec->initrd);
	g_free(spec->append);
	g_free(spec->expected_text);
	g_free(spec->plan);
	g_free(spec->release);
	g_free(spec->profile);
	g_free(spec->core);
	g_strfreev(spec->host);
	g_free(spec->replay);
	if (spec->tests)
		g_ptr_array_unref(spec->tests);
	g_free(spec);
}

double cell_spec_estimate(const struct cell_spec *spec)
{
	double seconds = 0;

	for (unsigned int i = 0; spec->tests && i < spec->tests->len; i++) {
		const struct verdict_test *test =
			g_ptr_array_index(spec->tests, i);

		seconds += test->limit;
	}
	return seconds > 0 ? seconds : spec->limits.total;
}

static void boot_free(gpointer data)
{
	struct cell_boot *boot = data;

	g_free(boot->reason);
	g_free(boot->console);
	g_free(boot);
}

struct cell *cell_new(struct cell_spec *spec, const char *dir,
		      const struct splat_rules *rules)
{
	struct cell *cell = g_new0(struct cell, 1);

	cell->spec = spec;
	cell->dir = g_strdup(dir);
	cell->rules = rules;
	cell->verdict = VERDICT_FAILED;
	cell->reason = g_strdup("not finished");
	cell->lost_boots = g_ptr_array_new_with_free_func(boot_free);
	return cell;
}

void cell_free(gpointer data)
{
	struct cell *cell = data;

	if (!cell)
		return;
	g_assert(!cell->runner);
	cell_spec_free(cell->spec);
	g_free(cell->dir);
	g_free(cell->reason);
	g_free(cell->came_out_as);
	ktap_free(cell->ktap);
	splat_scanner_free(cell->splats);
	g_ptr_array_unref(cell->lost_boots);
	g_free(cell->console_digest);
	g_free(cell->results_digest);
	g_free(cell->status_text);
	g_free(cell);
}

char *cell_path(const struct cell *cell, const char *name)
{
	return g_build_filename(cell->dir, name, NULL);
}

void cell_say(struct cell *cell, const char *format, ...)
{
	va_list args;

	g_free(cell->status_text);
	va_start(args, format);
	cell->status_text = g_strdup_vprintf(format, args);
	va_end(args);
}

static gboolean tell_done(gpointer data)
{
	struct cell *cell = data;

	cell->done(cell, cell->data);
	return G_SOURCE_REMOVE;
}

static void count(struct cell *cell)
{
	memset(&cell->counts, 0, sizeof(cell->counts));
	if (cell->spec->expects)
		cell->counts.passed = cell->verdict == VERDICT_PASSED;
	else if (cell->ktap)
		ktap_count(ktap_root(cell->ktap), &cell->counts);
	/* A red cell never counts as "0 failed". */
	if (cell->verdict != VERDICT_PASSED && !cell->counts.failed)
		cell->counts.failed = 1;
}

/* Red, and because a test ran: a guest that could not be set up has found nothing. */
static bool is_red(const struct cell *cell)
{
	return cell->verdict == VERDICT_SPLAT ||
	       cell->verdict == VERDICT_HUNG ||
	       (cell->verdict == VERDICT_FAILED && !ktap_bail(cell->ktap));
}

/* A cell that is meant to be red, or to lie: the right verdict for the right reason is its pass. */
static void apply_expectation(struct cell *cell)
{
	const struct cell_spec *spec = cell->spec;
	const char *wanted = spec->expects_red ? "red" :
						 verdict_name(spec->expected);
	bool as_expected;

	if (cell->verdict == VERDICT_INTERRUPTED)
		return;
	as_expected = spec->expects_red ? is_red(cell) :
					  cell->verdict == spec->expected;
	cell->came_out_as = g_strdup_printf("%s%s%s",
					    verdict_name(cell->verdict),
					    cell->reason ? ": " : "",
					    cell->reason ? cell->reason : "");
	if (spec->expected_text &&
	    !strstr(cell->came_out_as, spec->expected_text))
		as_expected = false;
	g_clear_pointer(&cell->reason, g_free);
	cell->verdict = as_expected ? VERDICT_PASSED : VERDICT_FAILED;
	if (!as_expected)
		cell->reason = g_strdup_printf(
			"expected %s%s%s, came out as %s", wanted,
			spec->expected_text ? ": ..." : "",
			spec->expected_text ? spec->expected_text : "",
			cell->came_out_as);
}

void cell_finish(struct cell *cell, const struct verdict_facts *facts)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *reason = NULL;

	if (cell->ktap)
		verdict_expect(cell->ktap, cell->spec->tests);
	cell->verdict = verdict_judge(facts, &reason);
	g_free(cell->reason);
	cell->reason = g_steal_pointer(&reason);
	if (cell->spec->expects)
		apply_expectation(cell);
	cell->expired = facts->expired;
	cell->seconds =
		(g_get_monotonic_time() - cell->begin) / (double)G_USEC_PER_SEC;
	count(cell);
	if (!cell_write(cell, &error)) {
		build_explain_space(&error);
		cell->verdict = VERDICT_HARNESS;
		g_free(cell->reason);
		cell->reason = g_strdup(error->message);
		count(cell);
	}
	/* Not from here: the caller still holds what done() may free. */
	if (cell->done)
		g_idle_add(tell_done, cell);
}

static void fail_at_start(struct cell *cell, const char *why)
{
	struct verdict_facts facts = { .harness = why };

	cell_finish(cell, &facts);
}

static bool prepare(struct cell *cell, GError **error)
{
	const struct cell_spec *spec = cell->spec;
	g_autofree char *plan = cell_path(cell, "plan");

	if (!path_mkdir(cell->dir, error) || !cell_write(cell, error))
		return false;
	return !spec->plan || g_file_set_contents(plan, spec->plan, -1, error);
}

void cell_start(struct cell *cell, struct kit_progress *progress,
		void (*done)(struct cell *cell, void *data), void *data)
{
	g_autoptr(GError) error = NULL;

	cell->progress = progress;
	cell->done = done;
	cell->data = data;
	cell->begin = g_get_monotonic_time();
	cell_say(cell, "starting");
	if (!prepare(cell, &error))
		fail_at_start(cell, error->message);
	else if (cell->spec->host)
		cell_host_start(cell);
	else
		cell_guest_start(cell);
}

void cell_conclude(struct cell *cell, const char *document)
{
	g_auto(GStrv) lines = g_strsplit(document, "\n", -1);
	struct verdict_facts facts = { .spoke = true };
	g_autoptr(GError) error = NULL;

	cell->begin = g_get_monotonic_time();
	cell->ktap = ktap_new(KTAP_PROGRAM, NULL, NULL);
	for (int i = 0; lines[i]; i++) {
		if (*lines[i])
			ktap_line(cell->ktap, lines[i], cell->begin);
	}
	ktap_finish(cell->ktap);
	facts.ktap = cell->ktap;
	if (!prepare(cell, &error))
		facts.harness = error->message;
	cell_finish(cell, &facts);
}

void cell_stop(struct cell *cell)
{
	if (cell->runner)
		cell->stop(cell);
}

enum kit_status cell_status(const struct cell *cell)
{
	return verdict_status(cell->verdict,
			      cell->splats && splat_bad(cell->splats),
			      cell->expired != DEADLINE_NONE);
}
