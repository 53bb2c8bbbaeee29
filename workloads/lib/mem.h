/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mem.h - memory that can be checked, and the kernel's counters of it
 *
 * A pattern is a function of (tag, byte offset): two buffers with different tags
 * differ in every 8-byte word, so a word says which buffer, and which place of
 * it, it came from.
 */
#ifndef _KIT_LIB_MEM_H
#define _KIT_LIB_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MEM_PAGE 4096UL
#define MEM_HUGE (2UL << 20)

/** mem_alloc() - private anonymous memory, zeroed, page aligned, or NULL */
void *mem_alloc(size_t len);

/** mem_alloc_shared() - shared anonymous memory, or NULL */
void *mem_alloc_shared(size_t len);

/**
 * mem_alloc_huge() - memory in 2 MiB pages of hugetlbfs, or NULL
 * @len: bytes, a multiple of MEM_HUGE
 *
 * Raises /proc/sys/vm/nr_hugepages when it may.
 */
void *mem_alloc_huge(size_t len);

void mem_free(void *va, size_t len);

/** mem_alloc_guarded() - a page that ends where unmapped memory begins */
void *mem_alloc_guarded(size_t len);

/** mem_word() - the pattern's word at a byte offset (rounded down to 8) */
uint64_t mem_word(uint64_t tag, uint64_t offset);

/** mem_fill() - write the pattern that begins at @offset of @tag */
void mem_fill(void *va, size_t len, uint64_t tag, uint64_t offset);

/**
 * mem_check() - compare with the pattern
 * @va: memory
 * @len: bytes
 * @tag: of the pattern
 * @offset: where in the pattern @va is
 *
 * Return: index of the first byte that differs, or -1.
 */
ssize_t mem_check(const void *va, size_t len, uint64_t tag, uint64_t offset);

/** mem_check_byte() - index of the first byte that is not @byte, or -1 */
ssize_t mem_check_byte(const void *va, size_t len, uint8_t byte);

/** struct mem_pins - /proc/vmstat's nr_foll_pin_*, per-CPU parts folded in */
struct mem_pins {
	uint64_t acquired;
	uint64_t released;
};

/** mem_pins() - read them, as root. Return: 0 or negative errno. */
int mem_pins(struct mem_pins *pins);

/** mem_pins_held() - pages pinned in the whole system now, or negative errno */
int64_t mem_pins_held(void);

/**
 * mem_status_kb() - a "Name: n kB" line of /proc/PID/status
 * @pid: 0 for this process
 * @field: "VmPin", "VmLck", ...
 *
 * Return: kB or negative errno.
 */
int64_t mem_status_kb(pid_t pid, const char *field);

/**
 * mem_kernel_taints() - has the kernel complained since it was booted?
 *
 * Return: the taint bits that a WARN, a bad page (KASAN), an oops or a lockup
 * leaves, or negative errno.
 */
int mem_kernel_taints(void);

/** mem_set_memlock() - RLIMIT_MEMLOCK of this process, both limits, in pages */
int mem_set_memlock(uint64_t pages);

#endif
