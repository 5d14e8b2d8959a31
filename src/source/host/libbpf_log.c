// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "libbpf_log.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

/* Writes a message of libbpf to our log, one level lower: libbpf often warns of a failure that we then work around. */
static int on_libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text; /* of any length: the verifier's log is one message, and its last lines matter most */
	int length;

	if (log_level() < (level == LIBBPF_WARN ? LOG_INFO : LOG_DEBUG) || level == LIBBPF_DEBUG)
		return 0;
	length = vasprintf(&text, format, args);
	if (length < 0)
		return 0;
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	log_write(level == LIBBPF_WARN ? LOG_INFO : LOG_DEBUG, "%s", text);
	free(text);
	return 0;
}

void libbpf_log_take_over(void)
{
	libbpf_set_print(on_libbpf_message);
}
