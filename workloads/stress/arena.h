/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arena.h - the memory that storms map, of every kind the kernel treats apart
 */
#ifndef _KIT_STRESS_ARENA_H
#define _KIT_STRESS_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum arena_kind {
	ARENA_SMALL, /* private, in 4 KiB pages */
	ARENA_HUGE, /* private, in transparent huge pages if there are any */
	ARENA_SHARED, /* shared, mapped by its address */
	ARENA_FILE, /* a memfd, mapped by IOMMU_IOAS_MAP_FILE */
	NARENAS,
};

/**
 * struct arena - one piece of memory
 * @kind: what it is
 * @va: page aligned, or 2 MiB aligned for ARENA_HUGE
 * @base: begin of what was reserved
 * @length: bytes reserved
 * @file: the memfd of ARENA_FILE, else -1
 */
struct arena {
	enum arena_kind kind;
	uint8_t *va;
	void *base;
	size_t length;
	int file;
};

/** arena_draw() - which kind an actor uses in an epoch; pure */
enum arena_kind arena_draw(uint64_t seed, unsigned int epoch,
			   unsigned int stream);

/**
 * arena_alloc() - zeroed memory
 * @arena: to be filled in
 * @size: bytes
 * @kind: what is wanted
 *
 * A kind that this kernel does not have becomes ARENA_SMALL.
 *
 * Return: 0 or -ENOMEM.
 */
int arena_alloc(struct arena *arena, size_t size, enum arena_kind kind);

/** arena_free() - undo it; also of an arena that was never allocated but zeroed */
void arena_free(struct arena *arena);

/** arena_map() - IOAS_MAP or IOAS_MAP_FILE of a part of it, at a fixed address */
int arena_map(const struct arena *arena, int iommufd, uint32_t ioas,
	      const uint8_t *va, uint64_t length, uint32_t flags,
	      uint64_t iova);

#endif
