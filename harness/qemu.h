/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qemu.h - one virtual machine
 */
#ifndef _KIT_HARNESS_QEMU_H
#define _KIT_HARNESS_QEMU_H

#include "kit.h"

/**
 * enum qemu_machine - the two machines
 * @QEMU_PARALLEL: CPUs truly run at the same time
 * @QEMU_DETERMINISTIC: one host thread, time is counted instructions: the same
 *	seed gives the same run, byte for byte
 */
enum qemu_machine {
	QEMU_PARALLEL,
	QEMU_DETERMINISTIC
};

/**
 * struct qemu_spec - what to start
 * @machine: which of the two
 * @accel: KVM or TCG, decided; the deterministic machine is always TCG
 * @cpus: CPUs
 * @mem_mib: memory in MiB
 * @seed: the deterministic machine's schedule
 * @image: kernel
 * @initrd: its initramfs
 * @append: added to the kernel command line, or NULL
 * @dir: existing directory for QEMU's own files
 * @interactive: the console is our stdin and stdout
 */
struct qemu_spec {
	enum qemu_machine machine;
	enum kit_accel accel;
	unsigned int cpus;
	unsigned int mem_mib;
	uint64_t seed;
	const char *image;
	const char *initrd;
	const char *append;
	const char *dir;
	bool interactive;
};

/**
 * struct qemu_events - what a machine tells
 * @console: bytes of the console
 * @results: bytes of the results port
 * @broken: the guest cannot run on (an emulation failure of KVM); QEMU still lives
 * @exited: QEMU is gone and everything it wrote has been delivered; @status as
 *	from waitpid(). The only event in which qemu_free() may be called.
 */
struct qemu_events {
	void (*console)(void *data, const char *bytes, size_t length);
	void (*results)(void *data, const char *bytes, size_t length);
	void (*broken)(void *data, const char *why);
	void (*exited)(void *data, int status);
};

struct qemu;

/* The command line, NULL-terminated; its descriptors are those that qemu_start() passes on. */
char **qemu_command(const struct qemu_spec *spec);

/* Start it. @events and @data must live until @exited. */
struct qemu *qemu_start(const struct qemu_spec *spec,
			const struct qemu_events *events, void *data,
			GError **error);

/* SIGKILL; @exited follows from the main loop. */
void qemu_kill(struct qemu *qemu);

void qemu_free(struct qemu *qemu);

/* Magic SysRq: by a break on the serial line, or by keyboard where the line cannot be written. */
void qemu_sysrq(struct qemu *qemu, char key);

/* The control channel. */
struct qmp *qemu_qmp(struct qemu *qemu);

/* What QEMU itself said on stderr, or "". */
char *qemu_said(const char *dir);

#endif /* _KIT_HARNESS_QEMU_H */
