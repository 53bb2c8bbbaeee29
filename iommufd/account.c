// SPDX-License-Identifier: GPL-2.0-only
/*
 * account.c - who pays for pinned memory
 *
 * Pinned pages are charged before they are pinned, so a limit is never exceeded,
 * not even for a moment, and two threads cannot both take the last page. The payer
 * is chosen when the memory is mapped, or moved there by CHANGE_PROCESS: the
 * task's user (the default), its process, or, with CAP_IPC_LOCK, nobody.
 * mm->pinned_vm counts in all modes.
 *
 * LOCKING
 *   user->locked_vm, mm->pinned_vm   atomic
 *   mm->locked_vm                    mmap_lock, for writing
 *   struct payer                     immutable but for its kref
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
 * payer_alloc - the current process as a payer
 * @mode: CHARGE_USER or CHARGE_MM; a task with CAP_IPC_LOCK is not charged
 *
 * Return: the payer, which the caller owes a payer_put(), or NULL.
 */
struct payer *payer_alloc(enum charge_mode mode)
{
	struct payer *payer;

	payer = kzalloc(sizeof(*payer), GFP_KERNEL_ACCOUNT);
	if (!payer)
		return NULL;
	kref_init(&payer->kref);
	payer->mode = capable(CAP_IPC_LOCK) ? CHARGE_NONE : mode;
	payer->mm = current->mm;
	mmgrab(payer->mm);
	payer->task = get_task_struct(current->group_leader);
	payer->user = get_uid(current_user());
	return payer;
}

/**
 * payer_get - hold a payer
 * @payer: the payer
 *
 * Return: @payer.
 */
struct payer *payer_get(struct payer *payer)
{
	kref_get(&payer->kref);
	return payer;
}

static void payer_free(struct kref *kref)
{
	struct payer *payer = container_of(kref, struct payer, kref);

	free_uid(payer->user);
	put_task_struct(payer->task);
	mmdrop(payer->mm);
	kfree(payer);
}

/**
 * payer_put - end of payer_alloc() or payer_get()
 * @payer: nothing of the caller's is charged to it any more
 */
void payer_put(struct payer *payer)
{
	kref_put(&payer->kref, payer_free);
}

static int add_to_user(struct payer *payer, unsigned long npages, bool anyway)
{
	unsigned long limit, new;
	long old;

	limit = task_rlimit(payer->task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	old = atomic_long_read(&payer->user->locked_vm);
	do {
		new = old + npages;
		if (new > limit && !anyway)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&payer->user->locked_vm, &old, new));
	return 0;
}

static int add_to_mm(struct payer *payer, unsigned long npages, bool add,
		     bool anyway)
{
	struct mm_struct *mm = payer->mm;
	int rc;

	mmap_write_lock(mm);
	rc = __account_locked_vm(mm, npages, add, payer->task, anyway);
	mmap_write_unlock(mm);
	return rc;
}

static int charge(struct payer *payer, unsigned long npages, bool anyway)
{
	int rc = 0;

	if (!npages)
		return 0;
	switch (payer->mode) {
	case CHARGE_USER:
		rc = add_to_user(payer, npages, anyway);
		break;
	case CHARGE_MM:
		rc = add_to_mm(payer, npages, true, anyway);
		break;
	case CHARGE_NONE:
		break;
	}
	if (!rc)
		atomic64_add(npages, &payer->mm->pinned_vm);
	return rc;
}

/**
 * payer_charge - charge pages that are about to be pinned
 * @payer: the payer
 * @npages: how many
 *
 * Return: 0, or -ENOMEM at the limit, and then nothing is charged.
 */
int payer_charge(struct payer *payer, unsigned long npages)
{
	return charge(payer, npages, false);
}

/**
 * payer_charge_anyway - charge pages that had been charged a moment ago
 * @payer: the payer
 * @npages: how many
 */
void payer_charge_anyway(struct payer *payer, unsigned long npages)
{
	int rc = charge(payer, npages, true);

	WARN_ON_ONCE(rc);
}

/**
 * payer_uncharge - give a charge back
 * @payer: the payer
 * @npages: how many
 */
void payer_uncharge(struct payer *payer, unsigned long npages)
{
	if (!npages)
		return;
	atomic64_sub(npages, &payer->mm->pinned_vm);
	switch (payer->mode) {
	case CHARGE_USER:
		atomic_long_sub(npages, &payer->user->locked_vm);
		break;
	case CHARGE_MM:
		add_to_mm(payer, npages, false, false);
		break;
	case CHARGE_NONE:
		break;
	}
}
