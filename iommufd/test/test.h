/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test.h - cases and expectations
 *
 * A case is a function in TEST(noun_promise). Each runs in a child process of its
 * own, so one that crashes, hangs or trips a shim is one line of the result. The
 * expectations say file, line, what was expected and what was seen; EXPECT goes on,
 * REQUIRE leaves the case.
 */
#ifndef _KIT_TEST_TEST_H
#define _KIT_TEST_TEST_H

#include <stdbool.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);
void test_failed(const char *file, int line, const char *what, long seen,
		 long expected);
bool test_has_failed(void);
__attribute__((noreturn)) void test_leave(void);
unsigned long test_seed(void);
unsigned long test_schedules(unsigned long usual);
bool test_tracing(void);

#define TEST(_name)                                                     \
	static void _name(void);                                        \
	static void __attribute__((constructor)) register_##_name(void) \
	{                                                               \
		static struct test test = {                             \
			.name = #_name,                                 \
			.run = _name,                                   \
		};                                                      \
		test_register(&test);                                   \
	}                                                               \
	static void _name(void)

/* Returns whether it is as expected. */
#define EXPECT_EQ(_seen, _expected)                                        \
	({                                                                 \
		long seen_ = (long)(_seen), expected_ = (long)(_expected); \
		if (seen_ != expected_)                                    \
			test_failed(__FILE__, __LINE__, #_seen, seen_,     \
				    expected_);                            \
		seen_ == expected_;                                        \
	})
#define EXPECT(_condition) EXPECT_EQ(!!(_condition), true)
#define REQUIRE_EQ(_seen, _expected)              \
	do {                                      \
		if (!EXPECT_EQ(_seen, _expected)) \
			test_leave();             \
	} while (0)
#define REQUIRE(_condition) REQUIRE_EQ(!!(_condition), true)

/* A generator of one's own, so that a seed means the same everywhere. */
struct rng {
	unsigned long state;
};

void rng_init(struct rng *rng, unsigned long seed);
unsigned long rng_next(struct rng *rng);
/* 0 .. below - 1 */
unsigned long rng_below(struct rng *rng, unsigned long below);
bool rng_one_in(struct rng *rng, unsigned long n);

#endif
