// SPDX-License-Identifier: GPL-2.0-only
/* scenario.c - see scenario.h */
#include "scenario.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCHEDULES 400
/* A schedule is a matter of milliseconds. */
#define SCHEDULE_SECONDS 20

/**
 * expect_one_of - 0 or an errno that is allowed here
 * @rc: what it was
 * @a: allowed
 * @b: allowed
 * @c: allowed
 */
void expect_one_of(int rc, int a, int b, int c)
{
	if (rc && rc != a && rc != b && rc != c)
		EXPECT_EQ(rc, 0);
}

static void set_up(struct stage *stage)
{
	struct world *world = &stage->world;
	unsigned int i;

	memset(stage, 0, sizeof(*stage));
	world_open(world);
	for (i = 0; i < 2; i++) {
		u32 ioas = i ? world->b : world->a;

		REQUIRE_EQ(user_map_at(world, ioas, AT, 32 * i, 4), 0);
		REQUIRE_EQ(user_map_at(world, ioas, AT + pages(4), 32 * i + 4,
				       5),
			   0);
		memory_fill(world->memory, 32 * i, 9, 'a' + i);
	}
	/* Behind everything, so that storing before it needs a node. */
	REQUIRE_EQ(user_map_at(world, world->b, pages(99), 90, 1), 0);
	REQUIRE_EQ(driver_open(&stage->driver, world), 0);
	REQUIRE_EQ(driver_attach(&stage->driver, world->a), 0);
}

/* In its own process. */
static void play(const struct scenario *scenario, unsigned long seed,
		 unsigned long steps, struct sched_result *result)
{
	struct sched_thread threads[SCHED_THREADS_MAX];
	static struct stage stage;
	unsigned int i;

	alarm(SCHEDULE_SECONDS);
	set_up(&stage);
	if (scenario->set_up)
		scenario->set_up(&stage);
	for (i = 0; i < scenario->n; i++) {
		threads[i] = scenario->threads[i];
		threads[i].data = &stage;
	}
	sched_run(seed, steps, test_tracing(), threads, scenario->n, result);
	if (scenario->tear_down)
		scenario->tear_down(&stage);
	driver_close(&stage.driver);
	EXPECT_EQ(log_count("not pinned"), 0);
	EXPECT_EQ(log_count("left pins"), 0);
	world_close(&stage.world);
}

struct outcome {
	int status;
	struct sched_result result;
};

/* Not exit(): what earlier schedules left to sanitizers is not this one's. */
static struct outcome schedule(const struct scenario *scenario,
			       unsigned long seed, unsigned long steps,
			       bool quiet)
{
	struct sched_result *result;
	struct outcome outcome;
	pid_t pid;

	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (quiet) {
			freopen("/dev/null", "w", stdout);
			freopen("/dev/null", "w", stderr);
		}
		play(scenario, seed, steps, result);
		fflush(stdout);
		_exit(test_has_failed() ? 1 : 0);
	}
	waitpid(pid, &outcome.status, 0);
	outcome.result = *result;
	munmap(result, sizeof(*result));
	return outcome;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->status == b->status && a->result.steps == b->result.steps &&
	       a->result.hash == b->result.hash;
}

/* The failing seed, not quiet this time, and once more. */
static void replay(const struct scenario *scenario, unsigned long seed,
		   unsigned long steps, const struct outcome *seen)
{
	struct outcome again = schedule(scenario, seed, steps, false);
	struct outcome once_more = schedule(scenario, seed, steps, true);

	printf("# seed %lu fails after %lu steps, hash %lx\n", seed,
	       seen->result.steps, seen->result.hash);
	printf("# replayed: %s\n",
	       same(seen, &again) && same(seen, &once_more) ? "the same steps" :
							      "OTHER STEPS");
	EXPECT_EQ(seen->status, 0);
}

/**
 * scenario_play - a scenario under as many schedules as there shall be
 * @scenario: the scenario
 */
void scenario_play(const struct scenario *scenario)
{
	struct outcome first, outcome, again;
	unsigned long seed = test_seed(), n, steps;
	unsigned long least = ~0UL, most = 0;

	/* How long a schedule is: where priorities may change. */
	first = schedule(scenario, 0, 0, true);
	steps = first.result.steps;
	if (test_tracing()) {
		outcome = schedule(scenario, seed, steps, false);
		EXPECT_EQ(outcome.status, 0);
		return;
	}
	again = schedule(scenario, 0, 0, true);
	EXPECT(same(&first, &again));
	for (n = 0; n < test_schedules(SCHEDULES); n++) {
		outcome = schedule(scenario, seed + n, steps, true);
		least = min(least, outcome.result.switches);
		most = max(most, outcome.result.switches);
		if (outcome.status) {
			replay(scenario, seed + n, steps, &outcome);
			return;
		}
	}
	printf("# stat schedules=%lu steps=%lu switches=%lu-%lu\n", n, steps,
	       least, most);
	/* Seeds that do the same would find nothing. */
	EXPECT(most > least);
}
