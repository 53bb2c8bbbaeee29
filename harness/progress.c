// SPDX-License-Identifier: GPL-2.0-only
/*
 * progress.c - what is going on, for somebody who watches
 *
 * On a terminal there is one live line, rewritten in place: the phase, how long
 * it has run, and what the phase says of itself. Lines that stay scroll above
 * it. In a pipe there is no live line; a phase that runs long says so every
 * half minute, so that a log of CI does not look dead.
 *
 * Phases nest (a build inside "modules"); only the innermost is live.
 *
 * The first SIGINT or SIGTERM trips the cancellable and everything ends in
 * order, keeping what was found. A second one ends the process at once: the
 * children die with it (child.c).
 */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "progress.h"

#define LIVE_INTERVAL_MS 200
#define PIPE_INTERVAL_US (30 * G_USEC_PER_SEC)

struct phase {
	char *name;
	int64_t begin;
};

struct kit_progress {
	GCancellable *cancellable;
	GQueue phases;
	GString *live;
	int64_t last_plain;
	unsigned int timer;
	unsigned int sources[2];
	int signal;
	bool terminal;
	bool verbose;
	bool shown;
};

static double seconds_since(int64_t begin)
{
	return (g_get_monotonic_time() - begin) / (double)G_USEC_PER_SEC;
}

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void progress_clear(struct kit_progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", stdout);
	fflush(stdout);
	progress->shown = false;
}

/* Cut @text to @width characters, not bytes. */
static void cut(GString *text, int width)
{
	if (!g_utf8_validate(text->str, text->len, NULL))
		g_string_truncate(text, MIN(text->len, (gsize)width));
	else if (g_utf8_strlen(text->str, -1) > width)
		g_string_truncate(text,
				  g_utf8_offset_to_pointer(text->str, width) -
					  text->str);
}

static void show(struct kit_progress *progress)
{
	struct phase *phase = g_queue_peek_tail(&progress->phases);
	g_autoptr(GString) line = NULL;

	if (!phase)
		return;
	line = g_string_new(NULL);
	if (progress->terminal) {
		g_string_printf(line, "%s  %.0f s  %s", phase->name,
				seconds_since(phase->begin),
				progress->live->str);
		cut(line, terminal_width() - 1);
		printf("\r\033[K%s", line->str);
		fflush(stdout);
		progress->shown = true;
		return;
	}
	if (g_get_monotonic_time() - progress->last_plain < PIPE_INTERVAL_US)
		return;
	progress->last_plain = g_get_monotonic_time();
	printf("%s: %.0f s so far%s%s\n", phase->name,
	       seconds_since(phase->begin), progress->live->len ? ": " : "",
	       progress->live->str);
	fflush(stdout);
}

static gboolean on_timer(gpointer data)
{
	show(data);
	return G_SOURCE_CONTINUE;
}

static gboolean stop(struct kit_progress *progress, int signal)
{
	if (progress->signal)
		_exit(KIT_STATUS_INTERRUPTED);
	progress->signal = signal;
	progress_note(progress, "stopping (%s); once more to stop at once",
		      signal == SIGINT ? "SIGINT" : "SIGTERM");
	g_cancellable_cancel(progress->cancellable);
	return G_SOURCE_CONTINUE;
}

static gboolean on_sigint(gpointer data)
{
	return stop(data, SIGINT);
}

static gboolean on_sigterm(gpointer data)
{
	return stop(data, SIGTERM);
}

struct kit_progress *progress_new(bool verbose)
{
	struct kit_progress *progress = g_new0(struct kit_progress, 1);
	const char *term = g_getenv("TERM");

	progress->cancellable = g_cancellable_new();
	progress->live = g_string_new(NULL);
	progress->verbose = verbose;
	progress->terminal = isatty(STDOUT_FILENO) && term &&
			     strcmp(term, "dumb");
	g_queue_init(&progress->phases);
	progress->timer = g_timeout_add(LIVE_INTERVAL_MS, on_timer, progress);
	progress->sources[0] = g_unix_signal_add(SIGINT, on_sigint, progress);
	progress->sources[1] = g_unix_signal_add(SIGTERM, on_sigterm, progress);
	return progress;
}

static void phase_free(gpointer data)
{
	struct phase *phase = data;

	g_free(phase->name);
	g_free(phase);
}

void progress_free(struct kit_progress *progress)
{
	if (!progress)
		return;
	progress_clear(progress);
	g_source_remove(progress->timer);
	for (size_t i = 0; i < G_N_ELEMENTS(progress->sources); i++)
		g_source_remove(progress->sources[i]);
	g_queue_clear_full(&progress->phases, phase_free);
	g_string_free(progress->live, TRUE);
	g_object_unref(progress->cancellable);
	g_free(progress);
}

void progress_begin(struct kit_progress *progress, const char *name)
{
	struct phase *phase = g_new0(struct phase, 1);

	phase->name = g_strdup(name);
	phase->begin = g_get_monotonic_time();
	g_queue_push_tail(&progress->phases, phase);
	g_string_truncate(progress->live, 0);
	progress->last_plain = phase->begin;
	if (progress->terminal)
		show(progress);
}

void progress_end(struct kit_progress *progress, const char *format, ...)
{
	struct phase *phase = g_queue_pop_tail(&progress->phases);
	g_autofree char *text = NULL;
	va_list args;

	if (!phase)
		return;
	if (format) {
		va_start(args, format);
		text = g_strdup_vprintf(format, args);
		va_end(args);
	}
	progress_clear(progress);
	g_string_truncate(progress->live, 0);
	printf("%s: %s (%.1f s)\n", phase->name, text ? text : "done",
	       seconds_since(phase->begin));
	fflush(stdout);
	phase_free(phase);
}

void progress_live(struct kit_progress *progress, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_string_vprintf(progress->live, format, args);
	va_end(args);
	g_strdelimit(progress->live->str, "\r\n\t\033", ' ');
}

static void print_line(struct kit_progress *progress, const char *format,
		       va_list args)
{
	progress_clear(progress);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
}

void progress_note(struct kit_progress *progress, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(progress, format, args);
	va_end(args);
}

void progress_verbose(struct kit_progress *progress, const char *format, ...)
{
	va_list args;

	if (!progress->verbose)
		return;
	va_start(args, format);
	print_line(progress, format, args);
	va_end(args);
}

GCancellable *progress_cancellable(struct kit_progress *progress)
{
	return progress->cancellable;
}

bool progress_is_verbose(const struct kit_progress *progress)
{
	return progress->verbose;
}

int progress_signal(const struct kit_progress *progress)
{
	return progress->signal;
}
