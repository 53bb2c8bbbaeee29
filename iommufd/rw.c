// SPDX-License-Identifier: GPL-2.0-only
/*
 * rw.c - copying between a driver's buffer and IOVA
 *
 * The whole range is checked before the first byte moves, so a copy over a hole
 * or past a permission has no effect. A fault in the memory itself can still end
 * a copy in the middle. No lock is held while copying: the registered op (op.c)
 * keeps the areas.
 *
 * LOCKING   none of its own
 * MAY SLEEP everything here
 */
#include <linux/module.h>
#include <linux/overflow.h>
#include "private.h"
#include "trace.h"

static int rw_areas(struct op *op, void *data, unsigned int flags)
{
	unsigned int need = flags & IOMMUFD_ACCESS_RW_WRITE ? AREA_WRITE :
							      AREA_READ;
	struct ioas *ioas = op->att->ioas;
	unsigned long iova = op->iova;
	struct area *area;
	int rc;

	area = area_check(ioas, iova, op->last, need);
	if (IS_ERR(area))
		return PTR_ERR(area);
	for (;;) {
		unsigned long to = min(area->last, op->last);
		unsigned long length = to - iova + 1;

		rc = gup_copy(area->backing, area_offset(area, iova), data,
			      length, flags);
		if (rc || to == op->last)
			return rc;
		data += length;
		iova = to + 1;
		area = area_find(ioas, iova);
	}
}

/**
 * iommufd_access_rw - copy between a buffer and IOVA
 * @access: the access
 * @iova: first byte, any alignment
 * @data: the buffer, in kernel memory
 * @length: bytes, not 0
 * @flags: IOMMUFD_ACCESS_RW_WRITE to copy into IOVA, IOMMUFD_ACCESS_RW_KTHREAD
 *	when the caller is a kernel thread without an mm
 *
 * A replace going on meanwhile does not matter: the copy goes to the old IOAS or
 * to the new one.
 *
 * Context: may sleep and fault. From any thread, in parallel.
 * Return: 0; -EINVAL for length 0 or an area that is being unmapped; -EOVERFLOW
 * when the end wraps; -ENOENT when not attached or not mapped throughout; -EPERM
 * when the mapping does not allow the access; with these nothing was copied.
 * -EFAULT when the memory is not there or its process is gone; -EINTR when killed;
 * other errno of pin_user_pages().
 */
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova,
		      void *data, size_t length, unsigned int flags)
{
	unsigned long last;
	struct op op;
	int rc;

	if (!length)
		return -EINVAL;
	if (check_add_overflow(iova, length - 1, &last))
		return -EOVERFLOW;
	rc = op_enter(access, &op, iova, last, false);
	if (rc)
		return rc;
	rc = rw_areas(&op, data, flags);
	op_exit(&op);
	trace_iommufd_rw(access->obj.id, iova, last, flags, rc);
	return rc;
}
EXPORT_SYMBOL_KIT(iommufd_access_rw);
