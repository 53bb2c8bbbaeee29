// SPDX-License-Identifier: GPL-2.0-only
/*
 * process.c - IOMMU_IOAS_CHANGE_PROCESS
 *
 * After an exec or a hand-over of the file to another process the memory of a
 * memfd is the same but whoever mapped it still pays. CHANGE_PROCESS lets the
 * caller pay for every mapping of the context, or on failure changes nothing.
 *
 * LOCKING
 *   ioas->lock      of one IOAS after the other, while its areas are read
 *   backing->lock   of one backing after the other
 * MAY SLEEP         everything here
 */
#include "private.h"

/* A backing that changes hands, under its address in a set. */
struct move {
	struct backing *backing;
	struct payer *old;
};

/* Each backing is in many areas but moves once. */
static int add_move(struct xarray *moves, struct backing *backing)
{
	struct move *move;
	int rc;

	if (xa_load(moves, (unsigned long)backing))
		return 0;
	move = kzalloc(sizeof(*move), GFP_KERNEL_ACCOUNT);
	if (!move)
		return -ENOMEM;
	move->backing = backing;
	rc = xa_insert(moves, (unsigned long)backing, move, GFP_KERNEL_ACCOUNT);
	if (rc) {
		kfree(move);
		return -ENOMEM;
	}
	backing_get(backing);
	return 0;
}

static int add_moves(struct xarray *moves, struct ioas *ioas)
{
	MA_STATE(mas, &ioas->areas, 0, 0);
	struct area *area;
	int rc = 0;

	mutex_lock(&ioas->lock);
	mas_for_each(&mas, area, ULONG_MAX) {
		if (area->state != AREA_LIVE)
			rc = -EBUSY;
		else if (!area->backing->file)
			rc = -EINVAL;
		else
			rc = add_move(moves, area->backing);
		if (rc)
			break;
	}
	mutex_unlock(&ioas->lock);
	return rc;
}

static int find_moves(struct xarray *moves, struct iommufd_ctx *ictx)
{
	struct object *obj;
	unsigned long id;
	int rc;

	xa_for_each(&ictx->objects, id, obj) {
		/* Looked up again: only that keeps it. */
		struct ioas *ioas = ioas_get(ictx, id);

		if (IS_ERR(ioas))
			continue;
		rc = add_moves(moves, ioas);
		ioas_put(ioas);
		if (rc)
			return rc;
	}
	return 0;
}

static int move_all(struct xarray *moves, struct payer *payer)
{
	struct move *move;
	unsigned long key;
	int rc;

	xa_for_each(moves, key, move) {
		rc = backing_change_payer(move->backing, payer, &move->old);
		if (rc)
			return rc;
	}
	return 0;
}

/* Who paid a moment ago pays again, whatever its limit is by now. */
static void move_back(struct xarray *moves)
{
	struct move *move;
	unsigned long key;

	xa_for_each(moves, key, move)
		if (move->old)
			backing_restore_payer(move->backing, move->old);
}

static void free_moves(struct xarray *moves)
{
	struct move *move;
	unsigned long key;

	xa_for_each(moves, key, move) {
		if (move->old)
			payer_put(move->old);
		backing_put(move->backing);
		kfree(move);
	}
	xa_destroy(moves);
}

/**
 * change_process_ioctl - IOMMU_IOAS_CHANGE_PROCESS
 * @ucmd: the ioctl
 *
 * Return: 0; -EOPNOTSUPP for a reserved field; -EINVAL when memory of a process is
 * mapped, which cannot change hands; -EBUSY while a range is being mapped or
 * unmapped; -ENOMEM also at the caller's limit. Unless it is 0 nothing changed.
 */
int change_process_ioctl(struct ucmd *ucmd)
{
	struct iommu_ioas_change_process *cmd = ucmd->cmd;
	struct payer *payer;
	struct xarray moves;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	payer = payer_alloc(READ_ONCE(ucmd->ictx->charge_mode));
	if (!payer)
		return -ENOMEM;
	xa_init(&moves);
	rc = find_moves(&moves, ucmd->ictx);
	if (!rc) {
		rc = move_all(&moves, payer);
		if (rc)
			move_back(&moves);
	}
	free_moves(&moves);
	payer_put(payer);
	return rc;
}
