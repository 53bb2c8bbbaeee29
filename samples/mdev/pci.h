/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pci.h - an emulated PCI function, as far as all samples have it in common
 *
 * kit_pci.ko keeps the configuration space, the list of regions and interrupts,
 * and the MSI-X table. What the registers in the BARs do is the sample's own.
 *
 *	kit_pci_init(&pci, &id, KIT_PCIE_CONFIG_SIZE);
 *	kit_pci_set_bar(&pci, 0, 0x1000, PCI_BASE_ADDRESS_SPACE_MEMORY,
 *			VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE);
 *	kit_pci_add_msix(&pci, 4, 0, 0x800, 0xc00);
 *	kit_pci_seal(&pci);
 *	...
 *	kit_pci_fini(&pci);
 */
#ifndef _KIT_SAMPLES_PCI_H
#define _KIT_SAMPLES_PCI_H

#include <linux/bits.h>
#include <linux/pci_regs.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>

/* A position in the device file: the index of the region above this many bits. */
#define KIT_PCI_REGION_SHIFT 40
#define KIT_PCI_REGION_SIZE BIT_ULL(KIT_PCI_REGION_SHIFT)

#define KIT_PCI_CONFIG_SIZE 256
#define KIT_PCIE_CONFIG_SIZE 4096

/**
 * struct kit_pci_id - who the function says it is
 * @vendor: vendor
 * @device: device
 * @subvendor: subsystem vendor
 * @subdevice: subsystem
 * @class: 24 bits: class, subclass, programming interface
 * @revision: revision
 */
struct kit_pci_id {
	u16 vendor;
	u16 device;
	u16 subvendor;
	u16 subdevice;
	u32 class;
	u8 revision;
};

/**
 * struct kit_pci_region - a VFIO region of the function
 * @size: bytes, 0 if there is none
 * @flags: VFIO_REGION_INFO_FLAG_*
 */
struct kit_pci_region {
	u64 size;
	u32 flags;
};

/**
 * struct kit_pci_irq - an interrupt index of the function
 * @count: vectors, 0 if there is none
 * @flags: VFIO_IRQ_INFO_*
 */
struct kit_pci_irq {
	u32 count;
	u32 flags;
};

/**
 * struct kit_pci - an emulated PCI function
 * @lock: protects the bytes behind @config and @msix once the device is in use
 * @size: bytes of configuration space
 * @config: what is read
 * @initial: what @config is after a reset, complete from kit_pci_seal() on
 * @writable: bits that a write sets and clears
 * @clearable: bits that writing 1 clears
 * @last_cap: where the youngest capability is, 0 if there is none
 * @next_cap: where the next capability goes
 * @regions: by VFIO_PCI_*_REGION_INDEX
 * @irqs: by VFIO_PCI_*_IRQ_INDEX
 * @device_flags: of GET_INFO; the driver adds VFIO_DEVICE_FLAGS_RESET
 * @msix: MSI-X table and, behind it, pending bits; NULL if there is none
 * @msix_bar: the BAR they lie in
 * @msix_nvec: vectors
 * @msix_table: where the table lies in the BAR
 * @msix_pba: where the pending bits lie in the BAR
 *
 * All but the bytes under @lock is set up before the device is registered and
 * immutable from then on.
 */
struct kit_pci {
	spinlock_t lock;
	u32 size;
	u8 *config;
	u8 *initial;
	u8 *writable;
	u8 *clearable;
	u8 last_cap;
	u16 next_cap;
	struct kit_pci_region regions[VFIO_PCI_NUM_REGIONS];
	struct kit_pci_irq irqs[VFIO_PCI_NUM_IRQS];
	u32 device_flags;
	u8 *msix;
	unsigned int msix_bar;
	unsigned int msix_nvec;
	u32 msix_table;
	u32 msix_pba;
};

static inline unsigned int kit_pci_index(loff_t pos)
{
	return (u64)pos >> KIT_PCI_REGION_SHIFT;
}

static inline u64 kit_pci_offset(loff_t pos)
{
	return (u64)pos & (KIT_PCI_REGION_SIZE - 1);
}

/* pci.c */
int kit_pci_init(struct kit_pci *pci, const struct kit_pci_id *id, u32 size);
void kit_pci_fini(struct kit_pci *pci);
int kit_pci_set_bar(struct kit_pci *pci, unsigned int bar, u64 size,
		    u32 bar_flags, u32 region_flags);
void kit_pci_seal(struct kit_pci *pci);
void kit_pci_reset(struct kit_pci *pci);
u16 kit_pci_command(struct kit_pci *pci);
ssize_t kit_pci_clamp(const struct kit_pci *pci, loff_t pos, size_t count);
ssize_t kit_pci_config_access(struct kit_pci *pci, char __user *buf,
			      size_t count, u64 offset, bool write);
int kit_pci_region_info(const struct kit_pci *pci,
			struct vfio_region_info *info);
long kit_pci_ioctl(const struct kit_pci *pci, unsigned int cmd,
		   unsigned long arg);

/* pci_cap.c */
int kit_pci_add_cap(struct kit_pci *pci, u8 id, const void *body,
		    const void *writable, const void *clearable, u8 len);
int kit_pci_add_msi(struct kit_pci *pci, unsigned int nvec, bool maskable);
int kit_pci_add_msix(struct kit_pci *pci, unsigned int nvec, unsigned int bar,
		     u32 table, u32 pba);
int kit_pci_add_pcie(struct kit_pci *pci);
int kit_pci_add_vendor(struct kit_pci *pci, const void *body, u8 len);
size_t kit_pci_msix_access(struct kit_pci *pci, unsigned int bar, u64 offset,
			   void *buf, size_t count, bool write);

#endif
