// SPDX-License-Identifier: GPL-2.0-only
/*
 * mem.c - memory that can be checked, and the kernel's counters, see mem.h
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mem.h"
#include "rng.h"

static void *map_or_null(size_t len, int flags)
{
	void *va = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | flags, -1, 0);

	return va == MAP_FAILED ? NULL : va;
}

void *mem_alloc(size_t len)
{
	return map_or_null(len, MAP_PRIVATE);
}

void *mem_alloc_shared(size_t len)
{
	return map_or_null(len, MAP_SHARED);
}

void *mem_alloc_huge(size_t len)
{
	void *va = map_or_null(len, MAP_PRIVATE | MAP_HUGETLB);
	char count[24];
	int fd, n;

	if (va)
		return va;
	fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = snprintf(count, sizeof(count), "%zu\n", len / MEM_HUGE + 4);
	if (write(fd, count, n) == n)
		va = map_or_null(len, MAP_PRIVATE | MAP_HUGETLB);
	close(fd);
	return va;
}

void mem_free(void *va, size_t len)
{
	if (va)
		munmap(va, len);
}

void *mem_alloc_guarded(size_t len)
{
	uint8_t *va = mem_alloc(len + MEM_PAGE);

	if (va)
		munmap(va + len, MEM_PAGE);
	return va;
}

uint64_t mem_word(uint64_t tag, uint64_t offset)
{
	return rng_mix(rng_mix(tag) + offset / 8);
}

static uint8_t pattern_byte(uint64_t tag, uint64_t offset)
{
	return mem_word(tag, offset) >> (8 * (offset % 8));
}

void mem_fill(void *va, size_t len, uint64_t tag, uint64_t offset)
{
	uint8_t *p = va;
	size_t i = 0;

	for (; i < len && (offset + i) % 8; i++)
		p[i] = pattern_byte(tag, offset + i);
	for (; i + 8 <= len; i += 8) {
		uint64_t word = mem_word(tag, offset + i);

		memcpy(p + i, &word, sizeof(word));
	}
	for (; i < len; i++)
		p[i] = pattern_byte(tag, offset + i);
}

ssize_t mem_check(const void *va, size_t len, uint64_t tag, uint64_t offset)
{
	const uint8_t *p = va;
	size_t i = 0;

	while (i < len) {
		if ((offset + i) % 8 == 0 && i + 8 <= len) {
			uint64_t word = mem_word(tag, offset + i);

			if (!memcmp(p + i, &word, sizeof(word))) {
				i += 8;
				continue;
			}
		}
		if (p[i] != pattern_byte(tag, offset + i))
			return i;
		i++;
	}
	return -1;
}

ssize_t mem_check_byte(const void *va, size_t len, uint8_t byte)
{
	const uint8_t *p = va;

	for (size_t i = 0; i < len; i++)
		if (p[i] != byte)
			return i;
	return -1;
}

int mem_pins(struct mem_pins *pins)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);
	unsigned int found = 0;
	char line[128];
	FILE *file;
	int rc;

	/*
	 * Without it the counters lag behind by what each CPU still holds. The
	 * write says -EINVAL when some counter is negative for the moment: it has
	 * folded them all the same.
	 */
	if (fd < 0)
		return -errno;
	rc = write(fd, "1\n", 2) < 0 && errno != EINVAL ? -errno : 0;
	close(fd);
	if (rc)
		return rc;
	file = fopen("/proc/vmstat", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		unsigned long long n;

		if (sscanf(line, "nr_foll_pin_acquired %llu", &n) == 1) {
			pins->acquired = n;
			found |= 1;
		} else if (sscanf(line, "nr_foll_pin_released %llu", &n) == 1) {
			pins->released = n;
			found |= 2;
		}
	}
	fclose(file);
	return found == 3 ? 0 : -ENODATA;
}

int64_t mem_pins_held(void)
{
	struct mem_pins pins;
	int rc = mem_pins(&pins);

	return rc ? rc : (int64_t)(pins.acquired - pins.released);
}

int64_t mem_status_kb(pid_t pid, const char *field)
{
	size_t len = strlen(field);
	int64_t kb = -ENODATA;
	char line[256];
	char path[48];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status",
		 pid ? (int)pid : (int)getpid());
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, len) && line[len] == ':')
			kb = strtoll(line + len + 1, NULL, 10);
	fclose(file);
	return kb;
}

int mem_kernel_taints(void)
{
	/* bad page, oops, WARN, soft lockup */
	const unsigned int bad = 1u << 5 | 1u << 7 | 1u << 9 | 1u << 14;
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	unsigned int taints;
	int n;

	if (!file)
		return -errno;
	n = fscanf(file, "%u", &taints);
	fclose(file);
	return n == 1 ? (int)(taints & bad) : -ENODATA;
}

int mem_set_memlock(uint64_t pages)
{
	struct rlimit limit = { pages * MEM_PAGE, pages * MEM_PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit) ? -errno : 0;
}
