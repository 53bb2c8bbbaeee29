// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c - what did the tests leave behind?
 *
 * When this runs, no process but init exists, so every file is closed and
 * nothing may be pinned, open or referenced any more. Releases that the kernel
 * defers (a file's last reference, an RCU grace period) get a few seconds.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define SETTLE_MS 5000

/* How a check ended; @LEAK_SKIPPED: the kernel does not say. */
enum leak {
	LEAK_NONE,
	LEAK_FOUND,
	LEAK_SKIPPED
};

struct check {
	const char *name;
	enum leak (*look)(unsigned int ndevices, char *why, size_t size);
};

/* Entries of a directory, without the dots; -1 when there is none. */
static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static long long vmstat(const char *key)
{
	static char text[32768];
	size_t length = strlen(key);

	if (machine_read("/proc/vmstat", text, sizeof(text)) < 0)
		return -1;
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ')
			return strtoll(line + length, NULL, 10);
	}
	return -1;
}

/* The kernel counts every page that pin_user_pages() takes and gives back. */
static enum leak look_pins(unsigned int ndevices, char *why, size_t size)
{
	long long taken, returned;

	(void)ndevices;
	/* Per-CPU counters are folded into what we read. */
	machine_write("/proc/sys/vm/stat_refresh", "1");
	taken = vmstat("nr_foll_pin_acquired");
	returned = vmstat("nr_foll_pin_released");
	snprintf(why, size, "%lld pages pinned, %lld unpinned", taken,
		 returned);
	if (taken < 0 || returned < 0)
		return LEAK_SKIPPED;
	return taken == returned ? LEAK_NONE : LEAK_FOUND;
}

/* Devices that the plan created are there, others are gone. */
static enum leak look_devices(unsigned int ndevices, char *why, size_t size)
{
	int count = count_entries("/sys/bus/mdev/devices");

	snprintf(why, size, "%d mediated devices, expected %u", count,
		 ndevices);
	if (count < 0)
		return ndevices ? LEAK_FOUND : LEAK_SKIPPED;
	return (unsigned int)count == ndevices ? LEAK_NONE : LEAK_FOUND;
}

/* CORE=kit counts what it has made: lines "KIND NUMBER", all 0 when nothing is open. */
static enum leak look_objects(unsigned int ndevices, char *why, size_t size)
{
	char text[1024];
	char *save = NULL;
	unsigned int nkinds = 0;

	(void)ndevices;
	if (machine_read("/sys/kernel/debug/iommufd/objects", text,
			 sizeof(text)) < 0) {
		snprintf(why, size, "this core does not count its objects");
		return LEAK_SKIPPED;
	}
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *number = strpbrk(line, " \t");

		if (!number)
			continue;
		nkinds++;
		if (!atol(number))
			continue;
		snprintf(why, size, "live objects: %s", line);
		return LEAK_FOUND;
	}
	snprintf(why, size, "no counter in its list of objects");
	return nkinds ? LEAK_NONE : LEAK_FOUND;
}

/*
 * References to our modules, by others than the modules that stand on them: an
 * open file has one. A mount inside the kernel may have some for ever, so they
 * are compared with what was there before the first test.
 */
static struct {
	const char *name;
	int before; /* -1: not loaded then */
} modules[] = {
	{ "iommufd", -1 },
	{ "vfio", -1 },
};

static int module_users(const char *name)
{
	char path[64];
	char text[32];
	int holders;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	if (machine_read(path, text, sizeof(text)) < 0)
		return -1;
	snprintf(path, sizeof(path), "/sys/module/%s/holders", name);
	holders = count_entries(path);
	return atoi(text) - (holders > 0 ? holders : 0);
}

void leak_baseline(void)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		modules[i].before = module_users(modules[i].name);
}

static enum leak look_modules(unsigned int ndevices, char *why, size_t size)
{
	enum leak result = LEAK_SKIPPED;

	(void)ndevices;
	snprintf(why, size, "not loaded");
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		int now = module_users(modules[i].name);

		if (modules[i].before < 0)
			continue;
		result = LEAK_NONE;
		if (now == modules[i].before)
			continue;
		snprintf(why, size, "%s has %d users, %d before the tests",
			 modules[i].name, now, modules[i].before);
		return LEAK_FOUND;
	}
	return result;
}

static const struct check checks[] = {
	{ "pinned_pages", look_pins },
	{ "mediated_devices", look_devices },
	{ "iommufd_objects", look_objects },
	{ "module_references", look_modules },
};

#define NCHECKS (sizeof(checks) / sizeof(checks[0]))

enum test_result leak_check(unsigned int number, unsigned int ndevices)
{
	long deadline = machine_now() + SETTLE_MS;
	unsigned int found = 0;

	port_print("# start leakcheck\n    KTAP version 1\n    1..%zu\n",
		   NCHECKS);
	for (size_t i = 0; i < NCHECKS; i++) {
		char why[160];
		enum leak leak;

		/* Nothing tells when the last deferred release is done. */
		while ((leak = checks[i].look(ndevices, why, sizeof(why))) ==
			       LEAK_FOUND &&
		       machine_now() < deadline)
			usleep(20000);
		if (leak == LEAK_FOUND)
			port_print("    not ok %zu %s # %s\n", i + 1,
				   checks[i].name, why);
		else if (leak == LEAK_SKIPPED)
			port_print("    ok %zu %s # SKIP %s\n", i + 1,
				   checks[i].name, why);
		else
			port_print("    ok %zu %s\n", i + 1, checks[i].name);
		found += leak == LEAK_FOUND;
	}
	if (!found)
		port_print("ok %u leakcheck\n", number);
	else
		port_print("not ok %u leakcheck # %u leaks\n", number, found);
	return found ? TEST_FAILED : TEST_PASSED;
}
