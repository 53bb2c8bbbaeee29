// SPDX-License-Identifier: GPL-2.0-only
/*
 * qemu.c - one virtual machine
 *
 * CHANNELS. Three, each for one thing:
 *   console   ttyS0: what the kernel says; nothing is judged by it
 *   results   a virtio-serial port, or ttyS1 on the deterministic machine
 *   QMP       control
 * They are socket pairs whose other ends QEMU inherits: no names in a file
 * system, no race for who connects first, and end of file when QEMU is gone.
 *
 * DETERMINISM. Whatever can push back changes the guest's time: a socket that is
 * full makes the UART wait. So the deterministic machine writes console and
 * results to files, which are never full, and this side follows the files. It
 * has no disk, no network and no virtio device; the clock is the instruction
 * counter, the seed feeds the guest's random numbers (hence its address layout,
 * slab shuffling and scheduling).
 *
 * LIFETIME. started -> (killed) -> exited. QEMU dies with the runner (child.c).
 * The exit is reported only after the channels were read to their ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "qemu.h"
#include "qmp.h"

#define PROGRAM "qemu-system-x86_64"
#define FOLLOW_MS 50
#define PORT_NAME "org.mdevkit.results"

/* One way for bytes from the guest: a socket that is watched, or a file that is followed. */
struct channel {
	void (*deliver)(void *data, const char *bytes, size_t length);
	void *data;
	int fd;
	unsigned int source;
};

struct qemu {
	const struct qemu_events *events;
	void *data;
	enum qemu_machine machine;
	GPid pid;
	struct channel console;
	struct channel results;
	struct qmp *qmp;
	unsigned int follower;
	bool exited;
};

/* ---------------------------------------------------------- the command line */

static void add(GPtrArray *argv, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GPtrArray *argv, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(argv, g_strdup_vprintf(format, args));
	va_end(args);
}

static char *kernel_command_line(const struct qemu_spec *spec)
{
	bool deterministic = spec->machine == QEMU_DETERMINISTIC;
	GString *line = g_string_new(
		"console=ttyS0,115200 printk.time=1 loglevel=7 nokaslr panic=-1 "
		"sysrq_always_enabled=1 watchdog_thresh=30 "
		"rcupdate.rcu_cpu_stall_timeout=60 unknown_nmi_panic");

	if (deterministic)
		g_string_append(line, " oops=panic preempt=full");
	g_string_append_printf(line, " mdevkit.results=%s",
			       deterministic ? "ttyS1" : "vport");
	if (spec->append && *spec->append)
		g_string_append_printf(line, " %s", spec->append);
	return g_string_free(line, FALSE);
}

static void add_deterministic(GPtrArray *argv, const struct qemu_spec *spec)
{
	add(argv, "-accel");
	add(argv, "tcg,thread=single");
	add(argv, "-icount");
	add(argv, "shift=0,sleep=off");
	add(argv, "-seed");
	add(argv, "%u", (unsigned int)(spec->seed ^ spec->seed >> 32));
	add(argv, "-rtc");
	add(argv, "base=2026-01-01,clock=vm");
	add(argv, "-chardev");
	add(argv, "file,id=console,path=%s/console.raw", spec->dir);
	add(argv, "-serial");
	add(argv, "chardev:console");
	add(argv, "-chardev");
	add(argv, "file,id=results,path=%s/results.raw", spec->dir);
	add(argv, "-serial");
	add(argv, "chardev:results");
	add(argv, "-chardev");
	add(argv, "socket,id=qmp,fd=3");
}

static void add_parallel(GPtrArray *argv, const struct qemu_spec *spec)
{
	add(argv, "-accel");
	add(argv, "%s",
	    spec->accel == KIT_ACCEL_KVM ? "kvm" : "tcg,thread=multi");
	add(argv, "-chardev");
	if (spec->interactive)
		add(argv, "stdio,id=console,mux=on,signal=off");
	else
		add(argv, "socket,id=console,fd=3,mux=on");
	add(argv, "-serial");
	add(argv, "chardev:console");
	add(argv, "-device");
	add(argv, "virtio-serial-pci");
	add(argv, "-chardev");
	add(argv, "socket,id=results,fd=4");
	add(argv, "-device");
	add(argv, "virtserialport,chardev=results,name=" PORT_NAME);
	add(argv, "-chardev");
	add(argv, "socket,id=qmp,fd=5");
}

char **qemu_command(const struct qemu_spec *spec)
{
	GPtrArray *argv = g_ptr_array_new();
	g_autofree char *append = kernel_command_line(spec);

	add(argv, PROGRAM);
	add(argv, "-nodefaults");
	add(argv, "-no-user-config");
	add(argv, "-display");
	add(argv, "none");
	add(argv, "-no-reboot");
	add(argv, "-M");
	add(argv, "q35");
	add(argv, "-cpu");
	add(argv, "%s", spec->accel == KIT_ACCEL_KVM ? "host" : "max");
	add(argv, "-smp");
	add(argv, "%u", spec->cpus);
	add(argv, "-m");
	add(argv, "%u", spec->mem_mib);
	if (spec->machine == QEMU_DETERMINISTIC)
		add_deterministic(argv, spec);
	else
		add_parallel(argv, spec);
	add(argv, "-mon");
	add(argv, "chardev=qmp,mode=control");
	add(argv, "-kernel");
	add(argv, "%s", spec->image);
	add(argv, "-initrd");
	add(argv, "%s", spec->initrd);
	add(argv, "-append");
	add(argv, "%s", append);
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

/* -------------------------------------------------------------------- channels */

/* Deliver one buffer; what read() said. */
static ssize_t channel_read(struct channel *channel)
{
	char bytes[65536];
	ssize_t n = read(channel->fd, bytes, sizeof(bytes));

	if (n > 0)
		channel->deliver(channel->data, bytes, n);
	return n;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
	struct channel *channel = data;
	ssize_t n;

	(void)fd;
	(void)condition;
	/* One buffer a turn, so that a flood on one channel does not silence the others. */
	n = channel_read(channel);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return G_SOURCE_CONTINUE;
	channel->source = 0;
	return G_SOURCE_REMOVE;
}

static gboolean on_follow(gpointer data)
{
	struct qemu *qemu = data;

	/* The end of a file is only the end so far. */
	channel_read(&qemu->console);
	channel_read(&qemu->results);
	return G_SOURCE_CONTINUE;
}

/* QEMU is gone: what is left is finite, a socket's buffer or a file's rest. */
static void channel_drain(struct channel *channel)
{
	if (channel->source)
		g_source_remove(channel->source);
	channel->source = 0;
	if (channel->fd < 0)
		return;
	while (channel_read(channel) > 0)
		;
	close(channel->fd);
	channel->fd = -1;
}

/* ------------------------------------------------------------------- lifetime */

static void on_exit_status(GPid pid, int status, gpointer data)
{
	struct qemu *qemu = data;

	(void)pid;
	qemu->exited = true;
	if (qemu->follower)
		g_source_remove(qemu->follower);
	qemu->follower = 0;
	channel_drain(&qemu->console);
	channel_drain(&qemu->results);
	g_clear_pointer(&qemu->qmp, qmp_free);
	qemu->events->exited(qemu->data, status);
}

static void on_status(void *data, const char *status)
{
	struct qemu *qemu = data;

	if (!status || qemu->exited || !qemu->events->broken)
		return;
	if (!strcmp(status, "internal-error") || !strcmp(status, "io-error"))
		qemu->events->broken(qemu->data, status);
}

/* A machine that stops by itself is broken, or was never able to run; ask which. */
static void on_event(void *data, const char *event, const char *reason)
{
	struct qemu *qemu = data;

	(void)reason;
	if (!strcmp(event, "STOP"))
		qmp_send(qemu->qmp, "query-status", NULL, NULL, on_status,
			 qemu);
}

static bool fail(GError **error, const char *what)
{
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
		    "cannot %s for QEMU: %s", what, g_strerror(errno));
	return false;
}

static bool open_pair(int *ours, int *theirs, GError **error)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return fail(error, "make a socket");
	*ours = ends[0];
	*theirs = ends[1];
	return g_unix_set_fd_nonblocking(ends[0], TRUE, error);
}

static bool open_file(const char *dir, const char *name, int *ours,
		      GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	*ours = open(path, O_RDONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return *ours >= 0 || fail(error, "make a file");
}

static void close_all(int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static bool spawn(struct qemu *qemu, const struct qemu_spec *spec,
		  const int *fds, unsigned int nfds, GError **error)
{
	g_auto(GStrv) argv = qemu_command(spec);
	g_autofree char *said = g_build_filename(spec->dir, "qemu.log", NULL);
	int log = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct child_spec child = {
		.argv = (const char *const *)argv,
		.in = spec->interactive ? STDIN_FILENO : -1,
		.out = spec->interactive ? STDOUT_FILENO : log,
		.err = log,
		.fds = fds,
		.nfds = nfds,
	};
	bool started;

	if (log < 0)
		return fail(error, "make a log file");
	started = child_spawn(&child, &qemu->pid, error);
	close(log);
	return started;
}

struct qemu *qemu_start(const struct qemu_spec *spec,
			const struct qemu_events *events, void *data,
			GError **error)
{
	bool files = spec->machine == QEMU_DETERMINISTIC;
	struct qemu *qemu = g_new0(struct qemu, 1);
	int ours[3] = { -1, -1, -1 };
	int theirs[3] = { -1, -1, -1 };

	qemu->events = events;
	qemu->data = data;
	qemu->machine = spec->machine;
	if (files) {
		if (!open_file(spec->dir, "console.raw", &ours[0], error) ||
		    !open_file(spec->dir, "results.raw", &ours[1], error) ||
		    !open_pair(&ours[2], &theirs[2], error))
			goto err_close;
		if (!spawn(qemu, spec, &theirs[2], 1, error))
			goto err_close;
	} else {
		for (int i = 0; i < 3; i++) {
			if (!open_pair(&ours[i], &theirs[i], error))
				goto err_close;
		}
		if (!spawn(qemu, spec, theirs, 3, error))
			goto err_close;
	}
	close_all(theirs, 3);

	qemu->console = (struct channel){ events->console, data, ours[0], 0 };
	qemu->results = (struct channel){ events->results, data, ours[1], 0 };
	if (files) {
		qemu->follower = g_timeout_add(FOLLOW_MS, on_follow, qemu);
	} else {
		qemu->console.source =
			g_unix_fd_add(ours[0], G_IO_IN | G_IO_HUP, on_readable,
				      &qemu->console);
		qemu->results.source =
			g_unix_fd_add(ours[1], G_IO_IN | G_IO_HUP, on_readable,
				      &qemu->results);
	}
	qemu->qmp = qmp_new(ours[2], on_event, qemu);
	g_child_watch_add(qemu->pid, on_exit_status, qemu);
	return qemu;

err_close:
	close_all(ours, 3);
	close_all(theirs, 3);
	g_free(qemu);
	return NULL;
}

void qemu_kill(struct qemu *qemu)
{
	if (!qemu->exited)
		child_kill(qemu->pid, false, SIGKILL);
}

void qemu_free(struct qemu *qemu)
{
	if (!qemu)
		return;
	g_assert(qemu->exited);
	g_spawn_close_pid(qemu->pid);
	g_free(qemu);
}

void qemu_sysrq(struct qemu *qemu, char key)
{
	if (qemu->exited)
		return;
	if (qemu->machine == QEMU_PARALLEL) {
		/* QEMU's multiplexer turns C-a b into a break; the kernel takes the next key. */
		const char keys[] = { 0x01, 'b', key };

		if (send(qemu->console.fd, keys, sizeof(keys),
			 MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(keys))
			return;
	}
	g_autofree char *line = g_strdup_printf("sendkey alt-sysrq-%c", key);

	qmp_monitor(qemu->qmp, line, NULL, NULL);
}

struct qmp *qemu_qmp(struct qemu *qemu)
{
	return qemu->qmp;
}

char *qemu_said(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "qemu.log", NULL);
	char *text;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("");
	return g_strchomp(text);
}
