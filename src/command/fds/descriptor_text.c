// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "descriptor_text.h"

#include <limits.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "escape.h"
#include "line.h"
#include "netns_text.h"
#include "socket_text.h"
#include "state_color.h"

#define WARNING "\033[33m"

/* ---- parts ---- */

static void put_escaped(const char *text, struct output *output)
{
	char escaped[4 * PATH_MAX + 1];

	output_bytes(output, escaped, escape_text(escaped, sizeof(escaped), text, strlen(text)));
}

static void put_quoted(const char *text, size_t length, struct output *output)
{
	char escaped[4 * PATH_MAX + 1];

	output_char(output, '"');
	output_bytes(output, escaped, escape_quoted(escaped, sizeof(escaped), text, length));
	output_char(output, '"');
}

static void put_name(const struct descriptor *descriptor, struct output *output)
{
	if (descriptor->name)
		put_escaped(descriptor->name, output);
	else
		output_text(output, "a path too long to be told");
}

static void put_number(const char *before, uint64_t number, const char *after, struct output *output)
{
	output_text(output, before);
	output_u64(output, number);
	output_text(output, after);
}

static void put_device(uint32_t major_number, uint32_t minor_number, struct output *output)
{
	put_number("", major_number, ":", output);
	output_u64(output, minor_number);
}

/* Joined by commas, after a space; nothing for none. */
static void put_events(enum descriptor_kind kind, uint32_t events, struct output *output)
{
	const char *names[FLAG_NAMES_MAX];
	size_t count = watch_event_names(kind, events, names);

	for (size_t i = 0; i < count; i++) {
		output_char(output, i ? ',' : ' ');
		output_text(output, names[i]);
	}
}

static void put_holder(const struct owner *owner, uint32_t tid, struct output *output)
{
	output_char(output, '(');
	put_quoted(owner->comm, COMM_LEN, output);
	put_number(",pid=", owner->pid, "", output);
	if (tid)
		put_number(",tid=", tid, "", output);
	if (owner->fd != FD_UNKNOWN)
		put_number(",fd=", (uint64_t)owner->fd, "", output);
	output_char(output, ')');
}

/* In the colour of what deserves a second look. */
static void put_remark(const char *text, const struct descriptor_view *view, struct output *output)
{
	if (view->color)
		output_text(output, WARNING);
	output_text(output, text);
	if (view->color)
		output_text(output, COLOR_END);
}

/* ---- pipes ---- */

static bool put_holders_that(bool (*does)(enum access_mode), const char *label, const struct descriptor *pipe,
			     struct output *output)
{
	const char *before = label;

	for (size_t i = 0; i < pipe->other_count; i++) {
		if (!does(pipe->others[i].access))
			continue;
		output_text(output, before);
		put_holder(&pipe->others[i].owner, pipe->others[i].tid, output);
		before = ",";
	}
	return before != label;
}

/* What is said of an end whose holder was not found. */
struct end_words {
	const char *closed; /* the kernel says so */
	const char *open;   /* the kernel says so */
	const char *nobody; /* all were looked at; but it may be on its way through a socket */
	const char *unseen;
};

static const struct end_words no_writer = {
	.closed = " nobody else writes: end of file",
	.open = " written by somebody not seen (or on its way through a socket)",
	.nobody = " nobody was found who writes",
	.unseen = " written by nobody that may be seen",
};

static const struct end_words no_reader = {
	.closed = " nobody else reads: a write gets EPIPE",
	.open = " read by somebody not seen (or on its way through a socket)",
	.nobody = " nobody was found who reads",
	.unseen = " read by nobody that may be seen",
};

static void put_no_one(const struct descriptor *pipe, const struct end_words *words, const struct descriptor_view *view,
		       struct output *output)
{
	if (pipe->other_end == TRISTATE_NO)
		put_remark(words->closed, view, output);
	else if (pipe->other_end == TRISTATE_YES)
		output_text(output, words->open);
	else if (pipe->others_complete)
		put_remark(words->nobody, view, output);
	else
		output_text(output, words->unseen);
}

static void put_ends(const struct descriptor *pipe, const struct descriptor_view *view, struct output *output)
{
	bool reads = access_reads(pipe->access), writes = access_writes(pipe->access);
	bool has_writer = put_holders_that(access_writes, reads ? " written by " : " also written by ", pipe, output);
	bool has_reader;

	if (reads && !writes && !has_writer)
		put_no_one(pipe, &no_writer, view, output);
	has_reader = put_holders_that(access_reads, writes ? " read by " : " also read by ", pipe, output);
	if (writes && !reads && !has_reader)
		put_no_one(pipe, &no_reader, view, output);
	if (reads && writes && !has_reader && !has_writer)
		output_text(output, pipe->others_complete ? " nobody else" : " nobody else that may be seen");
}

/* ---- sockets ---- */

static void put_state(const struct socket *socket, const struct descriptor_view *view, struct output *output)
{
	if (view->color)
		output_text(output, state_color(socket->state));
	output_text(output, socket_state_name(socket));
	if (view->color)
		output_text(output, COLOR_END);
}

static void put_socket_path(const struct socket *socket, struct output *output)
{
	char path[SOCKET_PATH_MAX];
	size_t length = socket ? socket_path(socket, path) : 0;

	if (!length)
		return;
	output_char(output, ' ');
	put_quoted(path, length, output);
}

/* `"/run/x" 12 -> "/run/y" 13 ("systemd",pid=1,fd=3)`; without names where there are none. */
static void put_unix_ends(const struct socket_end *end, struct output *output)
{
	put_socket_path(end->found, output);
	put_number(" ", end->found->inode, "", output);
	if (!end->found->peer_inode)
		return;
	output_text(output, " ->");
	put_socket_path(end->peer, output);
	put_number(" ", end->found->peer_inode, "", output);
	for (size_t i = 0; i < end->peer_owner_count; i++) {
		output_char(output, i ? ',' : ' ');
		put_holder(&end->peer_owners[i], 0, output);
	}
}

static void put_inet_ends(const struct socket *socket, const struct descriptor_view *view, struct output *output)
{
	char shown[SOCKET_ENDPOINT_MAX];

	socket_local_text(socket, view->namer, shown);
	output_char(output, ' ');
	output_text(output, shown);
	if (socket->state == STATE_LISTEN || (!socket->tuple.rport && address_is_any(&socket->tuple.raddr)))
		return;
	socket_peer_text(socket, view->namer, shown);
	output_text(output, " -> ");
	output_text(output, shown);
}

static void put_queues(const struct socket *socket, struct output *output)
{
	bool listens = socket->state == STATE_LISTEN;

	if (socket->recvq != QUEUE_UNKNOWN && (socket->recvq || listens))
		put_number(listens ? " waiting " : " recvq ", socket->recvq, "", output);
	if (socket->sendq != QUEUE_UNKNOWN && (socket->sendq || listens))
		put_number(listens ? " of at most " : " sendq ", socket->sendq, "", output);
}

static void put_found(const struct socket_end *end, const struct descriptor_view *view, struct output *output)
{
	const struct socket *socket = end->found;
	char shown[32];

	put_state(socket, view, output);
	if (socket->protocol == PROTOCOL_UNIX)
		put_unix_ends(end, output);
	else
		put_inet_ends(socket, view, output);
	put_queues(socket, output);
	if (socket->tuple.netns == view->home)
		return;
	output_text(output, " netns ");
	output_text(output, netns_inode_text(view->netns, socket->tuple.netns, 0, view->now_ns, shown));
}

static void put_packet(const struct socket_end *end, struct output *output)
{
	char frames[32];

	snprintf(frames, sizeof(frames), "takes frames 0x%04x", (unsigned int)end->family_protocol);
	if (end->family_protocol == 0)
		output_text(output, "takes no frames");
	else
		output_text(output, end->family_protocol == ETH_P_ALL ? "takes all frames" : frames);
	if (end->family_port)
		put_number(" interface ", end->family_port, "", output);
}

static void put_netlink(const struct socket_end *end, struct output *output)
{
	const char *name = netlink_name(end->family_protocol);
	char groups[32];

	if (name)
		output_text(output, name);
	else
		output_u64(output, (uint64_t)end->family_protocol);
	put_number(" port ", end->family_port, "", output);
	snprintf(groups, sizeof(groups), " groups 0x%x", end->family_groups);
	if (end->family_groups)
		output_text(output, groups);
}

static void put_family(const struct socket_end *end, struct output *output)
{
	if (strcmp(end->protocol, "packet") == 0)
		put_packet(end, output);
	else
		put_netlink(end, output);
}

static void put_socket(const struct descriptor *socket, const struct descriptor_view *view, struct output *output)
{
	const struct socket_end *end = &socket->socket;

	if (end->found)
		put_found(end, view, output);
	else if (end->has_numbers)
		put_family(end, output);
	else if (end->unlisted)
		put_number("inode ", socket->inode, ", neither bound nor connected, it seems", output);
	else
		put_number("inode ", socket->inode, *end->protocol ? "" : ", of a kind that is not known", output);
	for (size_t i = 0; i < socket->other_count; i++) {
		output_text(output, i ? "," : " also held by ");
		put_holder(&socket->others[i].owner, 0, output);
	}
}

/* ---- what waits for something ---- */

static void put_watch(const struct descriptor *descriptor, const struct watch *watch,
		      const struct descriptor_view *view, struct output *output)
{
	switch (watch->target) {
	case WATCH_DESCRIPTOR:
		output_u64(output, (uint64_t)watch->number);
		break;
	case WATCH_INODE:
		put_number("inode ", watch->inode, " on ", output);
		put_device(watch->major, watch->minor, output);
		break;
	case WATCH_MOUNT:
		put_number("mount ", watch->object, "", output);
		break;
	case WATCH_FILE_SYSTEM:
		output_text(output, "file system ");
		put_device(watch->major, watch->minor, output);
		break;
	case WATCH_NAMESPACE:
		put_number("mount namespace ", watch->object, "", output);
		break;
	}
	put_events(descriptor->kind, watch->events, output);
	if (watch->stale)
		put_remark(" (closed here, open elsewhere)", view, output);
}

static void put_watches(const struct descriptor *descriptor, const struct descriptor_view *view, struct output *output)
{
	const char *separator = descriptor->kind == KIND_EPOLL ? "watches " : ": ";

	if (descriptor->kind != KIND_EPOLL)
		put_number("", descriptor->watch_count, descriptor->watch_count == 1 ? " watch" : " watches", output);
	else if (!descriptor->watch_count)
		output_text(output, "watches nothing");
	for (size_t i = 0; i < descriptor->watch_count; i++) {
		output_text(output, separator);
		put_watch(descriptor, &descriptor->watches[i], view, output);
		separator = "; ";
	}
}

static void put_span(const char *before, uint64_t ns, struct output *output)
{
	char shown[32];

	output_text(output, before);
	output_text(output, span_text((struct span){.ns = ns, .known = SPAN_EXACT}, shown));
}

static void put_timer(const struct descriptor *descriptor, struct output *output)
{
	const char *clock = clock_name(descriptor->timerfd.clock);

	if (clock)
		output_text(output, clock);
	else
		put_number("clock ", (uint64_t)descriptor->timerfd.clock, "", output);
	if (descriptor->timerfd.value_ns)
		put_span(" fires in ", descriptor->timerfd.value_ns, output);
	else
		output_text(output, " not armed");
	if (descriptor->timerfd.value_ns && descriptor->timerfd.interval_ns)
		put_span(", then each ", descriptor->timerfd.interval_ns, output);
	if (descriptor->timerfd.ticks)
		put_number(", fired ", descriptor->timerfd.ticks,
			   descriptor->timerfd.ticks == 1 ? " time and not read" : " times and not read", output);
}

static void put_signals(uint64_t signals, struct output *output)
{
	const char *separator = "";

	if (!signals)
		output_text(output, "no signal");
	for (unsigned int i = 0; i < 64; i++) {
		char name[SIGNAL_NAME_MAX];

		if (!(signals & 1ULL << i))
			continue;
		output_text(output, separator);
		output_text(output, signal_name(i + 1, name));
		separator = " ";
	}
}

/* ---- other kinds ---- */

static void put_process(const struct descriptor *descriptor, struct output *output)
{
	int32_t pid = descriptor->pidfd.pid;

	if (pid <= 0) {
		output_text(output, pid ? "a process that has exited" : "a process of another pid namespace");
		return;
	}
	put_number("pid ", (uint64_t)pid, " ", output);
	put_quoted(descriptor->pidfd.comm, COMM_LEN, output);
}

static void put_bpf(const struct descriptor *descriptor, struct output *output)
{
	if (*descriptor->bpf.type_name)
		put_escaped(descriptor->bpf.type_name, output);
	else
		put_number("type ", descriptor->bpf.type, "", output);
	put_number(" id ", descriptor->bpf.id, "", output);
}

static void put_special(const struct descriptor *descriptor, struct output *output)
{
	put_device(major(descriptor->special), minor(descriptor->special), output);
	if (descriptor->kind == KIND_CHARACTER && descriptor->detailed) {
		if (descriptor->character.terminal >= 0)
			put_number(" master of /dev/pts/", (uint64_t)descriptor->character.terminal, "", output);
		if (*descriptor->character.interface) {
			output_text(output, " interface ");
			put_escaped(descriptor->character.interface, output);
		}
	}
	output_char(output, ' ');
	put_name(descriptor, output);
}

static void put_namespace(const struct descriptor *descriptor, const struct descriptor_view *view,
			  struct output *output)
{
	char shown[32];

	put_name(descriptor, output);
	if (!descriptor->name || strncmp(descriptor->name, "net:", 4) != 0 || descriptor->inode > UINT32_MAX)
		return;
	output_char(output, ' ');
	output_text(output, netns_inode_text(view->netns, (uint32_t)descriptor->inode, 0, view->now_ns, shown));
}

static void put_dma_buf(const struct descriptor *descriptor, struct output *output)
{
	output_text(output, "exported by ");
	put_escaped(descriptor->dma_buf.exporter, output);
	if (!*descriptor->dma_buf.label)
		return;
	output_char(output, ' ');
	put_quoted(descriptor->dma_buf.label, TYPE_NAME_MAX, output);
}

/* Of what the kernel has told more than the name. */
static void put_details(const struct descriptor *descriptor, const struct descriptor_view *view, struct output *output)
{
	switch (descriptor->kind) {
	case KIND_EVENTFD:
		put_number("count ", descriptor->eventfd.count, descriptor->eventfd.semaphore ? ", a semaphore" : "",
			   output);
		break;
	case KIND_TIMERFD:
		put_timer(descriptor, output);
		break;
	case KIND_SIGNALFD:
		put_signals(descriptor->signals, output);
		break;
	case KIND_PIDFD:
		put_process(descriptor, output);
		break;
	case KIND_BPF_MAP:
	case KIND_BPF_PROG:
	case KIND_BPF_LINK:
		put_bpf(descriptor, output);
		break;
	case KIND_IO_URING:
		put_number("", descriptor->ring_entries, " entries", output);
		break;
	case KIND_DMA_BUF:
		put_dma_buf(descriptor, output);
		break;
	default:
		put_watches(descriptor, view, output);
		break;
	}
}

static bool has_watches(const struct descriptor *descriptor)
{
	return descriptor->flags_known && (descriptor->kind == KIND_EPOLL || descriptor->kind == KIND_INOTIFY ||
					   descriptor->kind == KIND_FANOTIFY);
}

void descriptor_text_put(const struct descriptor *descriptor, const struct descriptor_view *view, struct output *output)
{
	switch (descriptor->kind) {
	case KIND_PIPE:
		output_u64(output, descriptor->inode);
		put_ends(descriptor, view, output);
		break;
	case KIND_FIFO:
		put_quoted(descriptor->name ? descriptor->name : "", PATH_MAX, output);
		put_ends(descriptor, view, output);
		break;
	case KIND_SOCKET:
		put_socket(descriptor, view, output);
		break;
	case KIND_CHARACTER:
	case KIND_BLOCK:
		put_special(descriptor, output);
		break;
	case KIND_NAMESPACE:
		put_namespace(descriptor, view, output);
		break;
	default:
		if (descriptor->detailed || has_watches(descriptor))
			put_details(descriptor, view, output);
		else
			put_name(descriptor, output);
		break;
	}
}
