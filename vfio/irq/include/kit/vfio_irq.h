/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kit/vfio_irq.h - interrupts of an emulated device, as eventfds
 *
 * A driver embeds a struct kit_irqs, says in a table what interrupts the device
 * has, hands two ioctls over, and from then on only triggers:
 *
 *   static const struct kit_irq_desc mine[] = {
 *           [VFIO_PCI_INTX_IRQ_INDEX] = KIT_IRQ_INTX,
 *           [VFIO_PCI_MSI_IRQ_INDEX] = KIT_IRQ_MSI(1),
 *   };
 *
 *   init           kit_irqs_init(&my->irqs, mine, ARRAY_SIZE(mine))
 *   ioctl          GET_IRQ_INFO, SET_IRQS: return kit_irqs_ioctl(...)
 *   anywhere       kit_irq_trigger(&my->irqs, VFIO_PCI_MSI_IRQ_INDEX, 0)
 *   VFIO_DEVICE_RESET   kit_irqs_reset(&my->irqs)
 *   close_device   kit_irqs_close(&my->irqs)
 *   release        kit_irqs_fini(&my->irqs)
 *
 * What SET_IRQS does in each case is at the top of vfio/irq/set.c, what a line
 * is at the top of vfio/irq/irq.c.
 */
#ifndef _KIT_VFIO_IRQ_H
#define _KIT_VFIO_IRQ_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>

struct kit_irq_line;

/**
 * struct kit_irq_desc - what a device has of one index
 * @count: how many interrupts; 0 for none
 * @flags: VFIO_IRQ_INFO_*: EVENTFD always; MASKABLE takes MASK and UNMASK;
 *	AUTOMASKED masks itself when it fires; NORESIZE is set up as a whole
 */
struct kit_irq_desc {
	u32 count;
	u32 flags;
};

#define KIT_IRQ_INTX                                                      \
	{                                                                 \
		.count = 1,                                               \
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | \
			 VFIO_IRQ_INFO_AUTOMASKED,                        \
	}
#define KIT_IRQ_MSI(n)                                                   \
	{                                                                \
		.count = (n),                                            \
		.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, \
	}
#define KIT_IRQ_MSIX(n)                                       \
	{                                                     \
		.count = (n), .flags = VFIO_IRQ_INFO_EVENTFD, \
	}
/* One that is there beside the others: VFIO_PCI_ERR and _REQ. */
#define KIT_IRQ_NOTICE KIT_IRQ_MSIX(1)

/**
 * struct kit_irqs - the interrupts of a device, embedded by its driver
 * @desc: the driver's table; immutable
 * @nindexes: rows of it; immutable
 * @set_lock: one SET_IRQS at a time; -> @lock
 * @lock: protects the lines; taken with interrupts off
 * @lines: for each index, desc->count of them; immutable
 * @nset: for each index, 0 if it is off, else how far it was ever set; under
 *	@set_lock
 */
struct kit_irqs {
	const struct kit_irq_desc *desc;
	unsigned int nindexes;
	struct mutex set_lock; /* see above */
	spinlock_t lock; /* see above */
	struct kit_irq_line *lines[VFIO_PCI_NUM_IRQS];
	u32 nset[VFIO_PCI_NUM_IRQS];
};

int kit_irqs_init(struct kit_irqs *irqs, const struct kit_irq_desc *desc,
		  unsigned int nindexes);
void kit_irqs_fini(struct kit_irqs *irqs);
void kit_irqs_close(struct kit_irqs *irqs);
void kit_irqs_reset(struct kit_irqs *irqs);
long kit_irqs_ioctl(struct kit_irqs *irqs, unsigned int cmd, unsigned long arg);
void kit_irq_trigger(struct kit_irqs *irqs, u32 index, u32 subindex);
void kit_irq_set_level(struct kit_irqs *irqs, u32 index, u32 subindex,
		       bool level);
bool kit_irq_is_set(struct kit_irqs *irqs, u32 index, u32 subindex);

/* Importing by text: see linux/vfio.h. */
MODULE_INFO(import_ns, "KIT_VFIO");

#endif
