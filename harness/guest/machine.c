// SPDX-License-Identifier: GPL-2.0-only
/*
 * machine.c - mounts, modules, small files, the power switch
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

/* Parents before what is mounted below them. */
static const struct {
	const char *type;
	const char *where;
	const char *options;
	bool optional; /* the kernel may be built without it */
} mounts[] = {
	{ "proc", "/proc", NULL, false },
	{ "sysfs", "/sys", NULL, false },
	{ "devtmpfs", "/dev", NULL, false },
	{ "devpts", "/dev/pts", NULL, true },
	{ "tmpfs", "/dev/shm", "mode=1777", false },
	{ "tmpfs", "/tmp", "mode=1777", false },
	{ "tmpfs", "/run", "mode=0755", false },
	{ "debugfs", "/sys/kernel/debug", NULL, true },
	{ "tracefs", "/sys/kernel/tracing", NULL, true },
};

static const char *const environment[][2] = {
	{ "HOME", "/root" },
	{ "PATH", "/bin:/workloads" },
	{ "TERM", "vt100" },
};

void machine_setup(void)
{
	struct rlimit files = { 65536, 65536 };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		if (!mount("none", mounts[i].where, mounts[i].type, 0,
			   mounts[i].options))
			continue;
		if (!mounts[i].optional || errno != ENODEV)
			fprintf(stderr, "mdevkit init: mount %s: %s\n",
				mounts[i].where, strerror(errno));
	}
	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]);
	     i++)
		setenv(environment[i][0], environment[i][1], 1);
	/* A storm keeps thousands of devices and mappings open. */
	setrlimit(RLIMIT_NOFILE, &files);
	umask(022);
	chdir("/tmp");
}

int machine_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;
	int rc = 0;

	if (fd < 0)
		return -errno;
	/* Kernel files take their value in one write. */
	n = write(fd, text, length);
	if (n < 0)
		rc = -errno;
	else if ((size_t)n != length)
		rc = -EIO;
	close(fd);
	return rc;
}

ssize_t machine_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (length < size - 1 &&
	       (n = read(fd, text + length, size - 1 - length)) != 0) {
		if (n < 0) {
			int rc = -errno;

			close(fd);
			return rc;
		}
		length += n;
	}
	close(fd);
	text[length] = '\0';
	return length;
}

int machine_insmod(const char *file, const char *args)
{
	char path[256];
	int rc = 0;
	int fd;

	snprintf(path, sizeof(path), "/lib/modules/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, args, 0))
		rc = -errno;
	close(fd);
	return rc;
}

int machine_insmod_list(const char *list)
{
	char text[4096];
	char *save = NULL;
	ssize_t n = machine_read(list, text, sizeof(text));

	if (n < 0)
		return n == -ENOENT ? 0 : n;
	for (char *file = strtok_r(text, "\n", &save); file;
	     file = strtok_r(NULL, "\n", &save)) {
		int rc = machine_insmod(file, "");

		if (rc) {
			fprintf(stderr, "mdevkit init: insmod %s: %s\n", file,
				strerror(-rc));
			return rc;
		}
	}
	return 0;
}

const char *machine_option(const char *key, const char *otherwise)
{
	static char line[4096];
	size_t length = strlen(key);
	char *save = NULL;

	if (machine_read("/proc/cmdline", line, sizeof(line)) < 0)
		return otherwise;
	for (char *word = strtok_r(line, "\n ", &save); word;
	     word = strtok_r(NULL, "\n ", &save))
		if (!strncmp(word, key, length) && word[length] == '=')
			return word + length + 1;
	return otherwise;
}

void machine_dump_tasks(void)
{
	/* The console shows informational messages only from level 7 on. */
	machine_write("/proc/sys/kernel/printk", "8");
	machine_write("/proc/sysrq-trigger", "w");
	machine_write("/proc/sysrq-trigger", "t");
}

long machine_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

void machine_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	/* No ACPI: halting is the next best, the host sees the end of the results. */
	reboot(RB_HALT_SYSTEM);
	for (;;)
		pause();
}
