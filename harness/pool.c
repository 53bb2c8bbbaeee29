// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool.c - many cells, some at a time
 *
 * What limits the number: JOBS if given, else the machine's CPUs (a parallel
 * guest uses as many as it has, a deterministic one uses one), and always the
 * memory that is available when a cell wants to start. One cell may run whatever
 * the limits say: slow is better than never.
 *
 * Longest first, so that the end is not one long cell alone.
 */
#include <stdio.h>
#include <string.h>

#include "pool.h"
#include "progress.h"

#define LIVE_MS 200
#define GUEST_OVERHEAD_MIB \
	256 /* QEMU's translation cache and the page cache of the root */

struct pool {
	const struct pool_policy *policy;
	struct kit_progress *progress;
	GPtrArray *waiting; /* longest last */
	GPtrArray *running;
	void (*each)(struct cell *cell, void *data);
	void *data;
	unsigned int total;
	unsigned int over;
	unsigned int bad;
	bool closed;
};

static unsigned int memory_available(void)
{
	g_autofree char *text = NULL;
	const char *line;

	if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
		return G_MAXUINT;
	line = strstr(text, "MemAvailable:");
	if (!line)
		return G_MAXUINT;
	return g_ascii_strtoull(line + strlen("MemAvailable:"), NULL, 10) /
	       1024;
}

static unsigned int weight(const struct cell *cell)
{
	if (cell->spec->host || cell->spec->machine == QEMU_DETERMINISTIC)
		return 1;
	return cell->spec->cpus;
}

static unsigned int memory_needed(const struct cell *cell)
{
	return cell->spec->host ? GUEST_OVERHEAD_MIB :
				  cell->spec->mem_mib + GUEST_OVERHEAD_MIB;
}

static bool fits(const struct pool *pool, const struct cell *cell)
{
	unsigned int used = 0;
	unsigned int not_yet = 0;

	if (!pool->running->len)
		return true;
	if (pool->policy->jobs && pool->running->len >= pool->policy->jobs)
		return false;
	for (unsigned int i = 0; i < pool->running->len; i++) {
		const struct cell *other = g_ptr_array_index(pool->running, i);

		used += weight(other);
		/* A young guest has not touched its memory yet; half is a guess. */
		not_yet += memory_needed(other) / 2;
	}
	if (!pool->policy->jobs && used + weight(cell) > g_get_num_processors())
		return false;
	return not_yet + memory_needed(cell) <= memory_available();
}

static int by_length(gconstpointer a, gconstpointer b)
{
	const struct cell *const *one = a;
	const struct cell *const *two = b;
	double first = cell_spec_estimate((*one)->spec);
	double second = cell_spec_estimate((*two)->spec);

	return (first > second) - (first < second);
}

static void start_some(struct pool *pool);

static void on_done(struct cell *cell, void *data)
{
	struct pool *pool = data;

	g_ptr_array_remove(pool->running, cell);
	pool->over++;
	if (cell->verdict != VERDICT_PASSED) {
		pool->bad++;
		if (pool->policy->stop_at_failure)
			pool->closed = true;
	}
	if (pool->each)
		pool->each(cell, pool->data);
	start_some(pool);
}

static void start_some(struct pool *pool)
{
	while (pool->waiting->len && !pool->closed) {
		struct cell *next = g_ptr_array_index(pool->waiting,
						      pool->waiting->len - 1);

		if (!fits(pool, next))
			return;
		g_ptr_array_set_size(pool->waiting, pool->waiting->len - 1);
		g_ptr_array_add(pool->running, next);
		cell_start(next, pool->progress, on_done, pool);
	}
}

static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	struct pool *pool = data;

	(void)cancellable;
	pool->closed = true;
	for (unsigned int i = 0; i < pool->running->len; i++)
		cell_stop(g_ptr_array_index(pool->running, i));
}

static gboolean on_live(gpointer data)
{
	struct pool *pool = data;
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned int failures = 0;

	for (unsigned int i = 0; i < pool->running->len; i++) {
		const struct cell *cell = g_ptr_array_index(pool->running, i);

		failures += cell->failures;
		g_string_append_printf(text, "%s%s: %s", text->len ? "; " : "",
				       cell->spec->name, cell->status_text);
	}
	if (pool->total > 1)
		progress_live(pool->progress, "%u/%u, %u failed | %s",
			      pool->over, pool->total, pool->bad, text->str);
	else
		progress_live(pool->progress, "%u failed | %s", failures,
			      text->str);
	return G_SOURCE_CONTINUE;
}

unsigned int pool_run(const GPtrArray *cells, const struct pool_policy *policy,
		      struct kit_progress *progress,
		      void (*each)(struct cell *cell, void *data), void *data)
{
	GCancellable *cancellable = progress_cancellable(progress);
	struct pool pool = {
		.policy = policy,
		.progress = progress,
		.waiting = g_ptr_array_new(),
		.running = g_ptr_array_new(),
		.each = each,
		.data = data,
		.total = cells->len,
	};
	unsigned int not_started;
	unsigned int live;
	unsigned long handler;

	/* Equally long ones start in the order given: the array is used from its end. */
	for (unsigned int i = cells->len; i-- > 0;)
		g_ptr_array_add(pool.waiting, g_ptr_array_index(cells, i));
	g_ptr_array_sort(pool.waiting, by_length);

	live = g_timeout_add(LIVE_MS, on_live, &pool);
	handler = g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled),
					&pool, NULL);
	if (!pool.closed)
		start_some(&pool);
	while (pool.running->len)
		g_main_context_iteration(NULL, TRUE);
	g_cancellable_disconnect(cancellable, handler);
	g_source_remove(live);

	not_started = pool.waiting->len;
	g_ptr_array_unref(pool.waiting);
	g_ptr_array_unref(pool.running);
	return not_started;
}
