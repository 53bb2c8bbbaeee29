// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.c - what KVM and a device file know of each other
 *
 * A VMM hands its device files to KVM (the vfio device of a virtual machine).
 * KVM then looks up three functions here by name, asks whether a file is ours
 * and whether its DMA is coherent, and says which machine the file is used for.
 * No module depends on the other; each finds the other's functions with
 * symbol_get() if it is loaded. That is why these three, alone of all that
 * vfio.ko exports, carry no namespace.
 *
 * What KVM says is kept in the file (struct kvm_slot) and is no reference: KVM
 * takes it back (NULL) before the machine goes away. When the file gets hold of
 * its device, a reference is made from it under the slot's lock, and handed to
 * the device before open_device, so that the driver finds it in
 * vfio_device.kvm. It stays there until close_device returned, whatever KVM says
 * meanwhile. One opener, one reference: a BIND that fails gives back its own
 * and never sees that of the device's owner.
 *
 * The last reference destroys the machine, which takes KVM's locks and comes
 * back to kvm_slot_set(). So references are put with no lock held.
 *
 * LOCKING
 *   slot.lock       protects slot.kvm; innermost. Read without it only to see whether
 *                   there is anything to look at
 * MAY SLEEP   kvm_ref_put()
 */
#include <linux/fs.h>
#include <linux/module.h>
#include "private.h"

#if IS_ENABLED(CONFIG_KVM)
#include <linux/kvm_host.h>
#endif

/**
 * kvm_slot_init() - nothing was said yet
 * @slot: the slot
 */
void kvm_slot_init(struct kvm_slot *slot)
{
	spin_lock_init(&slot->lock);
	slot->kvm = NULL;
}

/**
 * kvm_slot_set() - KVM said something
 * @slot: the slot
 * @kvm: a machine, or NULL
 */
void kvm_slot_set(struct kvm_slot *slot, struct kvm *kvm)
{
	spin_lock(&slot->lock);
	WRITE_ONCE(slot->kvm, kvm);
	spin_unlock(&slot->lock);
}

#if IS_ENABLED(CONFIG_KVM)
/**
 * kvm_ref_get() - make a reference of what was said
 * @slot: the slot
 *
 * Return: a reference for kvm_ref_put(); an empty one if nothing was said or the
 * machine is going away.
 */
struct kvm_ref kvm_ref_get(struct kvm_slot *slot)
{
	typeof(kvm_get_kvm_safe) *get;
	struct kvm_ref ref = {};

	if (!READ_ONCE(slot->kvm))
		return ref;
	get = symbol_get(kvm_get_kvm_safe);
	if (!get)
		return ref;
	ref.put = symbol_get(kvm_put_kvm);
	if (ref.put) {
		spin_lock(&slot->lock);
		if (slot->kvm && get(slot->kvm))
			ref.kvm = slot->kvm;
		spin_unlock(&slot->lock);
		if (!ref.kvm)
			symbol_put(kvm_put_kvm);
	}
	symbol_put(kvm_get_kvm_safe);
	return ref;
}

/**
 * kvm_ref_put() - put a reference
 * @ref: from kvm_ref_get() or out of a device, or empty
 *
 * Context: no lock held.
 */
void kvm_ref_put(struct kvm_ref ref)
{
	if (!ref.kvm)
		return;
	ref.put(ref.kvm);
	symbol_put(kvm_put_kvm);
}
#else
struct kvm_ref kvm_ref_get(struct kvm_slot *slot)
{
	return (struct kvm_ref){};
}

void kvm_ref_put(struct kvm_ref ref)
{
}
#endif

/**
 * vfio_file_is_valid() - is this file one of VFIO's
 * @file: any file
 *
 * Return: true for a device file and for a group file.
 */
bool vfio_file_is_valid(struct file *file)
{
	return df_from_file(file) || group_kvm_from_file(file);
}
EXPORT_SYMBOL_GPL(vfio_file_is_valid);

/**
 * vfio_file_enforced_coherent() - is all DMA of this file cache coherent
 * @file: any file
 *
 * Return: false for a file with an emulated device: as upstream, nothing makes a
 * promise for it, and KVM lets the guest flush caches. true for other files.
 */
bool vfio_file_enforced_coherent(struct file *file)
{
	return !vfio_file_is_valid(file);
}
EXPORT_SYMBOL_GPL(vfio_file_enforced_coherent);

/**
 * vfio_file_set_kvm() - say which virtual machine uses a file
 * @file: any file; nothing happens if it is not one of VFIO's
 * @kvm: the machine, or NULL for none any more
 *
 * A driver sees what was said last before its device was opened.
 *
 * Context: takes a spin lock only.
 */
void vfio_file_set_kvm(struct file *file, struct kvm *kvm)
{
	struct vfio_df *df = df_from_file(file);
	struct kvm_slot *slot = df ? &df->kvm : group_kvm_from_file(file);

	if (slot)
		kvm_slot_set(slot, kvm);
}
EXPORT_SYMBOL_GPL(vfio_file_set_kvm);
