// SPDX-License-Identifier: GPL-2.0-only
/*
 * port.c - the way results leave the guest
 *
 * Two machines, two ways: a virtio-serial port named org.mdevkit.results, or
 * the second UART on the deterministic machine, whose device model must not
 * depend on when the host reads. Either is written with blocking writes and is
 * empty when port_drain() returns, so switching off loses nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

#define PORT_NAME "org.mdevkit.results"
#define PORT_WAIT_MS 60000

static int port = -1;

/* /dev/vportNpM of the port of our name, or -1 while there is none. */
static int open_named_port(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int fd = -1;

	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		char path[512];
		char name[128];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
			 entry->d_name);
		if (machine_read(path, name, sizeof(name)) < 0)
			continue;
		name[strcspn(name, "\n")] = '\0';
		if (strcmp(name, PORT_NAME))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	closedir(dir);
	return fd;
}

static int open_virtio(void)
{
	long deadline = machine_now() + PORT_WAIT_MS;
	int fd;

	machine_insmod_list("/etc/mdevkit/transport");
	/* The host announces its ports after the driver is there; no event reaches us. */
	while ((fd = open_named_port()) < 0 && machine_now() < deadline)
		usleep(5000);
	return fd;
}

static int open_serial(const char *name)
{
	struct termios mode;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!tcgetattr(fd, &mode)) {
		cfmakeraw(&mode);
		cfsetspeed(&mode, B115200);
		mode.c_cflag |= CLOCAL;
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fd;
}

bool port_open(void)
{
	const char *name = machine_option("mdevkit.results", "vport");

	if (!strcmp(name, "vport"))
		port = open_virtio();
	else if (!strncmp(name, "ttyS", 4))
		port = open_serial(name);
	else
		errno = EINVAL;
	if (port >= 0)
		return true;
	fprintf(stderr, "mdevkit init: no results port %s: %s\n", name,
		strerror(errno));
	return false;
}

void port_print(const char *format, ...)
{
	va_list args;
	char *text;
	size_t done = 0;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return;
	while (done < (size_t)length) {
		ssize_t n = write(port, text + done, length - done);

		if (n < 0 && errno != EINTR && errno != EAGAIN) {
			fprintf(stderr, "mdevkit init: results port: %s\n",
				strerror(errno));
			break;
		}
		if (n > 0)
			done += n;
	}
	free(text);
}

void port_drain(void)
{
	/* Fails on a virtio port, which is empty when write() returns. */
	if (port >= 0)
		tcdrain(port);
}
