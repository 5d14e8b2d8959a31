// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "proc_family.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"

/* "000000005818ecd4 0   1234       00000001 0        0        0     2        0        4" */
static int parse_netlink_line(const char *line, struct family_row *row)
{
	return sscanf(line, "%*16x %9d %10u %8x %*d %*d %*d %*d %*u %10u", &row->protocol, &row->port, &row->groups,
		      &row->inode) == 4;
}

/* "000000005818ecd4 3      3    0003   2     1 0      0      12345" */
static int parse_packet_line(const char *line, struct family_row *row)
{
	unsigned int protocol;

	if (sscanf(line, "%*16x %*d %*d %4x %10u %*d %*u %*u %10u", &protocol, &row->port, &row->inode) != 3)
		return 0;
	row->protocol = (int32_t)protocol;
	row->groups = 0;
	return 1;
}

int proc_family_parse(enum proc_family family, const char *line, struct family_row *row)
{
	return family == FAMILY_NETLINK ? parse_netlink_line(line, row) : parse_packet_line(line, row);
}

int proc_family_each(enum proc_family family, int fd, family_handler *handler, void *context)
{
	CLEANUP(cleanup_fclose) FILE *file = fdopen(dup(fd), "r");
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		struct family_row row;

		if (proc_family_parse(family, line, &row))
			handler(context, family, &row);
	}
	return ferror(file) ? -EIO : 0;
}
