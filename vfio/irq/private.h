/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * private.h - what the files of kit_irq.ko know of each other
 */
#ifndef _KIT_VFIO_IRQ_PRIVATE_H
#define _KIT_VFIO_IRQ_PRIVATE_H

#include <kit/vfio_irq.h>

struct eventfd_ctx;
struct unmask;

/**
 * struct kit_irq_line - one interrupt; the theory is in irq.c
 * @trigger: what user space listens to, a reference, or NULL
 * @masked: user space does not want to hear of it now
 * @pending: fired while it was masked
 * @level: the device holds it asserted
 * @unmask: what user space writes to, or NULL; under set_lock
 */
struct kit_irq_line {
	struct eventfd_ctx *trigger;
	bool masked;
	bool pending;
	bool level;
	struct unmask *unmask;
};

/* irq.c: lines */

void irq_set_mask(struct kit_irqs *irqs, u32 index, u32 subindex, bool masked);
struct eventfd_ctx *irq_swap_trigger(struct kit_irqs *irqs, u32 index,
				     u32 subindex, struct eventfd_ctx *trigger);
void irq_index_off(struct kit_irqs *irqs, u32 index);

/* set.c: SET_IRQS */

int set_ioctl(struct kit_irqs *irqs, struct vfio_irq_set __user *arg);

/* unmask.c: eventfds that user space writes to */

struct unmask *unmask_create(struct kit_irqs *irqs, u32 index, u32 subindex,
			     int fd);
void unmask_arm(struct unmask *unmask);
void unmask_destroy(struct unmask *unmask);

#endif
