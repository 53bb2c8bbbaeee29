// SPDX-License-Identifier: GPL-2.0-only
/*
 * root.c - the guest's root: an initramfs that holds everything a test needs
 *
 *   /init                    PID 1 (harness/guest)
 *   /bin                     busybox and its applets, for shells and for people
 *   /lib/modules/NAME.ko     the kernel's modules that ours need, and ours
 *   /etc/mdevkit/transport   modules to load before the results port can exist
 *   /workloads/DIR/NAME      the programs
 *   /etc/mdevkit/plan        what to do; appended for each cell by plan.c
 *
 * A root file system in memory is what makes the deterministic machine
 * deterministic, and it needs no privilege to make. It is not compressed: a
 * guest without KVM unpacks slower than its host copies.
 */
#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "cpio.h"
#include "kernel.h"
#include "modinfo.h"

/* Archives kept; every change of a workload makes another one. */
#define KEEP_ROOTS 16

static const char *const empty_dirs[] = { "/dev", "/proc", "/root",   "/run",
					  "/sys", "/tmp",  "/var/log" };

static const struct {
	const char *name;
	const char *text;
} small_files[] = {
	{ "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			 "nobody:x:65534:65534:nobody:/:/bin/false\n" },
	{ "/etc/group", "root:x:0:\nnogroup:x:65534:\n" },
	{ "/etc/hostname", "mdevkit\n" },
};

static void add_text(struct kit_cpio *cpio, const char *name, const char *text)
{
	cpio_add_data(cpio, name, 0644, g_bytes_new(text, strlen(text)));
}

static void add_skeleton(struct kit_cpio *cpio)
{
	for (size_t i = 0; i < G_N_ELEMENTS(empty_dirs); i++)
		cpio_add_dir(cpio, empty_dirs[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(small_files); i++)
		add_text(cpio, small_files[i].name, small_files[i].text);
	/* The kernel opens it for init before init could mount /dev. */
	cpio_add_node(cpio, "/dev/console", 5, 1);
}

/* ------------------------------------------------------------------ busybox */

/* A program without an interpreter runs in a root without libraries. */
static bool is_static(const char *path)
{
	g_autofree char *data = NULL;
	const Elf64_Phdr *segments;
	const Elf64_Ehdr *head;
	gsize size;

	if (!g_file_get_contents(path, &data, &size, NULL))
		return false;
	head = (const Elf64_Ehdr *)data;
	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_phoff + head->e_phnum * sizeof(*segments) > size)
		return false;
	segments = (const Elf64_Phdr *)(data + head->e_phoff);
	for (unsigned int i = 0; i < head->e_phnum; i++)
		if (segments[i].p_type == PT_INTERP)
			return false;
	return true;
}

/* busybox-static conflicts with busybox, so where that is installed ours is only unpacked. */
static bool fetch_busybox(const char *final, struct kit_progress *progress,
			  GError **error)
{
	g_autoptr(GPtrArray) packages =
		g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
	g_autofree char *temporary = NULL;
	struct kit_package *package;
	struct kit_apt *apt;
	bool ok = false;

	apt = apt_open(NULL, progress, error);
	if (!apt)
		return false;
	if (!apt_update(apt, progress, error))
		goto out_close;
	package = apt_show(apt, "busybox-static", progress, error);
	if (!package)
		goto out_close;
	g_ptr_array_add(packages, package);
	build_sweep("busybox");
	temporary = path_temporary("busybox", error);
	if (!temporary)
		goto out_close;
	ok = apt_unpack(apt, packages, temporary, progress, error) &&
	     path_publish(temporary, final, error);
	if (!ok)
		path_remove(temporary, NULL);
out_close:
	apt_close(apt);
	return ok;
}

static char *find_busybox(struct kit_progress *progress, GError **error)
{
	static const char *const places[] = { "bin/busybox", "usr/bin/busybox",
					      NULL };
	g_autofree char *unpacked = path_build("busybox", NULL);
	const char *const prefixes[] = { "/", unpacked, NULL };
	bool tried = false;
	int lock;

	for (;;) {
		for (const char *const *prefix = prefixes; *prefix; prefix++)
			for (const char *const *p = places; *p; p++) {
				g_autofree char *path =
					g_build_filename(*prefix, *p, NULL);

				if (is_static(path))
					return g_steal_pointer(&path);
			}
		if (tried)
			break;
		tried = true;
		lock = build_lock("busybox", progress, error);
		if (lock < 0)
			return NULL;
		if (!g_file_test(unpacked, G_FILE_TEST_IS_DIR) &&
		    !fetch_busybox(unpacked, progress, error)) {
			build_unlock(lock);
			g_prefix_error(error, "no static busybox: ");
			return NULL;
		}
		build_unlock(lock);
	}
	g_set_error(
		error, KIT_ERROR, KIT_ERROR_TOOL,
		"no static busybox on this machine; install busybox-static");
	return NULL;
}

static bool add_busybox(struct kit_cpio *cpio, struct kit_progress *progress,
			GError **error)
{
	g_autofree char *path = find_busybox(progress, error);
	const char *argv[] = { path, "--list", NULL };
	g_autofree char *list = NULL;
	g_auto(GStrv) applets = NULL;
	const struct kit_command command = { .argv = argv, .output = &list };

	if (!path || !command_run(&command, progress, NULL, error) ||
	    !cpio_add_file(cpio, "/bin/busybox", 0755, path, false, error))
		return false;
	applets = g_strsplit(g_strchomp(list), "\n", -1);
	for (char **applet = applets; *applet; applet++) {
		g_autofree char *name = g_build_filename("/bin", *applet, NULL);

		if (strcmp(*applet, "busybox"))
			cpio_add_link(cpio, name, "busybox");
	}
	return true;
}

/* ------------------------------------------------------------------ modules */

/* Add @files to /lib/modules and return their names there. */
static char **add_modules(struct kit_cpio *cpio, const GPtrArray *files,
			  const char *ours, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < files->len; i++) {
		const char *path = files->pdata[i];
		g_autofree char *module = modinfo_name(path);
		char *name = g_strconcat(module, ".ko", NULL);
		g_autofree char *guest =
			g_build_filename("/lib/modules", name, NULL);
		g_autofree char *file = NULL;
		bool ok;

		g_ptr_array_add(names, name);
		if (ours && g_str_has_prefix(path, ours))
			/* Debugging information only wastes a guest's memory. */
			file = g_build_filename(ours, "stripped", name, NULL);
		else
			file = g_strdup(path);
		ok = cpio_add_file(cpio, guest, 0644, file, true, error);
		if (!ok)
			return NULL;
	}
	g_ptr_array_add(names, NULL);
	g_ptr_array_set_free_func(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* virtio-serial, where it is not built in. */
static bool add_transport(struct kit_cpio *cpio,
			  const struct kit_kernel *kernel, GError **error)
{
	static const char *const wanted[] = { "virtio_pci", "virtio_console",
					      NULL };
	g_autoptr(GPtrArray) files = modinfo_order(kernel, NULL, wanted, error);
	g_auto(GStrv) names = NULL;
	g_autofree char *text = NULL;
	g_autofree char *lines = NULL;

	if (!files)
		return false;
	names = add_modules(cpio, files, NULL, error);
	if (!names)
		return false;
	lines = g_strjoinv("\n", names);
	text = *lines ? g_strconcat(lines, "\n", NULL) : g_strdup("");
	add_text(cpio, "/etc/mdevkit/transport", text);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **our_names(const char *dir, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GDir) handle = g_dir_open(dir, 0, error);
	const char *name;

	if (!handle)
		return NULL;
	while ((name = g_dir_read_name(handle)))
		if (g_str_has_suffix(name, ".ko"))
			g_ptr_array_add(names, modinfo_name(name));
	/* Directories have no order of their own. */
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* Everything of ours, in the order that loads; returns the names for the plan. */
static char **add_ours(struct kit_cpio *cpio, const struct kit_kernel *kernel,
		       const struct kit_modules *modules, GError **error)
{
	g_auto(GStrv) wanted = our_names(modules->dir, error);
	g_autoptr(GPtrArray) files = NULL;

	if (!wanted)
		return NULL;
	files = modinfo_order(kernel, modules->dir, (const char *const *)wanted,
			      error);
	if (!files)
		return NULL;
	return add_modules(cpio, files, modules->dir, error);
}

/* ---------------------------------------------------------------- programs */

static bool add_tree(struct kit_cpio *cpio, const char *dir, const char *guest,
		     GError **error)
{
	g_autoptr(GDir) handle = g_dir_open(dir, 0, error);
	const char *name;

	if (!handle)
		return false;
	cpio_add_dir(cpio, guest);
	while ((name = g_dir_read_name(handle))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		g_autofree char *below = g_build_filename(guest, name, NULL);
		struct stat st;

		if (name[0] == '.' || stat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode)) {
			if (!add_tree(cpio, path, below, error))
				return false;
		} else if (st.st_mode & 0100) {
			if (!cpio_add_file(cpio, below, 0755, path, false,
					   error))
				return false;
		}
	}
	return true;
}

/* make -C @source O=@output; the output directory is returned. */
static char *build_programs(const char *source, const char *output,
			    unsigned int jobs, struct kit_progress *progress,
			    GError **error)
{
	g_autofree char *log_name = g_strconcat(output, ".log", NULL);
	g_autofree char *dir = path_build(output, NULL);
	g_autofree char *log = path_build(log_name, NULL);
	g_autofree char *o = g_strconcat("O=", dir, NULL);
	g_autofree char *j =
		g_strdup_printf("-j%u", jobs ? jobs : g_get_num_processors());
	const char *argv[] = { "make", "-s", "-C", source, o, j, NULL };
	static const char *const env[] = { "LC_ALL=C", NULL };
	const struct kit_command command = {
		.argv = argv,
		.env = env,
		.log = log,
	};
	g_autofree char *tail = NULL;
	int status;

	if (!path_mkdir(dir, error))
		return NULL;
	g_unlink(log);
	if (!command_run(&command, progress, &status, error))
		return NULL;
	if (!status)
		return g_steal_pointer(&dir);
	tail = build_log_tail(log, 12);
	g_set_error(error, KIT_ERROR, KIT_ERROR_BUILD,
		    "the guest's programs do not build, log in %s\n%s", log,
		    tail);
	build_explain_space(error);
	return NULL;
}

char *workloads_build(unsigned int jobs, struct kit_progress *progress,
		      GError **error)
{
	g_autofree char *source = path_source("workloads", NULL);
	char *dir = NULL;
	int lock;

	progress_begin(progress, "programs");
	lock = build_lock("workloads", progress, error);
	if (lock >= 0) {
		dir = build_programs(source, "workloads", jobs, progress,
				     error);
		build_unlock(lock);
	}
	progress_end(progress, dir ? NULL : "failed");
	return dir;
}

static bool add_init(struct kit_cpio *cpio, struct kit_progress *progress,
		     GError **error)
{
	g_autofree char *source = path_source("harness", "guest", NULL);
	g_autofree char *dir = NULL;
	g_autofree char *init = NULL;
	bool ok = false;
	int lock;

	lock = build_lock("guest", progress, error);
	if (lock < 0)
		return false;
	dir = build_programs(source, "guest", 0, progress, error);
	if (dir) {
		init = g_build_filename(dir, "init", NULL);
		ok = cpio_add_file(cpio, "/init", 0755, init, false, error);
	}
	build_unlock(lock);
	return ok;
}

/* --------------------------------------------------------------------- root */

static bool write_root(struct kit_cpio *cpio, const char *path, GError **error)
{
	g_autofree char *dir = path_temporary("root", error);
	g_autofree char *temporary = NULL;
	g_autofree char *parent = g_path_get_dirname(path);
	bool ok;

	if (!dir)
		return false;
	temporary = g_build_filename(dir, "root.cpio", NULL);
	ok = cpio_write(cpio, temporary, error) &&
	     path_publish(temporary, path, error);
	path_remove(dir, NULL);
	if (ok)
		build_trim(parent, "root-", KEEP_ROOTS);
	return ok;
}

struct kit_root *root_make(const struct kit_kernel *kernel,
			   const struct kit_modules *modules,
			   const char *workloads, struct kit_progress *progress,
			   GError **error)
{
	struct kit_cpio *cpio = cpio_new();
	struct kit_root *root = NULL;
	g_autofree char *path = NULL;
	g_autofree char *name = NULL;
	g_autofree char *key = NULL;
	g_auto(GStrv) order = NULL;

	progress_begin(progress, "root");
	add_skeleton(cpio);
	if (!add_init(cpio, progress, error) ||
	    !add_busybox(cpio, progress, error) ||
	    !add_transport(cpio, kernel, error))
		goto out_free;
	order = add_ours(cpio, kernel, modules, error);
	if (!order)
		goto out_free;
	if (workloads && !add_tree(cpio, workloads, "/workloads", error))
		goto out_free;
	key = cpio_key(cpio);
	name = g_strdup_printf("root-%s.cpio", key);
	path = path_build("roots", name, NULL);
	if (!g_file_test(path, G_FILE_TEST_EXISTS) &&
	    !write_root(cpio, path, error))
		goto out_free;
	/* The newest are kept: say that this one is in use. */
	utime(path, NULL);
	root = g_new0(struct kit_root, 1);
	root->path = g_steal_pointer(&path);
	root->key = g_steal_pointer(&key);
	root->modules = g_steal_pointer(&order);
out_free:
	progress_end(progress, root ? NULL : "failed");
	cpio_free(cpio);
	return root;
}

void root_free(struct kit_root *root)
{
	if (!root)
		return;
	g_free(root->path);
	g_free(root->key);
	g_strfreev(root->modules);
	g_free(root);
}
