// SPDX-License-Identifier: GPL-2.0-only
/*
 * feature.c - VFIO_DEVICE_FEATURE: what, and which of three methods
 *
 * A feature is a number with up to two methods, GET and SET. A call names one
 * feature and
 *
 *   GET or SET                 do it
 *   PROBE                      is the feature there
 *   PROBE with GET, SET, both  and are these methods of it
 *
 * An unknown feature is -ENOTTY, whatever the method; a method that a known
 * feature lacks is -EINVAL, as is GET with SET but without PROBE, no method at
 * all, a flag that does not exist, and too little data.
 *
 * Features that mean the same for every device are rows of the table here; each
 * function answers all three methods, by vfio_check_feature(). All others go to
 * the driver.
 *
 * LOCKING     none
 * MAY SLEEP   everything here
 */
#include "private.h"

static const struct feature {
	u16 number;
	int (*fn)(struct vfio_device *vdev, u32 flags, void __user *arg,
		  size_t argsz);
} features[] = {
	{ VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, dirty_feature_report },
	{ VFIO_DEVICE_FEATURE_DMA_LOGGING_START, dirty_feature_start },
	{ VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, dirty_feature_stop },
	{ VFIO_DEVICE_FEATURE_MIGRATION, migration_feature_flags },
	{ VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, migration_feature_data_size },
	{ VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, migration_feature_state },
	{ VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2,
	  migration_feature_precopy_v2 },
};

static bool flags_valid(u32 flags)
{
	const u32 both = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;

	if (flags &
	    ~(VFIO_DEVICE_FEATURE_MASK | both | VFIO_DEVICE_FEATURE_PROBE))
		return false;
	return flags & VFIO_DEVICE_FEATURE_PROBE || (flags & both) != both;
}

/**
 * feature_ioctl() - VFIO_DEVICE_FEATURE
 * @vdev: open
 * @arg: user memory
 *
 * Return: 0 or more, or an error as the table at the top says; -EFAULT.
 */
int feature_ioctl(struct vfio_device *vdev,
		  struct vfio_device_feature __user *arg)
{
	struct vfio_device_feature feature;
	size_t i, argsz;

	if (copy_from_user(&feature, arg, sizeof(feature)))
		return -EFAULT;
	if (feature.argsz < sizeof(feature) || !flags_valid(feature.flags))
		return -EINVAL;

	argsz = feature.argsz - sizeof(feature);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (features[i].number ==
		    (feature.flags & VFIO_DEVICE_FEATURE_MASK))
			return features[i].fn(vdev, feature.flags, arg->data,
					      argsz);
	}
	if (!vdev->ops->device_feature)
		return -ENOTTY;
	return vdev->ops->device_feature(vdev, feature.flags, arg->data, argsz);
}
