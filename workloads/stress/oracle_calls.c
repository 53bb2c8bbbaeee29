// SPDX-License-Identifier: GPL-2.0-only
/*
 * oracle_calls.c - judging MAP and UNMAP
 *
 * The caller of a MAP or UNMAP knows what the slots may have been from before the
 * call until after it, its own change left out. MAP succeeds on what may have been
 * unmapped and fails on what may have been mapped; UNMAP removes what certainly was
 * mapped, at most what may have been, and says how much. A range that ends inside
 * a mapped slot fails and changes nothing (promise S2).
 */
#include <errno.h>

#include "kit_tap.h"
#include "oracle.h"

enum verdict oracle_map(struct shadow *shadow, unsigned int ioas,
			unsigned int slot, uint64_t ticket, tick_t s, tick_t c,
			int rc, struct finding *finding)
{
	struct reg *reg = &shadow->slot[ioas][slot];
	struct reg_set set;
	char states[96];
	bool mapped;

	reg_query(reg, s, c, ticket, &set);
	if (set.unknown)
		return UNSURE;
	mapped = set.n > 1 || set.value[0] != UNMAPPED;
	if ((rc == 0 && reg_set_has(&set, UNMAPPED)) ||
	    (rc == -EEXIST && mapped) || (rc == -ENOMEM && shadow->nomem))
		return FINE;
	reg_set_text(&set, "unmapped", "gen", 0, states, sizeof(states));
	finding_set(
		finding, reg_story(reg, s), c, EVENT_ANY, ioas, slot, 1,
		"map of ioas %u slot %u in [%llu, %llu] returned %s; the slot was: %s",
		ioas, slot, (unsigned long long)s, (unsigned long long)c,
		tap_errno_name(rc), states);
	return WRONG;
}

enum verdict oracle_unmap(struct shadow *shadow, unsigned int ioas,
			  unsigned int slot, unsigned int nslots,
			  enum unmap_shape shape, const uint64_t *ticket,
			  tick_t s, tick_t c, int rc, uint64_t length,
			  struct finding *finding)
{
	uint64_t least = 0, most = 0;
	bool uncut = true,
	     cut = false; /* may the cut slot be unmapped, mapped? */
	tick_t from = s;

	for (unsigned int i = 0; i < nslots; i++) {
		struct reg *reg = &shadow->slot[ioas][slot + i];
		struct reg_set set;
		tick_t t;

		reg_query(reg, s, c, ticket[i], &set);
		if (set.unknown)
			return UNSURE;
		if (shape == UNMAP_CUT && i + 1 == nslots) {
			uncut = reg_set_has(&set, UNMAPPED);
			cut = set.n > 1 || !uncut;
		} else {
			if (!reg_set_has(&set, UNMAPPED))
				least += SLOT_BYTES;
			if (set.n > 1 || set.value[0] != UNMAPPED)
				most += SLOT_BYTES;
		}
		t = reg_story(reg, s);
		if (t && t < from)
			from = t;
	}
	if (rc == 0 && (most || shape == UNMAP_ALL) && uncut &&
	    length >= least && length <= most)
		return FINE;
	if (rc == -ENOENT && (!least || cut) && shape != UNMAP_ALL)
		return FINE;
	if (rc == -ENOMEM && shadow->nomem)
		return FINE;
	finding_set(
		finding, from, c, EVENT_ANY, ioas, slot, nslots,
		"unmap of ioas %u slots %u..%u in [%llu, %llu] returned %s, %llu bytes; mapped were %llu to %llu",
		ioas, slot, slot + nslots - 1, (unsigned long long)s,
		(unsigned long long)c, tap_errno_name(rc),
		(unsigned long long)length, (unsigned long long)least,
		(unsigned long long)most);
	/* Another UNMAP or MAP of the area going on is no reason to fail. */
	return rc == -EBUSY ? WEAK : WRONG;
}
