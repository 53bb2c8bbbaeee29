// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.c - promises S5 and S9: a page fault that takes for ever
 *
 * A userfaultfd holds the fault of one rw or pin open for as long as the test
 * likes. S5: meanwhile MAP and UNMAP of other areas, other accesses, attaching
 * and IOVA_RANGES go on, and a process that waits can be killed. S9: so do the
 * pins, unpins and copies of other threads on the same access.
 *
 * A failure means that one guest page on a slow disk stops a whole virtual
 * machine's devices and its memory hotplug.
 *
 * History: B06 (waits without end). Upstream 7.2 holds the lock of the IOAS and one
 * mutex of the access over the fault.
 */
#include <signal.h>

#include "fixture.h"

#define LEN (4 * PAGE)

/* Two devices on one IOAS; a trap at IOVA_A, plain memory at IOVA_B. */
struct scene {
	struct rig rig;
	struct mdma_queue *queue1; /* another queue of the same device */
	struct mdma_dev *dev;
	struct mdma_queue *queue;
	struct trap *trap;
	uint8_t *mem;
};

static struct scene scene_new(void)
{
	struct scene s = { .rig = fixture_rig() };

	s.queue1 = fixture_queue(s.rig.dev, 1);
	s.dev = fixture_device(1, s.rig.iommufd, s.rig.ioas);
	s.queue = fixture_queue(s.dev, 0);
	s.mem = fixture_map(s.rig.iommufd, s.rig.ioas, IOVA_B, LEN, 1);
	s.trap = trap_set(LEN);
	REQUIRE_OK(iommu_map_at(s.rig.iommufd, s.rig.ioas, s.trap->va, LEN,
				IOVA_A));
	return s;
}

/* Starts run() of the first device at IOVA_A; returns when it is stuck. */
static struct job *stuck(struct scene *s, int (*run)(void *arg))
{
	struct call call = {
		.dev = s->rig.dev,
		.queue = s->rig.queue,
		.iova = IOVA_A,
		.length = PAGE,
	};
	struct job *job = job_start(run, &call, sizeof(call));

	REQUIRE_TRUE(trap_sprung(s->trap, PROMPT_MS) == s->trap->va);
	return job;
}

/* Lets it go on, and looks at how it went. */
static void unstuck(struct scene *s, struct job *job)
{
	EXPECT_TRUE(!job_done(job));
	EXPECT_OK(trap_release(s->trap, s->trap->va, 7));
	EXPECT_OK(job_wait(job, PROMPT_MS));
	EXPECT_EQ(-1, mem_check(s->trap->va, PAGE, 7, 0));
}

/* Runs a call in a thread of its own: it must end while the other is stuck. */
static void goes_on(int (*run)(void *arg), struct call call)
{
	struct job *job = job_start(run, &call, sizeof(call));

	/* Nothing after it could be believed. */
	REQUIRE_OK(job_wait(job, PROMPT_MS));
}

static int call_ranges(void *arg)
{
	struct call *call = arg;
	struct iommu_iova_range range;
	uint32_t num = 1;

	return iommu_iova_ranges(call->iommufd, call->ioas, &range, &num, NULL);
}

static int call_bench_pin(void *arg)
{
	struct call *call = arg;

	return mdma_bench(call->dev, MDMA_BENCH_PIN, call->iova, PAGE, 4, NULL);
}

static int call_bench_read(void *arg)
{
	struct call *call = arg;

	return mdma_bench(call->dev, MDMA_BENCH_RW_READ, call->iova, 8, 1,
			  NULL);
}

/* What must go on beside a stuck @run, on the IOAS and by another access. */
static void blocks_no_other(int (*run)(void *arg))
{
	struct scene s = scene_new();
	struct call io = {
		.iommufd = s.rig.iommufd,
		.ioas = s.rig.ioas,
		.iova = IOVA_C,
		.length = LEN,
		.va = s.mem,
		.dev = s.dev,
		.queue = s.queue,
	};
	struct job *job = stuck(&s, run);

	goes_on(call_map, io); /* and UNMAP */
	goes_on(call_ranges, io);
	io.iova = IOVA_B;
	goes_on(call_rw, io);
	goes_on(call_probe_pin, io);
	goes_on(call_bench_pin, io);
	/* Another page of the very same mapping that is not missing. */
	EXPECT_OK(trap_release(s.trap, s.trap->va + PAGE, 7));
	io.iova = IOVA_A + PAGE;
	goes_on(call_rw, io);
	/* The other device leaves and comes back, and to another IOAS. */
	io.ioas = s.rig.other;
	goes_on(call_attach, io);
	goes_on(call_detach, io);
	io.ioas = s.rig.ioas;
	goes_on(call_attach, io);
	io.iova = IOVA_B;
	goes_on(call_unmap, io);
	unstuck(&s, job);
}

TEST(fault_in_rw_blocks_no_other)
{
	blocks_no_other(call_rw);
}

TEST(fault_in_pin_blocks_no_other)
{
	blocks_no_other(call_probe_pin);
}

TEST(fault_in_the_callers_context_blocks_no_other)
{
	blocks_no_other(call_bench_read);
}

/* S9: the same access, other threads. */
static void blocks_not_its_own_access(int (*run)(void *arg))
{
	struct scene s = scene_new();
	struct job *job = stuck(&s, run);
	struct call io = {
		.dev = s.rig.dev,
		.queue = s.queue1,
		.iova = IOVA_B,
		.length = LEN,
	};

	goes_on(call_rw, io);
	goes_on(call_probe_pin, io);
	goes_on(call_pin, io);
	EXPECT_EQ(LEN / PAGE, mdma_npins(s.rig.dev));
	EXPECT_OK(mdma_do_unpin(s.queue1, IOVA_B, LEN));
	unstuck(&s, job);
}

TEST(fault_in_rw_blocks_not_its_own_access)
{
	blocks_not_its_own_access(call_rw);
}

TEST(fault_in_pin_blocks_not_its_own_access)
{
	blocks_not_its_own_access(call_probe_pin);
}

/* UNMAP of the faulting area itself has to wait, and then to succeed. */
static void unmap_waits_for(int (*run)(void *arg), bool pinned)
{
	struct scene s = scene_new();
	struct job *job = stuck(&s, run);
	struct call unmap = {
		.iommufd = s.rig.iommufd,
		.ioas = s.rig.ioas,
		.iova = IOVA_A,
		.length = LEN,
	};
	struct job *unmapper;
	int rc;

	/* A page that does not fault, to see by when UNMAP has begun. */
	REQUIRE_OK(trap_release(s.trap, s.trap->va + PAGE, 7));
	unmapper = job_start(call_unmap, &unmap, sizeof(unmap));
	/* While it waits the area takes no more; that tells us it is there. */
	EXPECT_TRUE(TAP_WAIT_FOR(probe_rw(s.queue, IOVA_A + PAGE) == -EINVAL,
				 PROMPT_MS));
	EXPECT_TRUE(!job_done(unmapper));
	EXPECT_OK(trap_release(s.trap, s.trap->va, 7));
	rc = job_wait(job, PROMPT_MS);
	/* A pin that comes late may be refused or revoked, not lost. */
	if (pinned)
		EXPECT_TRUE(rc == 0 || rc == -EINVAL || rc == -ENOENT);
	else
		EXPECT_OK(rc);
	EXPECT_OK(job_wait(unmapper, PROMPT_MS));
	EXPECT_RC(-ENOENT, probe_rw(s.queue, IOVA_A));
	EXPECT_EQ(0, pins_now());
}

TEST(unmap_waits_for_a_faulting_rw)
{
	unmap_waits_for(call_rw, false);
}

TEST(unmap_waits_for_a_faulting_pin)
{
	unmap_waits_for(call_probe_pin, true);
}

/* ---- killing what waits --------------------------------------------------- */

/* The child waits in UNMAP for a fault of the parent's device. */
static int child_unmaps(struct child *self, void *arg)
{
	struct scene *s = arg;

	child_say(self, 1);
	iommu_unmap_at(s->rig.iommufd, s->rig.ioas, IOVA_A, LEN);
	return 1;
}

TEST(unmap_that_waits_can_be_killed)
{
	struct scene s = scene_new();
	struct job *job;
	struct child *child;

	job = stuck(&s, call_rw);
	REQUIRE_OK(trap_release(s.trap, s.trap->va + PAGE, 7));
	child = child_start(child_unmaps, &s);
	REQUIRE_EQ(1, child_hear(child, PROMPT_MS));
	EXPECT_TRUE(TAP_WAIT_FOR(probe_rw(s.queue, IOVA_A + PAGE) == -EINVAL,
				 PROMPT_MS));
	child_kill(child, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
	/* The area is as it was. */
	EXPECT_OK(probe_rw(s.queue, IOVA_A + PAGE));
	unstuck(&s, job);
	EXPECT_OK(probe_rw(s.queue, IOVA_A));
}

/*
 * The child faults in its own context, on its own trap; the parent has a copy
 * of the userfaultfd, so that the fault does not end with the child's files.
 */
struct victim {
	struct rig rig;
	struct trap *trap;
	uint32_t op;
};

static int child_faults(struct child *self, void *arg)
{
	struct victim *victim = arg;

	victim->rig = fixture_rig();
	victim->trap = trap_set(LEN);
	REQUIRE_OK(iommu_map_at(victim->rig.iommufd, victim->rig.ioas,
				victim->trap->va, LEN, IOVA_A));
	child_say(self, victim->trap->uffd);
	mdma_bench(victim->rig.dev, victim->op, IOVA_A, 8, 1, NULL);
	return 1;
}

static void can_be_killed(uint32_t op)
{
	struct victim victim = { .op = op };
	struct child *child = child_start(child_faults, &victim);
	int fd = child_hear(child, PROMPT_MS);
	struct trap *trap;

	REQUIRE_TRUE(fd > 0);
	trap = trap_take(child->pid, fd);
	EXPECT_TRUE(trap_sprung(trap, PROMPT_MS));
	child_kill(child, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, child_wait(child, PROMPT_MS));
	EXPECT_EQ(0, pins_now());
	trap_open(trap);
}

TEST(rw_that_faults_can_be_killed)
{
	can_be_killed(MDMA_BENCH_RW_READ);
}

TEST(pin_that_faults_can_be_killed)
{
	can_be_killed(MDMA_BENCH_PIN);
}

int main(int argc, char **argv)
{
	return tap_main(argc, argv);
}
