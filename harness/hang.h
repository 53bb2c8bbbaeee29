/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hang.h - what can still be learned from a guest that does not go on
 */
#ifndef _KIT_HARNESS_HANG_H
#define _KIT_HARNESS_HANG_H

#include "qemu.h"

struct hang;

/* @where: one line: where the CPUs are, and whether they answered; never NULL. */
typedef void (*hang_done_fn)(void *data, const char *where);

/**
 * hang_start() - climb the ladder: task stacks, registers, NMI
 * @qemu: the guest, which stays alive
 * @dir: directory that receives registers.txt
 * @scale: how slow this machine is; stretches the waits
 * @done: called once from the main loop, unless hang_free() comes first
 * @data: for @done
 */
struct hang *hang_start(struct qemu *qemu, const char *dir, double scale,
			hang_done_fn done, void *data);

/* What is known so far, if the guest ends (a panic by NMI) before @done is called; free it. */
char *hang_known(const struct hang *hang);

/* The console said something; the stacks are still coming. */
void hang_console(struct hang *hang);

void hang_free(struct hang *hang);

/**
 * hang_where() - the CPUs in one line
 * @registers: output of QEMU's "info registers -a"
 *
 * Return: "CPU 0 at ffffffff81234567 with interrupts off, CPU 1 halted".
 */
char *hang_where(const char *registers);

#endif /* _KIT_HARNESS_HANG_H */
