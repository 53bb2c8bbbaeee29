// SPDX-License-Identifier: GPL-2.0-only
/*
 * fixture.c - what contract tests set up, see fixture.h
 *
 * Structures live in heap memory that is freed by the undo, so that a test that
 * leaves by a long jump leaves nothing behind.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

/* Traps that are set; only the test's thread changes the list. */
static struct trap *traps;

/* ---- context, memory, devices ------------------------------------------- */

static void undo_fd(void *arg)
{
	close((int)(intptr_t)arg);
}

int fixture_iommufd(void)
{
	int fd = iommu_open();

	REQUIRE_RC(0, fd < 0 ? fd : 0);
	tap_defer(undo_fd, (void *)(intptr_t)fd);
	return fd;
}

uint32_t fixture_ioas(int iommufd)
{
	uint32_t id;

	REQUIRE_OK(iommu_ioas_alloc(iommufd, &id));
	return id;
}

struct region {
	void *va;
	size_t len;
};

static void undo_region(void *arg)
{
	struct region *region = arg;

	mem_free(region->va, region->len);
	free(region);
}

static void own_region(void *va, size_t len)
{
	struct region *region = malloc(sizeof(*region));

	REQUIRE_TRUE(region);
	*region = (struct region){ va, len };
	tap_defer(undo_region, region);
}

uint8_t *fixture_mem(size_t len, uint64_t tag)
{
	uint8_t *va = mem_alloc(len);

	REQUIRE_TRUE(va);
	own_region(va, len);
	mem_fill(va, len, tag, 0);
	return va;
}

void *fixture_readonly(const void *from, size_t len)
{
	uint8_t *va = mem_alloc(PAGE);

	REQUIRE_TRUE(va && len <= PAGE);
	own_region(va, PAGE);
	memcpy(va, from, len);
	REQUIRE_TRUE(!mprotect(va, PAGE, PROT_READ));
	return va;
}

static void undo_device(void *arg)
{
	struct mdma_dev *dev = arg;

	mdma_knobs_reset(&dev->name);
	mdma_close(dev);
	free(dev);
}

struct mdma_dev *fixture_device(unsigned int ordinal, int iommufd,
				uint32_t ioas)
{
	struct mdma_dev *dev = calloc(1, sizeof(*dev));
	struct cdev_name name;

	REQUIRE_TRUE(dev);
	dev->fd = -1;
	tap_defer(undo_device, dev);
	REQUIRE_OK(cdev_find(ordinal, MDMA_DEV_TYPE, &name));
	mdma_knobs_reset(&name);
	REQUIRE_OK(mdma_open(dev, ordinal, iommufd));
	if (ioas)
		REQUIRE_OK(mdma_attach(dev, ioas));
	return dev;
}

struct mdma_queue *fixture_queue(struct mdma_dev *dev, unsigned int index)
{
	struct mdma_queue *queue = calloc(1, sizeof(*queue));

	REQUIRE_TRUE(queue);
	tap_defer(free, queue);
	REQUIRE_OK(mdma_queue_start(queue, dev, index, 64));
	return queue;
}

void fixture_knob(struct mdma_dev *dev, const char *knob, uint64_t value)
{
	REQUIRE_OK(mdma_knob_set(&dev->name, knob, value));
}

struct rig fixture_rig(void)
{
	struct rig rig;

	rig.iommufd = fixture_iommufd();
	rig.ioas = fixture_ioas(rig.iommufd);
	rig.other = fixture_ioas(rig.iommufd);
	rig.dev = fixture_device(0, rig.iommufd, rig.ioas);
	rig.queue = fixture_queue(rig.dev, 0);
	return rig;
}

uint8_t *fixture_map(int iommufd, uint32_t ioas, uint64_t iova, size_t len,
		     uint64_t tag)
{
	uint8_t *va = fixture_mem(len, tag);

	REQUIRE_OK(iommu_map_at(iommufd, ioas, va, len, iova));
	return va;
}

/* ---- probes of the state ------------------------------------------------ */

/* Device memory that probes use: the last page that tests may use. */
static uint64_t probe_offset(struct mdma_queue *queue)
{
	return queue->dev->usable - PAGE + queue->index * 64;
}

bool reaches(struct mdma_queue *queue, uint64_t iova, volatile void *va)
{
	static atomic_uint_fast64_t stamps = 1;
	uint64_t stamp = mem_word(0x57a3, 8 * atomic_fetch_add(&stamps, 1));
	uint64_t offset = probe_offset(queue);
	int rc;

	memcpy(queue->dev->mem + offset, &stamp, sizeof(stamp));
	rc = mdma_do_write(queue, iova, offset, sizeof(stamp), 0);
	if (rc)
		tap_note("WRITE at 0x%llx: %s", (unsigned long long)iova,
			 tap_errno_name(rc));
	return !rc && *(volatile uint64_t *)va == stamp;
}

int probe_rw(struct mdma_queue *queue, uint64_t iova)
{
	return mdma_do_read(queue, iova, probe_offset(queue), 8, 0);
}

int probe_pin(struct mdma_queue *queue, uint64_t iova)
{
	int rc = mdma_do_pin(queue, iova, PAGE, 0);

	return rc ? rc : mdma_do_unpin(queue, iova, PAGE);
}

int64_t pins_now(void)
{
	static int64_t base = -1;
	int64_t held = mem_pins_held();

	if (held < 0)
		return held;
	if (base < 0)
		base = held;
	return held - base;
}

/* The base is what was pinned before the first test. */
__attribute__((constructor)) static void pins_base(void)
{
	pins_now();
}

/* ---- jobs --------------------------------------------------------------- */

static void *job_thread(void *arg)
{
	struct job *job = arg;

	job->rc = job->run(job->arg);
	atomic_store(&job->done, true);
	return NULL;
}

static void undo_job(void *arg)
{
	struct job *job = arg;

	while (traps)
		trap_open(traps);
	/* A job that never ends is the watchdog's to report. */
	pthread_join(job->thread, NULL);
	free(job->arg);
	free(job);
}

struct job *job_start(int (*run)(void *arg), const void *arg, size_t size)
{
	struct job *job = calloc(1, sizeof(*job));

	REQUIRE_TRUE(job);
	job->run = run;
	job->arg = malloc(size);
	if (job->arg)
		memcpy(job->arg, arg, size);
	if (!job->arg || pthread_create(&job->thread, NULL, job_thread, job)) {
		free(job->arg);
		free(job);
		REQUIRE_TRUE(!"a thread could be created");
	}
	tap_defer(undo_job, job);
	return job;
}

bool job_done(struct job *job)
{
	return atomic_load(&job->done);
}

int job_wait(struct job *job, unsigned int timeout_ms)
{
	if (!TAP_WAIT_FOR(job_done(job), timeout_ms))
		return -ETIMEDOUT;
	return job->rc;
}

int call_unmap(void *arg)
{
	struct call *call = arg;

	return iommu_unmap(call->iommufd, call->ioas, call->iova,
			   &call->length);
}

int call_map(void *arg)
{
	struct call *call = arg;
	int rc = iommu_map_at(call->iommufd, call->ioas, call->va, call->length,
			      call->iova);

	return rc ? rc : call_unmap(call);
}

int call_attach(void *arg)
{
	struct call *call = arg;

	return mdma_attach(call->dev, call->ioas);
}

int call_detach(void *arg)
{
	struct call *call = arg;

	return mdma_detach(call->dev);
}

int call_rw(void *arg)
{
	struct call *call = arg;

	return probe_rw(call->queue, call->iova);
}

int call_pin(void *arg)
{
	struct call *call = arg;

	return mdma_do_pin(call->queue, call->iova, call->length, 0);
}

int call_probe_pin(void *arg)
{
	struct call *call = arg;

	return probe_pin(call->queue, call->iova);
}

/* ---- children ----------------------------------------------------------- */

static void undo_child(void *arg)
{
	struct child *child = arg;

	if (child->running) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	close(child->to);
	close(child->from);
	free(child);
}

struct child *child_start(int (*run)(struct child *self, void *arg), void *arg)
{
	struct child *child = calloc(1, sizeof(*child));
	int down[2], up[2];

	REQUIRE_TRUE(child);
	REQUIRE_TRUE(!pipe2(down, O_CLOEXEC));
	REQUIRE_TRUE(!pipe2(up, O_CLOEXEC));
	child->pid = fork();
	REQUIRE_TRUE(child->pid >= 0);
	if (!child->pid) {
		close(down[1]);
		close(up[0]);
		child->to = up[1];
		child->from = down[0];
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(child, arg));
	}
	close(down[0]);
	close(up[1]);
	child->to = down[1];
	child->from = up[0];
	child->running = true;
	tap_defer(undo_child, child);
	return child;
}

void child_say(struct child *child, int32_t word)
{
	if (write(child->to, &word, sizeof(word)) != sizeof(word))
		tap_note("a child cannot be spoken to: %s",
			 tap_errno_name(-errno));
}

int32_t child_hear(struct child *child, unsigned int timeout_ms)
{
	struct pollfd pfd = { .fd = child->from, .events = POLLIN };
	int32_t word;

	if (poll(&pfd, 1, (int)timeout_ms) <= 0)
		return -ETIMEDOUT;
	if (read(child->from, &word, sizeof(word)) != sizeof(word))
		return -EPIPE;
	return word;
}

void child_kill(struct child *child, int sig)
{
	REQUIRE_TRUE(child->running);
	kill(child->pid, sig);
}

static bool child_reaped(struct child *child, int *status)
{
	if (waitpid(child->pid, status, WNOHANG) != child->pid)
		return false;
	child->running = false;
	return true;
}

int child_wait(struct child *child, unsigned int timeout_ms)
{
	int status = 0;

	if (!TAP_WAIT_FOR(child_reaped(child, &status), timeout_ms))
		return -ETIMEDOUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* ---- traps -------------------------------------------------------------- */

void trap_open(struct trap *trap)
{
	struct trap **link;

	for (link = &traps; *link && *link != trap; link = &(*link)->next)
		;
	if (!*link)
		return;
	*link = trap->next;
	close(trap->uffd);
}

static void undo_trap(void *arg)
{
	trap_open(arg);
	free(arg);
}

struct trap *trap_set_at(void *va, size_t len)
{
	struct trap *trap = calloc(1, sizeof(*trap));
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)va, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	REQUIRE_TRUE(trap);
	trap->va = va;
	trap->len = len;
	trap->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (trap->uffd < 0) {
		free(trap);
		REQUIRE_TRUE(!"userfaultfd can be had");
	}
	trap->next = traps;
	traps = trap;
	tap_defer(undo_trap, trap);
	REQUIRE_OK(iommu_call(trap->uffd, UFFDIO_API, &api));
	REQUIRE_OK(iommu_call(trap->uffd, UFFDIO_REGISTER, &range));
	return trap;
}

struct trap *trap_set(size_t len)
{
	void *va = mem_alloc(len);

	REQUIRE_TRUE(va);
	own_region(va, len);
	return trap_set_at(va, len);
}

struct trap *trap_take(pid_t pid, int uffd)
{
	struct trap *trap = calloc(1, sizeof(*trap));
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	REQUIRE_TRUE(trap && pidfd >= 0);
	trap->uffd = syscall(SYS_pidfd_getfd, pidfd, uffd, 0);
	close(pidfd);
	if (trap->uffd < 0) {
		free(trap);
		REQUIRE_TRUE(!"the child's userfaultfd can be had");
	}
	trap->next = traps;
	traps = trap;
	tap_defer(undo_trap, trap);
	return trap;
}

void *trap_sprung(struct trap *trap, unsigned int timeout_ms)
{
	struct pollfd pfd = { .fd = trap->uffd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&pfd, 1, (int)timeout_ms) <= 0 ||
	    read(trap->uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	    msg.event != UFFD_EVENT_PAGEFAULT)
		return NULL;
	return (void *)(uintptr_t)(msg.arg.pagefault.address & ~(PAGE - 1));
}

int trap_release(struct trap *trap, void *page, uint64_t tag)
{
	static _Alignas(4096) uint8_t content[PAGE];
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page,
		.src = (uintptr_t)content,
		.len = PAGE,
	};

	mem_fill(content, PAGE, tag, (uint8_t *)page - trap->va);
	return iommu_call(trap->uffd, UFFDIO_COPY, &copy);
}
