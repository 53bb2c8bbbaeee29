/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * accel.h - how guests execute on this machine, and how fast
 */
#ifndef _KIT_HARNESS_ACCEL_H
#define _KIT_HARNESS_ACCEL_H

#include "kit.h"
#include "splat.h"

/**
 * struct accel - the decision
 * @accel: KIT_ACCEL_KVM or KIT_ACCEL_TCG
 * @why: one line for the user: "TCG: KVM stopped the guest (internal-error)"
 * @boot_seconds: how long a boot to PID 1's first word took with it
 * @cached: decided by an earlier run
 */
struct accel {
	enum kit_accel accel;
	char *why;
	double boot_seconds;
	bool cached;
};

/* A kernel and an initramfs whose PID 1 speaks and ends at once. */
struct accel_guest {
	const char *image;
	const char *initrd;
	unsigned int cpus;
};

/**
 * accel_probe() - decide by booting
 * @wanted: ACCEL
 * @guest: what to boot
 * @rules: for the console of the probe
 * @progress: a phase of its own if something has to be booted
 * @error: KIT_ERROR_TOOL: ACCEL=kvm was asked for and does not work;
 *         KIT_ERROR_HARNESS: nothing boots at all, with the reason
 *
 * Return: the decision, free with accel_free(); NULL on error.
 */
struct accel *accel_probe(enum kit_accel wanted,
			  const struct accel_guest *guest,
			  const struct splat_rules *rules,
			  struct kit_progress *progress, GError **error);
void accel_free(struct accel *accel);

#endif /* _KIT_HARNESS_ACCEL_H */
