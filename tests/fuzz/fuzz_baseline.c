// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A baseline: any text is refused with a message, or gives listeners that are saved and read again unchanged, and are
 * found the same when the host has just these. Input: the text after the first line.
 */
#include <errno.h>

#include "baseline.h"
#include "fuzz.h"

/* Lines of a baseline, each as it is saved. */
struct lines {
	char *text;
	size_t length;
};

static void add_line(struct lines *lines, const struct listener *listener)
{
	char line[BASELINE_LINE_SIZE];
	size_t length = baseline_line(listener, line);

	MUST(length <= sizeof(line) && line[length - 1] == '\n' && !memchr(line, '\n', length - 1));
	lines->text = realloc(lines->text, lines->length + length + 1);
	MUST(lines->text);
	memcpy(lines->text + lines->length, line, length);
	lines->length += length;
	lines->text[lines->length] = '\0';
}

static int keep_line(void *context, const struct listener *listener)
{
	add_line(context, listener);
	return 0;
}

static struct baseline *read_lines(const char *lines, size_t length, int *err, struct baseline_error *error)
{
	size_t header = strlen(BASELINE_HEADER);
	char *text = malloc(header + length);
	struct baseline *baseline = NULL;

	MUST(text);
	memcpy(text, BASELINE_HEADER, header);
	if (length)
		memcpy(text + header, lines, length);
	*err = baseline_read(text, header + length, &baseline, error);
	free(text);
	return baseline;
}

static struct baseline *must_read_lines(const struct lines *lines)
{
	struct baseline_error error = {.message = ""};
	int err;
	struct baseline *baseline = read_lines(lines->text, lines->length, &err, &error);

	MUST(err == 0);
	return baseline;
}

static void check_listener(const struct listener *listener)
{
	MUST(listener->protocol == PROTOCOL_TCP || listener->protocol == PROTOCOL_UDP);
	MUST(listener->family == 4 || listener->family == 6);
	MUST(listener->port && listener->reach < REACH_COUNT);
	must_be_terminated(listener->interface, sizeof(listener->interface));
	must_be_terminated(listener->process, sizeof(listener->process));
	must_be_terminated(listener->user, sizeof(listener->user));
	must_be_terminated(listener->container, sizeof(listener->container));
	must_be_terminated(listener->netns, sizeof(listener->netns));
}

/* The lines of all listeners, which none has been compared with yet. */
static struct lines save_all(const struct baseline *baseline)
{
	const struct listener *listener;
	struct lines lines = {.text = NULL};
	size_t at = 0;

	while ((listener = baseline_next_gone(baseline, &at))) {
		check_listener(listener);
		add_line(&lines, listener);
	}
	return lines;
}

static struct audit_row *make_rows(const struct baseline *baseline, size_t *count)
{
	const struct listener *listener;
	struct audit_row *rows = NULL;
	size_t at = 0;

	*count = 0;
	while ((listener = baseline_next_gone(baseline, &at))) {
		rows = realloc(rows, (*count + 1) * sizeof(*rows));
		MUST(rows);
		rows[(*count)++] = (struct audit_row){.listener = *listener};
	}
	return rows;
}

/* A host that has just these listeners has nothing new, and misses nothing. What is saved then can be read. */
static void check_comparison(struct baseline *baseline)
{
	static const struct port_range ephemeral = {.first = 32768, .last = 60999};
	size_t count, at = 0;
	struct audit_row *rows = make_rows(baseline, &count);
	struct lines lines = {.text = NULL};

	baseline_compare(baseline, &ephemeral, rows, count);
	for (size_t i = 0; i < count; i++) {
		MUST(rows[i].since == SINCE_SAME);
		MUST(baseline_renew(baseline, &rows[i], keep_line, &lines) == 0);
	}
	MUST(!baseline_next_gone(baseline, &at));
	baseline_free(must_read_lines(&lines));
	free(lines.text);
	free(rows);
}

static void check_baseline(struct baseline *baseline)
{
	struct lines first = save_all(baseline), second;
	struct baseline *again = must_read_lines(&first);

	second = save_all(again);
	MUST(first.length == second.length);
	MUST(!first.length || memcmp(first.text, second.text, first.length) == 0);
	check_comparison(baseline);
	baseline_free(again);
	free(second.text);
	free(first.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct baseline_error error = {.message = ""};
	int err;
	struct baseline *baseline = read_lines((const char *)data, size, &err, &error);

	MUST(err == 0 || err == -EINVAL);
	if (err) {
		MUST(error.line >= 2 && error.line <= size + 2);
		must_be_message(error.message, sizeof(error.message));
	} else {
		check_baseline(baseline);
	}
	baseline_free(baseline);
	return 0;
}
