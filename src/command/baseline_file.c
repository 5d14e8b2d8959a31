// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "baseline_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "log.h"
#include "output.h"
#include "text_file.h"

enum { BASELINE_BYTES_MAX = 8 << 20 };

int baseline_load(const char *path, struct baseline **out)
{
	CLEANUP(cleanup_free) char *text = NULL;
	struct baseline_error error = {0};
	size_t length;
	int err = text_file_read(path, BASELINE_BYTES_MAX, &text, &length);

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

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_lines(char **lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
}

/* In an order of their own, so that two files can be compared by eye. */
static int lines_of(const struct audit_row *rows, size_t count, char ***out, size_t *line_count)
{
	char **lines = calloc(count + 1, sizeof(*lines));
	char line[BASELINE_LINE_SIZE];
	size_t made = 0;

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].change == CHANGE_GONE)
			continue;
		lines[made] = strndup(line, baseline_line(&rows[i].listener, line));
		if (!lines[made]) {
			free_lines(lines, made);
			return -ENOMEM;
		}
		made++;
	}
	qsort(lines, made, sizeof(*lines), compare);
	*out = lines;
	*line_count = made;
	return 0;
}

static int write_lines(int fd, char *const *lines, size_t count)
{
	struct output *output = output_new(fd, -1);
	int err;

	if (!output)
		return -ENOMEM;
	output_text(output, BASELINE_HEADER);
	output_text(output, "# protocol address port reach interface process user container netns\n");
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
			output_text(output, lines[i]);
	err = output_flush(output);
	output_free(output);
	return err;
}

static int replace(const char *path, char *const *lines, size_t count)
{
	CLEANUP(cleanup_free) char *name = NULL;
	int fd = text_file_begin(path, &name);

	return fd < 0 ? fd : text_file_end(path, name, fd, write_lines(fd, lines, count));
}

int baseline_save(const char *path, const struct audit_row *rows, size_t count)
{
	char **lines = NULL;
	size_t line_count = 0;
	int err = lines_of(rows, count, &lines, &line_count);

	if (!err)
		err = replace(path, lines, line_count);
	if (err)
		log_error("--baseline %s: it cannot be saved: %s", ESCAPED(path), strerror(-err));
	else
		log_write(LOG_ERROR, "saved %zu %s as the baseline, in %s", line_count,
			  line_count == 1 ? "listener" : "listeners", ESCAPED(path));
	free_lines(lines, line_count);
	return err;
}
