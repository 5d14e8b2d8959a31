// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "time_namespace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

/* PROC_TIME_INIT_INO, include/linux/proc_ns.h */
#define FIRST_TIME_NAMESPACE 0xeffffffa

struct time_offsets time_offsets_of(const char *text)
{
	struct time_offsets offsets = {.known = true};

	for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		int64_t seconds, ns;

		if (sscanf(line, "monotonic %" SCNd64 " %" SCNd64, &seconds, &ns) == 2)
			offsets.monotonic_ns = seconds * (int64_t)NS_PER_SEC + ns;
		else if (sscanf(line, "boottime %" SCNd64 " %" SCNd64, &seconds, &ns) == 2)
			offsets.boottime_ns = seconds * (int64_t)NS_PER_SEC + ns;
	}
	return offsets;
}

/* The file shows the offsets of the namespace that a child of this process will be in. That is another one than this
 * process's own where a process has made one by unshare(), and then started this program without a fork (before Linux
 * 6.3). */
struct time_offsets time_namespace_offsets(void)
{
	CLEANUP(cleanup_close) int fd = -1;
	struct stat own, childrens;
	char text[256];
	ssize_t length;

	if (stat("/proc/self/ns/time", &own) || own.st_ino == FIRST_TIME_NAMESPACE)
		return (struct time_offsets){.known = true};
	if (stat("/proc/self/ns/time_for_children", &childrens) || childrens.st_ino != own.st_ino)
		return (struct time_offsets){0};
	fd = open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (length < 0)
		return (struct time_offsets){0};
	text[length] = '\0';
	return time_offsets_of(text);
}
