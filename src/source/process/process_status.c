// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process_status.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "line_value.h"

/* Reads a number without a sign that ends where its word ends. */
static bool read_status_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t number;
	char *end;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || number > max || (*end && !isspace((unsigned char)*end)))
		return false;
	*out = number;
	return true;
}

/* The second of "1000	1000	1000	1000" is the effective one. */
static const char *skip_status_word(const char *text)
{
	text += strcspn(text, " \t\n");
	return text + strspn(text, " \t");
}

/* The first line holds the process's name, in which the kernel escapes newlines: it may be called "Uid:", but cannot
 * begin a line. */
void process_status_read(const char *status, struct process_facts *facts)
{
	const char *uids = line_value(status, "Uid:"), *state = line_value(status, "State:");
	uint64_t number;

	if (read_status_number(line_value(status, "Tgid:"), INT32_MAX, &number))
		facts->pid = (uint32_t)number;
	if (uids && read_status_number(skip_status_word(uids), UINT32_MAX, &number))
		facts->uid = (uint32_t)number;
	facts->exited = state && (*state == 'Z' || *state == 'X');
}

uint64_t process_limit_read(const char *limits)
{
	const char *limit = line_value(limits, "Max open files");
	uint64_t number;

	if (limit && strncmp(limit, "unlimited", strlen("unlimited")) == 0)
		return LIMIT_NONE;
	return read_status_number(limit, LIMIT_NONE - 1, &number) ? number : LIMIT_UNKNOWN;
}

enum { STAT_PPID = 4, STAT_START = 22 }; /* the place of a value in the line, from 1 (proc_pid_stat(5)) */

/* The line reads "4711 (comm) S 4242 …". The name is the second value, and may hold anything: what comes after the last
 * parenthesis is the third. */
bool process_stat_read(const char *stat, struct process_stat *out)
{
	const char *value = strrchr(stat, ')');
	uint64_t ppid = 0, start = 0;

	for (int place = 2; value && place < STAT_START; place++) {
		value = skip_status_word(value);
		if (place + 1 == STAT_PPID && !read_status_number(value, INT32_MAX, &ppid))
			return false;
	}
	if (!value || !read_status_number(value, UINT64_MAX, &start))
		return false;
	*out = (struct process_stat){.ppid = (uint32_t)ppid, .start_ticks = start};
	return true;
}
