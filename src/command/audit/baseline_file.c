// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "baseline_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "escape.h"
#include "grow.h"
#include "log.h"
#include "output.h"
#include "privileges.h"
#include "text_file.h"

enum { BASELINE_BYTES_MAX = 8 << 20 };

/* Refuses a symbolic link, which text_file_begin() does not follow, before there is anything to save. */
static int refuse_symbolic_link(const char *path)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length < 0)
		return 0;
	target[length] = '\0';
	log_error("--baseline %s: it is a symbolic link, and saving follows none: give the file itself, %s",
		  ESCAPED(path), ESCAPED(target));
	return -EBADMSG;
}

int baseline_load(const char *path, bool save, struct baseline **out)
{
	AS_USER;
	CLEANUP(cleanup_free) char *text = NULL;
	struct baseline_error error = {0};
	size_t length;
	int err = text_file_read(path, BASELINE_BYTES_MAX, &text, &length);

	if ((save || err == -ENOENT) && refuse_symbolic_link(path))
		return -EBADMSG;
	if (!err) {
		err = baseline_read(text, length, out, &error);
		if (err == -EINVAL) {
			log_error("--baseline %s, line %zu: %s", ESCAPED(path), error.line, error.message);
			return -EBADMSG;
		}
	} else if (err == -EFBIG) {
		log_error("--baseline %s: the file has more than %d bytes: it is no baseline", ESCAPED(path),
			  BASELINE_BYTES_MAX);
		return -EBADMSG;
	} else if (err != -ENOENT) {
		log_error("--baseline %s: it cannot be read: %s", ESCAPED(path), strerror(-err));
		return -EBADMSG;
	}
	return err;
}

int baseline_lines_add(struct baseline_lines *lines, const struct listener *listener)
{
	char line[BASELINE_LINE_SIZE];
	char *copy;

	if (!GROW(lines->all, lines->count, lines->room, 64))
		return -ENOMEM;
	copy = strndup(line, baseline_line(listener, line));
	if (!copy)
		return -ENOMEM;
	lines->all[lines->count++] = copy;
	return 0;
}

static int compare_baseline_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void baseline_lines_settle(struct baseline_lines *lines)
{
	size_t kept = 0;

	if (lines->count)
		qsort(lines->all, lines->count, sizeof(*lines->all), compare_baseline_lines);
	for (size_t i = 0; i < lines->count; i++) {
		if (kept && strcmp(lines->all[i], lines->all[kept - 1]) == 0)
			free(lines->all[i]);
		else
			lines->all[kept++] = lines->all[i];
	}
	lines->count = kept;
}

void baseline_lines_free(struct baseline_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->all[i]);
	free(lines->all);
	*lines = (struct baseline_lines){0};
}

static int write_baseline_lines(int fd, const struct baseline_lines *lines)
{
	struct output *output = output_new(fd, -1);
	int err;

	if (!output)
		return -ENOMEM;
	output_text(output, BASELINE_HEADER);
	output_text(output, "# protocol address port reach interface process user container netns\n");
	for (size_t i = 0; i < lines->count; i++)
		output_text(output, lines->all[i]);
	err = output_flush(output);
	output_free(output);
	return err;
}

static int replace_baseline_file(const char *path, const struct baseline_lines *lines)
{
	CLEANUP(cleanup_free) char *name = NULL;
	int fd = text_file_begin(path, &name);

	return fd < 0 ? fd : text_file_end(path, name, fd, write_baseline_lines(fd, lines));
}

int baseline_save(const char *path, const struct baseline_lines *lines, size_t carried)
{
	AS_USER;
	const char *listeners = lines->count == 1 ? "listener" : "listeners";
	int err = replace_baseline_file(path, lines);

	if (err)
		log_error("--baseline %s: it cannot be saved: %s", ESCAPED(path), strerror(-err));
	else if (carried)
		log_write(LOG_ERROR,
			  "saved %zu %s as the baseline, in %s: %zu found now, %zu carried over, not looked at",
			  lines->count, listeners, ESCAPED(path), lines->count - carried, carried);
	else
		log_write(LOG_ERROR, "saved %zu %s as the baseline, in %s", lines->count, listeners, ESCAPED(path));
	return err ? ERR_REPORTED : 0;
}
