/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fixture.h - what contract tests set up
 *
 * Every function here registers its undo, so that a test only says what it
 * needs. A set-up step that fails ends the test as failed: a contract test that
 * cannot run has not passed.
 *
 * Words: a *job* is a thread of this process that makes a call which may block,
 * a *child* a process with its own mm, a *trap* memory whose first touch stops
 * at a userfaultfd until the test says how to go on.
 */
#ifndef _KIT_CONTRACT_FIXTURE_H
#define _KIT_CONTRACT_FIXTURE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "cdev.h"
#include "iommu.h"
#include "kit_tap.h"
#include "mdma_dev.h"
#include "mem.h"

#define PAGE MEM_PAGE

/* Where tests put their mappings; far from 0 and from each other. */
#define IOVA_A 0x100000000ull
#define IOVA_B 0x200000000ull
#define IOVA_C 0x300000000ull

/* Addresses that are in no mapping of any process here, and in the kernel. */
#define NOBODYS_VA ((void *)0x600000000000)
#define KERNELS_VA ((void *)0xffff888000000000)

/* A call that must not block is given this long before it is called stuck. */
#define PROMPT_MS 5000

/* ---- context, memory, devices ------------------------------------------- */

int fixture_iommufd(void);
uint32_t fixture_ioas(int iommufd);

/** fixture_mem() - private memory, present, filled with the pattern @tag */
uint8_t *fixture_mem(size_t len, uint64_t tag);

/** fixture_readonly() - a copy of @len bytes in a page nobody can write */
void *fixture_readonly(const void *from, size_t len);

/**
 * fixture_device() - an open and bound mdma
 * @ordinal: 0 or 1
 * @iommufd: the context to bind to
 * @ioas: attach to it, 0 to stay unattached
 *
 * Its knobs are 0, and are set to 0 again afterwards.
 */
struct mdma_dev *fixture_device(unsigned int ordinal, int iommufd,
				uint32_t ioas);
struct mdma_queue *fixture_queue(struct mdma_dev *dev, unsigned int index);

/** fixture_knob() - set a knob or fail the test */
void fixture_knob(struct mdma_dev *dev, const char *knob, uint64_t value);

/** struct rig - the usual set: context, two IOAS, a device on the first */
struct rig {
	int iommufd;
	uint32_t ioas;
	uint32_t other;
	struct mdma_dev *dev;
	struct mdma_queue *queue; /* queue 0 */
};

struct rig fixture_rig(void);

/** fixture_map() - @len bytes of fixture_mem() at @iova, readable and writable */
uint8_t *fixture_map(int iommufd, uint32_t ioas, uint64_t iova, size_t len,
		     uint64_t tag);

/* ---- probes of the state ------------------------------------------------ */

/** reaches() - does an 8-byte WRITE at @iova land at @va (and return 0)? */
bool reaches(struct mdma_queue *queue, uint64_t iova, volatile void *va);

/** probe_rw() - status of an 8-byte READ by copy */
int probe_rw(struct mdma_queue *queue, uint64_t iova);

/** probe_pin() - status of PIN of a page, which is given back at once */
int probe_pin(struct mdma_queue *queue, uint64_t iova);

/** pins_now() - pages pinned in the system since the test program began */
int64_t pins_now(void);

/* ---- jobs --------------------------------------------------------------- */

struct job {
	pthread_t thread;
	int (*run)(void *arg);
	int rc;
	atomic_bool done;
	void *arg; /* a copy of what job_start() was given */
};

/**
 * job_start() - run(copy of @arg) in a thread; joined when the test ends
 * @run: makes the call
 * @arg: what it gets is a copy of this
 * @size: bytes of @arg
 *
 * Traps that are still set then are opened first.
 */
struct job *job_start(int (*run)(void *arg), const void *arg, size_t size);

bool job_done(struct job *job);

/** job_wait() - its result, or -ETIMEDOUT when it does not end in time */
int job_wait(struct job *job, unsigned int timeout_ms);

/* Calls that tests often make from a job. */
struct call {
	int iommufd;
	uint32_t ioas;
	uint64_t iova;
	uint64_t length;
	void *va;
	struct mdma_dev *dev;
	struct mdma_queue *queue;
};

int call_unmap(void *call); /* iommufd, ioas, iova, length (out too) */
int call_map(void *call); /* iommufd, ioas, va, length, iova; then unmaps it */
int call_attach(void *call); /* dev, ioas */
int call_detach(void *call); /* dev */
int call_rw(void *call); /* queue, iova */
int call_pin(void *call); /* queue, iova, length; held */
int call_probe_pin(void *call); /* queue, iova */

/* ---- children ----------------------------------------------------------- */

struct child {
	pid_t pid;
	int to; /* parent writes, child reads */
	int from;
	bool running;
};

/**
 * child_start() - fork; the child runs run(child, arg) and exits with its result
 * @run: runs in the child
 * @arg: its second argument
 *
 * The child talks to the parent by child_say() and child_hear() only; what it
 * EXPECTs is printed but not counted. Killed when the test ends.
 */
struct child *child_start(int (*run)(struct child *self, void *arg), void *arg);

void child_say(struct child *child, int32_t word);

/** child_hear() - the other side's next word, or -ETIMEDOUT, or -EPIPE */
int32_t child_hear(struct child *child, unsigned int timeout_ms);

void child_kill(struct child *child, int sig);

/** child_wait() - exit status, 256 + signal, or -ETIMEDOUT */
int child_wait(struct child *child, unsigned int timeout_ms);

/* ---- traps -------------------------------------------------------------- */

struct trap {
	struct trap *next; /* of those that are set */
	int uffd;
	uint8_t *va;
	size_t len;
};

/** trap_set() - @len bytes of memory whose every first touch stops */
struct trap *trap_set(size_t len);

/** trap_set_at() - the same for memory that exists and was never touched */
struct trap *trap_set_at(void *va, size_t len);

/** trap_take() - a child's trap, to which this process gets a file of its own */
struct trap *trap_take(pid_t pid, int uffd);

/** trap_sprung() - wait for a touch. Return: its page's address, NULL in time-out */
void *trap_sprung(struct trap *trap, unsigned int timeout_ms);

/** trap_release() - give the page its content (the pattern @tag) and go on */
int trap_release(struct trap *trap, void *page, uint64_t tag);

/** trap_open() - end all of it: touches see zeroes. Idempotent. */
void trap_open(struct trap *trap);

#endif
