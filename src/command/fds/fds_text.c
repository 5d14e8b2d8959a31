// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fds_text.h"

#include <stdio.h>
#include <string.h>

#include "colors.h"
#include "escape.h"
#include "identity_text.h"
#include "line.h"
#include "netns_text.h"

enum { FLAGS_TEXT_MAX = 128, CELL_MAX = 32 };

struct fds_widths {
	size_t fd, kind, access, flags, size, position;
};

/* ---- cells ---- */

/* Spells the kind. That of a socket is its protocol, as in ss's first column. */
static const char *spell_kind(const struct descriptor *descriptor)
{
	const struct socket_end *end = &descriptor->socket;

	if (descriptor->kind != KIND_SOCKET)
		return descriptor_kind_name(descriptor->kind);
	if (end->found)
		return socket_netid(end->found);
	return *end->protocol ? end->protocol : "socket";
}

static const char *spell_access(const struct descriptor *descriptor)
{
	const char *name = access_mode_name(descriptor->access);

	return name && descriptor->access != ACCESS_NONE ? name : "-";
}

/* Spells the number; "3[0]" for the file in slot 0 of the io_uring 3. */
static const char *spell_number(const struct descriptor *descriptor, char *out)
{
	if (!descriptor->ring)
		return number_text((uint64_t)descriptor->fd, true, out);
	snprintf(out, CELL_MAX, "%u[%d]", descriptor->ring - 1, descriptor->fd);
	return out;
}

static void append_flag(char *out, const char *name)
{
	if (*out)
		strcat(out, ",");
	strcat(out, name);
}

/* Spells the flags. `out` takes FLAGS_TEXT_MAX bytes: all names together are shorter. */
static const char *spell_flags(const struct descriptor *descriptor, char *out)
{
	const char *names[FLAG_NAMES_MAX];
	size_t count = descriptor_flag_names(descriptor->flags, names);

	*out = '\0';
	for (size_t i = 0; i < count; i++)
		append_flag(out, names[i]);
	if (descriptor->locks)
		append_flag(out, "locked");
	if (descriptor->deleted)
		append_flag(out, "deleted");
	return *out ? out : "-";
}

static const char *spell_size(const struct descriptor *descriptor, char *out)
{
	return number_text(descriptor->size, descriptor->has_size, out);
}

static const char *spell_position(const struct descriptor *descriptor, char *out)
{
	return number_text((uint64_t)descriptor->position, descriptor_has_position(descriptor), out);
}

/* ---- the table ---- */

static struct fds_widths measure_descriptors(const struct descriptors *descriptors)
{
	struct fds_widths widths = {.fd = sizeof("FD") - 1,
				    .kind = sizeof("KIND") - 1,
				    .access = sizeof("ACCESS") - 1,
				    .flags = sizeof("FLAGS") - 1,
				    .size = sizeof("SIZE") - 1,
				    .position = sizeof("POS") - 1};
	char text[FLAGS_TEXT_MAX];

	for (size_t i = 0; i < descriptors->count; i++) {
		const struct descriptor *descriptor = &descriptors->all[i];

		line_widen(&widths.fd, spell_number(descriptor, text));
		line_widen(&widths.kind, spell_kind(descriptor));
		line_widen(&widths.flags, spell_flags(descriptor, text));
		line_widen(&widths.size, spell_size(descriptor, text));
		line_widen(&widths.position, spell_position(descriptor, text));
	}
	return widths;
}

static void put_fds_column_names(const struct fds_widths *widths, struct output *output)
{
	struct line line;

	line_clear(&line);
	line_right(&line, "FD", widths->fd);
	line_left(&line, "KIND", widths->kind);
	line_left(&line, "ACCESS", widths->access);
	line_left(&line, "FLAGS", widths->flags);
	line_right(&line, "SIZE", widths->size);
	line_right(&line, "POS", widths->position);
	line_text(&line, "WHAT");
	line_put(&line, output);
}

static void put_descriptor_row(const struct descriptor *descriptor, const struct fds_widths *widths,
			       const struct descriptor_view *view, struct output *output)
{
	char text[FLAGS_TEXT_MAX];
	struct line line;

	line_clear(&line);
	line_right(&line, spell_number(descriptor, text), widths->fd);
	line_left(&line, spell_kind(descriptor), widths->kind);
	line_left(&line, spell_access(descriptor), widths->access);
	line_left(&line, spell_flags(descriptor, text), widths->flags);
	line_right(&line, spell_size(descriptor, text), widths->size);
	line_right(&line, spell_position(descriptor, text), widths->position);
	output_bytes(output, line.bytes, line.used);
	descriptor_text_put(descriptor, view, output);
	output_char(output, '\n');
}

static void put_process_user(const struct process_facts *process, struct output *output)
{
	char user[4 * PROCESS_USER_MAX + 1];

	output_text(output, ", user ");
	escape_name(user, sizeof(user), process->user, PROCESS_USER_MAX);
	if (*process->user)
		output_text(output, user);
	else if (process->uid != UID_UNKNOWN)
		output_u64(output, process->uid);
	else
		output_char(output, '-');
}

/* Puts the names of the process, and of the thread where the facts are of one. */
static void put_process_names(const struct process_facts *process, const struct descriptor_view *view,
			      struct output *output)
{
	char comm[4 * COMM_LEN + 1];

	if (view->color)
		output_text(output, COLOR_BOLD);
	escape_name(comm, sizeof(comm), process->comm, COMM_LEN);
	output_text(output, comm);
	if (view->color)
		output_text(output, COLOR_END);
	output_text(output, ", pid ");
	output_u64(output, process->pid);
	if (process->exited)
		output_text(output, process->tid ? ", whose main thread has exited" : ", which has exited");
	if (!process->tid)
		return;
	output_text(output, ", thread ");
	output_u64(output, process->tid);
	escape_name(comm, sizeof(comm), process->thread_comm, COMM_LEN);
	output_char(output, ' ');
	output_text(output, comm);
	if (process->own_table)
		output_text(output, " with descriptors of its own");
}

static void put_process_heading(const struct process_facts *process, size_t count, const struct descriptor_view *view,
				struct output *output)
{
	char shown[32];

	put_process_names(process, view, output);
	put_process_user(process, output);
	if (process->netns && process->netns != view->netns->home) {
		output_text(output, ", netns ");
		output_text(output, netns_inode_text(view->netns, process->netns, process->pid, view->now_ns, shown));
	}
	output_text(output, ": ");
	output_u64(output, count);
	output_text(output, count == 1 ? " descriptor" : " descriptors");
	if (process->limit < LIMIT_NONE) {
		output_text(output, " of at most ");
		output_u64(output, process->limit);
	}
	output_char(output, '\n');
}

static void put_process_identity(const struct identity *identity, struct output *output)
{
	if (!identity_width(identity))
		return;
	identity_put(identity, output);
	output_char(output, '\n');
}

void fds_text_put(const struct process_facts *process, const struct identity *identity,
		  const struct descriptors *descriptors, const struct descriptor_view *view, struct output *output)
{
	struct fds_widths widths = measure_descriptors(descriptors);

	put_process_heading(process, descriptors->count, view, output);
	put_process_identity(identity, output);
	if (descriptors->count)
		put_fds_column_names(&widths, output);
	for (size_t i = 0; i < descriptors->count; i++)
		put_descriptor_row(&descriptors->all[i], &widths, view, output);
}
