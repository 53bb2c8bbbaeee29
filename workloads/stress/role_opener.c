// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_opener.c - opens, binds, uses and closes one device, against others
 *
 * Each opener has a few files of the same device and an own context beside the
 * shared one. A file that is not bound can do nothing but BIND. One file owns the
 * device at a time: BIND succeeds when surely nobody has it, fails when surely
 * somebody has, and a loser changes nothing for the owner, who goes on using it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "iommu.h"
#include "kit_tap.h"
#include "storm.h"

#define NFILES 2

struct file {
	int fd; /* -1: closed */
	bool bound;
	uint64_t name; /* in the register of owners */
	struct vfio_region_info bar0;
};

struct opener {
	struct file file[NFILES];
	int context;
	uint32_t ioas;
};

static void draw(const struct part *part, struct rng *rng, struct op *op)
{
	static const struct op_weight weight[] = {
		{ OP_OPEN, 15 }, { OP_BIND, 25 },  { OP_ATTACH, 20 },
		{ OP_READ, 20 }, { OP_CLOSE, 20 },
	};

	(void)part;
	op->kind = op_draw(rng, weight, 5);
	op->item = rng_below(rng, NFILES);
	op->flag = rng_chance(rng, 2); /* the shared context */
	op->nslots = 1;
}

static int enter(struct actor *actor)
{
	struct opener *opener = calloc(1, sizeof(*opener));

	if (!opener)
		return -ENOMEM;
	actor->role_data = opener;
	for (unsigned int i = 0; i < NFILES; i++)
		opener->file[i].fd = -1;
	opener->context = iommu_open();
	if (opener->context < 0)
		return opener->context;
	return iommu_ioas_alloc(opener->context, &opener->ioas);
}

static void note(struct actor *actor, const struct op *op, tick_t s, tick_t c,
		 int rc, uint64_t arg)
{
	actor_note(actor, &(struct event){ .start = s,
					   .done = c,
					   .kind = op->kind,
					   .dev = actor->part->dev,
					   .ioas = EVENT_ANY,
					   .rc = rc,
					   .arg = arg });
}

static void expect(struct actor *actor, const struct op *op, tick_t s, tick_t c,
		   bool ok, int rc, const char *state)
{
	struct finding finding;
	tick_t from = reg_story(&actor->world->owner[actor->part->dev], s);

	if (ok)
		return;
	finding_set(&finding, from ? from : s, c, actor->part->dev, EVENT_ANY,
		    0, 0, "%s of device %u in [%llu, %llu] %s returned %s",
		    op_name(op->kind), actor->part->dev, (unsigned long long)s,
		    (unsigned long long)c, state, tap_errno_name(rc));
	world_fail(actor->world, CHECK_ERRNO, &finding);
}

static void open_file(struct actor *actor, const struct op *op,
		      struct file *file)
{
	tick_t s = tick_next();
	int rc;

	if (file->fd >= 0)
		return;
	rc = cdev_open(&actor->world->dev_name[actor->part->dev]);
	if (rc >= 0) {
		*file = (struct file){
			.fd = rc,
			.name = atomic_fetch_add(&actor->world->lives, 1) + 1,
		};
		rc = 0;
	}
	note(actor, op, s, tick_next(), rc, file->name);
	expect(actor, op, s, tick_next(), !rc, rc, "at any time");
}

static void bind_file(struct actor *actor, const struct op *op,
		      struct file *file)
{
	struct world *world = actor->world;
	struct opener *opener = actor->role_data;
	struct reg *owner = &world->owner[actor->part->dev];
	bool was_bound = file->bound;
	struct reg_set set;
	uint64_t ticket;
	uint32_t devid;
	tick_t s, c;
	int rc;

	if (file->fd < 0)
		return;
	s = tick_next();
	ticket = reg_begin(owner, file->name, s);
	rc = cdev_bind(file->fd, op->flag ? world->iommufd : opener->context,
		       &devid);
	c = tick_next();
	reg_query(owner, s, c, ticket, &set);
	if (!set.unknown) {
		bool free_once = reg_set_has(&set, 0);
		bool owned_once = set.n > 1 || !free_once;

		if (rc == 0)
			expect(actor, op, s, c, free_once && !was_bound, rc,
			       "while it had an owner");
		else
			expect(actor, op, s, c,
			       owned_once && (rc == -EINVAL || rc == -EBUSY),
			       rc, "with the owners that it had");
	}
	/* A file that has it already keeps it. */
	reg_end(owner, ticket, c, !rc);
	note(actor, op, s, c, rc, file->name);
	if (rc)
		return;
	file->bound = true;
	rc = cdev_region_info(file->fd, VFIO_PCI_BAR0_REGION_INDEX,
			      &file->bar0);
	expect(actor, op, s, tick_next(), !rc, rc, "then its region info");
}

static void read_file(struct actor *actor, const struct op *op,
		      struct file *file)
{
	uint32_t magic = 0;
	tick_t s = tick_next();
	ssize_t n;

	if (file->fd < 0)
		return;
	if (!file->bound) {
		struct vfio_device_info info;
		int rc = cdev_info(file->fd, &info);

		expect(actor, op, s, tick_next(), rc == -EINVAL, rc,
		       "before BIND, as GET_INFO,");
		n = cdev_read(file->fd, 0, &magic, sizeof(magic));
		expect(actor, op, s, tick_next(), n == -EINVAL, n,
		       "before BIND");
	} else {
		n = cdev_read(file->fd, file->bar0.offset + MDMA_REG_MAGIC,
			      &magic, sizeof(magic));
		expect(actor, op, s, tick_next(),
		       n == sizeof(magic) && magic == MDMA_MAGIC, n,
		       "by its owner");
		n = n == sizeof(magic) ? 0 : n;
	}
	note(actor, op, s, tick_next(), n, file->name);
}

static void attach_file(struct actor *actor, const struct op *op,
			struct file *file)
{
	uint32_t ioas = 1; /* the first object of any context is an IOAS */
	tick_t s = tick_next();
	int rc;

	if (file->fd < 0)
		return;
	rc = cdev_attach(file->fd, &ioas);
	if (file->bound)
		expect(actor, op, s, tick_next(), !rc, rc, "by its owner");
	else
		expect(actor, op, s, tick_next(), rc == -EINVAL, rc,
		       "before BIND");
	note(actor, op, s, tick_next(), rc, file->name);
}

static void close_file(struct actor *actor, const struct op *op,
		       struct file *file)
{
	struct reg *owner = &actor->world->owner[actor->part->dev];
	uint64_t ticket = REG_NOBODY;
	tick_t s = tick_next();

	if (file->fd < 0)
		return;
	if (file->bound)
		ticket = reg_begin(owner, 0, s);
	close(file->fd);
	if (file->bound)
		reg_end(owner, ticket, tick_next(), true);
	file->fd = -1;
	file->bound = false;
	if (op)
		note(actor, op, s, tick_next(), 0, file->name);
}

static void act(struct actor *actor, const struct op *op)
{
	struct opener *opener = actor->role_data;
	struct file *file = &opener->file[op->item];

	switch (op->kind) {
	case OP_OPEN:
		open_file(actor, op, file);
		break;
	case OP_BIND:
		bind_file(actor, op, file);
		break;
	case OP_ATTACH:
		attach_file(actor, op, file);
		break;
	case OP_READ:
		read_file(actor, op, file);
		break;
	default:
		close_file(actor, op, file);
		break;
	}
}

static void leave(struct actor *actor)
{
	struct opener *opener = actor->role_data;

	if (!opener)
		return;
	for (unsigned int i = 0; i < NFILES; i++)
		close_file(actor, NULL, &opener->file[i]);
	if (opener->context >= 0)
		close(opener->context);
	free(opener);
	actor->role_data = NULL;
}

const struct role role_opener = {
	.name = "opener",
	.draw = draw,
	.enter = enter,
	.act = act,
	.leave = leave,
};
