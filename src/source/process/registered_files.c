// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "registered_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "privileges.h"
#include "process_dir.h"

enum { NAMES_WHOLE_PATHS = 6014, TELLS_NOTHING_UNLOCKED = 6016 }; /* releases: see the heading of the header */

/* Tries to meet the ring unlocked, and the pause between them. A ring in use is locked for microseconds. */
enum { LOCK_TRIES = 20, PAUSE_NS = 200000 };

uint32_t registered_files_release(void)
{
	struct utsname name;
	unsigned int major_number = 0, minor_number = 0;

	if (uname(&name) || sscanf(name.release, "%4u.%3u", &major_number, &minor_number) != 2)
		return 0;
	return major_number * 1000 + minor_number;
}

/* Finds the line that begins so. The lines before "UserFiles:" are the kernel's own words and numbers. */
static char *find_fdinfo_line(char *text, const char *begin)
{
	size_t length = strlen(begin);

	while (text && strncmp(text, begin, length) != 0) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return text;
}

static bool is_octal_digit(char c)
{
	return c >= '0' && c <= '7';
}

/* Puts back what the kernel has written as \ and three octal digits (mangle_path(), fs/seq_file.c). */
static void unescape_path(char *path)
{
	char *to = path;

	for (const char *from = path; *from; to++) {
		if (from[0] == '\\' && is_octal_digit(from[1]) && is_octal_digit(from[2]) && is_octal_digit(from[3])) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* Splits "    2: socket:[12345]". False: the line is no such row. */
static bool split_file_row(char *line, uint32_t *slot, char **path)
{
	char *end;
	unsigned long number = strtoul(line, &end, 10);

	if (end == line || strncmp(end, ": ", 2) != 0 || number > UINT32_MAX)
		return false;
	*slot = (uint32_t)number;
	*path = end + 2;
	return true;
}

/* Hands over the files of the rows that `at` begins with, and counts the rows. */
static int hand_over_rows(char *at, registered_file_handler *handler, void *context, uint32_t *rows)
{
	int err = 0;

	while (*at && !err) {
		char *end = at + strcspn(at, "\n"), *next = end + (*end == '\n'), *path;
		uint32_t slot;

		*end = '\0';
		if (!split_file_row(at, &slot, &path))
			break;
		++*rows;
		unescape_path(path);
		err = handler(context, slot, path);
		at = next;
	}
	return err;
}

/* Counts the rows without a file. Only of these an older kernel tells anything certain. */
static uint32_t count_empty_rows(char *at)
{
	static const char empty[] = "<none>\n";
	uint32_t count = 0, slot;
	char *path;

	while (split_file_row(at, &slot, &path) && strncmp(path, empty, sizeof(empty) - 1) == 0) {
		at = path + sizeof(empty) - 1;
		count++;
	}
	return count;
}

int registered_files_parse(char *text, uint32_t release, registered_file_handler *handler, void *context,
			   struct registered_files *out)
{
	char *line = find_fdinfo_line(text, "UserFiles:"), *rows = line ? strchr(line, '\n') : NULL;
	uint32_t count = 0;
	int err = 0;

	*out = (struct registered_files){.locked_out = true};
	if (!rows || sscanf(line, "UserFiles: %9u", &out->slots) != 1)
		return 0;
	rows++;
	out->told = true;
	if (release < NAMES_WHOLE_PATHS) {
		out->whole = count_empty_rows(rows) == out->slots;
		out->locked_out = !out->whole && !split_file_row(rows, &count, &line);
		return 0;
	}
	err = hand_over_rows(rows, handler, context, &count);
	out->whole = count || !out->slots || release >= TELLS_NOTHING_UNLOCKED;
	out->locked_out = !out->whole;
	return err;
}

int registered_files_each(int dir, const char *path, registered_file_handler *handler, void *context,
			  struct registered_files *out)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint32_t release = registered_files_release();
	int err = 0;

	*out = (struct registered_files){.locked_out = true};
	for (int tries = 0; !err && out->locked_out && tries < LOCK_TRIES; tries++) {
		CLEANUP(cleanup_free) char *text = NULL;

		if (tries)
			nanosleep(&pause, NULL);
		text = process_text(dir, path);
		err = text ? registered_files_parse(text, release, handler, context, out) : -errno;
	}
	return err;
}

/* 1: the link is a ring's; 0: it is not: other files may have the name of a ring, but not its link; or a negative
 * errno. */
static int check_ring_link(int process, const char *path)
{
	char link[sizeof(RING_LINK) + 1];
	ssize_t length = readlinkat(process, path, link, sizeof(link));

	if (length < 0)
		return -errno;
	return length == sizeof(RING_LINK) - 1 && memcmp(link, RING_LINK, sizeof(RING_LINK) - 1) == 0;
}

int registered_files_of(uint32_t pid, uint32_t tid, int32_t fd, registered_file_handler *handler, void *context,
			struct registered_files *out)
{
	WITH_PRIVILEGES;
	CLEANUP(cleanup_close) int process = process_open(pid);
	char path[64];
	int found;

	*out = (struct registered_files){.whole = false};
	if (process < 0)
		return process;
	snprintf(path, sizeof(path), "task/%u/fd/%d", tid, fd);
	found = check_ring_link(process, path);
	out->whole = found == 0;
	if (found <= 0)
		return found;
	snprintf(path, sizeof(path), "task/%u/fdinfo/%d", tid, fd);
	return registered_files_each(process, path, handler, context, out);
}
