// SPDX-License-Identifier: GPL-2.0-only
/*
 * storms.c - the table of storms
 *
 * A row says what the storm aims at, who plays, and which overlaps the device
 * must have counted: a storm that never reached what it aims at proves nothing
 * and fails.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "storm.h"

static const struct storm storms[] = {
	{
		.name = "swap",
		.aim = "replacing the IOAS under DMA and held pins",
		.ndevs = 2,
		.nioas = 2,
		.nstable = 8,
		.delay_unmap_us = 500,
		.delay_pin_us = 200,
		.cast = {
			{ .role = &role_swapper, .dev = 0 },
			{ .role = &role_dma, .dev = 0, .flags = PART_IOVA_RINGS },
			{ .role = &role_dma, .dev = 0, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 0 },
			{ .role = &role_swapper, .dev = 1, .flags = PART_DETACH },
			{ .role = &role_dma, .dev = 1, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 1 },
			{ .role = &role_mapper },
		},
		.overlap = {
			MDMA_LEDGER_SWAP_IN_PIN,
			MDMA_LEDGER_SWAP_IN_RW,
			MDMA_LEDGER_SWAP_HELD,
		},
	},
	{
		.name = "unmap",
		.aim = "unmapping under DMA and held pins, by several threads",
		.ndevs = 2,
		.nioas = 1,
		.nstable = 2,
		.delay_unmap_us = 300,
		.delay_pin_us = 200,
		.cast = {
			{ .role = &role_mapper },
			{ .role = &role_mapper },
			{ .role = &role_unmapper },
			{ .role = &role_dma, .dev = 0 },
			{ .role = &role_dma, .dev = 0, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 0 },
			{ .role = &role_dma, .dev = 1, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 1 },
		},
		.overlap = {
			MDMA_LEDGER_UNMAP_IN_PIN,
			MDMA_LEDGER_UNMAP_IN_RW,
			MDMA_LEDGER_UNMAP_HELD,
		},
	},
	{
		.name = "unmapall",
		.aim = "whole IOAS unmapped by two threads at once, under pins",
		.ndevs = 2,
		.nioas = 1,
		.nstable = 0,
		.delay_unmap_us = 300,
		.cast = {
			{ .role = &role_mapper },
			{ .role = &role_mapper },
			{ .role = &role_unmapper, .flags = PART_ALL },
			{ .role = &role_unmapper, .flags = PART_ALL },
			{ .role = &role_dma, .dev = 0, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 0 },
			{ .role = &role_holder, .dev = 1 },
		},
		.overlap = {
			MDMA_LEDGER_UNMAP_IN_PIN,
			MDMA_LEDGER_UNMAP_HELD,
		},
	},
	{
		.name = "race",
		.aim = "attach, replace and detach of one device from three threads, with UNMAP",
		.ndevs = 1,
		.nioas = 3,
		.nstable = 8,
		.delay_unmap_us = 1000,
		.cast = {
			{ .role = &role_swapper, .flags = PART_DETACH },
			{ .role = &role_swapper,
			  .flags = PART_DETACH | PART_BLIND },
			{ .role = &role_swapper, .flags = PART_BLIND },
			{ .role = &role_mapper },
			{ .role = &role_unmapper },
			{ .role = &role_dma, .flags = PART_PIN },
			{ .role = &role_dma },
			{ .role = &role_holder },
		},
		.overlap = {
			MDMA_LEDGER_SWAP_IN_PIN,
			MDMA_LEDGER_SWAP_IN_RW,
			MDMA_LEDGER_SWAP_HELD,
		},
	},
	{
		.name = "fault",
		.aim = "unmapping, replacing and closing under page faults that take long",
		.ndevs = 2,
		.nioas = 2,
		.nstable = 4,
		.cast = {
			{ .role = &role_faulter },
			{ .role = &role_faulter },
			{ .role = &role_unmapper },
			{ .role = &role_swapper, .dev = 0 },
			{ .role = &role_dma, .dev = 0 },
			{ .role = &role_dma, .dev = 0, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 0 },
			{ .role = &role_dma, .dev = 1 },
			{ .role = &role_swapper, .dev = 1, .flags = PART_DETACH },
		},
		.overlap = {
			MDMA_LEDGER_UNMAP_IN_PIN,
			MDMA_LEDGER_SWAP_IN_PIN,
			MDMA_LEDGER_SWAP_IN_RW,
		},
	},
	{
		.name = "memory",
		.aim = "pinned memory stays, other memory moves, under the eyes of DMA",
		.ndevs = 1,
		.nioas = 2,
		.nstable = 8,
		.cast = {
			{ .role = &role_mapper },
			{ .role = &role_presser },
			{ .role = &role_swapper },
			{ .role = &role_dma },
			{ .role = &role_dma, .flags = PART_PIN },
			{ .role = &role_holder },
		},
		.overlap = { MDMA_LEDGER_SWAP_IN_RW, MDMA_LEDGER_SWAP_HELD },
		.sight = { { OP_PRESS, 0 }, { OP_TOUCH, 0 } },
	},
	{
		.name = "lifecycle",
		.aim = "processes that fork, map for each other and are killed",
		.ndevs = 1,
		.nioas = 2,
		.nstable = 6,
		.cast = {
			{ .role = &role_mapper },
			{ .role = &role_forker },
			{ .role = &role_killer },
			{ .role = &role_dma },
			{ .role = &role_dma, .flags = PART_PIN },
			{ .role = &role_holder },
		},
		.overlap = { MDMA_LEDGER_UNMAP_IN_PIN, MDMA_LEDGER_UNMAP_HELD },
		.sight = { { OP_KILL, 0 }, { OP_FORK, 0 }, { OP_READ, -EFAULT } },
	},
	{
		.name = "accounting",
		.aim = "a limit of locked memory is kept, and given back to the page",
		.ndevs = 1,
		.nioas = 2,
		.nstable = 8,
		.flags = STORM_LIMITED,
		.cast = {
			{ .role = &role_mapper },
			{ .role = &role_swapper },
			{ .role = &role_auditor },
			{ .role = &role_dma, .flags = PART_PIN },
			{ .role = &role_holder },
			{ .role = &role_holder },
		},
		.overlap = { MDMA_LEDGER_SWAP_IN_PIN, MDMA_LEDGER_UNMAP_IN_PIN },
		.sight = { { OP_PIN, -ENOMEM }, { OP_PIN, 0 }, { OP_READ, -ENOMEM } },
	},
	{
		.name = "everything",
		.aim = "all roles that get along with each other",
		.ndevs = 2,
		.nioas = 3,
		.nstable = 4,
		.delay_unmap_us = 300,
		.delay_pin_us = 100,
		.cast = {
			{ .role = &role_mapper },
			{ .role = &role_unmapper },
			{ .role = &role_faulter },
			{ .role = &role_forker },
			{ .role = &role_presser },
			{ .role = &role_swapper, .dev = 0 },
			{ .role = &role_swapper, .dev = 0,
			  .flags = PART_DETACH | PART_BLIND },
			{ .role = &role_dma, .dev = 0 },
			{ .role = &role_dma, .dev = 0, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 0 },
			{ .role = &role_swapper, .dev = 1 },
			{ .role = &role_dma, .dev = 1, .flags = PART_IOVA_RINGS },
			{ .role = &role_dma, .dev = 1, .flags = PART_PIN },
			{ .role = &role_holder, .dev = 1 },
		},
		.overlap = {
			MDMA_LEDGER_UNMAP_IN_PIN,
			MDMA_LEDGER_UNMAP_HELD,
			MDMA_LEDGER_SWAP_IN_PIN,
			MDMA_LEDGER_SWAP_IN_RW,
			MDMA_LEDGER_SWAP_HELD,
		},
		.sight = { { OP_FORK, 0 }, { OP_PRESS, 0 } },
	},
	{
		.name = "destroy",
		.aim = "destroying IOAS under every other use of them",
		.ndevs = 1,
		.flags = STORM_BARE,
		.delay_unmap_us = 300,
		.cast = {
			{ .role = &role_destroyer },
			{ .role = &role_destroyer },
			{ .role = &role_destroyer },
			{ .role = &role_rover },
			{ .role = &role_guesser },
		},
		.overlap = { MDMA_LEDGER_SWAP_HELD },
		.sight = {
			{ OP_DESTROY, -EBUSY },
			{ OP_GUESS, 0 },
			{ OP_MAP, -ENOENT },
			{ OP_ATTACH, -ENOENT },
		},
	},
	{
		.name = "bind",
		.aim = "who owns a device: open, BIND, use and close, all at once",
		.ndevs = 1,
		.nioas = 1,
		.flags = STORM_NODEV,
		.cast = {
			{ .role = &role_opener },
			{ .role = &role_opener },
			{ .role = &role_opener },
			{ .role = &role_opener },
		},
		.sight = {
			{ OP_BIND, 0 },
			{ OP_BIND, -EINVAL },
			{ OP_ATTACH, 0 },
		},
	},
};

const struct storm *storm_at(unsigned int i)
{
	return i < sizeof(storms) / sizeof(storms[0]) ? &storms[i] : NULL;
}

const struct storm *storm_find(const char *name)
{
	for (unsigned int i = 0; storm_at(i); i++)
		if (!strcmp(storm_at(i)->name, name))
			return storm_at(i);
	return NULL;
}
