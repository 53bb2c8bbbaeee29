// SPDX-License-Identifier: GPL-2.0-only
/* account.c - made-up users and limits, in the place of the core's account.c */
#include <linux/capability.h>
#include "private.h"
#include "memory.h"

struct payer *payer_alloc(enum charge_mode mode)
{
	struct payer *payer = kzalloc(sizeof(*payer), GFP_KERNEL_ACCOUNT);

	if (!payer)
		return NULL;
	kref_init(&payer->kref);
	payer->mode = capable(CAP_IPC_LOCK) ? CHARGE_NONE : mode;
	payer->mm = current->mm;
	payer->task = current;
	payer->user = current->user;
	return payer;
}

struct payer *payer_get(struct payer *payer)
{
	kref_get(&payer->kref);
	return payer;
}

static void payer_free(struct kref *kref)
{
	kfree(container_of(kref, struct payer, kref));
}

void payer_put(struct payer *payer)
{
	kref_put(&payer->kref, payer_free);
}

static bool add(s64 *counter, unsigned long npages, unsigned long limit)
{
	s64 old = __atomic_load_n(counter, __ATOMIC_RELAXED);

	do {
		if (old + npages > limit)
			return false;
	} while (!__atomic_compare_exchange_n(counter, &old, old + npages,
					      false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return true;
}

static void sub(s64 *counter, unsigned long npages)
{
	if (__atomic_sub_fetch(counter, npages, __ATOMIC_SEQ_CST) < 0)
		shim_die("more is uncharged than was charged");
}

static s64 *counter_of(struct payer *payer)
{
	switch (payer->mode) {
	case CHARGE_USER:
		return (s64 *)&payer->user->locked_vm.counter;
	case CHARGE_MM:
		return &payer->mm->locked_vm.counter;
	default:
		return NULL;
	}
}

static int charge(struct payer *payer, unsigned long npages, bool anyway)
{
	s64 *counter = counter_of(payer);
	unsigned long limit =
		anyway ? LONG_MAX :
			 __atomic_load_n(&payer->user->limit, __ATOMIC_RELAXED);

	if (counter && !add(counter, npages, limit))
		return -ENOMEM;
	add(&payer->mm->pinned_vm.counter, npages, LONG_MAX);
	return 0;
}

int payer_charge(struct payer *payer, unsigned long npages)
{
	sched_point("payer_charge");
	return charge(payer, npages, false);
}

void payer_charge_anyway(struct payer *payer, unsigned long npages)
{
	charge(payer, npages, true);
}

void payer_uncharge(struct payer *payer, unsigned long npages)
{
	s64 *counter = counter_of(payer);

	sub(&payer->mm->pinned_vm.counter, npages);
	if (counter)
		sub(counter, npages);
}
