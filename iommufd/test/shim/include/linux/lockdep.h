/* SPDX-License-Identifier: GPL-2.0-only */
/* Custom: who holds a lock, so that assertions really assert. */
#ifndef _KIT_TEST_LOCKDEP_H
#define _KIT_TEST_LOCKDEP_H

#include <linux/compiler.h>

struct task_struct;

struct lockdep_map {
	struct task_struct *owner;
};

struct lock_class_key {
	char unused;
};

bool lock_is_held(const struct lockdep_map *map);
void shim_assert_held(const struct lockdep_map *map, const char *file,
		      int line);

#define lock_is_held_type(map, type) lock_is_held(map)
#define lockdep_is_held(lock) lock_is_held(&(lock)->dep_map)
#define lockdep_set_class(lock, key)

/* Overloaded by hand: the analysis wants the lock, not its map. */
#define lockdep_assert_held(lock)                                       \
	do {                                                            \
		shim_assert_held(&(lock)->dep_map, __FILE__, __LINE__); \
		shim_asserted(lock);                                    \
	} while (0)

#endif
