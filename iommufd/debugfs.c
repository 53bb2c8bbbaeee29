// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs.c - what exists, as counters
 *
 * /sys/kernel/debug/iommufd/objects has a line for each kind of thing and how
 * many there are. After every file is closed each is 0, which is how tests find
 * leaks. The counters are per CPU, so that counting costs the data path nothing;
 * a sum taken while others count is not a snapshot.
 *
 * LOCKING   none
 */
#include <linux/debugfs.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include "private.h"

DEFINE_PER_CPU(long[NCOUNTERS], counters);

/* clang-format off */
static const char *const names[NCOUNTERS] = {
	[COUNT_CONTEXTS] = "contexts",
	[COUNT_IOAS] = "ioas",
	[COUNT_ACCESSES] = "accesses",
	[COUNT_ATTACHMENTS] = "attachments",
	[COUNT_AREAS] = "areas",
	[COUNT_BACKINGS] = "backings",
	[COUNT_PINS] = "pins",
	[COUNT_PINNED_PAGES] = "pinned_pages",
};
/* clang-format on */

static struct dentry *dir;

static int objects_show(struct seq_file *seq, void *unused)
{
	enum counter counter;
	int cpu;

	for (counter = 0; counter < NCOUNTERS; counter++) {
		long sum = 0;

		for_each_possible_cpu(cpu)
			/* A sum of what the CPUs had when they were asked. */
			sum += data_race(per_cpu(counters, cpu)[counter]);
		seq_printf(seq, "%s %ld\n", names[counter], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(objects);

/**
 * debugfs_init - make the files; without debugfs there are none
 */
void debugfs_init(void)
{
	dir = debugfs_create_dir("iommufd", NULL);
	debugfs_create_file("objects", 0400, dir, NULL, &objects_fops);
}

/**
 * debugfs_fini - remove the files
 */
void debugfs_fini(void)
{
	debugfs_remove_recursive(dir);
}
