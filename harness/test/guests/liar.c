// SPDX-License-Identifier: GPL-2.0-only
/*
 * liar.c - what the guests that lie have in common
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "liar.h"

#define PORT_TRIES 1000

static int port = -1;

static bool deterministic(void)
{
	char line[4096] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t n = read(fd, line, sizeof(line) - 1);

		if (n > 0)
			line[n] = '\0';
		close(fd);
	}
	return strstr(line, "mdevkit.results=ttyS1");
}

static int open_uart(void)
{
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;

	if (fd >= 0 && !tcgetattr(fd, &mode)) {
		cfmakeraw(&mode);
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fd;
}

/* There is one virtio-serial device with one port; its number is the kernel's choice. */
static int open_port(void)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	for (int try = 0; try < PORT_TRIES; try++) {
		for (int n = 0; n < 8; n++) {
			char path[32];
			int fd;

			snprintf(path, sizeof(path), "/dev/vport%dp1", n);
			fd = open(path, O_WRONLY | O_CLOEXEC);
			if (fd >= 0)
				return fd;
		}
		/* The host announces the port; nothing tells PID 1 when that has happened. */
		nanosleep(&pause, NULL);
	}
	return -1;
}

void liar_setup(void)
{
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	port = deterministic() ? open_uart() : open_port();
}

void liar_say(const char *format, ...)
{
	char text[4096];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (int done = 0; done < length;) {
		ssize_t n = write(port, text + done, length - done);

		if (n <= 0)
			return;
		done += n;
	}
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		dprintf(2, "%s cannot be written\n", path);
	close(fd);
}

void liar_kmsg(const char *text)
{
	put_file("/dev/kmsg", text);
}

void liar_power_off(void)
{
	tcdrain(port);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

void liar_panic(void)
{
	put_file("/proc/sysrq-trigger", "c");
	for (;;)
		pause();
}
