// SPDX-License-Identifier: GPL-2.0-only
/*
 * op.c - pins and copies in flight
 *
 * A pin or rw registers itself as an op before it looks at anything that may be
 * taken away, and unregisters when it is done. Whoever takes something away
 * first makes it unusable, then waits until no registered op can have seen it
 * usable:
 *
 *      op                              unmap, replace, detach
 *      register                        mark the areas, change access->att
 *      smp_mb()                        smp_mb()
 *      read access->att, area->state   look for registered ops; wait
 *
 * One of the two sees the other. UNMAP counts its marks in ioas->mark, and an op
 * remembers the number it saw before it registered: one that began after the mark
 * sees the states anyway, so UNMAP waits only for earlier ones and cannot be
 * starved by new ones.
 *
 * The ops of an IOAS are kept in a list for each CPU, so that threads on different
 * CPUs, even with one access and one area, write to no common cache line; the one
 * who waits pays by walking them all.
 *
 * An op may sleep, fault and migrate: it remembers the list it is on.
 *
 * LOCKING
 *   op_cpu->lock   one list and the ops on it; innermost
 *   RCU            access->att; the IOAS until the op is registered and again
 *                  after it is off its list
 * MAY SLEEP        nothing here
 */
#include <linux/percpu.h>
#include "private.h"

static void op_add(struct op *op, struct attachment *att)
{
	op->att = att;
	/* ORDER: pairs with the release in unmap.c:mark_locked() */
	op->mark = smp_load_acquire(&att->ioas->mark);
	op->cpu = raw_cpu_ptr(att->ioas->ops);
	spin_lock(&op->cpu->lock);
	list_add(&op->node, &op->cpu->ops);
	spin_unlock(&op->cpu->lock);
}

static void op_del(struct op *op)
{
	struct ioas *ioas = op->att->ioas;

	spin_lock(&op->cpu->lock);
	list_del(&op->node);
	spin_unlock(&op->cpu->lock);
	ioas_wake(ioas);
}

/**
 * op_enter - register a pin or rw
 * @access: the access
 * @op: on the caller's stack
 * @iova: first byte it will touch
 * @last: last byte it will touch
 * @pin: it will make pins
 *
 * From here to op_exit() op->att and its IOAS stay, and an area that was seen
 * live by area_check() keeps its place and its backing.
 *
 * Return: 0, or -ENOENT when the access is not attached.
 */
int op_enter(struct iommufd_access *access, struct op *op, unsigned long iova,
	     unsigned long last, bool pin)
{
	struct attachment *att;

	op->iova = iova;
	op->last = last;
	op->pin = pin;

	rcu_read_lock();
	for (;;) {
		att = rcu_dereference(access->att);
		if (!att)
			break;
		op_add(op, att);
		/* ORDER: pairs with smp_mb() in unmap.c:drain(), attach.c:publish() */
		smp_mb();
		if (likely(rcu_access_pointer(access->att) == att))
			break;
		/* Replaced meanwhile: its drain may not have seen this op. */
		op_del(op);
	}
	rcu_read_unlock();
	return att ? 0 : -ENOENT;
}

/**
 * op_exit - the pin or rw is done
 * @op: from op_enter()
 */
void op_exit(struct op *op)
{
	/* The IOAS may go away once the op is off its list. */
	rcu_read_lock();
	op_del(op);
	rcu_read_unlock();
}

/**
 * ops_before_mark - is an op in flight that may have seen areas live?
 * @ioas: the IOAS
 * @iova: first byte of the areas
 * @last: last byte
 * @mark: ioas->mark after they were marked
 *
 * Context: used as a wait condition on ioas->wait.
 */
bool ops_before_mark(struct ioas *ioas, unsigned long iova, unsigned long last,
		     unsigned long mark)
{
	bool found = false;
	struct op *op;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct op_cpu *list = per_cpu_ptr(ioas->ops, cpu);

		spin_lock(&list->lock);
		list_for_each_entry(op, &list->ops, node)
			if (op->mark < mark && op->iova <= last &&
			    op->last >= iova) {
				found = true;
				break;
			}
		spin_unlock(&list->lock);
		if (found)
			break;
	}
	return found;
}

/**
 * ops_of_attachment - is an op in flight through an attachment?
 * @att: the attachment
 * @pins_only: ask for pins, not copies
 *
 * Context: used as a wait condition on att->ioas->wait.
 */
bool ops_of_attachment(struct attachment *att, bool pins_only)
{
	bool found = false;
	struct op *op;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct op_cpu *list = per_cpu_ptr(att->ioas->ops, cpu);

		spin_lock(&list->lock);
		list_for_each_entry(op, &list->ops, node)
			if (op->att == att && (op->pin || !pins_only)) {
				found = true;
				break;
			}
		spin_unlock(&list->lock);
		if (found)
			break;
	}
	return found;
}
