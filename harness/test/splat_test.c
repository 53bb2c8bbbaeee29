// SPDX-License-Identifier: GPL-2.0-only
/*
 * splat_test.c - what counts as a complaint of the kernel, and what does not
 *
 * Consoles in short, written after real ones. A failure means that a broken
 * kernel would pass, that a healthy one would not, or that one bug would appear
 * as many.
 */
#include <string.h>

#include "scratch.h"
#include "splat.h"

static struct splat_rules *rules;

static struct splat_scanner *scan(const char *text)
{
	struct splat_scanner *scanner = splat_scanner_new(rules, "6.12.0-test");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (int i = 0; lines[i]; i++)
		splat_scan(scanner, lines[i]);
	splat_finish(scanner);
	return scanner;
}

static const struct {
	const char *name;
	const char *text;
	unsigned int found;
	const char *fingerprint; /* of the first */
} consoles[] = {
	{ "boot",
	  "[    0.000000] Linux version 6.12.0\n"
	  "[    0.010000] Spectre V2 : WARNING: Unprivileged eBPF is enabled\n"
	  "[    0.020000] ACPI BIOS Warning (bug): Incorrect checksum\n"
	  "[    1.000000] hpet: HPET reports BUG-free operation\n"
	  "[    2.000000] traps: prog[77] general protection fault ip:401000 sp:7ffe error:0\n"
	  "[    2.000000] prog[78]: segfault at 0 ip 0000000000401000 sp 00007ffe error 4\n",
	  0, NULL },
	{ "program-text", "BUG: KASAN: not from the kernel\nWARNING: CPU: 0\n",
	  0, NULL },
	{ "warning",
	  "[    3.100000] ------------[ cut here ]------------\n"
	  "[    3.100010] WARNING: CPU: 1 PID: 80 at drivers/iommu/pages.c:12 unpin_all+0x12/0x40\n"
	  "[    3.100020] Modules linked in: iommufd(O)\n"
	  "[    3.100030] RIP: 0010:unpin_all+0x12/0x40 [iommufd]\n"
	  "[    3.100040] Call Trace:\n[    3.100050]  <TASK>\n"
	  "[    3.100060]  ? __warn+0x80/0x130\n[    3.100070]  ? unpin_all+0x12/0x40 [iommufd]\n"
	  "[    3.100080]  area_free.isra.0+0x20/0x90 [iommufd]\n"
	  "[    3.100090]  ioas_destroy+0x31/0x50 [iommufd]\n"
	  "[    3.100100]  __x64_sys_ioctl+0x94/0xd0\n[    3.100110]  </TASK>\n"
	  "[    3.100120] ---[ end trace 0000000000000000 ]---\n"
	  "[    3.200000] iommufd: goes on\n",
	  1, "warning:unpin_all+area_free+ioas_destroy+__x64_sys_ioctl" },
	{ "caller-id",
	  "[    3.100010][  T123] WARNING: CPU: 1 PID: 80 at a.c:1 f+0x1/0x2\n"
	  "[    3.100020][  T123] RIP: 0010:f+0x1/0x2\n[    3.100030][  T123] ---[ end trace 0 ]---\n",
	  1, "warning:f" },
	{ "oops-and-panic",
	  "[    4.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
	  "[    4.000010] #PF: supervisor read access in kernel mode\n"
	  "[    4.000020] Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI\n"
	  "[    4.000030] RIP: 0010:pin_find+0x8/0x30 [iommufd]\n"
	  "[    4.000040] Call Trace:\n[    4.000050]  <TASK>\n"
	  "[    4.000060]  access_unpin+0x20/0x80 [iommufd]\n[    4.000070]  </TASK>\n"
	  "[    4.000080] ---[ end trace 0000000000000000 ]---\n"
	  "[    4.000090] RIP: 0010:pin_find+0x8/0x30 [iommufd]\n"
	  "[    4.100000] Kernel panic - not syncing: Fatal exception\n"
	  "[    4.100010] Kernel Offset: disabled\n",
	  1, "oops:pin_find+access_unpin" },
	{ "two-bugs",
	  "[    4.000000] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n"
	  "[    4.000010] RIP: 0010:f+0x1/0x2\n[    4.000020] ---[ end trace 0 ]---\n"
	  "[    5.000000] WARNING: CPU: 0 PID: 1 at a.c:9 g+0x1/0x2\n"
	  "[    5.000010] RIP: 0010:g+0x1/0x2\n[    5.000020] ---[ end trace 0 ]---\n",
	  2, "warning:f" },
	{ "kasan",
	  "[    6.000000] ==================================================================\n"
	  "[    6.000010] BUG: KASAN: slab-use-after-free in attach_put+0x40/0x60 [iommufd]\n"
	  "[    6.000020] Read of size 8 at addr ff11000012345678 by task storm/99\n"
	  "[    6.000030] Call Trace:\n[    6.000040]  <TASK>\n"
	  "[    6.000050]  dump_stack_lvl+0x66/0x90\n[    6.000060]  print_report+0xcf/0x650\n"
	  "[    6.000070]  kasan_report+0xda/0x110\n[    6.000080]  attach_put+0x40/0x60 [iommufd]\n"
	  "[    6.000090]  access_detach+0x88/0xa0 [iommufd]\n[    6.000100]  </TASK>\n"
	  "[    6.000110] Allocated by task 98:\n[    6.000120]  kasan_save_stack+0x30/0x50\n"
	  "[    6.000130]  attach_new+0x30/0x90 [iommufd]\n"
	  "[    6.000140] ==================================================================\n",
	  1, "kasan:attach_put+access_detach" },
	{ "hung-task",
	  "[  120.000000] INFO: task storm:99 blocked for more than 30 seconds.\n"
	  "[  120.000010]       Tainted: G           O       6.12.0 #1\n"
	  "[  120.000020] Call Trace:\n[  120.000030]  <TASK>\n[  120.000040]  __schedule+0x3f0/0xa10\n"
	  "[  120.000050]  schedule+0x27/0xf0\n[  120.000060]  ioas_unmap+0x120/0x200 [iommufd]\n"
	  "[  120.000070]  </TASK>\n",
	  1, "hung-task:__schedule+schedule+ioas_unmap" },
	{ "lockdep",
	  "[   10.000000] ======================================================\n"
	  "[   10.000010] WARNING: possible circular locking dependency detected\n"
	  "[   10.000020] storm/77 is trying to acquire lock:\n",
	  1, "lockdep:WARNING: possible circular locking dependency detected" },
	{ "panic",
	  "[    1.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000\n"
	  "[    1.000010] CPU: 0 UID: 0 PID: 1 Comm: init\n[    1.000020] Call Trace:\n"
	  "[    1.000030]  <TASK>\n[    1.000040]  panic+0x344/0x3a0\n"
	  "[    1.000050]  do_exit+0x9a1/0xae0\n[    1.000060]  </TASK>\n",
	  1, "panic:do_exit" },
	{ "behind-a-program",
	  "# progress 3[    9.000000] BUG: sleeping function called from invalid "
	  "context at a.c:1\n",
	  1,
	  "atomic:BUG: sleeping function called from invalid context at a.c:N" },
	{ "int3",
	  "[    1.500000] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n"
	  "[    1.500010] RIP: 0010:text_poke_bp+0x1/0x2\n",
	  1, "oops:text_poke_bp" },
	{ "slab",
	  "[    1.000000] =============================================================\n"
	  "[    1.000010] BUG kmalloc-64 (Tainted: G           O): Poison overwritten\n",
	  1,
	  "slab:BUG kmalloc-N (Tainted: G           O): Poison overwritten" },
};

static void test_console(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	struct splat_scanner *scanner = scan(consoles[i].text);
	const GPtrArray *found = splat_found(scanner);

	g_assert_cmpuint(found->len, ==, consoles[i].found);
	g_assert_cmpuint(splat_bad(scanner), ==, consoles[i].found);
	if (consoles[i].fingerprint) {
		const struct splat *splat = g_ptr_array_index(found, 0);

		g_assert_cmpstr(splat->fingerprint, ==,
				consoles[i].fingerprint);
	}
	splat_scanner_free(scanner);
}

static void test_lines(void)
{
	struct splat_scanner *scanner = scan(
		"[    1.000000] fine\n[    2.000000] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n"
		"[    2.000010] RIP: 0010:f+0x1/0x2\n[    2.000020] ---[ end trace 0 ]---\n"
		"[    3.000000] fine\n");
	const struct splat *splat = g_ptr_array_index(splat_found(scanner), 0);

	g_assert_cmpuint(splat->line, ==, 2);
	g_assert_cmpuint(splat->last, ==, 4);
	g_assert_cmpuint(splat_messages(scanner), ==, 5);
	splat_scanner_free(scanner);
}

static char *write_text(const char *dir, const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static void test_allow(void)
{
	g_autofree char *dir = scratch_dir();
	g_autofree char *patterns =
		write_text(dir, "patterns", "warning: WARNING:\n");
	g_autofree char *allow = write_text(
		dir, "allow",
		"[known]\nmatch=at a\\.c:\nfunction=f\nkernel=6.12.*\nreason=measured\nowner=me\n");
	struct splat_rules *own = splat_rules_load(patterns, allow, NULL);
	static const struct {
		const char *release;
		const char *function;
		unsigned int bad;
	} cases[] = { { "6.12.0", "f", 0 },
		      { "6.12.0", "g", 1 },
		      { "7.2.0", "f", 1 } };

	g_assert_nonnull(own);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct splat_scanner *scanner =
			splat_scanner_new(own, cases[i].release);
		g_autofree char *rip =
			g_strdup_printf("[    1.000010] RIP: 0010:%s+0x1/0x2",
					cases[i].function);

		splat_scan(
			scanner,
			"[    1.000000] WARNING: CPU: 0 PID: 1 at a.c:1 x+0x1/0x2");
		splat_scan(scanner, rip);
		splat_finish(scanner);
		g_assert_cmpuint(splat_found(scanner)->len, ==, 1);
		g_assert_cmpuint(splat_bad(scanner), ==, cases[i].bad);
		splat_scanner_free(scanner);
	}
	splat_rules_free(own);
}

/* An exception without a reason, an expression that does not compile, a file that is not there. */
static void test_bad_rules(void)
{
	g_autofree char *dir = scratch_dir();
	g_autofree char *good = write_text(dir, "good", "warning: WARNING:\n");
	g_autofree char *empty = write_text(dir, "empty", "# nothing\n");
	g_autofree char *broken = write_text(dir, "broken", "warning: (\n");
	g_autofree char *unreasoned =
		write_text(dir, "unreasoned", "[a]\nmatch=x\nowner=me\n");
	const char *const pairs[][2] = {
		{ empty, empty },
		{ broken, empty },
		{ good, unreasoned },
		{ "/nonexistent", empty },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(
			splat_rules_load(pairs[i][0], pairs[i][1], &error));
		g_assert_error(error, KIT_ERROR, KIT_ERROR_HARNESS);
	}
}

int main(int argc, char **argv)
{
	g_autofree char *patterns =
		path_source("harness", "splat.patterns", NULL);
	g_autofree char *allow = path_source("harness", "splat.allow", NULL);
	g_autoptr(GError) error = NULL;
	int rc;

	g_test_init(&argc, &argv, NULL);
	scratch_begin();
	rules = splat_rules_load(patterns, allow, &error);
	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(consoles); i++) {
		g_autofree char *path =
			g_strdup_printf("/splat/%s", consoles[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_console);
	}
	g_test_add_func("/splat/line-numbers", test_lines);
	g_test_add_func("/splat/allow", test_allow);
	g_test_add_func("/splat/bad-rules", test_bad_rules);
	rc = g_test_run();
	scratch_end();
	splat_rules_free(rules);
	return rc;
}
