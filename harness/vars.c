// SPDX-License-Identifier: GPL-2.0-only
/*
 * vars.c - the variables of the command line
 *
 * Every variable is one row of a table: its name, what is allowed (for the
 * error message and the help), how it is parsed. A value that is not allowed
 * is refused here, once, so nobody below checks again. An empty value is the
 * same as none: `make run SEED=` is what a script with an unset variable says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vars.h"

struct variable {
	const char *name;
	const char *allowed;
	const char *help;
	bool (*parse)(struct kit_vars *vars, const char *value);
};

static const char *const core_names[] = { "kit", "tree", NULL };
static const char *const accel_names[] = { "auto", "kvm", "tcg", NULL };
static const char *const size_names[] = { "smoke", "quick", "full", "soak",
					  NULL };
static const char *const kernel_names[] = { "stock", "debug", "kcsan",
					    "plain", "host",  NULL };

static bool find_name(const char *const *names, const char *value, int *found)
{
	for (int i = 0; names[i]; i++) {
		if (!strcmp(names[i], value)) {
			*found = i;
			return true;
		}
	}
	return false;
}

/* A whole number, decimal or 0x..., nothing before or behind it. */
static bool read_u64(const char *value, uint64_t *number)
{
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
	const char *digits = hex ? value + 2 : value;

	return g_ascii_string_to_unsigned(digits, hex ? 16 : 10, 0, G_MAXUINT64,
					  number, NULL);
}

static bool read_range(const char *value, uint64_t min, uint64_t max,
		       unsigned int *number)
{
	uint64_t n;

	if (!read_u64(value, &n) || n < min || n > max)
		return false;
	*number = n;
	return true;
}

/* Names and globs separated by commas; nothing a shell or a plan line would trip over. */
static bool is_globs(const char *value)
{
	return !value[strspn(value, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS
			     "_-./*?,")];
}

static bool parse_accel(struct kit_vars *vars, const char *value)
{
	int i;

	if (!find_name(accel_names, value, &i))
		return false;
	vars->accel = i;
	return true;
}

static bool parse_core(struct kit_vars *vars, const char *value)
{
	int i;

	if (!find_name(core_names, value, &i))
		return false;
	vars->core = i;
	return true;
}

static bool parse_cpus(struct kit_vars *vars, const char *value)
{
	return read_range(value, 1, 64, &vars->cpus);
}

static bool parse_jobs(struct kit_vars *vars, const char *value)
{
	return read_range(value, 1, 1024, &vars->jobs);
}

static bool parse_kernel(struct kit_vars *vars, const char *value)
{
	int i;

	if (strchr(value, '/') || !strcmp(value, ".")) {
		if (!g_file_test(value, G_FILE_TEST_IS_DIR))
			return false;
		g_free(vars->kernel);
		vars->kernel = g_canonicalize_filename(value, NULL);
		return true;
	}
	if (!find_name(kernel_names, value, &i))
		return false;
	g_free(vars->kernel);
	vars->kernel = g_strdup(value);
	return true;
}

static bool parse_mem(struct kit_vars *vars, const char *value)
{
	g_autofree char *digits = g_strdup(value);
	size_t length = strlen(digits);
	unsigned int unit = 1;
	unsigned int number;

	if (length && strchr("gGmM", digits[length - 1])) {
		unit = strchr("gG", digits[length - 1]) ? 1024 : 1;
		digits[length - 1] = '\0';
	}
	if (!read_range(digits, 1, 1024 * 1024, &number))
		return false;
	if (number > 1024 * 1024 / unit || number * unit < 256)
		return false;
	vars->mem_mib = number * unit;
	return true;
}

static bool parse_repeat(struct kit_vars *vars, const char *value)
{
	return read_range(value, 1, 1000000, &vars->repeat);
}

static bool parse_seconds(struct kit_vars *vars, const char *value)
{
	return read_range(value, 1, 7 * 86400, &vars->seconds);
}

static bool parse_seed(struct kit_vars *vars, const char *value)
{
	if (!read_u64(value, &vars->seed))
		return false;
	vars->seed_set = true;
	return true;
}

static bool parse_seeds(struct kit_vars *vars, const char *value)
{
	g_auto(GStrv) ends = g_strsplit(value, "-", 2);
	const char *last = ends[1] ? ends[1] : ends[0];

	if (!ends[0] || !read_u64(ends[0], &vars->seed_first) ||
	    !read_u64(last, &vars->seed_last))
		return false;
	if (vars->seed_last < vars->seed_first ||
	    vars->seed_last - vars->seed_first >= 1000000)
		return false;
	vars->seeds_set = true;
	return true;
}

static bool parse_size(struct kit_vars *vars, const char *value)
{
	int i;

	if (!find_name(size_names, value, &i))
		return false;
	vars->size = i;
	return true;
}

static bool parse_storm(struct kit_vars *vars, const char *value)
{
	if (!is_globs(value))
		return false;
	g_free(vars->storm);
	vars->storm = g_strdup(value);
	return true;
}

static bool parse_suite(struct kit_vars *vars, const char *value)
{
	if (value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-")] ||
	    value[0] == '-')
		return false;
	g_free(vars->suite);
	vars->suite = g_strdup(value);
	return true;
}

static bool parse_tests(struct kit_vars *vars, const char *value)
{
	if (!is_globs(value))
		return false;
	g_free(vars->tests);
	vars->tests = g_strdup(value);
	return true;
}

static bool read_flag(const char *value, bool *flag)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return false;
	*flag = value[0] == '1';
	return true;
}

static bool parse_until_fail(struct kit_vars *vars, const char *value)
{
	return read_flag(value, &vars->until_fail);
}

static bool parse_v(struct kit_vars *vars, const char *value)
{
	return read_flag(value, &vars->verbose);
}

static const struct variable variables[] = {
	{ "ACCEL", "auto, kvm or tcg",
	  "how guests execute (auto: KVM if it really works)", parse_accel },
	{ "CORE", "kit or tree",
	  "whose iommufd and vfio: ours, or the kernel's own", parse_core },
	{ "CPUS", "1 to 64", "CPUs of a guest (2)", parse_cpus },
	{ "JOBS", "1 to 1024",
	  "guests and compilers at a time (the machine's CPUs)", parse_jobs },
	{ "KERNEL",
	  "stock, debug, kcsan, plain, host or the path of a built kernel tree",
	  "the kernel to boot (stock)", parse_kernel },
	{ "MEM", "MiB from 256, or 1G, 2G, ...", "memory of a guest (1G)",
	  parse_mem },
	{ "REPEAT", "1 to 1000000", "run everything that often", parse_repeat },
	{ "SECONDS", "1 to 604800", "length of a storm (as SIZE says)",
	  parse_seconds },
	{ "SEED", "a number, decimal or 0x...",
	  "the storm's plan, and the schedule in replay", parse_seed },
	{ "SEEDS", "first-last, as in 1-100",
	  "the schedules that hunt tries (1-20)", parse_seeds },
	{ "SIZE", "smoke, quick, full or soak", "how much is run (quick)",
	  parse_size },
	{ "STORM", "names or globs, separated by commas", "which storms (all)",
	  parse_storm },
	{ "SUITE", "the name of a Debian suite, as in trixie",
	  "where a packaged kernel comes from", parse_suite },
	{ "TESTS", "names or globs, separated by commas",
	  "which tests (all of the verb's)", parse_tests },
	{ "UNTIL_FAIL", "0 or 1", "repeat until something fails",
	  parse_until_fail },
	{ "V", "0 or 1", "show commands and the guest's console", parse_v },
};

const char *vars_core_name(enum kit_core core)
{
	return core_names[core];
}

const char *vars_size_name(enum kit_size size)
{
	return size_names[size];
}

const char *vars_accel_name(enum kit_accel accel)
{
	return accel_names[accel];
}

void vars_help(GString *text)
{
	for (size_t i = 0; i < G_N_ELEMENTS(variables); i++)
		g_string_append_printf(text, "  %-11s %s\n              %s\n",
				       variables[i].name, variables[i].help,
				       variables[i].allowed);
}

static bool parse_argument(struct kit_vars *vars, const char *arg,
			   GError **error)
{
	const char *equals = strchr(arg, '=');
	g_autofree char *name = equals ? g_strndup(arg, equals - arg) : NULL;
	g_autoptr(GString) known = g_string_new(NULL);

	if (!equals) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
			    "'%s' is not NAME=value; try `make help`", arg);
		return false;
	}

	for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
		const struct variable *v = &variables[i];

		if (strcmp(v->name, name)) {
			g_string_append_printf(known, " %s", v->name);
			continue;
		}
		if (!equals[1])
			return true;
		if (!v->parse(vars, equals + 1)) {
			g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
				    "%s: '%s' is not %s", name, equals + 1,
				    v->allowed);
			return false;
		}
		g_ptr_array_add(vars->given, g_strdup(arg));
		return true;
	}

	g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
		    "%s is not a variable of mdevkit; there are%s", name,
		    known->str);
	return false;
}

struct kit_vars *vars_parse(char *const *args, int nargs, GError **error)
{
	struct kit_vars *vars = g_new0(struct kit_vars, 1);

	vars->kernel = g_strdup("stock");
	vars->cpus = 2;
	vars->mem_mib = 1024;
	vars->repeat = 1;
	vars->size = KIT_SIZE_QUICK;
	vars->given = g_ptr_array_new_with_free_func(g_free);

	for (int i = 0; i < nargs; i++) {
		if (!parse_argument(vars, args[i], error)) {
			vars_free(vars);
			return NULL;
		}
	}
	if (vars->seed_set && vars->seeds_set) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_USAGE,
			"SEED and SEEDS exclude each other: SEED=n is one plan, SEEDS=a-b many");
		vars_free(vars);
		return NULL;
	}
	return vars;
}

void vars_free(struct kit_vars *vars)
{
	if (!vars)
		return;
	g_free(vars->kernel);
	g_free(vars->suite);
	g_free(vars->tests);
	g_free(vars->storm);
	g_free(vars->driver);
	g_ptr_array_unref(vars->given);
	g_free(vars);
}

bool vars_match(const char *globs, const char *name)
{
	g_auto(GStrv) patterns = g_strsplit(globs, ",", -1);
	const char *base = strrchr(name, '/');

	for (int i = 0; patterns[i]; i++) {
		if (g_pattern_match_simple(patterns[i], name))
			return true;
		if (base && g_pattern_match_simple(patterns[i], base + 1))
			return true;
	}
	return false;
}

/* The last value given for @name, or NULL. */
static const char *given_value(const struct kit_vars *vars, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (unsigned int i = 0; i < vars->given->len; i++) {
		const char *arg = g_ptr_array_index(vars->given, i);

		if (!strncmp(arg, name, length) && arg[length] == '=')
			value = arg + length + 1;
	}
	return value;
}

/* @value as a word of a shell. */
static char *quote(const char *value)
{
	static const char plain[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS
		"_-./,+:@%";

	return value[strspn(value, plain)] ? g_shell_quote(value) :
					     g_strdup(value);
}

char *vars_command(const struct kit_vars *vars, const char *verb,
		   const char *const *set)
{
	GString *line = g_string_new(NULL);

	g_string_printf(line, "make %s", verb);
	for (int i = 0; set && set[i]; i += 2) {
		g_autofree char *quoted = set[i + 1] ? quote(set[i + 1]) : NULL;

		if (quoted)
			g_string_append_printf(line, " %s=%s", set[i], quoted);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
		const char *name = variables[i].name;
		const char *value = given_value(vars, name);
		g_autofree char *quoted = NULL;
		bool known = false;

		for (int j = 0; set && set[j]; j += 2)
			known |= !strcmp(set[j], name);
		if (!value || known)
			continue;
		quoted = quote(value);
		g_string_append_printf(line, " %s=%s", name, quoted);
	}
	return g_string_free(line, FALSE);
}
