// SPDX-License-Identifier: GPL-2.0-only
/*
 * qemu_test.c - machines are described, followed, and never outlive the runner
 *
 * A shell script stands in for QEMU: what is tested is this side. A failure of
 * the orphan tests means that a killed `make run` leaves QEMU behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hang.h"
#include "lines.h"
#include "progress.h"
#include "qemu.h"
#include "scratch.h"

/* What the script writes on the inherited descriptors of console and results. */
static const char fake[] =
	"#!/bin/sh\n"
	"if [ -n \"$FAKE_SLEEP\" ]; then echo $$ >\"$FAKE_PID\"; exec sleep 600; fi\n"
	"printf 'console line\\n' >&3\n"
	"printf 'KTAP version 1\\nhalf' >&4\n"
	"echo a complaint >&2\n"
	"exit 7\n";

static char *dir;

struct seen {
	GString *console;
	GString *results;
	int status;
	bool exited;
};

static void on_console(void *data, const char *bytes, size_t length)
{
	g_string_append_len(((struct seen *)data)->console, bytes, length);
}

static void on_results(void *data, const char *bytes, size_t length)
{
	g_string_append_len(((struct seen *)data)->results, bytes, length);
}

static void on_exited(void *data, int status)
{
	struct seen *seen = data;

	seen->status = status;
	seen->exited = true;
}

static const struct qemu_events events = {
	.console = on_console,
	.results = on_results,
	.exited = on_exited,
};

static struct qemu_spec spec_of(enum qemu_machine machine)
{
	return (struct qemu_spec){
		.machine = machine,
		.accel = KIT_ACCEL_TCG,
		.cpus = 2,
		.mem_mib = 512,
		.seed = 42,
		.image = "/boot/image",
		.initrd = "/boot/initrd",
		.dir = dir,
	};
}

static void test_command(void)
{
	struct qemu_spec spec = spec_of(QEMU_PARALLEL);
	g_auto(GStrv) parallel = qemu_command(&spec);
	g_autofree char *one = g_strjoinv(" ", parallel);

	g_assert_nonnull(strstr(one, "-smp 2 "));
	g_assert_nonnull(strstr(one, "tcg,thread=multi"));
	g_assert_nonnull(strstr(one, "virtserialport"));
	g_assert_nonnull(strstr(one, "mdevkit.results=vport"));
	g_assert_null(strstr(one, "-icount"));

	spec = spec_of(QEMU_DETERMINISTIC);
	g_auto(GStrv) deterministic = qemu_command(&spec);
	g_autofree char *two = g_strjoinv(" ", deterministic);

	g_assert_nonnull(strstr(
		two, "tcg,thread=single -icount shift=0,sleep=off -seed 42 "));
	g_assert_nonnull(strstr(two, "clock=vm"));
	g_assert_nonnull(strstr(two, "mdevkit.results=ttyS1"));
	/* A virtio device, or a socket that can push back, would break the determinism. */
	g_assert_null(strstr(two, "virtio"));
	g_assert_null(strstr(two, "socket,id=console"));
}

static void test_events(void)
{
	struct qemu_spec spec = spec_of(QEMU_PARALLEL);
	struct seen seen = { g_string_new(NULL), g_string_new(NULL), 0, false };
	g_autoptr(GError) error = NULL;
	struct qemu *qemu = qemu_start(&spec, &events, &seen, &error);
	g_autofree char *said = NULL;

	g_assert_no_error(error);
	while (!seen.exited)
		g_main_context_iteration(NULL, TRUE);
	qemu_free(qemu);
	/* What was written before the exit is delivered before it is told. */
	g_assert_cmpstr(seen.console->str, ==, "console line\n");
	g_assert_cmpstr(seen.results->str, ==, "KTAP version 1\nhalf");
	g_assert_true(WIFEXITED(seen.status));
	g_assert_cmpint(WEXITSTATUS(seen.status), ==, 7);
	said = qemu_said(dir);
	g_assert_cmpstr(said, ==, "a complaint");
	g_string_free(seen.console, TRUE);
	g_string_free(seen.results, TRUE);
}

static void test_missing(void)
{
	struct qemu_spec spec = spec_of(QEMU_PARALLEL);
	struct seen seen = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_strdup(g_getenv("PATH"));

	g_setenv("PATH", "/nonexistent", TRUE);
	g_assert_null(qemu_start(&spec, &events, &seen, &error));
	g_setenv("PATH", path, TRUE);
	g_assert_error(error, KIT_ERROR, KIT_ERROR_TOOL);
}

static pid_t read_pid(const char *path)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    !strchr(text, '\n'))
		return 0;
	return atoi(text);
}

/* Wait for a condition that no event announces, at most ten seconds. */
static bool wait_until(bool (*is_so)(pid_t pid), pid_t pid)
{
	for (int i = 0; i < 1000; i++) {
		if (is_so(pid))
			return true;
		g_usleep(10000);
	}
	return false;
}

static char *pid_path;

static bool has_pid(pid_t pid)
{
	(void)pid;
	return read_pid(pid_path) > 0;
}

/* Gone, or a zombie that nobody of ours can reap. */
static bool is_gone(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
	g_autofree char *text = NULL;
	const char *state;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return true;
	state = strrchr(text, ')');
	return state && state[2] == 'Z';
}

/* A process like the runner starts a machine and is killed by @signal. */
static void orphan(int signal)
{
	struct qemu_spec spec = spec_of(QEMU_PARALLEL);
	pid_t runner, machine;

	g_setenv("FAKE_SLEEP", "1", TRUE);
	g_setenv("FAKE_PID", pid_path, TRUE);
	remove(pid_path);
	runner = fork();
	g_assert_cmpint(runner, >=, 0);
	if (!runner) {
		struct seen seen = { 0 };

		if (!qemu_start(&spec, &events, &seen, NULL))
			_exit(1);
		for (;;)
			pause();
	}
	g_assert_true(wait_until(has_pid, 0));
	machine = read_pid(pid_path);
	g_assert_false(is_gone(machine));
	kill(runner, signal);
	waitpid(runner, NULL, 0);
	g_assert_true(wait_until(is_gone, machine));
	g_unsetenv("FAKE_SLEEP");
}

static void test_orphan_killed(void)
{
	orphan(SIGKILL);
}

static void test_orphan_crashed(void)
{
	orphan(SIGABRT);
}

/* Output of QEMU's monitor, shortened. */
static void test_where(void)
{
	g_autofree char *where = hang_where(
		"\nCPU#0\nRAX=ffffffffc0201010 RBX=0\n"
		"RIP=ffffffffc020101b RFL=00000002 [-------] CPL=0 II=0 HLT=0\n"
		"\nCPU#1\nRIP=ffffffff81e34b5b RFL=00000246 [---Z-P-] CPL=0 HLT=1\n"
		"\nCPU#2\nRIP=ffffffff81000000 RFL=00000246 [---Z-P-] CPL=0 HLT=0\n");
	g_autofree char *nothing = hang_where("");

	g_assert_cmpstr(
		where, ==,
		"CPU 0 at ffffffffc020101b with interrupts off, CPU 1 halted, "
		"CPU 2 at ffffffff81000000");
	g_assert_cmpstr(nothing, ==, "");
}

static void keep_line(void *data, const char *line)
{
	g_string_append_printf(data, "[%zu:%.10s]", strlen(line), line);
}

static void test_lines(void)
{
	g_autoptr(GString) seen = g_string_new(NULL);
	g_autofree char *wide = g_strnfill(LINES_MAX + 5, 'x');
	struct lines lines;

	lines_init(&lines, keep_line, seen);
	lines_push(&lines, "a", 1);
	lines_push(&lines, "b\r\nc\0d\n\n", 8);
	lines_push(&lines, wide, strlen(wide));
	g_assert_true(lines_finish(&lines));
	g_assert_false(lines_finish(&lines));
	lines_clear(&lines);
	g_assert_cmpstr(seen->str, ==,
			"[2:ab][2:cd][0:][65536:xxxxxxxxxx][5:xxxxx]");
}

static void test_command_run(void)
{
	struct kit_progress *progress = progress_new(false);
	const char *hello[] = { "sh", "-c", "echo hello; echo no >&2", NULL };
	const char *bad[] = { "sh", "-c", "echo because; exit 3", NULL };
	const char *none[] = { "/nonexistent/program", NULL };
	g_autofree char *output = NULL;
	struct kit_command command = { .argv = hello,
				       .output = &output,
				       .quiet = true };
	g_autoptr(GError) error = NULL;
	int status = -1;

	g_assert_true(command_run(&command, progress, NULL, NULL));
	g_assert_cmpstr(output, ==, "hello\n");
	command = (struct kit_command){ .argv = bad, .quiet = true };
	g_assert_true(command_run(&command, progress, &status, NULL));
	g_assert_cmpint(status, ==, 3);
	g_assert_false(command_run(&command, progress, NULL, &error));
	g_assert_error(error, KIT_ERROR, KIT_ERROR_HARNESS);
	g_assert_nonnull(strstr(error->message, "because"));
	g_clear_error(&error);
	command.argv = none;
	g_assert_false(command_run(&command, progress, NULL, &error));
	g_assert_error(error, KIT_ERROR, KIT_ERROR_TOOL);
	progress_free(progress);
}

/* SIGTERM reaches a command that is running, and its children. */
static gboolean raise_term(gpointer data)
{
	(void)data;
	kill(getpid(), SIGTERM);
	return G_SOURCE_REMOVE;
}

static void test_command_cancelled(void)
{
	struct kit_progress *progress = progress_new(false);
	const char *argv[] = { "sh", "-c",
			       "sleep 600 & echo $! >\"$FAKE_PID\"; wait",
			       NULL };
	g_autofree char *env = g_strdup_printf("FAKE_PID=%s", pid_path);
	const char *const envs[] = { env, NULL };
	struct kit_command command = { .argv = argv,
				       .env = envs,
				       .quiet = true };
	g_autoptr(GError) error = NULL;

	remove(pid_path);
	g_timeout_add(300, raise_term, NULL);
	g_assert_false(command_run(&command, progress, NULL, &error));
	g_assert_error(error, KIT_ERROR, KIT_ERROR_INTERRUPTED);
	g_assert_true(wait_until(has_pid, 0));
	g_assert_true(wait_until(is_gone, read_pid(pid_path)));
	progress_free(progress);
}

static void install_fake(void)
{
	g_autofree char *path =
		g_build_filename(dir, "qemu-system-x86_64", NULL);
	g_autofree char *search =
		g_strdup_printf("%s:%s", dir, g_getenv("PATH"));

	g_assert_true(g_file_set_contents_full(
		path, fake, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
	g_setenv("PATH", search, TRUE);
	pid_path = g_build_filename(dir, "pid", NULL);
}

int main(int argc, char **argv)
{
	int rc;

	g_test_init(&argc, &argv, NULL);
	scratch_begin();
	dir = scratch_dir();
	install_fake();
	g_test_add_func("/qemu/command", test_command);
	g_test_add_func("/qemu/events", test_events);
	g_test_add_func("/qemu/missing", test_missing);
	g_test_add_func("/qemu/orphan-killed", test_orphan_killed);
	g_test_add_func("/qemu/orphan-crashed", test_orphan_crashed);
	g_test_add_func("/qemu/where", test_where);
	g_test_add_func("/qemu/lines", test_lines);
	g_test_add_func("/command/run", test_command_run);
	g_test_add_func("/command/cancelled", test_command_cancelled);
	rc = g_test_run();
	scratch_end();
	g_free(pid_path);
	g_free(dir);
	return rc;
}
