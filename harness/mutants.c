// SPDX-License-Identifier: GPL-2.0-only
/*
 * mutants.c - known bugs put back
 *
 * A test suite that is green says nothing until it has been red. Each patch in
 * workloads/mutants puts one bug into a copy of the sources; its head says which
 * test or storm must notice. The cell passes if that detector comes out red. A
 * guest that could not even be set up has noticed nothing, a patch that no longer
 * applies is a failure, and so is a survivor, unless its head says why it lives
 * ("Survives: reason"), and then its death is one.
 *
 * Builds run one after another in the same stage, which compiles only what two
 * mutants differ in; guests of a batch run side by side afterwards.
 */
#include <string.h>

#include "mutants.h"
#include "vars.h"

#define BATCH 8
#define SECONDS 20

static void mutant_free(gpointer data)
{
	struct mutant *mutant = data;

	g_free(mutant->slug);
	g_free(mutant->path);
	g_free(mutant->bug);
	g_free(mutant->cause);
	g_free(mutant->detect);
	g_free(mutant->survives);
	g_free(mutant);
}

static bool read_head(struct mutant *mutant, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	const struct {
		const char *key;
		char **value;
	} keys[] = {
		{ "Bug: ", &mutant->bug },
		{ "Cause: ", &mutant->cause },
		{ "Detect: ", &mutant->detect },
		{ "Survives: ", &mutant->survives },
	};

	if (!g_file_get_contents(mutant->path, &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (int i = 0; lines[i] && !g_str_has_prefix(lines[i], "--- "); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(keys); j++) {
			if (!g_str_has_prefix(lines[i], keys[j].key))
				continue;
			g_free(*keys[j].value);
			*keys[j].value = g_strstrip(
				g_strdup(lines[i] + strlen(keys[j].key)));
		}
	}
	if (mutant->bug && mutant->cause && mutant->detect)
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
		    "%s: the head of a mutant has Bug:, Cause: and Detect:",
		    mutant->path);
	return false;
}

static int by_slug(gconstpointer a, gconstpointer b)
{
	const struct mutant *const *one = a;
	const struct mutant *const *two = b;

	return strcmp((*one)->slug, (*two)->slug);
}

GPtrArray *mutants_load(const char *path, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(mutant_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, error);
	const char *name;

	if (!dir)
		return NULL;
	while ((name = g_dir_read_name(dir))) {
		struct mutant *mutant;

		if (!g_str_has_suffix(name, ".patch"))
			continue;
		mutant = g_new0(struct mutant, 1);
		g_ptr_array_add(all, mutant);
		mutant->slug = g_strndup(name, strlen(name) - strlen(".patch"));
		mutant->path = g_build_filename(path, name, NULL);
		if (!read_head(mutant, error))
			return NULL;
	}
	g_ptr_array_sort(all, by_slug);
	return g_steal_pointer(&all);
}

static char *cell_name(const struct mutant *mutant)
{
	return g_strdup_printf("mutant/%s", mutant->slug);
}

static bool is_wanted(const struct session *session,
		      const struct mutant *mutant)
{
	g_autofree char *name = cell_name(mutant);

	return !session->vars->tests || vars_match(session->vars->tests, name);
}

/* The test of the manifest that must notice, or NULL. */
static struct manifest_test *find_detector(const struct session *session,
					   const struct mutant *mutant)
{
	const GPtrArray *tests = manifest_tests(session->manifest);
	bool storm = g_str_has_prefix(mutant->detect, "storm ");
	const char *name = storm ? mutant->detect + strlen("storm ") :
				   mutant->detect;

	for (unsigned int i = 0; i < tests->len; i++) {
		struct manifest_test *test = g_ptr_array_index(tests, i);

		if (test->storm == storm && !test->host &&
		    vars_match(name, test->name))
			return test;
	}
	return NULL;
}

static char *replay(const struct session *session, const char *name)
{
	const char *set[] = {
		"TESTS", name, "STORM", NULL, "REPEAT", NULL, NULL
	};

	return vars_command(session->vars, session->verb, set);
}

/* A mutant that never reached a guest. */
static void add_failed(struct session *session, const struct mutant *mutant,
		       const char *why)
{
	g_autofree char *name = cell_name(mutant);
	struct cell_spec *spec = cell_spec_new(name);
	g_autofree char *line = g_strdup(why);
	g_autofree char *document = NULL;

	line[strcspn(line, "\n")] = '\0';
	document = g_strdup_printf("1..1\nnot ok 1 builds # %s\n", line);
	spec->replay = replay(session, name);
	cell_conclude(session_add(session, spec), document);
}

/* Modules and root of one mutant; the root is NULL if the cell has failed already. */
static bool build(struct session *session, const struct mutant *mutant,
		  struct kit_root **root, GError **error)
{
	const struct kit_vars *vars = session->vars;
	g_autoptr(GError) why = NULL;
	struct kit_modules *modules =
		kbuild_modules(session->kernel, vars->core, mutant->path,
			       vars->jobs, session->progress, &why);

	if (modules)
		*root = root_make(session->kernel, modules, session->workloads,
				  session->progress, &why);
	modules_free(modules);
	if (*root)
		return true;
	/* Only the mutant's own fault is one mutant's failure. */
	if (!g_error_matches(why, KIT_ERROR, KIT_ERROR_BUILD) &&
	    !g_error_matches(why, KIT_ERROR, KIT_ERROR_USAGE)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	add_failed(session, mutant, why->message);
	return true;
}

static void add_guest(struct session *session, const struct mutant *mutant,
		      struct manifest_test *detector,
		      const struct kit_root *root)
{
	g_autoptr(GPtrArray) tests = g_ptr_array_new();
	g_autofree char *name = cell_name(mutant);
	g_autofree char *again = replay(session, name);
	struct session_guest guest = {
		.name = name,
		.tests = tests,
		.seed = session->vars->seed_set ? session->vars->seed : 1,
		.seconds = session->vars->seconds ? session->vars->seconds :
						    SECONDS,
		.root = root,
		.replay = again,
	};
	struct cell *cell;

	g_ptr_array_add(tests, detector);
	cell = session_add_guest(session, &guest);
	cell->spec->expects = true;
	cell->spec->expects_red = !mutant->survives;
	cell->spec->expected = VERDICT_PASSED;
}

static void free_root(gpointer root)
{
	root_free(root);
}

/* Build up to BATCH mutants from @first, run them; returns where to go on. */
static unsigned int run_batch(struct session *session, const GPtrArray *chosen,
			      unsigned int first, GError **error)
{
	g_autoptr(GPtrArray) roots = g_ptr_array_new_with_free_func(free_root);
	struct pool_policy policy = { .jobs = session->vars->jobs };
	unsigned int next;

	for (next = first; next < chosen->len && next - first < BATCH; next++) {
		const struct mutant *mutant = g_ptr_array_index(chosen, next);
		struct manifest_test *detector = find_detector(session, mutant);
		struct kit_root *root = NULL;

		if (!detector) {
			add_failed(session, mutant,
				   "no test is called what Detect: says");
			continue;
		}
		if (!build(session, mutant, &root, error))
			return 0;
		if (!root)
			continue;
		g_ptr_array_add(roots, root);
		add_guest(session, mutant, detector, root);
	}
	session_run(session, &policy);
	return next;
}

bool mutants_run(struct session *session, unsigned int most, GError **error)
{
	g_autofree char *dir = path_source("workloads", "mutants", NULL);
	GCancellable *cancellable = progress_cancellable(session->progress);
	g_autoptr(GPtrArray) all = mutants_load(dir, error);
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();

	if (!all)
		return false;
	for (unsigned int i = 0; i < all->len && chosen->len < most; i++) {
		if (is_wanted(session, g_ptr_array_index(all, i)))
			g_ptr_array_add(chosen, g_ptr_array_index(all, i));
	}
	if (!chosen->len) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_USAGE,
			"there is no mutant that TESTS=%s matches; they are in %s",
			session->vars->tests ? session->vars->tests : "", dir);
		return false;
	}
	for (unsigned int i = 0; i < chosen->len;) {
		if (g_cancellable_is_cancelled(cancellable))
			return true;
		i = run_batch(session, chosen, i, error);
		if (!i)
			return false;
	}
	return true;
}

bool mutants_wanted(const struct session *session)
{
	g_autofree char *dir = path_source("workloads", "mutants", NULL);
	g_autoptr(GPtrArray) all = NULL;

	if (session->vars->storm || session->vars->core != KIT_CORE_KIT)
		return false;
	all = mutants_load(dir, NULL);
	for (unsigned int i = 0; all && i < all->len; i++) {
		if (is_wanted(session, g_ptr_array_index(all, i)))
			return true;
	}
	return false;
}

/* How long the detector ran. */
static double detection_seconds(const struct cell *cell)
{
	const struct ktap_node *root = ktap_root(cell->ktap);
	const struct ktap_node *test;

	if (!root->children->len)
		return cell->seconds;
	test = g_ptr_array_index(root->children, 0);
	if (!test->finished)
		return MAX(cell->seconds - cell->boot_seconds, 0);
	return (test->end - test->begin) / (double)G_USEC_PER_SEC;
}

static int by_value(gconstpointer a, gconstpointer b)
{
	double one = *(const double *)a;
	double two = *(const double *)b;

	return (one > two) - (one < two);
}

char *mutants_summary(const struct session *session)
{
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
	unsigned int total = 0;

	for (unsigned int i = 0; i < session->cells->len; i++) {
		const struct cell *cell = g_ptr_array_index(session->cells, i);
		double seconds;

		if (!cell->begin ||
		    !g_str_has_prefix(cell->spec->name, "mutant/"))
			continue;
		total++;
		if (cell->verdict != VERDICT_PASSED || !cell->spec->expects_red)
			continue;
		seconds = detection_seconds(cell);
		g_array_append_val(times, seconds);
	}
	if (!total)
		return NULL;
	g_array_sort(times, by_value);
	return g_strdup_printf(
		"mutants: %u of %u caught, median %.1f s", times->len, total,
		times->len ? g_array_index(times, double, times->len / 2) :
			     0.0);
}
