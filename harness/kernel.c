// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.c - which kernel KERNEL names, and what it can do
 *
 *   stock              kernel_debian.c    packages, unpacked
 *   debug kcsan plain  kernel_profile.c   the distribution's source, built here
 *   host, a path       kernel_tree.c      somebody else's
 *
 * A kernel serves a core when the options that the guest, the modules and the
 * tests rely on are there. They stand in one table below, each with its reason,
 * so that a tree built by somebody else is refused with the names of what it
 * lacks instead of failing in the guest.
 */
#include <errno.h>
#include <string.h>

#include "kernel.h"

#define ON_KIT (1U << KIT_CORE_KIT)
#define ON_TREE (1U << KIT_CORE_TREE)
#define ON_BOTH (ON_KIT | ON_TREE)

/**
 * struct need - an option that a kernel must have
 * @name: without CONFIG_
 * @allowed: values that will do: y, m, n (off)
 * @cores: ON_KIT, ON_TREE
 * @why: what does not work without it
 */
struct need {
	const char *name;
	const char *allowed;
	unsigned int cores;
	const char *why;
};

static const struct need needs[] = {
	{ "MODULES", "y", ON_BOTH, "the modules under test" },
	{ "MODULE_UNLOAD", "y", ON_BOTH, "loading them again" },
	{ "BLK_DEV_INITRD", "y", ON_BOTH, "the guest's root" },
	{ "BINFMT_ELF", "y", ON_BOTH, "the guest's programs" },
	{ "PROC_FS", "y", ON_BOTH, "counters of pinned pages" },
	{ "SYSFS", "y", ON_BOTH, "mediated devices" },
	{ "DEVTMPFS", "y", ON_BOTH, "device nodes" },
	{ "TMPFS", "y", ON_BOTH, "/tmp and /dev/shm" },
	{ "DEBUG_FS", "y", ON_BOTH, "delay knobs and ledgers" },
	{ "EVENTFD", "y", ON_BOTH, "interrupts of emulated devices" },
	{ "MEMFD_CREATE", "y", ON_BOTH, "shared memory in tests" },
	{ "SERIAL_8250_CONSOLE", "y", ON_BOTH, "the console log" },
	{ "PCI", "y", ON_BOTH, "QEMU's q35 machine" },
	{ "VIRTIO_PCI", "ym", ON_BOTH, "the results port" },
	{ "VIRTIO_CONSOLE", "ym", ON_BOTH, "the results port" },
	{ "VFIO_MDEV", "ym", ON_BOTH, "mediated devices" },
	{ "VFIO", "m", ON_KIT, "ours must be able to take its place" },
	{ "IOMMUFD", "mn", ON_KIT, "ours must be able to take its place" },
	{ "VFIO", "ym", ON_TREE, "CORE=tree tests the kernel's own" },
	{ "IOMMUFD", "ym", ON_TREE, "CORE=tree tests the kernel's own" },
	{ "VFIO_DEVICE_CDEV", "y", ON_TREE, "/dev/vfio/devices" },
};

void kernel_free(struct kit_kernel *kernel)
{
	if (!kernel)
		return;
	g_free(kernel->id);
	g_free(kernel->profile);
	g_free(kernel->release);
	g_free(kernel->image);
	g_free(kernel->config);
	g_free(kernel->modules_dir);
	g_free(kernel->kbuild_dir);
	g_free(kernel->kbuild_makefile);
	g_free(kernel->source);
	g_free(kernel->vmlinux);
	if (kernel->options)
		g_hash_table_unref(kernel->options);
	g_free(kernel);
}

static GHashTable *read_options(const char *config, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	GHashTable *options;

	if (!g_file_get_contents(config, &text, NULL, error))
		return NULL;
	options =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		char *value = strchr(*line, '=');
		size_t length;

		if (!g_str_has_prefix(*line, "CONFIG_") || !value)
			continue;
		*value++ = '\0';
		length = strlen(value);
		if (length >= 2 && value[0] == '"') {
			value[length - 1] = '\0';
			value++;
		}
		g_hash_table_insert(options,
				    g_strdup(*line + strlen("CONFIG_")),
				    g_strdup(value));
	}
	return options;
}

const char *kernel_option(const struct kit_kernel *kernel, const char *name)
{
	if (g_str_has_prefix(name, "CONFIG_"))
		name += strlen("CONFIG_");
	return g_hash_table_lookup(kernel->options, name);
}

bool kernel_serves(const struct kit_kernel *kernel, enum kit_core core,
		   GError **error)
{
	g_autoptr(GString) missing = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
		const struct need *need = &needs[i];
		const char *value = kernel_option(kernel, need->name);

		if (!(need->cores & 1U << core) ||
		    strchr(need->allowed, value ? value[0] : 'n'))
			continue;
		g_string_append_printf(missing, "%sCONFIG_%s=%s (is %s): %s",
				       missing->len ? "; " : "", need->name,
				       need->allowed[1] ?
					       need->allowed[1] == 'n' ?
					       "m or off" :
					       "y or m" :
					       need->allowed,
				       value ? value : "off", need->why);
	}
	if (!missing->len)
		return true;
	g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
		    "kernel %s cannot run CORE=%s, it needs %s",
		    kernel->release, vars_core_name(core), missing->str);
	return false;
}

struct kit_kernel *kernel_new(const char *id, const struct kernel_parts *parts,
			      GError **error)
{
	const char *const required[] = { parts->image, parts->modules_dir,
					 parts->kbuild_dir };
	g_autoptr(GHashTable) options = NULL;
	struct kit_kernel *kernel;

	for (size_t i = 0; i < G_N_ELEMENTS(required); i++) {
		if (g_file_test(required[i], G_FILE_TEST_EXISTS))
			continue;
		g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
			    "kernel %s: %s is missing", id, required[i]);
		return NULL;
	}
	options = read_options(parts->config, error);
	if (!options) {
		g_prefix_error(error, "kernel %s: ", id);
		return NULL;
	}
	kernel = g_new0(struct kit_kernel, 1);
	kernel->id = g_strdup(id);
	kernel->profile = g_strdup(parts->profile);
	kernel->release = g_strdup(parts->release);
	kernel->image = g_strdup(parts->image);
	kernel->config = g_strdup(parts->config);
	kernel->modules_dir = g_strdup(parts->modules_dir);
	kernel->kbuild_dir = g_strdup(parts->kbuild_dir);
	kernel->kbuild_makefile = g_strdup(parts->kbuild_makefile);
	kernel->source = g_strdup(parts->source);
	kernel->vmlinux = g_strdup(parts->vmlinux);
	kernel->options = g_steal_pointer(&options);
	return kernel;
}

bool kernel_describe(const char *dir, const struct kernel_parts *parts,
		     GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = g_build_filename(dir, "kit.kernel", NULL);
	const struct {
		const char *key;
		const char *value;
	} rows[] = {
		{ "profile", parts->profile },
		{ "release", parts->release },
		{ "image", parts->image },
		{ "config", parts->config },
		{ "modules_dir", parts->modules_dir },
		{ "kbuild_dir", parts->kbuild_dir },
		{ "kbuild_makefile", parts->kbuild_makefile },
		{ "vmlinux", parts->vmlinux },
		{ "source", parts->source },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (rows[i].value)
			g_key_file_set_string(file, "kernel", rows[i].key,
					      rows[i].value);
	return g_key_file_save_to_file(file, path, error);
}

static char *described(GKeyFile *file, const char *dir, const char *key)
{
	g_autofree char *value =
		g_key_file_get_string(file, "kernel", key, NULL);

	/* An absolute value stays as it is. */
	return value ? g_canonicalize_filename(value, dir) : NULL;
}

struct kit_kernel *kernel_load(const char *dir, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = g_build_filename(dir, "kit.kernel", NULL);
	g_autofree char *real = realpath(dir, NULL);
	g_autofree char *id = NULL;
	struct kit_kernel *kernel;
	struct kernel_parts parts;

	if (!real || !g_key_file_load_from_file(file, path, 0, NULL))
		return NULL;
	id = g_path_get_basename(real);
	parts = (struct kernel_parts){
		.profile =
			g_key_file_get_string(file, "kernel", "profile", NULL),
		.release =
			g_key_file_get_string(file, "kernel", "release", NULL),
		.image = described(file, real, "image"),
		.config = described(file, real, "config"),
		.modules_dir = described(file, real, "modules_dir"),
		.kbuild_dir = described(file, real, "kbuild_dir"),
		.kbuild_makefile = described(file, real, "kbuild_makefile"),
		.vmlinux = described(file, real, "vmlinux"),
		.source = described(file, real, "source"),
	};
	if (parts.profile && parts.release && parts.image && parts.config &&
	    parts.modules_dir && parts.kbuild_dir) {
		kernel = kernel_new(id, &parts, error);
		if (!kernel)
			g_prefix_error(
				error,
				"damaged, remove %s and run again: ", real);
	} else {
		kernel = NULL;
		g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
			    "%s is not complete; remove %s and run again", path,
			    real);
	}
	g_free((char *)parts.profile);
	g_free((char *)parts.release);
	g_free((char *)parts.image);
	g_free((char *)parts.config);
	g_free((char *)parts.modules_dir);
	g_free((char *)parts.kbuild_dir);
	g_free((char *)parts.kbuild_makefile);
	g_free((char *)parts.vmlinux);
	g_free((char *)parts.source);
	return kernel;
}

struct kit_kernel *kernel_get(const struct kit_vars *vars,
			      struct kit_progress *progress, GError **error)
{
	static const struct {
		const char *name;
		struct kit_kernel *(*get)(const struct kit_vars *vars,
					  struct kit_progress *progress,
					  GError **error);
	} ways[] = {
		{ "stock", kernel_debian_stock }, { "debug", kernel_profile },
		{ "kcsan", kernel_profile },	  { "plain", kernel_profile },
		{ "host", kernel_host },	  { NULL, kernel_tree },
	};
	struct kit_kernel *kernel;
	size_t way = 0;

	while (ways[way].name && strcmp(ways[way].name, vars->kernel))
		way++;
	build_sweep_old();
	progress_begin(progress, "kernel");
	kernel = ways[way].get(vars, progress, error);
	if (!kernel)
		progress_end(progress, "failed");
	else
		progress_end(progress, "%s (%s)", kernel->release,
			     kernel->profile);
	return kernel;
}
