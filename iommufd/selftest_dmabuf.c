// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest_dmabuf.c - dma-bufs that can be revoked
 *
 * A dma-buf that exists only to be mapped: MAP_FILE takes it while it is not
 * revoked and the range lies inside. Nobody can reach memory through it, since
 * accesses refuse memory of a device.
 *
 * LOCKING
 *   test_dmabuf->revoked   READ_ONCE, WRITE_ONCE; the test orders its own calls
 *   immutable              the rest
 * MAY SLEEP                everything here
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include "compat/dmabuf.h"
#include "selftest.h"

#define DMABUF_PAGES_MAX 512

struct test_dmabuf {
	bool revoked;
};

/* There is no device that could use it. */
static struct sg_table *no_map(struct dma_buf_attachment *attachment,
			       enum dma_data_direction direction)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void no_unmap(struct dma_buf_attachment *attachment,
		     struct sg_table *table, enum dma_data_direction direction)
{
}

static void test_dmabuf_release(struct dma_buf *dmabuf)
{
	kfree(dmabuf->priv);
}

static const struct dma_buf_ops test_dmabuf_ops = {
	.map_dma_buf = no_map,
	.unmap_dma_buf = no_unmap,
	.release = test_dmabuf_release,
};

/**
 * dmabuf_get - SELFTEST_DMABUF_GET
 * @cmd: the argument
 *
 * Return: a descriptor of a new dma-buf; -EINVAL for length 0 or too much; errno
 * of dma_buf_export() and dma_buf_fd().
 */
int dmabuf_get(struct selftest_cmd *cmd)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct test_dmabuf *test;
	struct dma_buf *dmabuf;
	int fd;

	info.size = PAGE_ALIGN((size_t)cmd->dmabuf_get.length);
	if (!info.size || info.size > DMABUF_PAGES_MAX * PAGE_SIZE)
		return -EINVAL;
	test = kzalloc(sizeof(*test), GFP_KERNEL_ACCOUNT);
	if (!test)
		return -ENOMEM;
	info.ops = &test_dmabuf_ops;
	/* Of the file, which MAP_FILE asks for what may be done with it. */
	info.flags = O_RDWR;
	info.priv = test;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		kfree(test);
		return PTR_ERR(dmabuf);
	}
	fd = dma_buf_fd(dmabuf, cmd->dmabuf_get.fd_flags);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/**
 * dmabuf_revoke - SELFTEST_DMABUF_REVOKE
 * @cmd: the argument
 *
 * Return: 0; -EBADF, -EINVAL when the descriptor is no dma-buf's; -EOPNOTSUPP when
 * it is somebody else's.
 */
int dmabuf_revoke(struct selftest_cmd *cmd)
{
	struct dma_buf *dmabuf = dma_buf_get(cmd->dmabuf_revoke.fd);
	struct test_dmabuf *test;
	int rc = -EOPNOTSUPP;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (dmabuf->ops == &test_dmabuf_ops) {
		test = dmabuf->priv;
		WRITE_ONCE(test->revoked, cmd->dmabuf_revoke.revoked);
		rc = 0;
	}
	dma_buf_put(dmabuf);
	return rc;
}

static int check(struct dma_buf *dmabuf, u64 start, u64 length)
{
	struct test_dmabuf *test;
	u64 end;

	if (check_add_overflow(start, length, &end) || end > dmabuf->size)
		return -EINVAL;
	if (dmabuf->ops != &test_dmabuf_ops)
		return -EOPNOTSUPP;
	test = dmabuf->priv;
	return READ_ONCE(test->revoked) ? -ENODEV : 0;
}

/**
 * dmabuf_check - may MAP_FILE map this?
 * @cmd: its argument
 *
 * Return: 0, also when it is no dma-buf; -EINVAL when the range is not inside;
 * -EOPNOTSUPP for somebody else's dma-buf; -ENODEV for a revoked one.
 */
int dmabuf_check(const struct iommu_ioas_map_file *cmd)
{
	struct dma_buf *dmabuf = dma_buf_get(cmd->fd);
	int rc;

	if (IS_ERR(dmabuf))
		return 0;
	rc = check(dmabuf, cmd->start, cmd->length);
	dma_buf_put(dmabuf);
	return rc;
}

MODULE_IMPORT_DMA_BUF;
