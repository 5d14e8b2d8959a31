// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "terminal.h"

#include <sys/ioctl.h>

size_t terminal_width(int fd)
{
	struct winsize window;

	return ioctl(fd, TIOCGWINSZ, &window) ? 0 : window.ws_col;
}
