// SPDX-License-Identifier: GPL-2.0-only
/*
 * accel.c - how guests execute on this machine, and how fast
 *
 * /dev/kvm proves little: it may open, create a machine, and then abort or stop
 * in the middle of the kernel's decompression, as nested virtualisation does.
 * So KVM is believed when a guest has booted under it to the first word of its
 * PID 1, within KVM_SECONDS. Otherwise it is TCG, and the user is told why.
 *
 * The boot that succeeds is also the measure of this machine's speed
 * (deadline.c), which is why TCG is booted once too.
 *
 * The decision is kept in build/accel.ini, with a key of everything it depends
 * on that can change: kernel image, QEMU, the host's boot and CPU, /dev/kvm.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accel.h"
#include "cell.h"
#include "pool.h"

#define KVM_SECONDS 15
#define TCG_SECONDS 120

static char *host_text(const char *path)
{
	char *text;

	return g_file_get_contents(path, &text, NULL, NULL) ? text :
							      g_strdup("?");
}

/* "model name : ..." of the first CPU. */
static char *cpu_model(void)
{
	g_autofree char *text = host_text("/proc/cpuinfo");
	const char *model = strstr(text, "model name");
	size_t length = model ? strcspn(model, "\n") : 0;

	return g_strndup(model ? model : "", length);
}

/* Why /dev/kvm cannot even be opened; NULL if it can. */
static char *kvm_closed(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return g_strdup_printf("/dev/kvm: %s", g_strerror(errno));
	close(fd);
	return NULL;
}

static char *make_key(const struct accel_guest *guest,
		      struct kit_progress *progress, GError **error)
{
	const char *argv[] = { "qemu-system-x86_64", "--version", NULL };
	g_autofree char *version = NULL;
	struct kit_command command = { .argv = argv,
				       .output = &version,
				       .quiet = true };
	g_autofree char *boot = host_text("/proc/sys/kernel/random/boot_id");
	g_autofree char *cpu = cpu_model();
	g_autofree char *closed = kvm_closed();
	g_autofree char *text = NULL;
	struct stat st = { 0 };

	if (!command_run(&command, progress, NULL, error))
		return NULL;
	stat(guest->image, &st);
	text = g_strdup_printf("%s %lld %lld %u %s %s %s %s", guest->image,
			       (long long)st.st_size, (long long)st.st_mtime,
			       guest->cpus, version, boot, cpu,
			       closed ? closed : "kvm opens");
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

static struct accel *accel_new(enum kit_accel accel, const char *why,
			       double boot_seconds)
{
	struct accel *decision = g_new0(struct accel, 1);

	decision->accel = accel;
	decision->why = g_strdup(why);
	decision->boot_seconds = boot_seconds;
	return decision;
}

void accel_free(struct accel *accel)
{
	if (!accel)
		return;
	g_free(accel->why);
	g_free(accel);
}

/* ---------------------------------------------------------------------- the cache */

static char *cache_path(void)
{
	return path_build("accel.ini", NULL);
}

static struct accel *cache_load(const char *group, const char *key)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = cache_path();
	g_autofree char *stored = NULL;
	g_autofree char *name = NULL;
	g_autofree char *why = NULL;
	struct accel *accel;
	double seconds;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
		return NULL;
	stored = g_key_file_get_string(file, group, "key", NULL);
	name = g_key_file_get_string(file, group, "accel", NULL);
	why = g_key_file_get_string(file, group, "why", NULL);
	seconds = g_key_file_get_double(file, group, "boot_seconds", NULL);
	if (!stored || strcmp(stored, key) || !name || !why || seconds <= 0)
		return NULL;
	accel = accel_new(!strcmp(name, "kvm") ? KIT_ACCEL_KVM : KIT_ACCEL_TCG,
			  why, seconds);
	accel->cached = true;
	return accel;
}

static void cache_store(const char *group, const char *key,
			const struct accel *accel)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *path = cache_path();

	g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL);
	g_key_file_set_string(file, group, "key", key);
	g_key_file_set_string(file, group, "accel",
			      vars_accel_name(accel->accel));
	g_key_file_set_string(file, group, "why", accel->why);
	g_key_file_set_double(file, group, "boot_seconds", accel->boot_seconds);
	/* Not being able to remember costs time, nothing else. */
	g_key_file_save_to_file(file, path, NULL);
}

/* ---------------------------------------------------------------------- the boot */

struct boot {
	double seconds; /* 0: it failed */
	char *reason;
	bool interrupted;
};

static void boot_clear(struct boot *boot)
{
	g_free(boot->reason);
}

static bool boot_once(const struct accel_guest *guest, enum kit_accel accel,
		      const struct splat_rules *rules,
		      struct kit_progress *progress, struct boot *boot,
		      GError **error)
{
	g_autofree char *dir = path_temporary("accel", error);
	struct cell_spec *spec =
		cell_spec_new(accel == KIT_ACCEL_KVM ? "KVM" : "TCG");
	struct pool_policy policy = { .jobs = 1 };
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(cell_free);
	struct cell *cell;

	if (!dir) {
		cell_spec_free(spec);
		return false;
	}
	spec->accel = accel;
	spec->cpus = guest->cpus;
	spec->mem_mib = 512;
	spec->image = g_strdup(guest->image);
	spec->initrd = g_strdup(guest->initrd);
	spec->boots = accel == KIT_ACCEL_TCG ? 2 : 1;
	spec->limits.boot = accel == KIT_ACCEL_KVM ? KVM_SECONDS : TCG_SECONDS;
	cell = cell_new(spec, dir, rules);
	g_ptr_array_add(cells, cell);
	pool_run(cells, &policy, progress, NULL, NULL);

	boot->interrupted =
		g_cancellable_is_cancelled(progress_cancellable(progress));
	if (cell->boot_seconds > 0 && cell->verdict == VERDICT_PASSED)
		boot->seconds = cell->boot_seconds;
	boot->reason = g_strdup(cell->reason);
	return path_remove(dir, error);
}

static bool was_interrupted(const struct boot *boot, GError **error)
{
	if (!boot->interrupted)
		return false;
	g_set_error(error, KIT_ERROR, KIT_ERROR_INTERRUPTED,
		    "interrupted during the test boot");
	return true;
}

/* KVM, if it works; *@no receives the reason if it does not. */
static struct accel *try_kvm(const struct accel_guest *guest,
			     const struct splat_rules *rules,
			     struct kit_progress *progress, char **no,
			     GError **error)
{
	struct boot boot = { 0 };
	struct accel *accel = NULL;

	*no = kvm_closed();
	if (*no)
		return NULL;
	if (boot_once(guest, KIT_ACCEL_KVM, rules, progress, &boot, error) &&
	    !was_interrupted(&boot, error)) {
		if (boot.seconds > 0)
			accel = accel_new(KIT_ACCEL_KVM, "KVM: a guest booted",
					  boot.seconds);
		else
			*no = g_strdup_printf(
				"KVM does not run a guest here: %s",
				boot.reason);
	}
	boot_clear(&boot);
	return accel;
}

static struct accel *try_tcg(const struct accel_guest *guest, const char *why,
			     const struct splat_rules *rules,
			     struct kit_progress *progress, GError **error)
{
	struct boot boot = { 0 };
	struct accel *accel = NULL;

	if (boot_once(guest, KIT_ACCEL_TCG, rules, progress, &boot, error) &&
	    !was_interrupted(&boot, error)) {
		if (boot.seconds > 0)
			accel = accel_new(KIT_ACCEL_TCG, why, boot.seconds);
		else
			g_set_error(error, KIT_ERROR, KIT_ERROR_HARNESS,
				    "the kernel %s does not boot: %s",
				    guest->image, boot.reason);
	}
	boot_clear(&boot);
	return accel;
}

static struct accel *decide(enum kit_accel wanted,
			    const struct accel_guest *guest,
			    const struct splat_rules *rules,
			    struct kit_progress *progress, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *no = NULL;
	g_autofree char *text = NULL;
	struct accel *accel;

	if (wanted == KIT_ACCEL_TCG)
		return try_tcg(guest, "TCG: as asked", rules, progress, error);

	accel = try_kvm(guest, rules, progress, &no, &why);
	if (accel)
		return accel;
	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return NULL;
	}
	if (wanted == KIT_ACCEL_KVM) {
		g_set_error(error, KIT_ERROR, KIT_ERROR_TOOL,
			    "%s; use ACCEL=tcg", no);
		return NULL;
	}
	text = g_strdup_printf("TCG: %s", no);
	return try_tcg(guest, text, rules, progress, error);
}

struct accel *accel_probe(enum kit_accel wanted,
			  const struct accel_guest *guest,
			  const struct splat_rules *rules,
			  struct kit_progress *progress, GError **error)
{
	const char *group = vars_accel_name(wanted);
	g_autofree char *key = make_key(guest, progress, error);
	struct accel *accel;

	if (!key)
		return NULL;
	accel = cache_load(group, key);
	if (accel)
		return accel;

	progress_begin(progress, "accelerator");
	accel = decide(wanted, guest, rules, progress, error);
	progress_end(progress, "%s", accel ? accel->why : "failed");
	if (accel)
		cache_store(group, key, accel);
	return accel;
}
