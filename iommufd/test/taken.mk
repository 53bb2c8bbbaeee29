# SPDX-License-Identifier: GPL-2.0-only
#
# taken.mk - what comes from the kernel source tree KSRC at build time
#
# Headers that tools/ of that tree does not have, under taken/; the two trees; and
# the bit operations they need. tools/include of the tree is on the include path
# behind our own.

taken_headers := \
	include/linux/container_of.h \
	include/linux/kref.h \
	include/linux/list.h \
	include/linux/maple_tree.h \
	include/linux/xarray.h \
	lib/radix-tree.h

taken_sources := \
	lib/maple_tree.c \
	lib/xarray.c \
	tools/lib/bitmap.c \
	tools/lib/find_bit.c \
	tools/lib/hweight.c \
	tools/lib/vsprintf.c
