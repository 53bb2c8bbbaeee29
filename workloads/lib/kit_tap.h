/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kit_tap.h - KTAP output and a small test runner for the programs of the guest
 *
 * A test program is a list of TEST(name) bodies and a main() that calls tap_main(). The tests run
 * one after another in one process, in the order of the file. What a test sets
 * up it registers with tap_defer(), which runs in reverse order however the
 * test ends. An EXPECT_* that fails is recorded with file, line, expected and
 * seen, and the test goes on; a REQUIRE_* that fails leaves the test.
 *
 * After the last test the runner adds `pins_returned`, `kernel_silent` (nothing
 * left a taint) and, in programs that can use a device, `ledger_clean`. A test
 * that does not end in its time is reported as failed with the word "hung", and
 * the program ends: nothing after it could be trusted.
 *
 * Programs that are not lists of tests (the storms) use tap_plan(),
 * tap_result() and tap_note() directly and have a main() of their own.
 *
 * Output goes to stdout, a line at a time, from any thread.
 */
#ifndef _KIT_LIB_KIT_TAP_H
#define _KIT_LIB_KIT_TAP_H

#include <stdbool.h>
#include <stdint.h>

#define TAP_EXIT_PASS 0
#define TAP_EXIT_FAIL 1
#define TAP_EXIT_USAGE 2
#define TAP_EXIT_SKIP 4

/* Seconds a test may take unless TEST_LIMIT() says otherwise. */
#define TAP_SECONDS 60

/**
 * struct tap_test - one test, made by TEST()
 * @name: stable id, `<noun>_<promise>`
 * @run: the body
 * @seconds: it hangs when it takes longer
 * @next: set by tap_register()
 */
struct tap_test {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
	struct tap_test *next;
};

void tap_register(struct tap_test *test);

/**
 * tap_final() - add a check that runs after the last test; before tap_main()
 * @name: its id
 * @check: the body, uses EXPECT_*; registering the same @name twice adds one
 */
void tap_final(const char *name, void (*check)(void));

/**
 * tap_main() - run the registered tests
 * @argc: of main()
 * @argv: of main()
 *
 * Arguments: names or shell patterns of tests to run, `--list`, `--seed N`.
 *
 * Return: TAP_EXIT_*.
 */
int tap_main(int argc, char **argv);

/** tap_seed() - the seed given by --seed, or a fixed one */
uint64_t tap_seed(void);

/** tap_failed() - has the running test failed an expectation? */
bool tap_failed(void);

/**
 * tap_defer() - undo something when the test ends
 * @undo: called when the test ends
 * @arg: its argument
 *
 * Undos run in reverse order, also when the test is left early.
 */
void tap_defer(void (*undo)(void *arg), void *arg);

/** tap_skip() - leave the running test: it cannot run here, and why */
void tap_skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/** tap_plan() - print the version line, the plan and the seed line */
void tap_plan(unsigned int ntests, uint64_t seed);

/** tap_result() - print `ok N name` or `not ok N name # why` */
void tap_result(bool ok, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** tap_result_skip() - print `ok N name # SKIP why` */
void tap_result_skip(const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** tap_note() - print a `# ...` line, for instance `stat key=value ...` */
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** tap_errno_name() - "0", "EINVAL", ... of 0 or a negative errno, else digits */
const char *tap_errno_name(long long rc);

/** tap_now_ms() - monotonic milliseconds */
uint64_t tap_now_ms(void);

/** tap_now_ns() - monotonic nanoseconds */
uint64_t tap_now_ns(void);

/*
 * tap_check_*() record a failure of the running test and return whether all is
 * well; use the macros.
 */
bool tap_check_true(bool ok, const char *file, int line, const char *text);
bool tap_check_int(bool ok, const char *op, long long expected, long long seen,
		   const char *file, int line, const char *text);
bool tap_check_rc(long long expected, long long seen, const char *file,
		  int line, const char *text);
__attribute__((noreturn)) void tap_leave(void);

#define TEST_LIMIT(name, limit)                                               \
	static void name(void);                                               \
	static struct tap_test tap_test_##name = { #name, name, (limit), 0 }; \
	__attribute__((constructor)) static void tap_add_##name(void)         \
	{                                                                     \
		tap_register(&tap_test_##name);                               \
	}                                                                     \
	static void name(void)

#define TEST(name) TEST_LIMIT(name, TAP_SECONDS)

#define TAP_INT(op, expected, seen)                                        \
	({                                                                 \
		long long tap_e = (long long)(expected);                   \
		long long tap_s = (long long)(seen);                       \
		tap_check_int(tap_s op tap_e, #op, tap_e, tap_s, __FILE__, \
			      __LINE__, #seen);                            \
	})

/* Integers. EXPECT_LE(expected, seen) asks for seen <= expected, and so on. */
#define EXPECT_EQ(expected, seen) ((void)TAP_INT(==, expected, seen))
#define EXPECT_NE(expected, seen) ((void)TAP_INT(!=, expected, seen))
#define EXPECT_LE(expected, seen) ((void)TAP_INT(<=, expected, seen))
#define EXPECT_LT(expected, seen) ((void)TAP_INT(<, expected, seen))
#define EXPECT_GE(expected, seen) ((void)TAP_INT(>=, expected, seen))
#define EXPECT_GT(expected, seen) ((void)TAP_INT(>, expected, seen))

/* Results of calls: 0 or a negative errno, shown by name. */
#define EXPECT_RC(expected, seen) \
	((void)tap_check_rc((expected), (seen), __FILE__, __LINE__, #seen))
#define EXPECT_OK(seen) EXPECT_RC(0, seen)

#define EXPECT_TRUE(cond) \
	((void)tap_check_true((cond), __FILE__, __LINE__, #cond))

#define REQUIRE_TRUE(cond)                                              \
	do {                                                            \
		if (!tap_check_true((cond), __FILE__, __LINE__, #cond)) \
			tap_leave();                                    \
	} while (0)
#define REQUIRE_RC(expected, seen)                                        \
	do {                                                              \
		if (!tap_check_rc((expected), (seen), __FILE__, __LINE__, \
				  #seen))                                 \
			tap_leave();                                      \
	} while (0)
#define REQUIRE_OK(seen) REQUIRE_RC(0, seen)
#define REQUIRE_EQ(expected, seen)                \
	do {                                      \
		if (!TAP_INT(==, expected, seen)) \
			tap_leave();              \
	} while (0)

/**
 * TAP_WAIT_FOR() - poll a condition until it holds or the time is over
 * @cond: an expression, evaluated again and again
 * @timeout_ms: how long
 *
 * For counters that have no event. Evaluates to whether @cond held in time.
 */
#define TAP_WAIT_FOR(cond, timeout_ms)                                      \
	({                                                                  \
		uint64_t tap_deadline = tap_now_ms() + (timeout_ms);        \
		bool tap_held;                                              \
		while (!(tap_held = (cond)) && tap_now_ms() < tap_deadline) \
			tap_relax();                                        \
		tap_held;                                                   \
	})

/** tap_relax() - what a polling loop does between two looks: yields briefly */
void tap_relax(void);

#endif
