// SPDX-License-Identifier: GPL-2.0-only
/*
 * arena.c - memory in its kinds
 *
 * The core pins private and file memory by different ways, and what is one folio
 * to it depends on the kind; so every storm runs on all of them, one kind an
 * actor and epoch.
 */
#define _GNU_SOURCE
#include "arena.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iommu.h"
#include "mem.h"
#include "rng.h"

enum arena_kind arena_draw(uint64_t seed, unsigned int epoch,
			   unsigned int stream)
{
	return rng_mix(rng_mix(seed) + ((uint64_t)epoch << 32 | stream)) %
	       NARENAS;
}

/* Does this kernel know MAP_FILE? A bad argument tells without a mapping. */
static int has_map_file(void)
{
	int fd = iommu_open();
	uint64_t iova = 0;
	int rc;

	if (fd < 0)
		return 0;
	rc = iommu_map_file(fd, 0, -1, 0, 0, 0, &iova);
	close(fd);
	return rc != -ENOTTY;
}

static int alloc_file(struct arena *arena, size_t size)
{
	if (!has_map_file())
		return -ENOTTY;
	arena->file = memfd_create("storm", MFD_CLOEXEC);
	if (arena->file < 0)
		return -errno;
	if (ftruncate(arena->file, size))
		goto err_close;
	arena->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   arena->file, 0);
	if (arena->base == MAP_FAILED)
		goto err_close;
	arena->va = arena->base;
	return 0;

err_close:
	close(arena->file);
	arena->file = -1;
	return -ENOMEM;
}

static int alloc_huge(struct arena *arena, size_t size)
{
	arena->length = size + 2 * MEM_HUGE;
	arena->base = mem_alloc(arena->length);
	if (!arena->base)
		return -ENOMEM;
	arena->va = (uint8_t *)(((uintptr_t)arena->base + MEM_HUGE - 1) &
				~(MEM_HUGE - 1));
	madvise(arena->va, size + MEM_HUGE, MADV_HUGEPAGE);
	return 0;
}

int arena_alloc(struct arena *arena, size_t size, enum arena_kind kind)
{
	*arena = (struct arena){ .kind = kind, .length = size, .file = -1 };
	if (kind == ARENA_FILE && alloc_file(arena, size))
		arena->kind = ARENA_SMALL;
	if (arena->va)
		return 0;
	if (kind == ARENA_HUGE)
		return alloc_huge(arena, size);
	arena->base = kind == ARENA_SHARED ? mem_alloc_shared(size) :
					     mem_alloc(size);
	if (!arena->base)
		return -ENOMEM;
	arena->va = arena->base;
	if (kind == ARENA_SMALL)
		madvise(arena->va, size, MADV_NOHUGEPAGE);
	return 0;
}

void arena_free(struct arena *arena)
{
	if (!arena->va)
		return;
	munmap(arena->base, arena->length);
	if (arena->kind == ARENA_FILE)
		close(arena->file);
	arena->va = NULL;
}

int arena_map(const struct arena *arena, int iommufd, uint32_t ioas,
	      const uint8_t *va, uint64_t length, uint32_t flags, uint64_t iova)
{
	flags |= IOMMU_IOAS_MAP_FIXED_IOVA;
	if (arena->kind == ARENA_FILE)
		return iommu_map_file(iommufd, ioas, arena->file,
				      va - arena->va, length, flags, &iova);
	return iommu_map(iommufd, ioas, va, length, flags, &iova);
}
