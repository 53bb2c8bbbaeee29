/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * init.h - the parts of the guest's PID 1
 */
#ifndef _KIT_GUEST_INIT_H
#define _KIT_GUEST_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ------------------------------------------------------------------- port.c */

/* Open the results port that the kernel command line names; false: said on the console. */
bool port_open(void);

/* A formatted piece of the results; whole lines, each with its newline. */
void port_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wait until everything printed has left the guest. */
void port_drain(void);

/* ---------------------------------------------------------------- machine.c */

/* Mount what programs expect; failures of optional ones are remarked on the console. */
void machine_setup(void);

/* Load /lib/modules/@file with @args; 0 or a negative errno. */
int machine_insmod(const char *file, const char *args);

/* Load the modules listed in @list, if it exists; 0 or a negative errno. */
int machine_insmod_list(const char *list);

/* Write @text to an existing file; 0 or a negative errno. */
int machine_write(const char *path, const char *text);

/* The first @size - 1 bytes of a file, as a string; length or a negative errno. */
ssize_t machine_read(const char *path, char *text, size_t size);

/* The value of @key on the kernel's command line, or @otherwise. */
const char *machine_option(const char *key, const char *otherwise);

/* All task stacks to the console. */
void machine_dump_tasks(void);

/* Milliseconds since boot. */
long machine_now(void);

/* Switch the machine off; does not return. */
_Noreturn void machine_off(void);

/* ------------------------------------------------------------------- test.c */

enum test_result {
	TEST_PASSED,
	TEST_FAILED,
	TEST_HUNG
};

/* Run @argv and report it as test @number; see init.c for what is printed. */
enum test_result test_run(unsigned int number, const char *name,
			  unsigned int seconds, char *const *argv);

/* ------------------------------------------------------------------- leak.c */

/* Remember what is there before the first test. */
void leak_baseline(void);

/* Look for what the tests left behind, report it as test @number. */
enum test_result leak_check(unsigned int number, unsigned int ndevices);

#endif /* _KIT_GUEST_INIT_H */
