/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: a few made-up CPUs; a thread is on one of them and migrates at will. */
#ifndef _KIT_TEST_PERCPU_H
#define _KIT_TEST_PERCPU_H

#include <linux/compiler.h>
#include <linux/slab.h>

#define SHIM_CPUS 3

unsigned int shim_cpu(void);

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < SHIM_CPUS; (cpu)++)

/* An array of one for each CPU. */
#define alloc_percpu_gfp(type, gfp) kcalloc(SHIM_CPUS, sizeof(type), gfp)
#define free_percpu(p) kfree(p)
#define per_cpu_ptr(p, cpu) (&(p)[cpu])
#define raw_cpu_ptr(p) (&(p)[shim_cpu()])

/* Counters: one for all CPUs, atomic. */
#define DECLARE_PER_CPU(type, name) extern typeof(type) name
#define DEFINE_PER_CPU(type, name) typeof(type) name
#define this_cpu_add(variable, n) \
	((void)__atomic_fetch_add(&(variable), (n), __ATOMIC_RELAXED))

#endif
