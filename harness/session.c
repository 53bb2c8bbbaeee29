// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - one call of the runner: what was asked, built, run and found
 *
 *   new -> build -> probe -> open -> add cells -> run -> report
 *
 * A verb is this sequence with its own choice of cells. Nothing is written
 * before session_open() but what is cached by content.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"
#include "vars.h"

#define KEEP_RUNS 20

static struct manifest *load_manifests(GError **error)
{
	g_autofree char *workloads = path_source("workloads", "manifest", NULL);
	g_autofree char *harness =
		path_source("harness", "test", "manifest", NULL);
	const char *paths[3] = { harness, NULL, NULL };

	/* A tree without workloads (the harness alone) still tests itself. */
	if (g_file_test(workloads, G_FILE_TEST_EXISTS))
		paths[1] = workloads;
	return manifest_load(paths, error);
}

struct session *session_new(const char *verb, const struct kit_vars *vars,
			    struct kit_progress *progress, GError **error)
{
	struct session *session = g_new0(struct session, 1);
	g_autofree char *patterns =
		path_source("harness", "splat.patterns", NULL);
	g_autofree char *allow = path_source("harness", "splat.allow", NULL);

	session->verb = verb;
	session->vars = vars;
	session->progress = progress;
	session->begin = g_get_monotonic_time();
	session->cells = g_ptr_array_new_with_free_func(cell_free);
	session->rules = splat_rules_load(patterns, allow, error);
	if (session->rules)
		session->manifest = load_manifests(error);
	if (session->manifest)
		return session;
	session_free(session);
	return NULL;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	g_ptr_array_unref(session->cells);
	g_clear_pointer(&session->rules, splat_rules_free);
	g_clear_pointer(&session->manifest, manifest_free);
	g_clear_pointer(&session->root, root_free);
	g_clear_pointer(&session->modules, modules_free);
	g_clear_pointer(&session->kernel, kernel_free);
	g_clear_pointer(&session->accel, accel_free);
	g_free(session->workloads);
	g_free(session->source);
	g_free(session->dir);
	g_free(session);
}

bool session_build(struct session *session, GError **error)
{
	const struct kit_vars *vars = session->vars;

	session->kernel = kernel_get(vars, session->progress, error);
	if (!session->kernel ||
	    !kernel_serves(session->kernel, vars->core, error))
		return false;
	session->modules = kbuild_modules(session->kernel, vars->core, NULL,
					  vars->jobs, session->progress, error);
	if (!session->modules)
		return false;
	session->workloads =
		workloads_build(vars->jobs, session->progress, error);
	if (!session->workloads)
		return false;
	session->root = root_make(session->kernel, session->modules,
				  session->workloads, session->progress, error);
	return session->root;
}

/* A small plan behind the root that the cells use. */
static char *probe_root(struct session *session, GError **error)
{
	g_autofree char *path = path_build("tmp", "accel.cpio", NULL);

	return plan_append(session->root, "end\n", path, error) ?
		       g_steal_pointer(&path) :
		       NULL;
}

bool session_probe(struct session *session, const char *initrd, GError **error)
{
	g_autofree char *own = initrd ? NULL : probe_root(session, error);
	struct accel_guest guest = {
		.image = session->kernel->image,
		.initrd = initrd ? initrd : own,
		.cpus = session->vars->cpus,
	};

	if (!guest.initrd)
		return false;
	session->accel = accel_probe(session->vars->accel, &guest,
				     session->rules, session->progress, error);
	if (own)
		unlink(own);
	if (session->accel)
		progress_verbose(session->progress, "%s%s; a boot takes %.1f s",
				 session->accel->why,
				 session->accel->cached ? " (cached)" : "",
				 session->accel->boot_seconds);
	return session->accel;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A run whose runner was killed left its initramfs behind: large, and of no use. */
static void drop_leftovers(const char *run)
{
	const char *dash = strrchr(run, '-');
	pid_t pid = dash ? atoi(dash + 1) : 0;
	g_autoptr(GDir) dir = NULL;
	const char *cell;

	if (pid <= 0 || !kill(pid, 0) || errno == EPERM)
		return;
	dir = g_dir_open(run, 0, NULL);
	while (dir && (cell = g_dir_read_name(dir))) {
		g_autofree char *path =
			g_build_filename(run, cell, "initrd", NULL);

		unlink(path);
	}
}

/* Names begin with the time, so the oldest sort first. */
static void drop_old_runs(const char *runs)
{
	g_autoptr(GDir) dir = g_dir_open(runs, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, by_name);
	for (unsigned int i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(
			runs, g_ptr_array_index(names, i), NULL);

		if (i + KEEP_RUNS <= names->len)
			path_remove(path, NULL);
		else
			drop_leftovers(path);
	}
}

bool session_open(struct session *session, GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *stamp = g_date_time_format(now, "%Y%m%d-%H%M%S");
	g_autofree char *name =
		g_strdup_printf("%s-%s-%d", stamp, session->verb, getpid());
	g_autofree char *runs = path_build("runs", NULL);

	drop_old_runs(runs);
	session->dir = g_build_filename(runs, name, NULL);
	return build_need_space(256, "running guests", error) &&
	       path_mkdir(session->dir, error);
}

static char *make_root(const struct cell_spec *spec, const char *dir,
		       const void *data, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "initrd", NULL);

	if (!plan_append(data, spec->plan, path, error))
		return NULL;
	return g_steal_pointer(&path);
}

struct cell_spec *session_spec(struct session *session, const char *name,
			       enum qemu_machine machine)
{
	struct cell_spec *spec = cell_spec_new(name);
	bool deterministic = machine == QEMU_DETERMINISTIC;

	spec->machine = machine;
	spec->accel = deterministic ? KIT_ACCEL_TCG : session->accel->accel;
	spec->cpus = session->vars->cpus;
	spec->mem_mib = session->vars->mem_mib;
	spec->image = g_strdup(session->kernel->image);
	spec->release = g_strdup(session->kernel->release);
	spec->profile = g_strdup(session->kernel->profile);
	spec->scale = deadline_scale(session->accel->boot_seconds);
	spec->boots = deterministic ? 1 : 2;
	return spec;
}

struct cell *session_add(struct session *session, struct cell_spec *spec)
{
	g_autofree char *slug =
		session->round ?
			g_strdup_printf("%s-%u", spec->slug, session->round) :
			g_strdup(spec->slug);
	g_autofree char *dir = g_build_filename(session->dir, slug, NULL);
	struct cell *cell = cell_new(spec, dir, session->rules);

	g_ptr_array_add(session->cells, cell);
	return cell;
}

struct cell *session_add_guest(struct session *session,
			       const struct session_guest *guest)
{
	const struct kit_vars *vars = session->vars;
	const struct kit_root *root = guest->root ? guest->root : session->root;
	struct cell_spec *spec =
		session_spec(session, guest->name, guest->machine);
	struct guestplan plan = {
		.tests = guest->tests,
		.modules = root->modules,
		.seed = guest->seed,
		.seconds = guest->seconds ? guest->seconds : vars->seconds,
		.size = vars->size,
		.core = vars->core,
		.stretch = guest->machine == QEMU_DETERMINISTIC ? 1 :
								  spec->scale,
	};

	if (!plan.seconds)
		plan.seconds = guestplan_seconds(vars->size, guest->machine);
	spec->seed = guest->seed;
	spec->core = g_strdup(vars_core_name(vars->core));
	spec->plan = guestplan_text(&plan);
	spec->tests = guestplan_tests(&plan);
	spec->limits = guestplan_limits(&plan, guest->machine);
	spec->make_root = make_root;
	spec->root_data = root;
	spec->replay = g_strdup(guest->replay);
	return session_add(session, spec);
}

static char *storm_replay(const struct session *session,
			  const struct manifest_test *test, uint64_t seed)
{
	g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
	const char *set[] = { "STORM",	    test->name, "SEED",	  number,
			      "TESTS",	    NULL,	"REPEAT", NULL,
			      "UNTIL_FAIL", NULL,	NULL };

	return vars_command(session->vars, session->verb, set);
}

static char *tests_replay(const struct session *session, const char *globs)
{
	const char *set[] = { "TESTS", globs,	     "STORM", NULL, "REPEAT",
			      NULL,    "UNTIL_FAIL", NULL,    NULL };

	return vars_command(session->vars, session->verb, set);
}

bool session_find_source(struct session *session, const GPtrArray *tests,
			 GError **error)
{
	for (unsigned int i = 0; i < tests->len && !session->source; i++) {
		const struct manifest_test *test = g_ptr_array_index(tests, i);

		for (char **word = test->host; word && *word; word++)
			if (strstr(*word, "@SOURCE@") && !session->source)
				session->source = kernel_source(
					session->vars, session->progress,
					error);
		if (error && *error)
			return false;
	}
	return true;
}

static void add_host(struct session *session, const struct manifest_test *test)
{
	struct cell_spec *spec = cell_spec_new(test->name);
	g_autofree char *build = path_build("selftest", NULL);
	g_autofree char *top = path_build(".", NULL);
	GPtrArray *words = g_ptr_array_new();

	for (int i = 0; test->host[i]; i++) {
		GString *word = g_string_new(test->host[i]);

		g_string_replace(word, "@SELFTEST@", build, 0);
		g_string_replace(word, "@BUILD@", top, 0);
		if (session->source)
			g_string_replace(word, "@SOURCE@", session->source, 0);
		g_ptr_array_add(words, g_string_free(word, FALSE));
	}
	g_ptr_array_add(words, NULL);
	spec->host = (char **)g_ptr_array_free(words, FALSE);
	spec->replay = tests_replay(session, test->name);
	spec->limits.total = test->seconds;
	spec->limits.idle = test->seconds;
	spec->limits.test = test->seconds;
	if (session->accel)
		spec->scale = deadline_scale(session->accel->boot_seconds);
	session_add(session, spec);
}

static char *group_of(const char *name)
{
	return g_strndup(name, strcspn(name, "/"));
}

static void add_group(struct session *session, const GPtrArray *tests,
		      const char *group, uint64_t seed)
{
	g_autoptr(GPtrArray) members = g_ptr_array_new();
	g_autofree char *globs = g_strdup_printf("%s/*", group);
	g_autofree char *replay = NULL;
	struct session_guest guest = { .name = group,
				       .tests = members,
				       .seed = seed };

	for (unsigned int i = 0; i < tests->len; i++) {
		struct manifest_test *test = g_ptr_array_index(tests, i);
		g_autofree char *own = group_of(test->name);

		if (!test->host && !test->storm && !strcmp(own, group))
			g_ptr_array_add(members, test);
	}
	replay = tests_replay(session, members->len == tests->len &&
						       session->vars->tests ?
					       session->vars->tests :
					       globs);
	guest.replay = replay;
	session_add_guest(session, &guest);
}

void session_add_tests(struct session *session, const GPtrArray *tests,
		       uint64_t seed)
{
	g_autoptr(GHashTable) groups =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (unsigned int i = 0; i < tests->len; i++) {
		struct manifest_test *test = g_ptr_array_index(tests, i);
		g_autoptr(GPtrArray) alone = g_ptr_array_new();
		g_autofree char *group = group_of(test->name);
		g_autofree char *replay = NULL;
		struct session_guest guest;

		if (test->host) {
			add_host(session, test);
		} else if (test->storm) {
			g_ptr_array_add(alone, test);
			replay = storm_replay(session, test, seed);
			guest = (struct session_guest){ .name = test->name,
							.tests = alone,
							.seed = seed,
							.replay = replay };
			session_add_guest(session, &guest);
		} else if (g_hash_table_add(groups, g_strdup(group))) {
			add_group(session, tests, group, seed);
		}
	}
}

/* --------------------------------------------------------------------------- run */

static void tell(struct cell *cell, void *data)
{
	struct session *session = data;
	g_autofree char *shout = g_ascii_strup(verdict_name(cell->verdict), -1);
	g_autofree char *what = NULL;

	if (cell->came_out_as && cell->spec->expects_red)
		what = g_strdup_printf("caught: %.100s", cell->came_out_as);
	else
		what = g_strdup_printf("%u ok", cell->counts.passed);
	if (cell->verdict == VERDICT_PASSED)
		progress_note(
			session->progress, "  %-28s passed, %s%s (%.1f s)",
			cell->spec->name, what,
			cell->lost_boots->len ? ", after a lost boot" : "",
			cell->seconds);
	else
		progress_note(session->progress, "  %-28s %s: %s (%.1f s)",
			      cell->spec->name, shout, cell->reason,
			      cell->seconds);
	if (session->lean && cell->verdict == VERDICT_PASSED)
		path_remove(cell->dir, NULL);
}

void session_run(struct session *session, const struct pool_policy *policy)
{
	g_autoptr(GPtrArray) fresh = g_ptr_array_new();

	for (unsigned int i = 0; i < session->cells->len; i++) {
		struct cell *cell = g_ptr_array_index(session->cells, i);

		if (!cell->begin)
			g_ptr_array_add(fresh, cell);
	}
	session->not_started +=
		pool_run(fresh, policy, session->progress, tell, session);
}
