// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level threshold = LOG_WARNING;
static int patience_ms = -1;
static bool stands_still;

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_patience(int new_patience_ms)
{
	patience_ms = new_patience_ms;
}

enum log_level log_level(void)
{
	return threshold;
}

/* True unless the reader of stderr stands still. A pipe that poll() calls writable takes a message without blocking. */
static bool is_stderr_writable(void)
{
	struct pollfd wait = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (patience_ms >= 0)
		stands_still = poll(&wait, 1, stands_still ? 0 : patience_ms) == 0;
	return !stands_still;
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const prefix[] = {
		[LOG_ERROR] = "", [LOG_WARNING] = "warning: ", [LOG_INFO] = "", [LOG_DEBUG] = "debug: "};
	va_list args;

	if (level > threshold)
		return;
	flockfile(stderr);
	if (is_stderr_writable()) {
		fprintf(stderr, "tcpledger: %s", prefix[level]);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fputc('\n', stderr);
	}
	funlockfile(stderr);
}
