// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_apt.c - packages by apt, without touching the machine's own state
 *
 * Every question to apt goes through a private state below build/apt/NAME:
 * lists, cache and an empty dpkg status. So an unprivileged user can fetch, the
 * machine's lists may be old or missing, what is installed does not matter, and
 * nothing is ever installed.
 *
 * Where packages come from is the machine's business: without a suite, its own
 * sources are used as they are; for a suite, the archive's address is taken from
 * them and the suite is the only one in the private sources. Proxies and logins
 * of the machine's configuration stay in force, its hooks do not.
 *
 * Trust: apt checks the archive's signature over the lists and the lists'
 * checksum over every package; both are switched on here whatever the machine
 * says.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "kernel.h"

static const char *const keyrings[] = {
	"/usr/share/keyrings/debian-archive-keyring.gpg",
	"/usr/share/keyrings/debian-archive-keyring.pgp",
	"/usr/share/keyrings/ubuntu-archive-keyring.gpg",
	NULL,
};

/* Names of whole releases, as opposed to pockets like bookworm-updates. */
static bool is_release(const char *suite)
{
	static const char *const names[] = { "stable",	 "oldstable", "testing",
					     "unstable", "sid",	      NULL };
	g_autofree char *codename = g_get_os_info("VERSION_CODENAME");

	return g_strv_contains(names, suite) || !g_strcmp0(suite, codename);
}

static bool run_apt(const char *conf, const char *const *words, const char *cwd,
		    char **output, const char *log,
		    struct kit_progress *progress, int *status, GError **error)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	static const char *const env[] = { "LC_ALL=C", NULL };
	struct kit_command command = {
		.cwd = cwd,
		.env = env,
		.output = output,
		.log = log,
	};

	g_ptr_array_add(argv, (char *)words[0]);
	g_ptr_array_add(argv, (char *)"-c");
	g_ptr_array_add(argv, (char *)conf);
	for (words++; *words; words++)
		g_ptr_array_add(argv, (char *)*words);
	g_ptr_array_add(argv, NULL);
	command.argv = (const char *const *)argv->pdata;
	return command_run(&command, progress, status, error);
}

static bool write_conf(const char *dir, const char *sources, char **path,
		       GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *status = g_build_filename(dir, "status", NULL);

	if (!build_write(status, "", 0, error))
		return false;
	g_string_append_printf(text,
			       "Dir::State \"%s/state\";\n"
			       "Dir::State::Lists \"%s/lists\";\n"
			       "Dir::State::status \"%s/status\";\n"
			       "Dir::Cache \"%s/cache\";\n"
			       "Dir::Cache::archives \"%s/archives\";\n"
			       "Dir::Cache::pkgcache \"%s/cache/pkg.bin\";\n"
			       "Dir::Cache::srcpkgcache \"%s/cache/src.bin\";\n"
			       "Dir::Etc::preferences \"/dev/null\";\n"
			       "Dir::Etc::preferencesparts \"/dev/null\";\n",
			       dir, dir, dir, dir, dir, dir, dir);
	if (sources)
		g_string_append_printf(text,
				       "Dir::Etc::SourceList \"%s\";\n"
				       "Dir::Etc::SourceParts \"/dev/null\";\n",
				       sources);
	g_string_append(text, "APT::Sandbox::User \"root\";\n"
			      "APT::Get::AllowUnauthenticated \"false\";\n"
			      "Acquire::AllowInsecureRepositories \"false\";\n"
			      "Acquire::Languages \"none\";\n"
			      "Acquire::Retries \"2\";\n"
			      "#clear APT::Update::Pre-Invoke;\n"
			      "#clear APT::Update::Post-Invoke;\n"
			      "#clear APT::Update::Post-Invoke-Success;\n");
	*path = g_build_filename(dir, "apt.conf", NULL);
	return build_write(*path, text->str, -1, error);
}

/*
 * The archive's address that @suite belongs to, from what apt would fetch with
 * the machine's own sources. Security suites live in an archive of their own.
 */
static char *find_archive(const char *conf, const char *suite,
			  struct kit_progress *progress, GError **error)
{
	static const char *const words[] = { "apt-get", "--print-uris",
					     "update", NULL };
	bool security = g_str_has_suffix(suite, "-security");
	g_autoptr(GRegex) pattern =
		g_regex_new("^'(\\S+?)/dists/(\\S+?)/InRelease'", 0, 0, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!run_apt(conf, words, NULL, &text, NULL, progress, NULL, error))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_autoptr(GMatchInfo) match = NULL;
		g_autofree char *name = NULL;

		if (!g_regex_match(pattern, *line, 0, &match))
			continue;
		name = g_match_info_fetch(match, 2);
		if (security ? g_str_has_suffix(name, "-security") :
			       is_release(name))
			return g_match_info_fetch(match, 1);
	}
	g_set_error(
		error, KIT_ERROR, KIT_ERROR_TOOL,
		"SUITE=%s: this machine's apt sources name no %s to take it from",
		suite, security ? "security archive" : "archive");
	return NULL;
}

static bool write_sources(const char *dir, const char *suite, char **path,
			  struct kit_progress *progress, GError **error)
{
	g_autofree char *archive = NULL;
	g_autofree char *conf = NULL;
	g_autofree char *text = NULL;
	const char *keyring = NULL;

	for (const char *const *k = keyrings; *k && !keyring; k++)
		if (g_file_test(*k, G_FILE_TEST_EXISTS))
			keyring = *k;
	if (!keyring) {
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_TOOL,
			"SUITE=%s: no archive keyring on this machine, install debian-archive-keyring",
			suite);
		return false;
	}
	if (!write_conf(dir, NULL, &conf, error))
		return false;
	archive = find_archive(conf, suite, progress, error);
	if (!archive)
		return false;
	text = g_strdup_printf("deb [signed-by=%s] %s %s main\n", keyring,
			       archive, suite);
	*path = g_build_filename(dir, "sources.list", NULL);
	return build_write(*path, text, -1, error);
}

struct kit_apt *apt_open(const char *suite, struct kit_progress *progress,
			 GError **error)
{
	static const char *const tools[] = { "apt-get", "apt-cache", "dpkg-deb",
					     NULL };
	static const char *const below[] = { "state", "lists/partial", "cache",
					     "archives/partial", NULL };
	g_autofree char *dir =
		path_build("apt", suite ? suite : "machine", NULL);
	g_autofree char *sources = NULL;
	struct kit_apt *apt;
	char *conf = NULL;

	for (const char *const *t = tools; *t; t++) {
		g_autofree char *program = g_find_program_in_path(*t);

		if (program)
			continue;
		g_set_error(
			error, KIT_ERROR, KIT_ERROR_TOOL,
			"packaged kernels need %s; use KERNEL=host or KERNEL=/path/to/linux",
			*t);
		return NULL;
	}
	if (suite && !g_regex_match_simple("^[a-z][a-z0-9.-]*$", suite, 0, 0)) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
			    "SUITE=%s is not the name of a suite", suite);
		return NULL;
	}
	for (const char *const *b = below; *b; b++) {
		g_autofree char *path = g_build_filename(dir, *b, NULL);

		if (!path_mkdir(path, error))
			return NULL;
	}
	if (suite && !write_sources(dir, suite, &sources, progress, error))
		return NULL;
	if (!write_conf(dir, sources, &conf, error)) {
		g_free(conf);
		return NULL;
	}
	apt = g_new0(struct kit_apt, 1);
	apt->dir = g_steal_pointer(&dir);
	apt->conf = conf;
	apt->suite = g_strdup(suite);
	return apt;
}

void apt_close(struct kit_apt *apt)
{
	if (!apt)
		return;
	g_free(apt->dir);
	g_free(apt->conf);
	g_free(apt->suite);
	g_free(apt);
}

/* The line in @log that says best what went wrong. */
static char *apt_reason(const char *log)
{
	static const char *const marks[] = { "E: ", "Err:", "W: ", NULL };
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(log, &text, NULL, NULL))
		return g_strdup("apt-get failed");
	lines = g_strsplit(text, "\n", -1);
	for (const char *const *mark = marks; *mark; mark++)
		for (char **line = lines; *line; line++)
			if (g_str_has_prefix(*line, *mark))
				return g_strdup(g_strstrip(*line));
	return g_strdup("apt-get failed");
}

bool apt_update(struct kit_apt *apt, struct kit_progress *progress,
		GError **error)
{
	static const char *const words[] = { "apt-get", "-q", "update", NULL };
	g_autofree char *log = g_build_filename(apt->dir, "update.log", NULL);
	g_autofree char *reason = NULL;
	int status;

	g_unlink(log);
	if (!run_apt(apt->conf, words, NULL, NULL, log, progress, &status,
		     error))
		return false;
	if (!status)
		return true;
	reason = apt_reason(log);
	/*
	 * One broken third-party source must not stop a machine whose other
	 * sources answer; a suite of its own has no others.
	 */
	if (!apt->suite) {
		progress_note(progress, "package lists are incomplete: %s",
			      reason);
		return true;
	}
	g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL, "SUITE=%s: %s (see %s)",
		    apt->suite, reason, log);
	build_explain_space(error);
	return false;
}

char **apt_names(struct kit_apt *apt, const char *regex,
		 struct kit_progress *progress, GError **error)
{
	static const char *const words[] = { "apt-cache", "pkgnames", NULL };
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GRegex) pattern = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	pattern = g_regex_new(regex, G_REGEX_ANCHORED, 0, error);
	if (!pattern)
		return NULL;
	if (!run_apt(apt->conf, words, NULL, &text, NULL, progress, NULL,
		     error))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		if (g_regex_match(pattern, *line, 0, NULL))
			g_ptr_array_add(names, g_strdup(*line));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static char **parse_depends(const char *text)
{
	g_auto(GStrv) words = g_regex_split_simple("\\s*[,|]\\s*", text, 0, 0);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (char **word = words; *word; word++) {
		size_t length = strcspn(*word, " :(");

		if (length)
			g_ptr_array_add(names, g_strndup(*word, length));
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

struct kit_package *apt_show(struct kit_apt *apt, const char *name,
			     struct kit_progress *progress, GError **error)
{
	const char *const words[] = { "apt-cache", "show", "--no-all-versions",
				      name, NULL };
	struct kit_package *package;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!run_apt(apt->conf, words, NULL, &text, NULL, progress, NULL,
		     error))
		return NULL;
	package = g_new0(struct kit_package, 1);
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *value = strchr(*line, ':');

		if (!value)
			continue;
		value += 1 + strspn(value + 1, " ");
		if (g_str_has_prefix(*line, "Package:") && !package->name)
			package->name = g_strdup(value);
		else if (g_str_has_prefix(*line, "Version:") &&
			 !package->version)
			package->version = g_strdup(value);
		else if (g_str_has_prefix(*line, "Depends:") &&
			 !package->depends)
			package->depends = parse_depends(value);
		else if (g_str_has_prefix(*line, "Size:"))
			package->size = g_ascii_strtoull(value, NULL, 10);
		else if (g_str_has_prefix(*line, "Installed-Size:"))
			package->installed_kib =
				g_ascii_strtoull(value, NULL, 10);
	}
	if (!package->depends)
		package->depends = g_new0(char *, 1);
	if (package->name && package->version)
		return package;
	package_free(package);
	g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
		    "apt knows no package %s%s%s", name,
		    apt->suite ? " in " : "", apt->suite ? apt->suite : "");
	return NULL;
}

void package_free(struct kit_package *package)
{
	if (!package)
		return;
	g_free(package->name);
	g_free(package->version);
	g_strfreev(package->depends);
	g_free(package);
}

static bool download(struct kit_apt *apt, const GPtrArray *packages,
		     const char *dir, struct kit_progress *progress,
		     GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *log = g_build_filename(apt->dir, "download.log", NULL);
	int status;

	g_ptr_array_add(words, g_strdup("apt-get"));
	g_ptr_array_add(words, g_strdup("-q"));
	g_ptr_array_add(words, g_strdup("download"));
	for (guint i = 0; i < packages->len; i++) {
		const struct kit_package *package = packages->pdata[i];

		g_ptr_array_add(words, g_strdup_printf("%s=%s", package->name,
						       package->version));
	}
	g_ptr_array_add(words, NULL);
	g_unlink(log);
	if (!run_apt(apt->conf, (const char *const *)words->pdata, dir, NULL,
		     log, progress, &status, error))
		return false;
	if (status) {
		g_autofree char *reason = apt_reason(log);

		g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
			    "download failed: %s (see %s)", reason, log);
		return false;
	}
	return true;
}

static bool unpack_all(const char *debs, const char *into,
		       struct kit_progress *progress, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(debs, 0, error);
	const char *name;

	if (!dir)
		return false;
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *deb = g_build_filename(debs, name, NULL);
		const char *argv[] = { "dpkg-deb", "-x", deb, into, NULL };
		struct kit_command command = { .argv = argv };

		if (!g_str_has_suffix(name, ".deb"))
			continue;
		progress_live(progress, "unpacking %s", name);
		if (!command_run(&command, progress, NULL, error))
			return false;
		/* Frees the space for the next one. */
		g_unlink(deb);
	}
	return true;
}

bool apt_unpack(struct kit_apt *apt, const GPtrArray *packages,
		const char *into, struct kit_progress *progress, GError **error)
{
	g_autofree char *debs = NULL;
	uint64_t bytes = 0;
	uint64_t kib = 0;
	bool done;

	for (guint i = 0; i < packages->len; i++) {
		const struct kit_package *package = packages->pdata[i];

		bytes += package->size;
		kib += package->installed_kib;
	}
	if (!build_need_space((unsigned int)((bytes >> 20) + (kib >> 10) + 64),
			      "the kernel", error))
		return false;
	debs = g_build_filename(into, ".debs", NULL);
	if (!path_mkdir(debs, error))
		return false;
	progress_live(progress, "downloading %u packages, %u MB", packages->len,
		      (unsigned int)(bytes / 1000000));
	done = download(apt, packages, debs, progress, error) &&
	       unpack_all(debs, into, progress, error);
	if (!done)
		build_explain_space(error);
	if (!path_remove(debs, done ? error : NULL))
		done = false;
	return done;
}
