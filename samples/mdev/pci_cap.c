// SPDX-License-Identifier: GPL-2.0-only
/*
 * pci_cap.c - the capability list of an emulated function, and its MSI-X table
 *
 * Capabilities are put one behind the other, from the end of the standard header
 * on, each linked from the one before: the list reads in the order of the calls.
 * The body of a capability is what follows its id and link; like the rest of the
 * configuration space it comes with masks of the bits that a write may change
 * and of those that writing 1 clears.
 *
 * The MSI-X table lies in a BAR, where the user finds it by the capability. It is
 * storage and nothing more: a VFIO user is interrupted by eventfd, and what an
 * entry's address and mask mean is for the virtual machine monitor to know.
 *
 * LOCKING, MAY SLEEP   as in pci.c
 */
#include <linux/align.h>
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "pci.h"

/* Bytes of a capability before its body. */
#define CAP_HEAD 2

/* Of a PCI Express capability, version 2. */
#define EXP_V2_SIZEOF (PCI_EXP_SLTSTA2 + 2)

#define MAX_MSI_VECTORS 32
#define MAX_MSIX_VECTORS 2048

static u32 pba_bytes(unsigned int nvec)
{
	return ALIGN(nvec, 64) / 8;
}

/**
 * kit_pci_add_cap() - append a capability
 * @pci: not sealed yet
 * @id: PCI_CAP_ID_*
 * @body: what follows id and link
 * @writable: bits of it that a write changes, or NULL for none
 * @clearable: bits of it that writing 1 clears, or NULL for none
 * @len: bytes of @body and of the masks
 *
 * Return: where the capability is; -ENOSPC if it does not fit.
 */
int kit_pci_add_cap(struct kit_pci *pci, u8 id, const void *body,
		    const void *writable, const void *clearable, u8 len)
{
	const u16 pos = pci->next_cap;
	const u16 after = ALIGN(pos + CAP_HEAD + len, 4);

	if (after > KIT_PCI_CONFIG_SIZE)
		return -ENOSPC;
	pci->config[pos + PCI_CAP_LIST_ID] = id;
	memcpy(pci->config + pos + CAP_HEAD, body, len);
	if (writable)
		memcpy(pci->writable + pos + CAP_HEAD, writable, len);
	if (clearable)
		memcpy(pci->clearable + pos + CAP_HEAD, clearable, len);

	if (pci->last_cap)
		pci->config[pci->last_cap + PCI_CAP_LIST_NEXT] = pos;
	else
		pci->config[PCI_CAPABILITY_LIST] = pos;
	pci->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	pci->last_cap = pos;
	pci->next_cap = after;
	return pos;
}
EXPORT_SYMBOL_GPL(kit_pci_add_cap);

/**
 * kit_pci_add_msi() - message signalled interrupts, with 64-bit addresses
 * @pci: not sealed yet
 * @nvec: vectors, a power of two up to 32
 * @maskable: with mask and pending bits
 *
 * Return: where the capability is; -EINVAL; -ENOSPC.
 */
int kit_pci_add_msi(struct kit_pci *pci, unsigned int nvec, bool maskable)
{
	u8 body[PCI_MSI_PENDING_64 + 4 - CAP_HEAD] = {};
	u8 writable[sizeof(body)] = {};
	u16 flags = PCI_MSI_FLAGS_64BIT;
	int pos;

	if (!is_power_of_2(nvec) || nvec > MAX_MSI_VECTORS)
		return -EINVAL;
	flags |= FIELD_PREP(PCI_MSI_FLAGS_QMASK, ilog2(nvec));
	if (maskable)
		flags |= PCI_MSI_FLAGS_MASKBIT;
	put_unaligned_le16(flags, body);

	put_unaligned_le16(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE,
			   writable + PCI_MSI_FLAGS - CAP_HEAD);
	put_unaligned_le32(~3U, writable + PCI_MSI_ADDRESS_LO - CAP_HEAD);
	put_unaligned_le32(~0U, writable + PCI_MSI_ADDRESS_HI - CAP_HEAD);
	put_unaligned_le16(0xffff, writable + PCI_MSI_DATA_64 - CAP_HEAD);
	if (maskable)
		put_unaligned_le32(GENMASK(nvec - 1, 0),
				   writable + PCI_MSI_MASK_64 - CAP_HEAD);

	pos = kit_pci_add_cap(pci, PCI_CAP_ID_MSI, body, writable, NULL,
			      maskable ? sizeof(body) :
					 PCI_MSI_DATA_64 + 2 - CAP_HEAD);
	if (pos < 0)
		return pos;
	pci->irqs[VFIO_PCI_MSI_IRQ_INDEX] = (struct kit_pci_irq){
		.count = nvec,
		.flags = VFIO_IRQ_INFO_EVENTFD,
	};
	return pos;
}
EXPORT_SYMBOL_GPL(kit_pci_add_msi);

/**
 * kit_pci_add_msix() - MSI-X, with its table in a BAR
 * @pci: not sealed yet
 * @nvec: vectors, 1..2048
 * @bar: the BAR, set up already
 * @table: where the table goes in it, a multiple of 8
 * @pba: where the pending bits go in it, a multiple of 8
 *
 * Context: may sleep.
 * Return: where the capability is; -EINVAL if they do not fit into the BAR or
 * overlap; -EBUSY if there is one already; -ENOMEM; -ENOSPC.
 */
int kit_pci_add_msix(struct kit_pci *pci, unsigned int nvec, unsigned int bar,
		     u32 table, u32 pba)
{
	const u32 table_end = table + nvec * PCI_MSIX_ENTRY_SIZE;
	const u32 pba_end = pba + pba_bytes(nvec);
	const u8 writable[PCI_CAP_MSIX_SIZEOF - CAP_HEAD] = {
		[1] = (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) >> 8,
	};
	u8 body[PCI_CAP_MSIX_SIZEOF - CAP_HEAD];
	u64 size;
	int pos;

	if (pci->msix)
		return -EBUSY;
	if (!nvec || nvec > MAX_MSIX_VECTORS || bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	size = pci->regions[VFIO_PCI_BAR0_REGION_INDEX + bar].size;
	if (table % 8 || pba % 8 || table_end < table || pba_end < pba ||
	    table_end > size || pba_end > size ||
	    (table < pba_end && pba < table_end))
		return -EINVAL;

	put_unaligned_le16(nvec - 1, body + PCI_MSIX_FLAGS - CAP_HEAD);
	put_unaligned_le32(table | bar, body + PCI_MSIX_TABLE - CAP_HEAD);
	put_unaligned_le32(pba | bar, body + PCI_MSIX_PBA - CAP_HEAD);

	pci->msix = kzalloc(table_end - table + pba_end - pba, GFP_KERNEL);
	if (!pci->msix)
		return -ENOMEM;
	pos = kit_pci_add_cap(pci, PCI_CAP_ID_MSIX, body, writable, NULL,
			      sizeof(body));
	if (pos < 0) {
		kfree(pci->msix);
		pci->msix = NULL;
		return pos;
	}
	pci->msix_bar = bar;
	pci->msix_nvec = nvec;
	pci->msix_table = table;
	pci->msix_pba = pba;
	pci->irqs[VFIO_PCI_MSIX_IRQ_INDEX] = (struct kit_pci_irq){
		.count = nvec,
		.flags = VFIO_IRQ_INFO_EVENTFD,
	};
	return pos;
}
EXPORT_SYMBOL_GPL(kit_pci_add_msix);

/**
 * kit_pci_add_pcie() - be a PCI Express endpoint integrated into the root complex
 * @pci: not sealed yet, with KIT_PCIE_CONFIG_SIZE
 *
 * Such an endpoint has no link, so it may sit on any bus of a virtual machine.
 *
 * Return: where the capability is; -EINVAL for a small space; -ENOSPC.
 */
int kit_pci_add_pcie(struct kit_pci *pci)
{
	u8 body[EXP_V2_SIZEOF - CAP_HEAD] = {};
	u8 writable[sizeof(body)] = {};
	u8 clearable[sizeof(body)] = {};

	if (pci->size < KIT_PCIE_CONFIG_SIZE)
		return -EINVAL;
	put_unaligned_le16(2 | FIELD_PREP(PCI_EXP_FLAGS_TYPE,
					  PCI_EXP_TYPE_RC_END),
			   body + PCI_EXP_FLAGS - CAP_HEAD);
	put_unaligned_le32(PCI_EXP_DEVCAP_RBER,
			   body + PCI_EXP_DEVCAP - CAP_HEAD);
	put_unaligned_le16(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
				   PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
				   PCI_EXP_DEVCTL_RELAX_EN |
				   PCI_EXP_DEVCTL_NOSNOOP_EN |
				   PCI_EXP_DEVCTL_READRQ,
			   writable + PCI_EXP_DEVCTL - CAP_HEAD);
	put_unaligned_le16(PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED |
				   PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD,
			   clearable + PCI_EXP_DEVSTA - CAP_HEAD);
	return kit_pci_add_cap(pci, PCI_CAP_ID_EXP, body, writable, clearable,
			       sizeof(body));
}
EXPORT_SYMBOL_GPL(kit_pci_add_pcie);

/**
 * kit_pci_add_vendor() - a capability of the vendor's own, read only
 * @pci: not sealed yet
 * @body: what follows id, link and the length byte
 * @len: bytes of it
 *
 * Return: where the capability is; -ENOSPC.
 */
int kit_pci_add_vendor(struct kit_pci *pci, const void *body, u8 len)
{
	u8 whole[KIT_PCI_CONFIG_SIZE];

	if (len > KIT_PCI_CONFIG_SIZE - PCI_STD_HEADER_SIZEOF - CAP_HEAD - 1)
		return -ENOSPC;
	whole[0] = CAP_HEAD + 1 + len;
	memcpy(whole + 1, body, len);
	return kit_pci_add_cap(pci, PCI_CAP_ID_VNDR, whole, NULL, NULL,
			       len + 1);
}
EXPORT_SYMBOL_GPL(kit_pci_add_vendor);

static void entry_write(u8 *entries, u32 at, const u8 *buf, size_t n)
{
	for (size_t i = 0; i < n; i++, at++) {
		u8 writable = 0xff;

		switch (at % PCI_MSIX_ENTRY_SIZE) {
		case PCI_MSIX_ENTRY_LOWER_ADDR:
			writable = 0xfc;
			break;
		case PCI_MSIX_ENTRY_VECTOR_CTRL:
			writable = PCI_MSIX_ENTRY_CTRL_MASKBIT;
			break;
		case PCI_MSIX_ENTRY_VECTOR_CTRL + 1:
		case PCI_MSIX_ENTRY_VECTOR_CTRL + 2:
		case PCI_MSIX_ENTRY_VECTOR_CTRL + 3:
			writable = 0;
			break;
		}
		entries[at] = (entries[at] & ~writable) | (buf[i] & writable);
	}
}

/**
 * kit_pci_msix_access() - read or write the MSI-X table or the pending bits
 * @pci: in use
 * @bar: the BAR that is accessed
 * @offset: in the BAR
 * @buf: in the kernel
 * @count: bytes
 * @write: from @buf; the pending bits ignore it
 *
 * Context: any.
 * Return: bytes done, at most @count, ending with the table or the pending bits;
 * 0 if neither is at @offset.
 */
size_t kit_pci_msix_access(struct kit_pci *pci, unsigned int bar, u64 offset,
			   void *buf, size_t count, bool write)
{
	const u32 table_size = pci->msix_nvec * PCI_MSIX_ENTRY_SIZE;
	const u32 pba_size = pba_bytes(pci->msix_nvec);
	bool table;
	u32 at;

	if (!pci->msix || bar != pci->msix_bar)
		return 0;
	if (offset >= pci->msix_table &&
	    offset - pci->msix_table < table_size) {
		table = true;
		at = offset - pci->msix_table;
		count = min_t(size_t, count, table_size - at);
	} else if (offset >= pci->msix_pba &&
		   offset - pci->msix_pba < pba_size) {
		table = false;
		at = table_size + offset - pci->msix_pba;
		count = min_t(size_t, count, table_size + pba_size - at);
	} else {
		return 0;
	}

	spin_lock(&pci->lock);
	if (!write)
		memcpy(buf, pci->msix + at, count);
	else if (table)
		entry_write(pci->msix, at, buf, count);
	spin_unlock(&pci->lock);
	return count;
}
EXPORT_SYMBOL_GPL(kit_pci_msix_access);
