// SPDX-License-Identifier: GPL-2.0-only
/*
 * account.c - who pays for pinned memory
 *
 * Pinned pages are charged before they are pinned, so a limit is never exceeded,
 * not even for a moment, and two threads cannot both take the last page. The payer
 * is fixed when the memory is mapped: the mapping task's user (the default), its
 * process, or, with CAP_IPC_LOCK, nobody. mm->pinned_vm counts in all modes.
 *
 * LOCKING
 *   user->locked_vm, mm->pinned_vm   atomic
 *   mm->locked_vm                    mmap_lock, for writing
 *   struct charge                    immutable
 * MAY SLEEP   everything here
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include "private.h"

/**
 * charge_init - the current process will pay
 * @charge: to be filled; the caller owes charge_fini()
 * @mode: CHARGE_USER or CHARGE_MM; a capable task is not charged
 */
void charge_init(struct charge *charge, enum charge_mode mode)
{
	charge->mode = capable(CAP_IPC_LOCK) ? CHARGE_NONE : mode;
	charge->mm = current->mm;
	mmgrab(charge->mm);
	charge->task = current->group_leader;
	get_task_struct(charge->task);
	charge->user = get_uid(current_user());
}

/**
 * charge_fini - nothing is charged any more
 * @charge: from charge_init()
 */
void charge_fini(struct charge *charge)
{
	free_uid(charge->user);
	put_task_struct(charge->task);
	mmdrop(charge->mm);
}

static int add_to_user(struct charge *charge, unsigned long npages)
{
	unsigned long limit, new;
	long old;

	limit = task_rlimit(charge->task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	old = atomic_long_read(&charge->user->locked_vm);
	do {
		new = old + npages;
		if (new > limit)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&charge->user->locked_vm, &old, new));
	return 0;
}

static int add_to_mm(struct charge *charge, unsigned long npages, bool add)
{
	struct mm_struct *mm = charge->mm;
	int rc;

	mmap_write_lock(mm);
	rc = __account_locked_vm(mm, npages, add, charge->task, false);
	mmap_write_unlock(mm);
	return rc;
}

/**
 * charge_add - charge pages that are about to be pinned
 * @charge: the payer
 * @npages: how many
 *
 * Return: 0, or -ENOMEM at the limit, and then nothing is charged.
 */
int charge_add(struct charge *charge, unsigned long npages)
{
	int rc = 0;

	switch (charge->mode) {
	case CHARGE_USER:
		rc = add_to_user(charge, npages);
		break;
	case CHARGE_MM:
		rc = add_to_mm(charge, npages, true);
		break;
	case CHARGE_NONE:
		break;
	}
	if (!rc)
		atomic64_add(npages, &charge->mm->pinned_vm);
	return rc;
}

/**
 * charge_sub - give a charge back
 * @charge: the payer
 * @npages: how many
 */
void charge_sub(struct charge *charge, unsigned long npages)
{
	if (!npages)
		return;
	atomic64_sub(npages, &charge->mm->pinned_vm);
	switch (charge->mode) {
	case CHARGE_USER:
		atomic_long_sub(npages, &charge->user->locked_vm);
		break;
	case CHARGE_MM:
		add_to_mm(charge, npages, false);
		break;
	case CHARGE_NONE:
		break;
	}
}
