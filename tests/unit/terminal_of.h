/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Terminals for the tests of what fits them.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"

static inline void set_columns(int fd, unsigned short columns)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};

	assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
}

/* Opens a pseudo-terminal of so many columns; returns -1 where there are none. The caller closes both ends. */
static inline int terminal_of(unsigned short columns, int *master)
{
	int fd;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	if (*master < 0 || grantpt(*master) || unlockpt(*master))
		return -1;
	fd = open(ptsname(*master), O_RDWR | O_NOCTTY);
	if (fd >= 0)
		set_columns(fd, columns);
	return fd;
}
