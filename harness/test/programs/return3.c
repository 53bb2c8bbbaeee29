// SPDX-License-Identifier: GPL-2.0-only
/*
 * return3.c - says that all is well and returns 3: failed
 */
#include <stdio.h>

int main(void)
{
	puts("KTAP version 1\n1..1\nok 1 one");
	return 3;
}
