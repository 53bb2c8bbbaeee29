/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rng.h - seeded random numbers, the same on every machine
 *
 * The generator is xoshiro256**, its state filled by splitmix64, so that
 * neighbouring seeds give unrelated streams. rng_split() makes the stream of a
 * thread or role from the run's seed: adding a role does not change the others.
 */
#ifndef _KIT_LIB_RNG_H
#define _KIT_LIB_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/** rng_mix() - a well mixed function of one number (splitmix64) */
static inline uint64_t rng_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static inline void rng_init(struct rng *rng, uint64_t seed)
{
	for (unsigned int i = 0; i < 4; i++) {
		rng->s[i] = rng_mix(seed);
		seed += 0x9e3779b97f4a7c15ull;
	}
}

/** rng_split() - the stream number @stream of a seed */
static inline void rng_split(struct rng *rng, uint64_t seed, uint64_t stream)
{
	rng_init(rng, rng_mix(seed) ^ rng_mix(~stream));
}

static inline uint64_t rng_rotl(uint64_t x, unsigned int k)
{
	return (x << k) | (x >> (64 - k));
}

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rng_rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotl(s[3], 45);
	return result;
}

/** rng_below() - uniform in 0..@n - 1; @n is not 0 */
static inline uint64_t rng_below(struct rng *rng, uint64_t n)
{
	uint64_t skip = -n % n; /* 2^64 mod n values would be too frequent */
	uint64_t x;

	do {
		x = rng_next(rng);
	} while (x < skip);
	return x % n;
}

/** rng_range() - uniform in @first..@last, both included */
static inline uint64_t rng_range(struct rng *rng, uint64_t first, uint64_t last)
{
	uint64_t n = last - first + 1;

	return n ? first + rng_below(rng, n) : rng_next(rng);
}

/** rng_chance() - true once in @n on average */
static inline bool rng_chance(struct rng *rng, uint64_t n)
{
	return rng_below(rng, n) == 0;
}

#endif
