// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sockstat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "line_value.h"
#include "unknown.h"

enum { SOCKSTAT_SIZE = 1024 };

/* Reads the line "TCP: inuse 3 orphan 0 tw 1 …", whose beginning is `line`, from an open file, which it closes. Returns
 * what follows the beginning, in `text`; NULL with errno set. */
static const char *read_counts(int fd, const char *line, char text[SOCKSTAT_SIZE])
{
	CLEANUP(cleanup_close) int file = fd;
	ssize_t length = read(file, text, SOCKSTAT_SIZE - 1);
	const char *counts;

	if (length < 0)
		return NULL;
	text[length] = '\0';
	counts = line_value(text, line);
	if (!counts)
		errno = EILSEQ;
	return counts;
}

/* Adds up a namespace's sockets and minisockets. A negative errno: the file cannot be read. */
static long count_sockets_in(const struct netns *netns, const char *file, const char *line, const char *format)
{
	int fd = netns_open_table(netns, file);
	unsigned int inuse = 0, mini = 0;
	char text[SOCKSTAT_SIZE];
	const char *counts;

	if (fd < 0)
		return fd;
	counts = read_counts(fd, line, text);
	if (!counts)
		return -errno;
	return sscanf(counts, format, &inuse, &mini) < 1 ? -EILSEQ : (long)inuse + mini;
}

long sockstat_minis(const struct netns *netns)
{
	return count_sockets_in(netns, "sockstat", "TCP:", "inuse %*u orphan %*u tw %u");
}

bool sockstat_is_empty(const struct netns *netns, bool sockets)
{
	long ipv4, ipv6;

	if (!sockets)
		return sockstat_minis(netns) == 0;
	ipv4 = count_sockets_in(netns, "sockstat", "TCP:", "inuse %u orphan %*u tw %u");
	if (ipv4)
		return false;
	ipv6 = count_sockets_in(netns, "sockstat6", "TCP6:", "inuse %u");
	return ipv6 == 0 || ipv6 == -ENOENT; /* -ENOENT: this host has no IPv6 */
}

uint32_t sockstat_orphans(void)
{
	int fd = open("/proc/self/net/sockstat", O_RDONLY | O_CLOEXEC);
	char text[SOCKSTAT_SIZE];
	const char *counts = fd < 0 ? NULL : read_counts(fd, "TCP:", text);
	unsigned int orphans;

	return counts && sscanf(counts, "inuse %*u orphan %u", &orphans) == 1 ? orphans : COUNT_UNKNOWN;
}
