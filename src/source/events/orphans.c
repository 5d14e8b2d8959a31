// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "orphans.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "unknown.h"

uint32_t orphans_count(void)
{
	CLEANUP(cleanup_close) int fd = open("/proc/self/net/sockstat", O_RDONLY | O_CLOEXEC);
	char text[1024], *rest = text, *line;
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	unsigned int orphans;

	if (length < 0)
		return COUNT_UNKNOWN;
	text[length] = '\0';
	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "TCP: inuse %*u orphan %u", &orphans) == 1)
			return orphans;
	return COUNT_UNKNOWN;
}
