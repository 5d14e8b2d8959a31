// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "audit_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A baseline without a policy says what is expected: then the table of exposed ports only adds notes. */
void audit_judge(struct audit_row *row, const struct audit_rules *rules)
{
	bool leaves_host = row->listener.reach != REACH_HOST;

	row->flags = 0;
	if (row->since == SINCE_GONE)
		return;
	if (rules->policy && !leaves_host)
		row->allowed = TRISTATE_YES; /* nothing outside reaches it: no policy need allow it */
	if (rules->policy && row->allowed != TRISTATE_YES)
		row->flags |= FLAG_OUTSIDE;
	if (!rules->policy && !rules->baseline && row->exposed && leaves_host)
		row->flags |= FLAG_EXPOSED;
	if (row->since == SINCE_NEW)
		row->flags |= FLAG_NEW;
	if (row->since == SINCE_CHANGED && listener_goes_further(&row->before, &row->listener))
		row->flags |= FLAG_FURTHER;
}

void audit_count(struct audit_counts *counts, const struct audit_row *row)
{
	if (row->since == SINCE_GONE) {
		counts->gone++;
		return;
	}
	counts->listeners++;
	counts->reach[row->listener.reach]++;
	counts->findings += row->flags != 0;
	counts->outside += (row->flags & FLAG_OUTSIDE) != 0;
	counts->exposed += (row->flags & FLAG_EXPOSED) != 0;
	counts->appeared += row->since == SINCE_NEW;
	counts->changed += row->since == SINCE_CHANGED;
}

/* ---- order ---- */

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int rank_audit_row(const struct audit_row *row)
{
	return row->flags ? 0 : row->since == SINCE_GONE ? 2 : 1;
}

static int compare_audit_rows(const void *a, const void *b)
{
	const struct audit_row *x = a, *y = b;
	int result = rank_audit_row(x) - rank_audit_row(y);

	if (!result)
		result = strcmp(x->listener.netns, y->listener.netns);
	if (!result)
		result = compare_numbers(y->listener.reach, x->listener.reach);
	if (!result)
		result = compare_numbers(x->listener.port, y->listener.port);
	if (!result)
		result = compare_numbers(x->listener.protocol, y->listener.protocol);
	if (!result)
		result = memcmp(&x->listener.address, &y->listener.address, sizeof(x->listener.address));
	return result ? result : compare_numbers(x->socket.inode, y->socket.inode);
}

void audit_sort(struct audit_row *rows, size_t count)
{
	if (count)
		qsort(rows, count, sizeof(*rows), compare_audit_rows);
}

/* ---- notes in words ---- */

struct note {
	char *out;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void append_to_note(struct note *note, const char *format, ...)
{
	size_t room = AUDIT_NOTE_SIZE - note->used;
	va_list args;
	int length;

	length = snprintf(note->out + note->used, room, "%s", note->used ? "; " : "");
	if ((size_t)length >= room)
		return;
	va_start(args, format);
	length += vsnprintf(note->out + note->used + length, room - (size_t)length, format, args);
	va_end(args);
	note->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* Appends the former name if it was another, and both are known. */
static void append_former_name(struct note *note, const char *what, const char *before, const char *now)
{
	if (*before && *now && strcmp(before, now) != 0)
		append_to_note(note, "%s was %s", what, before);
}

static void append_differences(struct note *note, const struct listener *before, const struct listener *now)
{
	char address[ADDRESS_TEXT_MAX];

	if (!listener_reaches_may_equal(before, now) || !address_equal(&before->address, &now->address)) {
		address_text(&before->address, before->family, address);
		append_to_note(note, "was at %s (%s)", address, reach_name(before->reach));
	}
	if (before->port != now->port)
		append_to_note(note, "port was %u", before->port);
	if (!listener_interfaces_may_equal(before, now))
		append_to_note(note, "interface was %s", *before->interface ? before->interface : "any");
	append_former_name(note, "process", before->process, now->process);
	append_former_name(note, "user", before->user, now->user);
	if (listener_containers_differ(before, now))
		append_to_note(note, "container was %s", *before->container ? before->container : "none");
}

const char *audit_note(const struct audit_row *row, char *out)
{
	struct note note = {.out = out};

	*out = '\0';
	if (row->flags & FLAG_OUTSIDE)
		append_to_note(&note, row->allowed == TRISTATE_UNKNOWN
					      ? "not allowed, unless by its process, which is unknown"
					      : "not allowed");
	if (row->since == SINCE_NEW || row->since == SINCE_GONE)
		append_to_note(&note, "%s", audit_since_word(row->since));
	if (row->since == SINCE_CHANGED)
		append_differences(&note, &row->before, &row->listener);
	if (row->exposed && row->listener.reach == REACH_HOST)
		append_to_note(&note, "%s", row->exposed->what);
	else if (row->exposed)
		append_to_note(&note, "%s: %s", row->exposed->what, row->exposed->why);
	return out;
}

const char *audit_since_word(enum audit_since since)
{
	static const char *const words[] = {
		[SINCE_SAME] = "none",
		[SINCE_NEW] = "new",
		[SINCE_CHANGED] = "changed",
		[SINCE_GONE] = "gone",
	};

	return words[since];
}
