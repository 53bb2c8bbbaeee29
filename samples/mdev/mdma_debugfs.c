// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma_debugfs.c - /sys/kernel/debug/mdma/UUID: the knobs and the ledger
 *
 * A knob is a number of microseconds up to MAX_DELAY_US; `deaf` is 0 or 1. They may be
 * turned at any time and hold until they are turned again, whoever has the device open.
 * Delays end when the waiting task is killed; they stand where a driver may be slow:
 *
 *   delay_unmap_us   a callback that takes its time
 *   delay_pin_us     pages are pinned, and the driver has not got round to use them
 *   delay_open_us    in open_device, before it is done
 *   delay_close_us   in close_device, after the queues stopped, before held pins go
 *   patience_us      how long a callback waits for a pin that is pending, 1 s at first;
 *                    0 makes a late recorder, who relies on being called again
 *   deaf             callbacks are ignored: the contract is broken on purpose
 *
 * `ledger` shows the counters of MDMA_REG_LEDGER as "NAME value", and can be read
 * after the device was closed too: they stay until it is bound again.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "mdma_private.h"

#define MAX_DELAY_US (10U * USEC_PER_SEC)
#define PATIENCE_US USEC_PER_SEC

static struct dentry *root;

/**
 * mdma_knobs_init() - nothing is slow
 * @knobs: uninitialised
 */
void mdma_knobs_init(struct mdma_knobs *knobs)
{
	knobs->patience_us = PATIENCE_US;
}

/**
 * mdma_knob_delay() - wait as long as a knob says
 * @knob: microseconds
 *
 * Context: may sleep. Ends early when the task is killed.
 */
void mdma_knob_delay(const u32 *knob)
{
	const u32 us = min(READ_ONCE(*knob), MAX_DELAY_US);
	ktime_t timeout = ns_to_ktime((u64)us * NSEC_PER_USEC);

	if (!us)
		return;
	set_current_state(TASK_KILLABLE);
	schedule_hrtimeout(&timeout, HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
}

static int knob_get(void *data, u64 *val)
{
	*val = READ_ONCE(*(u32 *)data);
	return 0;
}

static int delay_set(void *data, u64 val)
{
	if (val > MAX_DELAY_US)
		return -EINVAL;
	WRITE_ONCE(*(u32 *)data, val);
	return 0;
}

static int deaf_set(void *data, u64 val)
{
	if (val > 1)
		return -EINVAL;
	WRITE_ONCE(*(u32 *)data, val);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(delay_fops, knob_get, delay_set, "%llu\n");
DEFINE_DEBUGFS_ATTRIBUTE(deaf_fops, knob_get, deaf_set, "%llu\n");

static int ledger_show(struct seq_file *file, void *unused)
{
	struct mdma_dev *mdma = file->private;

	for (unsigned int i = 0; i < MDMA_LEDGER_N; i++)
		if (mdma_ledger_names[i])
			seq_printf(file, "%s %llu\n", mdma_ledger_names[i],
				   mdma_book_read(&mdma->book, i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ledger);

/**
 * mdma_debugfs_add() - make the directory of a device
 * @mdma: registered
 *
 * Nothing is said if that fails: a device works without it.
 */
void mdma_debugfs_add(struct mdma_dev *mdma)
{
	struct mdma_knobs *knobs = &mdma->knobs;
	struct dentry *dir;

	dir = debugfs_create_dir(dev_name(mdma->vdev.dev), root);
	debugfs_create_file("deaf", 0600, dir, &knobs->deaf, &deaf_fops);
	debugfs_create_file("delay_close_us", 0600, dir, &knobs->delay_close_us,
			    &delay_fops);
	debugfs_create_file("delay_open_us", 0600, dir, &knobs->delay_open_us,
			    &delay_fops);
	debugfs_create_file("delay_pin_us", 0600, dir, &knobs->delay_pin_us,
			    &delay_fops);
	debugfs_create_file("delay_unmap_us", 0600, dir, &knobs->delay_unmap_us,
			    &delay_fops);
	debugfs_create_file("patience_us", 0600, dir, &knobs->patience_us,
			    &delay_fops);
	debugfs_create_file("ledger", 0400, dir, mdma, &ledger_fops);
	mdma->debugfs = dir;
}

/**
 * mdma_debugfs_del() - the opposite; nobody reads any more when it returns
 * @mdma: the device, whose data must still be there
 */
void mdma_debugfs_del(struct mdma_dev *mdma)
{
	debugfs_remove(mdma->debugfs);
	mdma->debugfs = NULL;
}

/**
 * mdma_debugfs_init() - make /sys/kernel/debug/mdma
 */
void mdma_debugfs_init(void)
{
	root = debugfs_create_dir("mdma", NULL);
}

/**
 * mdma_debugfs_exit() - the opposite
 */
void mdma_debugfs_exit(void)
{
	debugfs_remove(root);
}
