// SPDX-License-Identifier: GPL-2.0-only
/*
 * pci.c - the configuration space, regions and interrupts of an emulated function
 *
 * The configuration space is four arrays of the same size. `config` is what a
 * read returns. A write changes the bits that are set in `writable` and clears
 * those that are set in `clearable` and in what was written; everything else
 * ignores it. That is all there is to know about most registers:
 *
 *   identity       not writable
 *   command        the bits that make sense
 *   status         clearable error bits
 *   a BAR          the address bits above its size. The driver that writes ones
 *                  to learn the size reads back exactly the writable bits, so
 *                  sizing needs no code, nor do 64-bit or half-written BARs
 *
 * A write works byte by byte, so it has no idea of register borders: accesses of
 * any size and alignment do what a bus would do with their byte enables. `initial`
 * is a picture of `config` taken when the function was complete; a reset returns
 * to it.
 *
 * A region is a window of 2^40 bytes in the device file. Whoever serves one asks
 * kit_pci_clamp() first, which knows where it ends: no access goes past it.
 *
 * LOCKING
 *   pci->lock      the bytes of config and of the MSI-X table; never held over
 *                  user memory
 *   immutable      the rest, from registration of the device on
 * MAY SLEEP        what takes a user pointer, kit_pci_init, kit_pci_add_msix
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "pci.h"

/* User memory is copied through the stack in pieces of this size. */
#define PIECE 64

#define COMMAND_WRITABLE                                              \
	(PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR | \
	 PCI_COMMAND_INTX_DISABLE)
#define STATUS_CLEARABLE                                             \
	(PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |           \
	 PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT | \
	 PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY)

/**
 * kit_pci_init() - a function with an identity and nothing else
 * @pci: uninitialised
 * @id: who it is
 * @size: of the configuration space, KIT_PCI_CONFIG_SIZE or KIT_PCIE_CONFIG_SIZE
 *
 * Context: may sleep. Undone by kit_pci_fini().
 * Return: 0; -EINVAL for another size; -ENOMEM.
 */
int kit_pci_init(struct kit_pci *pci, const struct kit_pci_id *id, u32 size)
{
	u8 *config;

	if (size != KIT_PCI_CONFIG_SIZE && size != KIT_PCIE_CONFIG_SIZE)
		return -EINVAL;
	config = kcalloc(4, size, GFP_KERNEL);
	if (!config)
		return -ENOMEM;

	*pci = (struct kit_pci){
		.size = size,
		.config = config,
		.initial = config + size,
		.writable = config + 2 * size,
		.clearable = config + 3 * size,
		.next_cap = PCI_STD_HEADER_SIZEOF,
		.device_flags = VFIO_DEVICE_FLAGS_PCI,
	};
	spin_lock_init(&pci->lock);
	pci->regions[VFIO_PCI_CONFIG_REGION_INDEX] = (struct kit_pci_region){
		.size = size,
		.flags = VFIO_REGION_INFO_FLAG_READ |
			 VFIO_REGION_INFO_FLAG_WRITE,
	};

	put_unaligned_le16(id->vendor, config + PCI_VENDOR_ID);
	put_unaligned_le16(id->device, config + PCI_DEVICE_ID);
	put_unaligned_le16(id->subvendor, config + PCI_SUBSYSTEM_VENDOR_ID);
	put_unaligned_le16(id->subdevice, config + PCI_SUBSYSTEM_ID);
	put_unaligned_le32(id->class << 8 | id->revision,
			   config + PCI_CLASS_REVISION);
	put_unaligned_le16(COMMAND_WRITABLE, pci->writable + PCI_COMMAND);
	put_unaligned_le16(STATUS_CLEARABLE, pci->clearable + PCI_STATUS);
	pci->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	pci->writable[PCI_INTERRUPT_LINE] = 0xff;
	return 0;
}
EXPORT_SYMBOL_GPL(kit_pci_init);

/**
 * kit_pci_fini() - free what kit_pci_init() and kit_pci_add_msix() allocated
 * @pci: initialised, or zeroed
 */
void kit_pci_fini(struct kit_pci *pci)
{
	kfree(pci->msix);
	kfree(pci->config);
	pci->msix = NULL;
	pci->config = NULL;
}
EXPORT_SYMBOL_GPL(kit_pci_fini);

/**
 * kit_pci_set_bar() - give the function a BAR and the region behind it
 * @pci: not registered yet
 * @bar: 0..5; a 64-bit BAR takes the next one too
 * @size: bytes, a power of two, at least 16 (4 for I/O ports)
 * @bar_flags: PCI_BASE_ADDRESS_SPACE_*, PCI_BASE_ADDRESS_MEM_*
 * @region_flags: VFIO_REGION_INFO_FLAG_*
 *
 * The command register gets the bit that enables this kind of BAR, set.
 *
 * Return: 0; -EINVAL for a size or BAR that cannot be; -EBUSY if it is taken.
 */
int kit_pci_set_bar(struct kit_pci *pci, unsigned int bar, u64 size,
		    u32 bar_flags, u32 region_flags)
{
	const bool io = bar_flags & PCI_BASE_ADDRESS_SPACE_IO;
	const bool wide = !io && bar_flags & PCI_BASE_ADDRESS_MEM_TYPE_64;
	const u16 enable = io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	const u64 mask = ~(size - 1);
	u8 *reg;

	if (bar + wide >= PCI_STD_NUM_BARS)
		return -EINVAL;
	if (!is_power_of_2(size) || size < (io ? 4 : 16) ||
	    (!wide && size > BIT_ULL(31)) || size > KIT_PCI_REGION_SIZE)
		return -EINVAL;
	reg = pci->writable + PCI_BASE_ADDRESS_0 + 4 * bar;
	if (get_unaligned_le32(reg) || (wide && get_unaligned_le32(reg + 4)))
		return -EBUSY;

	put_unaligned_le32(lower_32_bits(mask), reg);
	if (wide)
		put_unaligned_le32(upper_32_bits(mask), reg + 4);
	put_unaligned_le32(bar_flags,
			   pci->config + PCI_BASE_ADDRESS_0 + 4 * bar);
	pci->config[PCI_COMMAND] |= enable;
	pci->writable[PCI_COMMAND] |= enable;
	pci->regions[VFIO_PCI_BAR0_REGION_INDEX + bar] =
		(struct kit_pci_region){ .size = size, .flags = region_flags };
	return 0;
}
EXPORT_SYMBOL_GPL(kit_pci_set_bar);

/**
 * kit_pci_seal() - the function is complete: this is what a reset returns to
 * @pci: with all its BARs and capabilities
 */
void kit_pci_seal(struct kit_pci *pci)
{
	memcpy(pci->initial, pci->config, pci->size);
	kit_pci_reset(pci);
}
EXPORT_SYMBOL_GPL(kit_pci_seal);

/**
 * kit_pci_reset() - configuration space and MSI-X table as in the beginning
 * @pci: sealed
 *
 * Context: any.
 */
void kit_pci_reset(struct kit_pci *pci)
{
	spin_lock(&pci->lock);
	memcpy(pci->config, pci->initial, pci->size);
	for (unsigned int i = 0; i < pci->msix_nvec; i++) {
		u8 *entry = pci->msix + i * PCI_MSIX_ENTRY_SIZE;

		memset(entry, 0, PCI_MSIX_ENTRY_SIZE);
		entry[PCI_MSIX_ENTRY_VECTOR_CTRL] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
	}
	spin_unlock(&pci->lock);
}
EXPORT_SYMBOL_GPL(kit_pci_reset);

/**
 * kit_pci_command() - the command register as the user last wrote it
 * @pci: in use
 */
u16 kit_pci_command(struct kit_pci *pci)
{
	u16 command;

	spin_lock(&pci->lock);
	command = get_unaligned_le16(pci->config + PCI_COMMAND);
	spin_unlock(&pci->lock);
	return command;
}
EXPORT_SYMBOL_GPL(kit_pci_command);

/**
 * kit_pci_clamp() - how much of an access lies inside its region
 * @pci: the function
 * @pos: position in the device file
 * @count: bytes wanted
 *
 * Return: bytes from @pos to the end of the region, at most @count; -EINVAL if
 * there is no such region or @pos is not in it.
 */
ssize_t kit_pci_clamp(const struct kit_pci *pci, loff_t pos, size_t count)
{
	const unsigned int index = kit_pci_index(pos);
	const u64 offset = kit_pci_offset(pos);

	if (index >= VFIO_PCI_NUM_REGIONS || offset >= pci->regions[index].size)
		return -EINVAL;
	return min_t(u64, count, pci->regions[index].size - offset);
}
EXPORT_SYMBOL_GPL(kit_pci_clamp);

static void config_read(struct kit_pci *pci, u32 offset, u8 *buf, u32 n)
{
	spin_lock(&pci->lock);
	memcpy(buf, pci->config + offset, n);
	spin_unlock(&pci->lock);
}

static void config_write(struct kit_pci *pci, u32 offset, const u8 *buf, u32 n)
{
	spin_lock(&pci->lock);
	for (u32 i = 0; i < n; i++) {
		const u8 writable = pci->writable[offset + i];
		const u8 clearable = pci->clearable[offset + i];
		u8 *reg = &pci->config[offset + i];

		*reg = (*reg & ~writable) | (buf[i] & writable);
		*reg &= ~(buf[i] & clearable);
	}
	spin_unlock(&pci->lock);
}

/**
 * kit_pci_config_access() - read or write the configuration space
 * @pci: the function
 * @buf: in user space
 * @count: bytes, any number
 * @offset: in the configuration space, any
 * @write: from @buf
 *
 * Context: may sleep.
 * Return: bytes done, up to the end of the space; -EINVAL if @offset is not in
 * it; -EFAULT if nothing could be copied.
 */
ssize_t kit_pci_config_access(struct kit_pci *pci, char __user *buf,
			      size_t count, u64 offset, bool write)
{
	size_t done = 0;

	if (offset >= pci->size)
		return -EINVAL;
	count = min_t(u64, count, pci->size - offset);
	while (done < count) {
		const u32 n = min_t(size_t, count - done, PIECE);
		u8 piece[PIECE];

		if (write) {
			if (copy_from_user(piece, buf + done, n))
				break;
			config_write(pci, offset + done, piece, n);
		} else {
			config_read(pci, offset + done, piece, n);
			if (copy_to_user(buf + done, piece, n))
				break;
		}
		done += n;
	}
	return done || !count ? done : -EFAULT;
}
EXPORT_SYMBOL_GPL(kit_pci_config_access);

/**
 * kit_pci_region_info() - fill in what is known about a region
 * @pci: the function
 * @info: with the index
 *
 * Return: 0; -EINVAL for an index that PCI does not have.
 */
int kit_pci_region_info(const struct kit_pci *pci,
			struct vfio_region_info *info)
{
	if (info->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info->flags = pci->regions[info->index].flags;
	info->size = pci->regions[info->index].size;
	info->offset = (u64)info->index << KIT_PCI_REGION_SHIFT;
	info->cap_offset = 0;
	return 0;
}
EXPORT_SYMBOL_GPL(kit_pci_region_info);

static long get_info(const struct kit_pci *pci, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = pci->device_flags;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	if (copy_to_user(arg, &info, min_t(size_t, info.argsz, sizeof(info))))
		return -EFAULT;
	return 0;
}

static long get_region_info(const struct kit_pci *pci, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	int rc;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	rc = kit_pci_region_info(pci, &info);
	if (rc)
		return rc;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long get_irq_info(const struct kit_pci *pci, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.flags = pci->irqs[info.index].flags;
	info.count = pci->irqs[info.index].count;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/**
 * kit_pci_ioctl() - answer the ioctls that only ask what the function is like
 * @pci: the function
 * @cmd: as given to the driver's ioctl operation
 * @arg: likewise
 *
 * GET_INFO, GET_IRQ_INFO, and GET_REGION_INFO on kernels whose core does not ask
 * an operation of its own for it. None depends on another having been called.
 *
 * Context: may sleep.
 * Return: 0; -EFAULT; -EINVAL for a small argsz or an unknown index; -ENOTTY for
 * any other command.
 */
long kit_pci_ioctl(const struct kit_pci *pci, unsigned int cmd,
		   unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(pci, (void __user *)arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(pci, (void __user *)arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(pci, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(kit_pci_ioctl);

MODULE_DESCRIPTION("PCI configuration space of emulated devices");
MODULE_LICENSE("GPL");
