// SPDX-License-Identifier: GPL-2.0-only
/*
 * selftest_access.c - a driver for tests: an access behind a file descriptor
 *
 * It is an ordinary user of the access API, like any device's driver. A descriptor
 * names the access; a test makes it pin, unpin and copy, and closing the
 * descriptor destroys it. The pins it holds are in a list, each with an id.
 *
 * LOCKING
 *   test_access->lock   ->pins, ->next_id; held over pin and record, so that an
 *                       unmap callback, which takes it too, finds every pin that
 *                       was made before it
 *   immutable           access, may_pin
 * MAY SLEEP             everything here
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>
#include "selftest.h"

/**
 * struct test_access - an access that a descriptor stands for
 * @access: the access, or NULL when it could not be made
 * @may_pin: it was made for pinning
 * @lock: protects the rest
 * @pins: struct test_pin
 * @next_id: of the next pin
 */
struct test_access {
	struct iommufd_access *access;
	bool may_pin;
	struct mutex lock; /* protects pins, next_id */
	struct list_head pins;
	u32 next_id;
};

struct test_pin {
	struct list_head node;
	u32 id;
	unsigned long iova;
	unsigned long length;
};

static void forget_pin(struct test_access *test, struct test_pin *pin)
{
	lockdep_assert_held(&test->lock);
	list_del(&pin->node);
	iommufd_access_unpin_pages(test->access, pin->iova, pin->length);
	kfree(pin);
}

static void test_unmap(void *data, unsigned long iova, unsigned long length)
{
	unsigned long last = iova + (length - 1);
	struct test_access *test = data;
	struct test_pin *pin, *tmp;

	mutex_lock(&test->lock);
	list_for_each_entry_safe(pin, tmp, &test->pins, node)
		if (pin->iova <= last && pin->iova + (pin->length - 1) >= iova)
			forget_pin(test, pin);
	mutex_unlock(&test->lock);
}

static const struct iommufd_access_ops pin_ops = {
	.needs_pin_pages = 1,
	.unmap = test_unmap,
};

/* A driver that only copies is asked nothing when memory goes away. */
static const struct iommufd_access_ops rw_ops = {};

static int test_release(struct inode *inode, struct file *file)
{
	struct test_access *test = file->private_data;

	/* Calls test_unmap() as long as there are pins. */
	if (test->access)
		iommufd_access_destroy(test->access);
	WARN_ON_ONCE(!list_empty(&test->pins));
	mutex_destroy(&test->lock);
	kfree(test);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.release = test_release,
};

static struct file *test_file(bool may_pin)
{
	struct test_access *test;
	struct file *file;

	test = kzalloc(sizeof(*test), GFP_KERNEL_ACCOUNT);
	if (!test)
		return ERR_PTR(-ENOMEM);
	test->may_pin = may_pin;
	mutex_init(&test->lock);
	INIT_LIST_HEAD(&test->pins);
	file = anon_inode_getfile("[mdevkit-test-access]", &test_fops, test,
				  O_RDWR);
	if (IS_ERR(file)) {
		mutex_destroy(&test->lock);
		kfree(test);
	}
	return file;
}

/* On failure what there is goes with the file. */
static int attach_new(struct ucmd *ucmd, struct test_access *test)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	struct iommufd_access *access;
	u32 id;

	access = iommufd_access_create(
		ucmd->ictx, test->may_pin ? &pin_ops : &rw_ops, test, &id);
	if (IS_ERR(access))
		return PTR_ERR(access);
	test->access = access;
	return iommufd_access_attach(access, cmd->id);
}

/**
 * test_access_create - SELFTEST_CREATE_ACCESS
 * @ucmd: the ioctl
 *
 * Return: 0, with a descriptor that owns an access attached to the IOAS;
 * -EOPNOTSUPP for a flag; -EMFILE, -ENFILE, -ENOMEM; -EFAULT; errno of
 * iommufd_access_create() and iommufd_access_attach().
 */
int test_access_create(struct ucmd *ucmd)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	struct file *file;
	int fd, rc;

	if (cmd->create_access.flags & ~SELFTEST_CREATE_NEEDS_PIN_PAGES)
		return -EOPNOTSUPP;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = test_file(cmd->create_access.flags &
			 SELFTEST_CREATE_NEEDS_PIN_PAGES);
	if (IS_ERR(file)) {
		rc = PTR_ERR(file);
		goto err_put_fd;
	}
	rc = attach_new(ucmd, file->private_data);
	if (rc)
		goto err_put_file;
	cmd->create_access.out_fd = fd;
	rc = ucmd_reply(ucmd, sizeof(*cmd));
	if (rc)
		goto err_put_file;
	fd_install(fd, file);
	return 0;

err_put_file:
	fput(file);
err_put_fd:
	put_unused_fd(fd);
	return rc;
}

/* The caller owes an fput(). */
static struct file *test_fget(u32 fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADFD);
	if (file->f_op != &test_fops) {
		fput(file);
		return ERR_PTR(-EBADFD);
	}
	return file;
}

/**
 * test_access_replace - SELFTEST_ACCESS_REPLACE_IOAS
 * @cmd: the argument
 *
 * Return: -EBADFD when the id is not a descriptor of an access; else as
 * iommufd_access_replace().
 */
int test_access_replace(struct selftest_cmd *cmd)
{
	struct file *file = test_fget(cmd->id);
	struct test_access *test;
	int rc;

	if (IS_ERR(file))
		return PTR_ERR(file);
	test = file->private_data;
	rc = iommufd_access_replace(test->access,
				    cmd->access_replace_ioas.ioas_id);
	fput(file);
	return rc;
}

/* The caller holds the lock; on failure nothing is pinned. */
static int pin_and_record(struct test_access *test, struct ucmd *ucmd,
			  struct test_pin *pin, struct page **pages,
			  unsigned long npages)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	bool write = cmd->access_pages.flags & SELFTEST_PAGES_WRITE;
	unsigned long va = cmd->access_pages.va;
	int rc;

	lockdep_assert_held(&test->lock);
	rc = iommufd_access_pin_pages(test->access, pin->iova, pin->length,
				      pages,
				      write ? IOMMUFD_ACCESS_RW_WRITE : 0);
	if (rc)
		return rc;
	rc = va ? pages_are(pages, npages, va - offset_in_page(pin->iova)) : 0;
	if (rc)
		goto err_unpin;
	pin->id = test->next_id;
	cmd->access_pages.out_pin_id = pin->id;
	rc = ucmd_reply(ucmd, sizeof(*cmd));
	if (rc)
		goto err_unpin;
	test->next_id++;
	list_add_tail(&pin->node, &test->pins);
	return 0;

err_unpin:
	iommufd_access_unpin_pages(test->access, pin->iova, pin->length);
	return rc;
}

static int pin_pages(struct test_access *test, struct ucmd *ucmd)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	struct page **pages;
	struct test_pin *pin;
	unsigned long npages;
	int rc = -ENOMEM;

	if (!test->may_pin)
		return -EOPNOTSUPP;
	pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);
	if (!pin)
		return -ENOMEM;
	pin->iova = cmd->access_pages.iova;
	pin->length = cmd->access_pages.length;
	npages = PFN_UP(offset_in_page(pin->iova) + pin->length);
	pages = kvcalloc(npages, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		goto out_free_pin;

	mutex_lock(&test->lock);
	rc = pin_and_record(test, ucmd, pin, pages, npages);
	mutex_unlock(&test->lock);
	kvfree(pages);
out_free_pin:
	if (rc)
		kfree(pin);
	return rc;
}

/**
 * test_access_pin - SELFTEST_ACCESS_PAGES
 * @ucmd: the ioctl
 *
 * Return: 0, with a pin recorded; -ENOMEM also for more than SELFTEST_LENGTH_MAX;
 * -EOPNOTSUPP for a flag or an access that was not made for pinning; -EBADFD as
 * test_access_replace(); -EBADE when the pages are not the memory that the test
 * says; -EFAULT; errno of iommufd_access_pin_pages().
 */
int test_access_pin(struct ucmd *ucmd)
{
	struct selftest_cmd *cmd = ucmd->cmd;
	struct file *file;
	int rc;

	if (cmd->access_pages.length > SELFTEST_LENGTH_MAX)
		return -ENOMEM;
	if (cmd->access_pages.flags & ~SELFTEST_PAGES_WRITE)
		return -EOPNOTSUPP;
	file = test_fget(cmd->id);
	if (IS_ERR(file))
		return PTR_ERR(file);
	rc = pin_pages(file->private_data, ucmd);
	fput(file);
	return rc;
}

/**
 * test_access_unpin - SELFTEST_DESTROY_ACCESS_PAGES
 * @cmd: the argument
 *
 * Return: 0; -EBADFD as test_access_replace(); -ENOENT when there is no such pin,
 * also because an unmap released it.
 */
int test_access_unpin(struct selftest_cmd *cmd)
{
	struct file *file = test_fget(cmd->id);
	struct test_access *test;
	struct test_pin *pin;
	int rc = -ENOENT;

	if (IS_ERR(file))
		return PTR_ERR(file);
	test = file->private_data;
	mutex_lock(&test->lock);
	list_for_each_entry(pin, &test->pins, node) {
		if (pin->id != cmd->destroy_access_pages.pin_id)
			continue;
		forget_pin(test, pin);
		rc = 0;
		break;
	}
	mutex_unlock(&test->lock);
	fput(file);
	return rc;
}

static int copy(struct test_access *test, struct selftest_cmd *cmd, void *data)
{
	void __user *user = u64_to_user_ptr(cmd->access_rw.va);
	unsigned long length = cmd->access_rw.length;
	bool write = cmd->access_rw.flags & SELFTEST_RW_WRITE;
	unsigned int flags = 0;
	int rc;

	if (write)
		flags |= IOMMUFD_ACCESS_RW_WRITE;
	if (cmd->access_rw.flags & SELFTEST_RW_SLOW_PATH)
		flags |= __IOMMUFD_ACCESS_RW_SLOW_PATH;
	if (write && copy_from_user(data, user, length))
		return -EFAULT;
	rc = iommufd_access_rw(test->access, cmd->access_rw.iova, data, length,
			       flags);
	if (!rc && !write && copy_to_user(user, data, length))
		rc = -EFAULT;
	return rc;
}

/**
 * test_access_rw - SELFTEST_ACCESS_RW
 * @cmd: the argument
 *
 * Return: 0; -ENOMEM also for more than SELFTEST_LENGTH_MAX; -EOPNOTSUPP for a
 * flag; -EBADFD as test_access_replace(); -EFAULT; errno of iommufd_access_rw().
 */
int test_access_rw(struct selftest_cmd *cmd)
{
	struct file *file;
	int rc = -ENOMEM;
	void *data;

	if (cmd->access_rw.length > SELFTEST_LENGTH_MAX)
		return -ENOMEM;
	if (cmd->access_rw.flags & ~(SELFTEST_RW_WRITE | SELFTEST_RW_SLOW_PATH))
		return -EOPNOTSUPP;
	file = test_fget(cmd->id);
	if (IS_ERR(file))
		return PTR_ERR(file);
	data = kvzalloc(cmd->access_rw.length, GFP_KERNEL_ACCOUNT);
	if (data)
		rc = copy(file->private_data, cmd, data);
	kvfree(data);
	fput(file);
	return rc;
}
