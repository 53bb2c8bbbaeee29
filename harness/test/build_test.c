// SPDX-License-Identifier: GPL-2.0-only
/*
 * build_test.c - what a guest is made of: archives, load order, kernels, keys
 *
 * A failure means that a guest would start with other bytes than its key says,
 * with modules in an order that does not load, or on a kernel that cannot serve.
 */
#include <elf.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "cpio.h"
#include "kernel.h"
#include "modinfo.h"
#include "scratch.h"

static void write_file(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	g_assert_true(path_mkdir(parent, NULL));
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* The smallest file that has a .modinfo section. */
static void write_module(const char *dir, const char *name, const char *depends)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GByteArray) file = g_byte_array_new();
	g_autofree char *last = g_strconcat("depends=", depends, NULL);
	static const char first[] = "license=GPL";
	Elf64_Shdr sections[3] = { 0 };
	Elf64_Ehdr head = {
		.e_shoff = sizeof(head),
		.e_shnum = 3,
		.e_shstrndx = 2,
	};

	memcpy(head.e_ident, ELFMAG, SELFMAG);
	head.e_ident[EI_CLASS] = ELFCLASS64;
	sections[1].sh_name = 1;
	sections[1].sh_offset = sizeof(head) + sizeof(sections);
	sections[1].sh_size = sizeof(first) + strlen(last) + 1;
	sections[2].sh_name = 10;
	sections[2].sh_offset = sections[1].sh_offset + sections[1].sh_size;
	sections[2].sh_size = sizeof(names);
	g_byte_array_append(file, (const guint8 *)&head, sizeof(head));
	g_byte_array_append(file, (const guint8 *)sections, sizeof(sections));
	g_byte_array_append(file, (const guint8 *)first, sizeof(first));
	g_byte_array_append(file, (const guint8 *)last, strlen(last) + 1);
	g_byte_array_append(file, (const guint8 *)names, sizeof(names));
	g_assert_true(
		g_file_set_contents(path, (char *)file->data, file->len, NULL));
}

static struct kit_cpio *small_archive(bool backwards)
{
	struct kit_cpio *cpio = cpio_new();

	for (int i = 0; i < 3; i++)
		switch (backwards ? 2 - i : i) {
		case 0:
			cpio_add_data(cpio, "/etc/deep/er/file", 0644,
				      g_bytes_new("text", 4));
			break;
		case 1:
			cpio_add_link(cpio, "/bin/sh", "busybox");
			break;
		case 2:
			cpio_add_node(cpio, "/dev/console", 5, 1);
			break;
		}
	return cpio;
}

static void test_archive_is_its_content(void)
{
	g_autofree char *dir = scratch_dir();
	char *text[2], *key[2];
	gsize length[2];

	for (int i = 0; i < 2; i++) {
		g_autofree char *path = g_strdup_printf("%s/%d.cpio", dir, i);
		struct kit_cpio *cpio = small_archive(i);

		key[i] = cpio_key(cpio);
		g_assert_true(cpio_write(cpio, path, NULL));
		g_assert_true(
			g_file_get_contents(path, &text[i], &length[i], NULL));
		cpio_free(cpio);
	}
	g_assert_cmpstr(key[0], ==, key[1]);
	g_assert_cmpmem(text[0], length[0], text[1], length[1]);
	g_assert_nonnull(g_strstr_len(text[0], length[0], "070701"));
	g_assert_nonnull(memmem(text[0], length[0], "etc/deep/er/file", 16));
	for (int i = 0; i < 2; i++) {
		g_free(key[i]);
		g_free(text[i]);
	}
}

static void test_archive_key_sees_changes(void)
{
	struct kit_cpio *cpio = small_archive(false);
	g_autofree char *before = cpio_key(cpio);
	g_autofree char *same = NULL;
	g_autofree char *after = NULL;

	cpio_add_data(cpio, "/etc/deep/er/file", 0644, g_bytes_new("text", 4));
	same = cpio_key(cpio);
	g_assert_cmpstr(before, ==, same);
	cpio_add_data(cpio, "/etc/deep/er/file", 0755, g_bytes_new("text", 4));
	after = cpio_key(cpio);
	g_assert_cmpstr(before, !=, after);
	cpio_free(cpio);
}

static void test_plan_follows_the_root(void)
{
	g_autofree char *dir = scratch_dir();
	g_autofree char *base = g_build_filename(dir, "root.cpio", NULL);
	g_autofree char *cell = g_build_filename(dir, "cell.cpio", NULL);
	struct kit_cpio *cpio = small_archive(false);
	struct kit_root root = { .path = base };
	g_autofree char *whole = NULL;
	g_autofree char *first = NULL;
	gsize length, first_length;

	g_assert_true(cpio_write(cpio, base, NULL));
	cpio_free(cpio);
	g_assert_true(plan_append(&root, "test a 1 b\nend\n", cell, NULL));
	g_assert_true(g_file_get_contents(base, &first, &first_length, NULL));
	g_assert_true(g_file_get_contents(cell, &whole, &length, NULL));
	g_assert_cmpuint(length, >, first_length);
	g_assert_cmpmem(whole, first_length, first, first_length);
	g_assert_nonnull(memmem(whole, length, "etc/mdevkit/plan", 16));
	g_assert_nonnull(memmem(whole, length, "test a 1 b\nend\n", 15));
}

/* A kernel with mdev, and an iommufd of its own. */
static char *fake_kernel(void)
{
	char *dir = scratch_dir();

	write_file(
		dir, "modules.dep",
		"kernel/mdev.ko.xz:\n"
		"kernel/iommufd.ko.xz: kernel/iova-bitmap.ko.xz\n"
		"kernel/iova-bitmap.ko.xz:\n"
		"kernel/vfio.ko.xz: kernel/iommufd.ko.xz kernel/iova-bitmap.ko.xz\n");
	write_file(dir, "modules.builtin", "kernel/virtio_pci.ko\n");
	return dir;
}

static char *order_of(const struct kit_kernel *kernel, const char *ours,
		      const char *wanted, GError **error)
{
	const char *names[] = { wanted, NULL };
	g_autoptr(GPtrArray) files = modinfo_order(kernel, ours, names, error);
	g_autoptr(GString) text = g_string_new(NULL);

	if (!files)
		return NULL;
	for (guint i = 0; i < files->len; i++) {
		g_autofree char *name = modinfo_name(files->pdata[i]);

		g_string_append_printf(
			text, "%s%s%s", i ? " " : "", name,
			ours && g_str_has_prefix(files->pdata[i], ours) ? "!" :
									  "");
	}
	return g_strdup(text->str);
}

static void test_modules_load_in_order(void)
{
	g_autofree char *dir = fake_kernel();
	g_autofree char *ours = scratch_dir();
	struct kit_kernel kernel = { .release = dir, .modules_dir = dir };
	g_autoptr(GError) error = NULL;
	const struct {
		const char *wanted;
		const char *tree;
		const char *kit;
	} rows[] = {
		{ "vfio", "iova_bitmap iommufd vfio", "iommufd! vfio!" },
		{ "virtio_pci", "", "" },
		{ "mdev", "mdev", "mdev" },
	};

	write_module(ours, "iommufd.ko", "");
	write_module(ours, "vfio.ko", "iommufd");
	write_module(ours, "mdma.ko", "vfio,mdev,iommufd");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *tree =
			order_of(&kernel, NULL, rows[i].wanted, NULL);
		g_autofree char *kit =
			order_of(&kernel, ours, rows[i].wanted, NULL);

		g_assert_cmpstr(tree, ==, rows[i].tree);
		g_assert_cmpstr(kit, ==, rows[i].kit);
	}
	{
		g_autofree char *mdma = order_of(&kernel, ours, "mdma", NULL);

		g_assert_cmpstr(mdma, ==, "iommufd! vfio! mdev mdma!");
	}
	g_assert_null(order_of(&kernel, ours, "nosuch", &error));
	g_assert_error(error, KIT_ERROR, KIT_ERROR_USAGE);
	g_assert_nonnull(strstr(error->message, "nosuch"));
}

static const char kit_config[] =
	"CONFIG_MODULES=y\nCONFIG_MODULE_UNLOAD=y\nCONFIG_BLK_DEV_INITRD=y\n"
	"CONFIG_BINFMT_ELF=y\nCONFIG_PROC_FS=y\nCONFIG_SYSFS=y\nCONFIG_DEVTMPFS=y\n"
	"CONFIG_TMPFS=y\nCONFIG_DEBUG_FS=y\nCONFIG_EVENTFD=y\nCONFIG_MEMFD_CREATE=y\n"
	"CONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_PCI=y\nCONFIG_VIRTIO_PCI=m\n"
	"CONFIG_VIRTIO_CONSOLE=y\nCONFIG_VFIO_MDEV=m\nCONFIG_VFIO=m\n"
	"# CONFIG_IOMMUFD is not set\nCONFIG_LOCALVERSION=\"-x\"\n";

static struct kit_kernel *load_fake(const char *dir, GError **error)
{
	const struct kernel_parts parts = {
		.profile = "stock",
		.release = "6.12.0-x",
		.image = "image",
		.config = "config",
		.modules_dir = "modules",
		.kbuild_dir = ".",
	};

	g_assert_true(kernel_describe(dir, &parts, NULL));
	return kernel_load(dir, error);
}

static void test_kernel_is_there_when_complete(void)
{
	g_autofree char *dir = scratch_dir();
	g_autoptr(GError) error = NULL;
	struct kit_kernel *kernel;

	/* Nothing there is no error, something half there is. */
	g_assert_null(kernel_load(dir, &error));
	g_assert_no_error(error);
	g_assert_null(load_fake(dir, &error));
	g_assert_error(error, KIT_ERROR, KIT_ERROR_USAGE);
	g_clear_error(&error);

	write_file(dir, "image", "");
	write_file(dir, "config", kit_config);
	write_file(dir, "modules/modules.dep", "");
	kernel = load_fake(dir, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(kernel->release, ==, "6.12.0-x");
	g_assert_cmpstr(kernel_option(kernel, "CONFIG_VFIO"), ==, "m");
	g_assert_cmpstr(kernel_option(kernel, "LOCALVERSION"), ==, "-x");
	g_assert_null(kernel_option(kernel, "IOMMUFD"));
	g_assert_true(kernel_serves(kernel, KIT_CORE_KIT, NULL));
	g_assert_false(kernel_serves(kernel, KIT_CORE_TREE, &error));
	g_assert_nonnull(strstr(error->message, "CONFIG_IOMMUFD"));
	g_assert_nonnull(strstr(error->message, "CONFIG_VFIO_DEVICE_CDEV"));
	g_assert_null(strstr(error->message, "CONFIG_MODULES"));
	kernel_free(kernel);
}

static char *tree_key_of(const char *dir)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_assert_true(build_hash_tree(sum, dir, NULL));
	return build_hash_name(sum, 16);
}

static void test_hash_sees_name_mode_content(void)
{
	g_autofree char *dir = scratch_dir();
	g_autofree char *file = g_build_filename(dir, "b", NULL);
	g_autofree char *other = g_build_filename(dir, "c", NULL);
	char *key[5];

	write_file(dir, "a/x", "1");
	write_file(dir, "b", "2");
	key[0] = tree_key_of(dir);
	g_assert_cmpint(g_chmod(file, 0755), ==, 0);
	key[1] = tree_key_of(dir);
	write_file(dir, "b", "3");
	key[2] = tree_key_of(dir);
	g_assert_cmpint(g_rename(file, other), ==, 0);
	key[3] = tree_key_of(dir);
	key[4] = tree_key_of(dir);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			g_assert_cmpstr(key[i], !=, key[j]);
	g_assert_cmpstr(key[3], ==, key[4]);
	for (int i = 0; i < 5; i++)
		g_free(key[i]);
}

static void test_trim_keeps_the_last_used(void)
{
	g_autofree char *dir = scratch_dir();

	for (int i = 0; i < 5; i++) {
		g_autofree char *name = g_strdup_printf("ko-%d", i);
		g_autofree char *path = g_build_filename(dir, name, NULL);
		struct utimbuf when = { 1000 + i, 1000 + i };

		write_file(dir, name, "");
		g_assert_cmpint(utime(path, &when), ==, 0);
	}
	write_file(dir, "other", "");
	build_trim(dir, "ko-", 2);
	for (int i = 0; i < 5; i++) {
		g_autofree char *name = g_strdup_printf("ko-%d", i);
		g_autofree char *path = g_build_filename(dir, name, NULL);

		g_assert_cmpint(g_file_test(path, G_FILE_TEST_EXISTS), ==,
				i >= 3);
	}
	{
		g_autofree char *path = g_build_filename(dir, "other", NULL);

		g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	}
}

int main(int argc, char **argv)
{
	int rc;

	g_test_init(&argc, &argv, NULL);
	scratch_begin();
	g_test_add_func("/build/archive_is_its_content",
			test_archive_is_its_content);
	g_test_add_func("/build/archive_key_sees_changes",
			test_archive_key_sees_changes);
	g_test_add_func("/build/plan_follows_the_root",
			test_plan_follows_the_root);
	g_test_add_func("/build/modules_load_in_order",
			test_modules_load_in_order);
	g_test_add_func("/build/kernel_is_there_when_complete",
			test_kernel_is_there_when_complete);
	g_test_add_func("/build/hash_sees_name_mode_content",
			test_hash_sees_name_mode_content);
	g_test_add_func("/build/trim_keeps_the_last_used",
			test_trim_keeps_the_last_used);
	rc = g_test_run();
	scratch_end();
	return rc;
}
