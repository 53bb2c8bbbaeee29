// SPDX-License-Identifier: GPL-2.0-only
/*
 * cell_guest.c - a cell that is a guest
 *
 *              +---------------- lost: died before PID 1 spoke, boots left
 *              v                                   |
 *   start -> boot -> running -> exited -----------+--> finish
 *                       |          ^
 *                       +- hang ---+   a limit expired: stacks, registers, kill
 *                       +- kill ---+   too much output, broken, stopped
 *
 * The guest's end, QEMU's exit, is the only way to the verdict. Everything that
 * goes wrong before leaves a note in the facts and makes QEMU end.
 *
 * What the console says after the hang ladder has begun is evidence: it is
 * logged, not scanned (the ladder itself may provoke a panic).
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell.h"
#include "hang.h"
#include "lines.h"
#include "progress.h"

#define TICK_MS 100

struct guest {
	struct cell *cell;
	struct qemu *qemu;
	struct hang *hang;
	struct deadline deadline;
	struct lines console_lines;
	struct lines results_lines;
	GChecksum *console_sum;
	GChecksum *results_sum;
	FILE *console;
	FILE *results;
	uint64_t results_bytes;
	char *initrd;
	char *harness; /* facts in the making */
	char *unscanned;
	char *where;
	enum deadline_layer expired;
	bool interrupted;
	bool ours; /* we ended it: QEMU's exit status says nothing */
	unsigned int ticker;
	unsigned int boots;
	int64_t boot_begin;
};

static void end_guest(struct guest *guest)
{
	guest->ours = true;
	qemu_kill(guest->qemu);
}

static void break_harness(struct guest *guest, char *why)
{
	if (guest->harness)
		g_free(why);
	else
		guest->harness = why;
	end_guest(guest);
}

/* ------------------------------------------------------------ what the guest says */

static void keep(struct guest *guest, FILE *file, const char *name,
		 const char *bytes, size_t length)
{
	if (fwrite(bytes, 1, length, file) != length || fflush(file))
		break_harness(guest, g_strdup_printf("cannot write %s/%s: %s",
						     guest->cell->dir, name,
						     g_strerror(errno)));
}

static void give_up_scanning(struct guest *guest, const char *what,
			     uint64_t limit)
{
	if (!guest->unscanned)
		guest->unscanned = g_strdup_printf(
			"more than %" G_GUINT64_FORMAT " KiB of %s",
			limit >> 10, what);
	end_guest(guest);
}

static void on_console_line(void *data, const char *line)
{
	struct guest *guest = data;

	if (!guest->hang)
		splat_scan(guest->cell->splats, line);
	progress_verbose(guest->cell->progress, "%s| %s",
			 guest->cell->spec->name, line);
}

static void on_console(void *data, const char *bytes, size_t length)
{
	struct guest *guest = data;
	struct cell *cell = guest->cell;

	cell->console_bytes += length;
	if (cell->console_bytes > cell->spec->console_limit) {
		give_up_scanning(guest, "console", cell->spec->console_limit);
		return;
	}
	keep(guest, guest->console, "console.log", bytes, length);
	g_checksum_update(guest->console_sum, (const guchar *)bytes, length);
	lines_push(&guest->console_lines, bytes, length);
	if (guest->hang)
		hang_console(guest->hang);
	deadline_activity(&guest->deadline, g_get_monotonic_time());
}

static void on_results_line(void *data, const char *line)
{
	struct guest *guest = data;
	int64_t now = g_get_monotonic_time();

	if (!guest->deadline.spoke) {
		guest->cell->boot_seconds =
			(now - guest->boot_begin) / (double)G_USEC_PER_SEC;
		deadline_spoke(&guest->deadline, now);
		cell_say(guest->cell, "booted");
	}
	ktap_line(guest->cell->ktap, line, now);
}

static void on_results(void *data, const char *bytes, size_t length)
{
	struct guest *guest = data;

	guest->results_bytes += length;
	if (guest->results_bytes > CELL_RESULTS_LIMIT) {
		give_up_scanning(guest, "results", CELL_RESULTS_LIMIT);
		return;
	}
	keep(guest, guest->results, "results.ktap", bytes, length);
	g_checksum_update(guest->results_sum, (const guchar *)bytes, length);
	lines_push(&guest->results_lines, bytes, length);
	deadline_activity(&guest->deadline, g_get_monotonic_time());
}

static double limit_of(const struct cell *cell, const char *name)
{
	const GPtrArray *tests = cell->spec->tests;

	for (unsigned int i = 0; tests && i < tests->len; i++) {
		const struct verdict_test *test = g_ptr_array_index(tests, i);

		if (!strcmp(test->name, name))
			return test->limit;
	}
	return 0;
}

static void on_test_start(void *data, const char *name)
{
	struct guest *guest = data;

	deadline_test_begin(&guest->deadline, limit_of(guest->cell, name),
			    g_get_monotonic_time());
	cell_say(guest->cell, "%s", name);
}

static void on_test_result(void *data, const struct ktap_node *test)
{
	struct guest *guest = data;

	if (test->outcome == KTAP_FAIL)
		guest->cell->failures++;
	/* Results of subtests come here too: only the running test's own ends its clock. */
	if (!ktap_running(guest->cell->ktap))
		deadline_test_end(&guest->deadline, g_get_monotonic_time());
}

static void on_test_text(void *data, const char *text)
{
	struct guest *guest = data;
	const struct ktap_node *running = ktap_running(guest->cell->ktap);

	cell_say(guest->cell, "%s%s%s", running ? running->name : "",
		 running ? ": " : "", text);
}

static void on_test_stat(void *data, const char *text)
{
	struct guest *guest = data;

	guest->cell->stats++;
	on_test_text(data, text);
}

/* --------------------------------------------------------------- when it goes wrong */

static void on_broken(void *data, const char *why)
{
	struct guest *guest = data;
	g_autofree char *said = qemu_said(guest->cell->dir);
	char *newline = strchr(said, '\n');

	if (newline)
		*newline = '\0';
	break_harness(guest, g_strdup_printf("the machine stopped (%s%s%s)",
					     why, *said ? ": " : "", said));
}

static void on_hang_done(void *data, const char *where)
{
	struct guest *guest = data;

	guest->where = g_strdup(where);
	end_guest(guest);
}

static void begin_hang(struct guest *guest, enum deadline_layer layer)
{
	guest->expired = layer;
	cell_say(guest->cell, "hung: asking for stacks");
	guest->hang = hang_start(guest->qemu, guest->cell->dir,
				 MIN(guest->deadline.scale, 3), on_hang_done,
				 guest);
}

static gboolean on_tick(gpointer data)
{
	struct guest *guest = data;
	enum deadline_layer layer;

	if (guest->hang || guest->ours)
		return G_SOURCE_CONTINUE;
	layer = deadline_expired(&guest->deadline, g_get_monotonic_time());
	if (layer != DEADLINE_NONE)
		begin_hang(guest, layer);
	return G_SOURCE_CONTINUE;
}

static void guest_stop(struct cell *cell)
{
	struct guest *guest = cell->runner;

	guest->interrupted = true;
	end_guest(guest);
}

/* ------------------------------------------------------------------------ its life */

static const struct ktap_events ktap_events = {
	.start = on_test_start,
	.progress = on_test_text,
	.stat = on_test_stat,
	.result = on_test_result,
};

static void on_exited(void *data, int status);

static const struct qemu_events qemu_events = {
	.console = on_console,
	.results = on_results,
	.broken = on_broken,
	.exited = on_exited,
};

static FILE *open_log(struct cell *cell, const char *name, GError **error)
{
	g_autofree char *path = cell_path(cell, name);
	FILE *file = fopen(path, "we");

	if (!file)
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot write %s: %s", path, g_strerror(errno));
	return file;
}

static void close_boot(struct guest *guest)
{
	g_clear_pointer(&guest->hang, hang_free);
	g_clear_pointer(&guest->qemu, qemu_free);
	g_clear_pointer(&guest->console, fclose);
	g_clear_pointer(&guest->results, fclose);
	g_clear_pointer(&guest->console_sum, g_checksum_free);
	g_clear_pointer(&guest->results_sum, g_checksum_free);
	lines_clear(&guest->console_lines);
	lines_clear(&guest->results_lines);
}

/* Everything that a second boot must start anew. */
static bool open_boot(struct guest *guest, GError **error)
{
	struct cell *cell = guest->cell;

	g_clear_pointer(&cell->ktap, ktap_free);
	g_clear_pointer(&cell->splats, splat_scanner_free);
	g_clear_pointer(&guest->where, g_free);
	cell->ktap = ktap_new(KTAP_GUEST, &ktap_events, guest);
	cell->splats = splat_scanner_new(cell->rules, cell->spec->release);
	cell->console_bytes = 0;
	guest->results_bytes = 0;
	guest->expired = DEADLINE_NONE;
	guest->ours = false;
	lines_init(&guest->console_lines, on_console_line, guest);
	lines_init(&guest->results_lines, on_results_line, guest);
	guest->console_sum = g_checksum_new(G_CHECKSUM_SHA256);
	guest->results_sum = g_checksum_new(G_CHECKSUM_SHA256);
	guest->console = open_log(cell, "console.log", error);
	if (!guest->console)
		return false;
	guest->results = open_log(cell, "results.ktap", error);
	return guest->results;
}

/* The command as a script, for somebody who wants to run it by hand. */
static void write_command(const struct cell *cell, const struct qemu_spec *spec)
{
	g_auto(GStrv) argv = qemu_command(spec);
	g_autoptr(GString) text = g_string_new(
		"# descriptors 3 and above are sockets of the runner\n");
	g_autofree char *path = cell_path(cell, "command");

	for (int i = 0; argv[i]; i++) {
		g_autofree char *word = g_shell_quote(argv[i]);

		g_string_append_printf(text, "%s%s", i ? " " : "", word);
	}
	g_string_append_c(text, '\n');
	g_file_set_contents(path, text->str, text->len, NULL);
}

static bool boot(struct guest *guest, GError **error)
{
	const struct cell_spec *spec = guest->cell->spec;
	struct qemu_spec qemu = {
		.machine = spec->machine,
		.accel = spec->machine == QEMU_DETERMINISTIC ? KIT_ACCEL_TCG :
							       spec->accel,
		.cpus = spec->cpus,
		.mem_mib = spec->mem_mib,
		.seed = spec->seed,
		.image = spec->image,
		.initrd = guest->initrd ? guest->initrd : spec->initrd,
		.append = spec->append,
		.dir = guest->cell->dir,
	};

	if (!open_boot(guest, error))
		return false;
	write_command(guest->cell, &qemu);
	guest->boots++;
	guest->boot_begin = g_get_monotonic_time();
	deadline_start(&guest->deadline, &spec->limits, spec->scale,
		       guest->boot_begin);
	cell_say(guest->cell, "booting");
	guest->qemu = qemu_start(&qemu, &qemu_events, guest, error);
	return guest->qemu;
}

static void guest_free(struct guest *guest)
{
	guest->cell->runner = NULL;
	if (guest->ticker)
		g_source_remove(guest->ticker);
	if (guest->initrd) {
		g_unlink(guest->initrd);
		g_free(guest->initrd);
	}
	close_boot(guest);
	g_free(guest->harness);
	g_free(guest->unscanned);
	g_free(guest->where);
	g_free(guest);
}

static void finish(struct guest *guest)
{
	struct cell *cell = guest->cell;
	struct verdict_facts facts = {
		.interrupted = guest->interrupted,
		.harness = guest->harness,
		.spoke = guest->deadline.spoke,
		.expired = guest->expired,
		.limit = deadline_limit(&guest->deadline, guest->expired),
		.where = guest->where,
		.ktap = cell->ktap,
		.splats = cell->splats,
		.unscanned = guest->unscanned,
		.tests = cell->spec->tests,
	};

	if (!facts.unscanned && cell->splats && !splat_messages(cell->splats))
		facts.unscanned = "there is no kernel message on it";
	cell_finish(cell, &facts);
	guest_free(guest);
}

/* QEMU's own end, if it was not the guest's doing. */
static void check_status(struct guest *guest, int status)
{
	g_autofree char *said = NULL;

	if (guest->ours || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	said = qemu_said(guest->cell->dir);
	if (WIFSIGNALED(status))
		guest->harness = g_strdup_printf(
			"QEMU was killed by signal %d%s%s", WTERMSIG(status),
			*said ? ": " : "", said);
	else
		guest->harness =
			g_strdup_printf("QEMU ended with status %d: %s",
					WEXITSTATUS(status), said);
	g_strdelimit(guest->harness, "\n", ' ');
}

static bool was_lost(const struct guest *guest)
{
	return !guest->deadline.spoke && !guest->interrupted &&
	       !guest->harness && !guest->unscanned &&
	       guest->boots < guest->cell->spec->boots;
}

/* Count the boot that was lost, keep its console, and try once more. */
static bool boot_again(struct guest *guest, GError **error)
{
	struct cell *cell = guest->cell;
	struct verdict_facts facts = {
		.expired = guest->expired,
		.limit = deadline_limit(&guest->deadline, guest->expired),
		.where = guest->where,
		.ktap = cell->ktap,
		.splats = cell->splats,
	};
	struct cell_boot *lost = g_new0(struct cell_boot, 1);
	g_autofree char *log = cell_path(cell, "console.log");
	g_autofree char *name =
		g_strdup_printf("console.boot%u.log", guest->boots);

	verdict_judge(&facts, &lost->reason);
	lost->console = cell_path(cell, name);
	lost->seconds = (g_get_monotonic_time() - guest->boot_begin) /
			(double)G_USEC_PER_SEC;
	g_ptr_array_add(cell->lost_boots, lost);
	progress_note(cell->progress,
		      "%s: boot %u was lost (%s), booting once more",
		      cell->spec->name, guest->boots, lost->reason);
	close_boot(guest);
	if (g_rename(log, lost->console)) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "cannot keep %s: %s", log, g_strerror(errno));
		return false;
	}
	return boot(guest, error);
}

static void remove_raw(const struct cell *cell)
{
	g_autofree char *console = cell_path(cell, "console.raw");
	g_autofree char *results = cell_path(cell, "results.raw");

	g_unlink(console);
	g_unlink(results);
}

static void on_exited(void *data, int status)
{
	struct guest *guest = data;
	struct cell *cell = guest->cell;
	g_autoptr(GError) error = NULL;

	check_status(guest, status);
	if (guest->hang && !guest->where)
		guest->where = hang_known(guest->hang);
	lines_finish(&guest->console_lines);
	if (lines_finish(&guest->results_lines) && !guest->unscanned &&
	    !guest->ours)
		guest->unscanned =
			g_strdup("the last line of the results is cut off");
	splat_finish(cell->splats);
	ktap_finish(cell->ktap);
	remove_raw(cell);
	g_free(cell->console_digest);
	g_free(cell->results_digest);
	cell->console_digest =
		g_strdup(g_checksum_get_string(guest->console_sum));
	cell->results_digest =
		g_strdup(g_checksum_get_string(guest->results_sum));

	if (was_lost(guest)) {
		if (boot_again(guest, &error))
			return;
		guest->harness = g_strdup(error->message);
	}
	finish(guest);
}

void cell_guest_start(struct cell *cell)
{
	struct guest *guest = g_new0(struct guest, 1);
	const struct cell_spec *spec = cell->spec;
	g_autoptr(GError) error = NULL;

	guest->cell = cell;
	cell->runner = guest;
	cell->stop = guest_stop;
	if (!spec->initrd)
		guest->initrd = spec->make_root(spec, cell->dir,
						spec->root_data, &error);
	if ((spec->initrd || guest->initrd) && boot(guest, &error)) {
		guest->ticker = g_timeout_add(TICK_MS, on_tick, guest);
		return;
	}
	guest->harness = g_strdup(error->message);
	finish(guest);
}
