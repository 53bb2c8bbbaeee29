// SPDX-License-Identifier: GPL-2.0-only
/*
 * migration.c - the migration states, the ways between them, and their features
 *
 *   RESUMING <----> STOP <----> STOP_COPY <------------+
 *                    ^                                  |
 *                    v                                  |
 *               RUNNING_P2P <--------- PRE_COPY_P2P ----+
 *                    ^     --------->       ^
 *                    v                      v
 *                 RUNNING <----------> PRE_COPY
 *
 * A driver implements the arcs of this graph; user space asks for any state, and
 * vfio_mig_get_next_state() says which arc to take first on the shortest way. A
 * device without P2P lacks the middle row, and RUNNING is next to STOP and
 * PRE_COPY next to STOP_COPY (one way) instead; one without PRE_COPY lacks the
 * right column. The table below has an arc for each, with the flags that it
 * needs or must not see.
 *
 * Saving states (STOP_COPY and the PRE_COPY ones) start and end a transfer, so a
 * way leads through one only if it begins and ends in one too. From STOP_COPY
 * there is no way back into PRE_COPY. ERROR is entered when a driver fails and
 * left by a reset, never by an arc.
 *
 * The way is found by counting steps backwards from the goal, in at most as many
 * rounds as there are states. So the search ends whatever flags a driver claims,
 * and the number of steps to the goal falls with every arc that is taken.
 *
 * The core keeps no state: the driver does, and answers from any thread.
 *
 * LOCKING     none of its own; the driver's operations are called without a lock
 * MAY SLEEP   everything here except vfio_mig_get_next_state()
 */
#include <linux/bits.h>
#include <linux/file.h>
#include <linux/fs.h>
#include "private.h"

#define NSTATES VFIO_DEVICE_STATE_NR
#define FAR 0xff

#define NEED_P2P VFIO_MIGRATION_P2P
#define NEED_PRE VFIO_MIGRATION_PRE_COPY
#define NEED_BOTH (NEED_P2P | NEED_PRE)

#define STATE(name) VFIO_DEVICE_STATE_##name

static const u32 saving_states = BIT(STATE(STOP_COPY)) | BIT(STATE(PRE_COPY)) |
				 BIT(STATE(PRE_COPY_P2P));
static const u32 precopy_states = BIT(STATE(PRE_COPY)) |
				  BIT(STATE(PRE_COPY_P2P));

static const struct mig_arc {
	u8 from;
	u8 to;
	u8 flags; /* which the device must have, beside STOP_COPY */
	u8 not_flags; /* which it must not have */
} mig_arcs[] = {
	{ STATE(STOP), STATE(RESUMING), 0, 0 },
	{ STATE(RESUMING), STATE(STOP), 0, 0 },
	{ STATE(STOP), STATE(STOP_COPY), 0, 0 },
	{ STATE(STOP_COPY), STATE(STOP), 0, 0 },

	{ STATE(STOP), STATE(RUNNING), 0, NEED_P2P },
	{ STATE(RUNNING), STATE(STOP), 0, NEED_P2P },
	{ STATE(STOP), STATE(RUNNING_P2P), NEED_P2P, 0 },
	{ STATE(RUNNING_P2P), STATE(STOP), NEED_P2P, 0 },
	{ STATE(RUNNING_P2P), STATE(RUNNING), NEED_P2P, 0 },
	{ STATE(RUNNING), STATE(RUNNING_P2P), NEED_P2P, 0 },

	{ STATE(RUNNING), STATE(PRE_COPY), NEED_PRE, 0 },
	{ STATE(PRE_COPY), STATE(RUNNING), NEED_PRE, 0 },
	{ STATE(PRE_COPY), STATE(STOP_COPY), NEED_PRE, NEED_P2P },
	{ STATE(PRE_COPY), STATE(PRE_COPY_P2P), NEED_BOTH, 0 },
	{ STATE(PRE_COPY_P2P), STATE(PRE_COPY), NEED_BOTH, 0 },
	{ STATE(PRE_COPY_P2P), STATE(RUNNING_P2P), NEED_BOTH, 0 },
	{ STATE(RUNNING_P2P), STATE(PRE_COPY_P2P), NEED_BOTH, 0 },
	{ STATE(PRE_COPY_P2P), STATE(STOP_COPY), NEED_BOTH, 0 },
};

static bool arc_exists(const struct mig_arc *arc, unsigned int flags)
{
	return (flags & arc->flags) == arc->flags && !(flags & arc->not_flags);
}

static bool state_exists(unsigned int state, unsigned int flags)
{
	static const u8 needs[NSTATES] = {
		[STATE(RUNNING_P2P)] = NEED_P2P,
		[STATE(PRE_COPY)] = NEED_PRE,
		[STATE(PRE_COPY_P2P)] = NEED_BOTH,
	};

	if (state >= NSTATES || state == STATE(ERROR))
		return false;
	return flags & VFIO_MIGRATION_STOP_COPY &&
	       (flags & needs[state]) == needs[state];
}

/*
 * Steps from each state to @goal, FAR where there is no way. @through says which
 * states a way may lead through.
 */
static void count_steps(u8 steps[NSTATES], unsigned int goal, u32 through,
			unsigned int flags)
{
	unsigned int i, round;

	memset(steps, FAR, NSTATES);
	steps[goal] = 0;
	for (round = 1; round < NSTATES; round++) {
		for (i = 0; i < ARRAY_SIZE(mig_arcs); i++) {
			const struct mig_arc *arc = &mig_arcs[i];

			if (!arc_exists(arc, flags))
				continue;
			if (arc->to != goal && !(through & BIT(arc->to)))
				continue;
			if (steps[arc->to] == round - 1 &&
			    steps[arc->from] == FAR)
				steps[arc->from] = round;
		}
	}
}

/**
 * vfio_mig_get_next_state() - where to go first
 * @device: for its migration_flags
 * @cur_fsm: the state it is in
 * @new_fsm: the state it should be in
 * @next_fsm: the next state on the way, one arc from @cur_fsm; @new_fsm itself at
 *	the end of it. Not written on failure
 *
 * Called in a loop, one arc at a time, this reaches @new_fsm in fewer than
 * VFIO_DEVICE_STATE_NR rounds.
 *
 * Context: any.
 * Return: 0; -EINVAL if there is no way: a state that the device does not have,
 * one that does not exist, ERROR at either end, or PRE_COPY from STOP_COPY.
 */
int vfio_mig_get_next_state(struct vfio_device *device,
			    enum vfio_device_mig_state cur_fsm,
			    enum vfio_device_mig_state new_fsm,
			    enum vfio_device_mig_state *next_fsm)
{
	const unsigned int flags = device->migration_flags;
	u32 through = ~saving_states;
	u8 steps[NSTATES];
	unsigned int i;

	if (!state_exists(cur_fsm, flags) || !state_exists(new_fsm, flags))
		return -EINVAL;
	if (cur_fsm == new_fsm) {
		*next_fsm = new_fsm;
		return 0;
	}
	if (cur_fsm == STATE(STOP_COPY) && BIT(new_fsm) & precopy_states)
		return -EINVAL;
	if (BIT(cur_fsm) & saving_states && BIT(new_fsm) & saving_states)
		through |= saving_states;

	count_steps(steps, new_fsm, through, flags);
	if (steps[cur_fsm] == FAR)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(mig_arcs); i++) {
		const struct mig_arc *arc = &mig_arcs[i];

		if (arc->from != cur_fsm || !arc_exists(arc, flags))
			continue;
		if (arc->to != new_fsm && !(through & BIT(arc->to)))
			continue;
		if (steps[arc->to] == steps[cur_fsm] - 1) {
			*next_fsm = arc->to;
			return 0;
		}
	}
	return -EINVAL;
}
KIT_EXPORT(vfio_mig_get_next_state);

/**
 * migration_feature_flags() - VFIO_DEVICE_FEATURE_MIGRATION
 * @vdev: open
 * @flags: of the ioctl
 * @arg: user memory
 * @argsz: bytes of it
 *
 * Return: 0; -ENOTTY if the device does not migrate; -EFAULT; -EINVAL.
 */
int migration_feature_flags(struct vfio_device *vdev, u32 flags,
			    void __user *arg, size_t argsz)
{
	struct vfio_device_feature_migration mig = {
		.flags = vdev->migration_flags,
	};
	int rc;

	if (!vdev->mig_ops)
		return -ENOTTY;
	rc = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				sizeof(mig));
	if (rc != 1)
		return rc;
	return copy_to_user(arg, &mig, sizeof(mig)) ? -EFAULT : 0;
}

static int get_state(struct vfio_device *vdev,
		     struct vfio_device_feature_mig_state __user *arg)
{
	struct vfio_device_feature_mig_state mig = { .data_fd = -1 };
	enum vfio_device_mig_state state;
	int rc;

	rc = vdev->mig_ops->migration_get_state(vdev, &state);
	if (rc)
		return rc;
	mig.device_state = state;
	return copy_to_user(arg, &mig, sizeof(mig)) ? -EFAULT : 0;
}

static int set_state(struct vfio_device *vdev, u32 state,
		     struct vfio_device_feature_mig_state __user *arg)
{
	struct file *file;
	int fd, rc = 0;

	/* The reply of a failure, and of a change that starts no transfer. */
	if (put_user(-1, &arg->data_fd))
		return -EFAULT;
	/* Whether a number is needed shows when it is too late to fail. */
	fd = get_unused_fd_flags(O_CLOEXEC);

	file = vdev->mig_ops->migration_set_state(vdev, state);
	if (IS_ERR_OR_NULL(file)) {
		rc = PTR_ERR_OR_ZERO(file);
		goto out_put_fd;
	}
	if (fd < 0)
		rc = fd;
	else if (put_user(fd, &arg->data_fd))
		rc = -EFAULT;
	if (!rc) {
		fd_install(fd, file);
		return 0;
	}
	fput(file);
out_put_fd:
	if (fd >= 0)
		put_unused_fd(fd);
	return rc;
}

/**
 * migration_feature_state() - VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE
 * @vdev: open
 * @flags: of the ioctl
 * @arg: user memory
 * @argsz: bytes of it
 *
 * Return: 0; -ENOTTY if the device does not migrate; -EFAULT, and nothing changed
 * unless the page was taken away during the call; -EINVAL; -EMFILE, and the
 * change was made but its data file is lost; what the driver returned.
 */
int migration_feature_state(struct vfio_device *vdev, u32 flags,
			    void __user *arg, size_t argsz)
{
	const u32 methods = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
	struct vfio_device_feature_mig_state mig;
	int rc;

	if (!vdev->mig_ops)
		return -ENOTTY;
	rc = vfio_check_feature(flags, argsz, methods, sizeof(mig));
	if (rc != 1)
		return rc;
	if (copy_from_user(&mig, arg, sizeof(mig)))
		return -EFAULT;
	if (flags & VFIO_DEVICE_FEATURE_GET)
		return get_state(vdev, arg);
	if (mig.device_state >= NSTATES)
		return -EINVAL;
	return set_state(vdev, mig.device_state, arg);
}

/**
 * migration_feature_data_size() - VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
 * @vdev: open
 * @flags: of the ioctl
 * @arg: user memory
 * @argsz: bytes of it
 *
 * Return: 0; -ENOTTY if the device does not migrate; -EFAULT; -EINVAL; what the
 * driver returned.
 */
int migration_feature_data_size(struct vfio_device *vdev, u32 flags,
				void __user *arg, size_t argsz)
{
	struct vfio_device_feature_mig_data_size size = {};
	unsigned long length;
	int rc;

	if (!vdev->mig_ops)
		return -ENOTTY;
	rc = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				sizeof(size));
	if (rc != 1)
		return rc;
	rc = vdev->mig_ops->migration_get_data_size(vdev, &length);
	if (rc)
		return rc;
	size.stop_copy_length = length;
	return copy_to_user(arg, &size, sizeof(size)) ? -EFAULT : 0;
}

/**
 * migration_feature_precopy_v2() - VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2
 * @vdev: open
 * @flags: of the ioctl
 * @arg: not used
 * @argsz: not used
 *
 * Return: 0, until the device is closed; -EINVAL, also if it has no PRE_COPY.
 */
int migration_feature_precopy_v2(struct vfio_device *vdev, u32 flags,
				 void __user *arg, size_t argsz)
{
	int rc;

	if (!(vdev->migration_flags & VFIO_MIGRATION_PRE_COPY))
		return -EINVAL;
	rc = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (rc != 1)
		return rc;
	WRITE_ONCE(vdev->precopy_info_v2, true);
	return 0;
}
