/* SPDX-License-Identifier: GPL-2.0-only */
/* Taken. */
#include "taken/container_of.h"
