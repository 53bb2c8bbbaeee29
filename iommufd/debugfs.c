// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs.c - what exists, for people and for tests
 *
 * In /sys/kernel/debug/iommufd/:
 *
 *   objects    a line for each kind of thing and how many there are. After every
 *              file is closed each is 0, which is how tests find leaks. The counters
 *              are per CPU, so that counting costs the data path nothing; a sum
 *              taken while others count is not a snapshot.
 *   contexts   every context with its IOAS, their areas, its accesses, their pins
 *
 * LOCKING
 *   contexts_lock   the list of contexts; a context is released after it left the
 *                   list, so what is on it stays while the lock is held
 *   inside it       a lookup of each object, ioas->lock for its areas
 * MAY SLEEP         everything here
 */
#include <linux/debugfs.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include "private.h"

DEFINE_PER_CPU(long[NCOUNTERS], counters);

static DEFINE_MUTEX(contexts_lock);
static LIST_HEAD(contexts);
static struct dentry *dir;

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

static const char *const state_names[] = {
	[AREA_NEW] = "new",
	[AREA_LIVE] = "live",
	[AREA_UNMAPPING] = "unmapping",
};

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

static void show_ioas(struct seq_file *seq, struct ioas *ioas)
{
	MA_STATE(mas, &ioas->areas, 0, 0);
	struct area *area;

	mutex_lock(&ioas->lock);
	seq_printf(seq, "  ioas %u alignment %lu\n", ioas->obj.id,
		   ioas->alignment);
	mas_for_each(&mas, area, ULONG_MAX)
		seq_printf(seq, "    [%lx, %lx] %c%c %s %s pins %d\n",
			   area->iova, area->last, area->readable ? 'r' : '-',
			   area->writable ? 'w' : '-',
			   area->backing->file ? "file" : "user",
			   state_names[area->state], atomic_read(&area->npins));
	mutex_unlock(&ioas->lock);
}

static void show_access(struct seq_file *seq, struct iommufd_access *access)
{
	struct attachment *att;
	u32 ioas_id = 0;

	rcu_read_lock();
	att = rcu_dereference(access->att);
	if (att)
		ioas_id = att->ioas->obj.id;
	rcu_read_unlock();
	seq_printf(seq, "  access %u %ps ioas %u\n", access->obj.id,
		   access->ops->unmap, ioas_id);
	pins_show(seq, access);
}

static void show_object(struct seq_file *seq, struct object *obj)
{
	switch (obj->type) {
	case OBJECT_IOAS:
		show_ioas(seq, container_of(obj, struct ioas, obj));
		break;
	case OBJECT_ACCESS:
		show_access(seq, container_of(obj, struct iommufd_access, obj));
		break;
	default:
		break;
	}
}

static int contexts_show(struct seq_file *seq, void *unused)
{
	struct iommufd_ctx *ictx;
	struct object *obj;
	unsigned long id;

	mutex_lock(&contexts_lock);
	list_for_each_entry(ictx, &contexts, node) {
		seq_printf(seq, "context of %s\n", ictx->comm);
		xa_for_each(&ictx->objects, id, obj) {
			/* Looked up again: only that keeps it. */
			obj = object_get(ictx, id, OBJECT_ANY);
			if (IS_ERR(obj))
				continue;
			show_object(seq, obj);
			object_put(obj);
		}
	}
	mutex_unlock(&contexts_lock);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(contexts);

/**
 * debugfs_add - show a context
 * @ictx: complete
 */
void debugfs_add(struct iommufd_ctx *ictx)
{
	get_task_comm(ictx->comm, current);
	mutex_lock(&contexts_lock);
	list_add_tail(&ictx->node, &contexts);
	mutex_unlock(&contexts_lock);
}

/**
 * debugfs_del - do not show a context any more
 * @ictx: nobody is showing it when this returns
 */
void debugfs_del(struct iommufd_ctx *ictx)
{
	mutex_lock(&contexts_lock);
	list_del(&ictx->node);
	mutex_unlock(&contexts_lock);
}

/**
 * debugfs_init - make the files; without debugfs there are none
 */
void debugfs_init(void)
{
	dir = debugfs_create_dir("iommufd", NULL);
	debugfs_create_file("objects", 0400, dir, NULL, &objects_fops);
	debugfs_create_file("contexts", 0400, dir, NULL, &contexts_fops);
}

/**
 * debugfs_fini - remove the files
 */
void debugfs_fini(void)
{
	debugfs_remove_recursive(dir);
}
