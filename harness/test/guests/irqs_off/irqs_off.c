// SPDX-License-Identifier: GPL-2.0-only
/*
 * irqs_off.c - a module that never lets go of any CPU
 *
 * stop_machine() runs a function on all CPUs with their interrupts off. This one
 * does not return: nothing but an NMI gets through to the kernel any more. For
 * the harness' own tests; loaded by harness/test/guests/irqs_off.c in a guest.
 */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/stop_machine.h>

static int spin(void *data)
{
	for (;;)
		cpu_relax();
	return 0;
}

static int __init irqs_off_init(void)
{
	return stop_machine(spin, NULL, cpu_online_mask);
}

module_init(irqs_off_init);
MODULE_DESCRIPTION("Hangs a guest with interrupts off");
MODULE_LICENSE("GPL");
