// SPDX-License-Identifier: GPL-2.0-only
/* context.c - see context.h */
#include <linux/fs.h>
#include <linux/percpu.h>
#include <linux/uaccess.h>
#include <stdlib.h>
#include "private.h"
#include "context.h"
#include "fault.h"

DEFINE_PER_CPU(long[NCOUNTERS], counters);

/**
 * context_count - how many there are of something
 * @counter: enum counter
 */
long context_count(unsigned int counter)
{
	return __atomic_load_n(&counters[counter], __ATOMIC_SEQ_CST);
}

static void context_release(struct file *file)
{
	struct iommufd_ctx *ictx = file->private_data;
	struct object *obj;
	unsigned long id;

	objects_release(ictx);
	/* xa_empty() may be false: a failed xa_alloc() leaves nodes behind. */
	xa_for_each(&ictx->objects, id, obj)
		shim_die("objects are left after the last close");
	xa_destroy(&ictx->objects);
	kfree(ictx);
	count(COUNT_CONTEXTS, -1);
	free(file);
}

/**
 * context_open - open /dev/iommu
 *
 * Return: a context, which is owed a context_close().
 */
struct iommufd_ctx *context_open(void)
{
	struct iommufd_ctx *ictx = kzalloc(sizeof(*ictx), GFP_KERNEL_ACCOUNT);

	xa_init_flags(&ictx->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&ictx->wait);
	ictx->charge_mode = CHARGE_USER;
	ictx->file = calloc(1, sizeof(*ictx->file));
	atomic_set(&ictx->file->refs, 1);
	ictx->file->private_data = ictx;
	ictx->file->release = context_release;
	count(COUNT_CONTEXTS, 1);
	return ictx;
}

/**
 * context_close - close the descriptor
 * @ictx: accesses may hold it longer
 */
void context_close(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}

void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}

void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}

struct file *get_file(struct file *file)
{
	atomic_inc(&file->refs);
	return file;
}

void fput(struct file *file)
{
	if (atomic_dec_and_test(&file->refs))
		file->release(file);
}

/* Descriptors: few, and only of memfds. */
#define FDS 64
static struct file *fds[FDS];
static pthread_mutex_t fds_lock = PTHREAD_MUTEX_INITIALIZER;

/**
 * fd_install - a descriptor for a file
 * @file: its reference goes to the descriptor
 */
unsigned int fd_install(struct file *file)
{
	unsigned int fd;

	pthread_mutex_lock(&fds_lock);
	for (fd = 3; fds[fd]; fd++)
		if (fd == FDS - 1)
			shim_die("too many descriptors");
	fds[fd] = file;
	pthread_mutex_unlock(&fds_lock);
	return fd;
}

/**
 * fd_close - close a descriptor
 * @fd: from fd_install()
 */
void fd_close(unsigned int fd)
{
	struct file *file;

	pthread_mutex_lock(&fds_lock);
	file = fds[fd];
	fds[fd] = NULL;
	pthread_mutex_unlock(&fds_lock);
	fput(file);
}

struct file *fget(unsigned int fd)
{
	struct file *file = NULL;

	pthread_mutex_lock(&fds_lock);
	if (fd < FDS && fds[fd])
		file = fds[fd];
	/* No scheduling point under a lock that no schedule knows. */
	if (file)
		__atomic_fetch_add(&file->refs.counter, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&fds_lock);
	return file;
}

/**
 * context_ioctl - an ioctl whose argument has been copied in
 * @ictx: the context
 * @execute: what executes it
 * @cmd: the argument; its first member is its size
 * @reply: where the reply goes, or BAD_USER
 */
int context_ioctl(struct iommufd_ctx *ictx, int (*execute)(struct ucmd *ucmd),
		  void *cmd, void *reply)
{
	struct ucmd ucmd = {
		.ictx = ictx,
		.ubuf = reply,
		.user_size = *(u32 *)cmd,
		.cmd = cmd,
	};

	return execute(&ucmd);
}

int ucmd_reply(struct ucmd *ucmd, size_t size)
{
	if (copy_to_user(ucmd->ubuf, ucmd->cmd,
			 min((size_t)ucmd->user_size, size)))
		return -EFAULT;
	return 0;
}

static bool user_fails(const void *address)
{
	shim_may_fault("a copy to or from user memory");
	sched_point("user copy");
	return (unsigned long)address < PAGE_SIZE || fault_now();
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	if (user_fails(from))
		return n;
	memcpy(to, from, n);
	return 0;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	if (user_fails(to))
		return n;
	memmove(to, from, n);
	return 0;
}
