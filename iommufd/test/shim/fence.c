// SPDX-License-Identifier: GPL-2.0-only
/*
 * fence.c - a memory barrier that the sanitizers do not see
 *
 * Compiled without them. TSan does not model fences; a read-modify-write that it
 * does model would order threads that are not ordered, and hide races.
 */
void shim_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
