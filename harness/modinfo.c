// SPDX-License-Identifier: GPL-2.0-only
/*
 * modinfo.c - which modules a module needs
 *
 * The kernel's own modules are described by depmod's modules.dep. Ours are not
 * installed anywhere; they say themselves what they need, in the "depends="
 * string of their .modinfo section. Where both have a module of one name, ours
 * stands in for the kernel's, also for the kernel's modules that need it.
 */
#include <elf.h>
#include <string.h>

#include "modinfo.h"

struct order {
	const struct kit_kernel *kernel;
	const char *ours;
	GHashTable *files; /* of the kernel: name to path */
	GHashTable *needs; /* of the kernel: name to its line's dependencies */
	GHashTable *builtin; /* set of names */
	GHashTable *placed; /* set of names already in @list */
	GPtrArray *list;
};

char *modinfo_name(const char *path)
{
	g_autofree char *base = g_path_get_basename(path);
	char *suffix = strstr(base, ".ko");

	if (suffix)
		*suffix = '\0';
	return g_strdup(g_strdelimit(base, "-", '_'));
}

/* The string behind "@key=" in the module's .modinfo section, or NULL. */
static char *read_modinfo(const char *path, const char *key, GError **error)
{
	g_autofree char *data = NULL;
	const Elf64_Ehdr *head;
	const Elf64_Shdr *sections;
	const char *names;
	gsize size;

	if (!g_file_get_contents(path, &data, &size, error))
		return NULL;
	head = (const Elf64_Ehdr *)data;
	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 ||
	    head->e_shoff + (uint64_t)head->e_shnum * sizeof(*sections) >
		    size ||
	    head->e_shstrndx >= head->e_shnum)
		goto err_format;
	sections = (const Elf64_Shdr *)(data + head->e_shoff);
	names = data + sections[head->e_shstrndx].sh_offset;
	for (unsigned int i = 0; i < head->e_shnum; i++) {
		const Elf64_Shdr *section = &sections[i];
		const char *at = data + section->sh_offset;
		const char *end = at + section->sh_size;
		size_t length = strlen(key);

		if (strcmp(names + section->sh_name, ".modinfo"))
			continue;
		if (section->sh_offset + section->sh_size > size)
			goto err_format;
		for (; at < end; at += strnlen(at, end - at) + 1)
			if ((size_t)(end - at) > length &&
			    !strncmp(at, key, length) && at[length] == '=')
				return g_strdup(at + length + 1);
	}
	return g_strdup("");

err_format:
	g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
		    "%s is not a module for a 64-bit kernel", path);
	return NULL;
}

/* Lines of "kernel/a.ko: kernel/b.ko kernel/c.ko". */
static bool read_dep(struct order *order, GError **error)
{
	g_autofree char *path = g_build_filename(order->kernel->modules_dir,
						 "modules.dep", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		char *colon = strchr(*line, ':');
		char *name;

		if (!colon)
			continue;
		*colon = '\0';
		name = modinfo_name(*line);
		g_hash_table_insert(order->needs, name,
				    g_strsplit(g_strstrip(colon + 1), " ", -1));
		g_hash_table_insert(order->files, g_strdup(name),
				    g_build_filename(order->kernel->modules_dir,
						     *line, NULL));
	}
	return true;
}

static void read_builtin(struct order *order)
{
	g_autofree char *path = g_build_filename(order->kernel->modules_dir,
						 "modules.builtin", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		g_hash_table_add(order->builtin, modinfo_name(*line));
}

static char *our_file(const struct order *order, const char *name)
{
	g_autofree char *base = g_strconcat(name, ".ko", NULL);
	g_autofree char *path = NULL;

	if (!order->ours)
		return NULL;
	path = g_build_filename(order->ours, base, NULL);
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return NULL;
	return g_steal_pointer(&path);
}

static bool place(struct order *order, const char *name, GError **error);

static bool place_all(struct order *order, char **names, GError **error)
{
	for (; *names; names++) {
		g_autofree char *name = modinfo_name(*names);

		if (*name && strcmp(name, ".") && !place(order, name, error))
			return false;
	}
	return true;
}

static bool place(struct order *order, const char *name, GError **error)
{
	g_autofree char *file = our_file(order, name);
	g_auto(GStrv) own = NULL;
	g_autofree char *depends = NULL;
	char **needs;

	/* Marked first: a module never needs itself. */
	if (!g_hash_table_add(order->placed, g_strdup(name)))
		return true;
	if (file) {
		depends = read_modinfo(file, "depends", error);
		if (!depends)
			return false;
		own = g_strsplit(depends, ",", -1);
		needs = own;
	} else {
		file = g_strdup(g_hash_table_lookup(order->files, name));
		needs = g_hash_table_lookup(order->needs, name);
	}
	if (!file) {
		if (g_hash_table_contains(order->builtin, name))
			return true;
		g_set_error(error, KIT_ERROR, KIT_ERROR_USAGE,
			    "kernel %s has no module %s",
			    order->kernel->release, name);
		return false;
	}
	if (!place_all(order, needs, error))
		return false;
	g_ptr_array_add(order->list, g_steal_pointer(&file));
	return true;
}

GPtrArray *modinfo_order(const struct kit_kernel *kernel, const char *ours,
			 const char *const *wanted, GError **error)
{
	struct order order = {
		.kernel = kernel,
		.ours = ours,
		.files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       g_free),
		.needs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       (GDestroyNotify)g_strfreev),
		.builtin = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL),
		.placed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						NULL),
		.list = g_ptr_array_new_with_free_func(g_free),
	};
	bool ok = read_dep(&order, error);

	if (ok) {
		read_builtin(&order);
		for (; ok && *wanted; wanted++)
			ok = place(&order, *wanted, error);
	}
	g_hash_table_unref(order.files);
	g_hash_table_unref(order.needs);
	g_hash_table_unref(order.builtin);
	g_hash_table_unref(order.placed);
	if (ok)
		return order.list;
	g_ptr_array_unref(order.list);
	return NULL;
}
