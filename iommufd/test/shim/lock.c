// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock.c - mutexes and spinlocks
 *
 * Real pthread mutexes, so that TSan sees the order they make and the inversions
 * they could make. In a seeded schedule a lock that is taken is never blocked on:
 * the thread parks until it is released.
 */
#include <errno.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <time.h>

/**
 * lock_is_held - does the caller hold the lock?
 * @map: of the lock
 */
bool lock_is_held(const struct lockdep_map *map)
{
	return __atomic_load_n(&map->owner, __ATOMIC_RELAXED) == current;
}

/**
 * shim_assert_held - lockdep_assert_held()
 * @map: of the lock
 * @file: of the caller
 * @line: of the caller
 */
void shim_assert_held(const struct lockdep_map *map, const char *file, int line)
{
	if (!lock_is_held(map))
		shim_die("%s:%d: lock not held", file, line);
}

static void set_owner(struct lockdep_map *map, struct task_struct *owner)
{
	__atomic_store_n(&map->owner, owner, __ATOMIC_RELAXED);
}

static void acquire(pthread_mutex_t *lock, struct lockdep_map *map)
{
	if (lock_is_held(map))
		shim_die("a lock is taken twice");
	if (sched_active)
		while (pthread_mutex_trylock(lock))
			sched_park(lock);
	else
		pthread_mutex_lock(lock);
	set_owner(map, current);
}

static void release(pthread_mutex_t *lock, struct lockdep_map *map)
{
	if (!lock_is_held(map))
		shim_die("a lock is released by somebody else");
	set_owner(map, NULL);
	pthread_mutex_unlock(lock);
	if (sched_active)
		sched_unpark(lock);
}

void spin_lock_init(spinlock_t *lock)
{
	pthread_mutex_init(&lock->lock, NULL);
	lock->dep_map.owner = NULL;
}

void shim_spin_lock(spinlock_t *lock) __shim_unchecked
{
	acquire(&lock->lock, &lock->dep_map);
	current->spins++;
}

int shim_spin_trylock(spinlock_t *lock) __shim_unchecked
{
	if (pthread_mutex_trylock(&lock->lock))
		return 0;
	set_owner(&lock->dep_map, current);
	current->spins++;
	return 1;
}

void shim_spin_unlock(spinlock_t *lock) __shim_unchecked
{
	current->spins--;
	release(&lock->lock, &lock->dep_map);
}

void mutex_init(struct mutex *lock)
{
	pthread_mutex_init(&lock->lock, NULL);
	lock->dep_map.owner = NULL;
}

void mutex_destroy(struct mutex *lock)
{
	if (lock->dep_map.owner)
		shim_die("a mutex is destroyed while it is held");
	pthread_mutex_destroy(&lock->lock);
}

void shim_mutex_lock(struct mutex *lock) __shim_unchecked
{
	might_sleep();
	acquire(&lock->lock, &lock->dep_map);
	current->mutexes++;
}

/*
 * Who waits for a mutex is on no queue that shim_kill() could wake; it looks every
 * now and then whether it has been killed.
 */
int shim_mutex_lock_killable(struct mutex *lock) __shim_unchecked
{
	struct timespec until;

	might_sleep();
	sched_point("mutex_lock_killable");
	while (pthread_mutex_trylock(&lock->lock)) {
		if (__atomic_load_n(&current->killed, __ATOMIC_RELAXED))
			return -EINTR;
		if (sched_active) {
			sched_park(&lock->lock);
			continue;
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		if (!pthread_mutex_timedlock(&lock->lock, &until))
			break;
	}
	set_owner(&lock->dep_map, current);
	current->mutexes++;
	return 0;
}

void shim_mutex_unlock(struct mutex *lock) __shim_unchecked
{
	current->mutexes--;
	release(&lock->lock, &lock->dep_map);
}
