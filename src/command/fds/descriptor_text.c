// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "descriptor_text.h"

#include <limits.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "colors.h"
#include "escape.h"
#include "line.h"
#include "netns_text.h"
#include "socket_text.h"
#include "state_color.h"

/* ---- parts ---- */

static void put_escaped_text(const char *text, struct output *output)
{
	char escaped[4 * PATH_MAX + 1];

	output_bytes(output, escaped, escape_text(escaped, sizeof(escaped), text, strlen(text)));
}

static void put_quoted_text(const char *text, size_t length, struct output *output)
{
	char escaped[4 * PATH_MAX + 1];

	output_char(output, '"');
	output_bytes(output, escaped, escape_quoted(escaped, sizeof(escaped), text, length));
	output_char(output, '"');
}

static void put_descriptor_name(const struct descriptor *descriptor, struct output *output)
{
	if (descriptor->name)
		put_escaped_text(descriptor->name, output);
	else
		output_text(output, "a path too long to be told");
}

static void put_labelled_number(const char *before, uint64_t number, const char *after, struct output *output)
{
	output_text(output, before);
	output_u64(output, number);
	output_text(output, after);
}

static void put_device_text(uint32_t major_number, uint32_t minor_number, struct output *output)
{
	put_labelled_number("", major_number, ":", output);
	output_u64(output, minor_number);
}

/* Puts the names of events, joined by commas, after a space; nothing where there are none. */
static void put_watch_events(enum descriptor_kind kind, uint32_t events, struct output *output)
{
	const char *names[FLAG_NAMES_MAX];
	size_t count = watch_event_names(kind, events, names);

	for (size_t i = 0; i < count; i++) {
		output_char(output, i ? ',' : ' ');
		output_text(output, names[i]);
	}
}

static void put_holder_text(const struct owner *owner, uint32_t tid, struct output *output)
{
	output_char(output, '(');
	put_quoted_text(owner->comm, COMM_LEN, output);
	put_labelled_number(",pid=", owner->pid, "", output);
	if (tid)
		put_labelled_number(",tid=", tid, "", output);
	holder_fd_put(owner->fd, output);
	output_char(output, ')');
}

/* Puts a text in the colour of warnings: it deserves attention. */
static void put_warning_text(const char *text, const struct descriptor_view *view, struct output *output)
{
	if (view->color)
		output_text(output, COLOR_YELLOW);
	output_text(output, text);
	if (view->color)
		output_text(output, COLOR_END);
}

/* ---- pipes ---- */

static bool put_holders_that_use(bool (*does)(enum access_mode), const char *label, const struct descriptor *pipe,
				 struct output *output)
{
	const char *before = label;

	for (size_t i = 0; i < pipe->other_count; i++) {
		if (!does(pipe->others[i].access))
			continue;
		output_text(output, before);
		put_holder_text(&pipe->others[i].owner, pipe->others[i].tid, output);
		before = ",";
	}
	return before != label;
}

/* The words for an end of a pipe whose holder was not found. */
struct missing_holder_words {
	const char *closed; /* the kernel reports that the end is closed */
	const char *open;   /* the kernel reports that the end is open */
	const char *nobody; /* all processes were looked at; but the end may be on its way through a socket */
	const char *unseen; /* not all processes could be looked at */
};

static const struct missing_holder_words no_writer = {
	.closed = " nobody else writes: end of file",
	.open = " written by somebody not seen (or on its way through a socket)",
	.nobody = " nobody was found who writes",
	.unseen = " written by nobody that may be seen",
};

static const struct missing_holder_words no_reader = {
	.closed = " nobody else reads: a write gets EPIPE",
	.open = " read by somebody not seen (or on its way through a socket)",
	.nobody = " nobody was found who reads",
	.unseen = " read by nobody that may be seen",
};

static void put_missing_holder(const struct descriptor *pipe, const struct missing_holder_words *words,
			       const struct descriptor_view *view, struct output *output)
{
	if (pipe->other_end == TRISTATE_NO)
		put_warning_text(words->closed, view, output);
	else if (pipe->other_end == TRISTATE_YES)
		output_text(output, words->open);
	else if (pipe->others_complete)
		put_warning_text(words->nobody, view, output);
	else
		output_text(output, words->unseen);
}

static bool access_is_unknown(enum access_mode access)
{
	return access == ACCESS_UNKNOWN;
}

static void put_pipe_ends(const struct descriptor *pipe, const struct descriptor_view *view, struct output *output)
{
	bool reads = access_reads(pipe->access), writes = access_writes(pipe->access);
	bool has_writer =
		put_holders_that_use(access_writes, reads ? " written by " : " also written by ", pipe, output);
	bool has_reader;

	if (reads && !writes && !has_writer)
		put_missing_holder(pipe, &no_writer, view, output);
	put_holders_that_use(access_is_unknown, " also registered by ", pipe, output);
	has_reader = put_holders_that_use(access_reads, writes ? " read by " : " also read by ", pipe, output);
	if (writes && !reads && !has_reader)
		put_missing_holder(pipe, &no_reader, view, output);
	if (reads && writes && !has_reader && !has_writer)
		output_text(output, pipe->others_complete ? " nobody else" : " nobody else that may be seen");
}

/* ---- sockets ---- */

static void put_socket_state(const struct socket *socket, const struct descriptor_view *view, struct output *output)
{
	if (view->color)
		output_text(output, state_color(socket->state));
	output_text(output, socket_state_name(socket));
	if (view->color)
		output_text(output, COLOR_END);
}

static void put_unix_path_text(const struct socket *socket, struct output *output)
{
	char path[SOCKET_PATH_MAX];
	size_t length = socket ? socket_path(socket, path) : 0;

	if (!length)
		return;
	output_char(output, ' ');
	put_quoted_text(path, length, output);
}

/* Puts `"/run/x" 12 -> "/run/y" 13 ("systemd",pid=1,fd=3)`: the name and the inode of both ends, and the holders of the
 * other. A name is left out where there is none. */
static void put_unix_ends(const struct socket_end *end, struct output *output)
{
	put_unix_path_text(end->found, output);
	put_labelled_number(" ", end->found->inode, "", output);
	if (!end->found->peer_inode)
		return;
	output_text(output, " ->");
	put_unix_path_text(end->peer, output);
	put_labelled_number(" ", end->found->peer_inode, "", output);
	for (size_t i = 0; i < end->peer_owner_count; i++) {
		output_char(output, i ? ',' : ' ');
		put_holder_text(&end->peer_owners[i], 0, output);
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

static void put_socket_queues(const struct socket *socket, struct output *output)
{
	bool listens = socket->state == STATE_LISTEN;

	if (socket->recvq != QUEUE_UNKNOWN && (socket->recvq || listens))
		put_labelled_number(listens ? " waiting " : " recvq ", socket->recvq, "", output);
	if (socket->sendq != QUEUE_UNKNOWN && (socket->sendq || listens))
		put_labelled_number(listens ? " of at most " : " sendq ", socket->sendq, "", output);
}

/* Puts the network namespace, where it is another one than that of the process. */
static void put_foreign_netns(uint32_t netns, const struct descriptor_view *view, struct output *output)
{
	char shown[32];

	if (!netns || netns == view->home)
		return;
	output_text(output, " netns ");
	output_text(output, netns_inode_text(view->netns, netns, 0, view->now_ns, shown));
}

static void put_found_socket(const struct socket_end *end, const struct descriptor_view *view, struct output *output)
{
	const struct socket *socket = end->found;

	put_socket_state(socket, view, output);
	if (socket->protocol == PROTOCOL_UNIX)
		put_unix_ends(end, output);
	else
		put_inet_ends(socket, view, output);
	put_socket_queues(socket, output);
	put_foreign_netns(socket->tuple.netns, view, output);
}

const char *descriptor_interface(const struct socket_end *packet, const struct descriptor_view *view)
{
	const struct socket_namer *namer = view->namer;

	if (!packet->family_port || !namer->interface)
		return NULL;
	return namer->interface(namer->context, packet->family_netns, packet->family_port);
}

static void put_packet_socket(const struct socket_end *end, const struct descriptor_view *view, struct output *output)
{
	const char *name;
	char frames[32];

	snprintf(frames, sizeof(frames), "takes frames 0x%04x", (unsigned int)end->family_protocol);
	if (end->family_protocol == 0)
		output_text(output, "takes no frames");
	else
		output_text(output, end->family_protocol == ETH_P_ALL ? "takes all frames" : frames);
	if (!end->family_port)
		return;
	name = descriptor_interface(end, view);
	output_text(output, " interface ");
	if (name)
		put_escaped_text(name, output);
	else
		output_u64(output, end->family_port);
}

static void put_netlink_socket(const struct socket_end *end, struct output *output)
{
	const char *name = netlink_name(end->family_protocol);
	char groups[32];

	if (name)
		output_text(output, name);
	else
		output_u64(output, (uint64_t)end->family_protocol);
	put_labelled_number(" port ", end->family_port, "", output);
	snprintf(groups, sizeof(groups), " groups 0x%x", end->family_groups);
	if (end->family_groups)
		output_text(output, groups);
}

static void put_family_text(const struct socket_end *end, const struct descriptor_view *view, struct output *output)
{
	if (strcmp(end->protocol, "packet") == 0)
		put_packet_socket(end, view, output);
	else
		put_netlink_socket(end, output);
	put_foreign_netns(end->family_netns, view, output);
}

static void put_unlisted_socket(const struct descriptor *socket, const struct descriptor_view *view,
				struct output *output)
{
	const struct socket listed = {.protocol = PROTOCOL_TCP, .state = STATE_CLOSE};

	if (!socket_end_is_tcp(&socket->socket)) {
		put_labelled_number("inode ", socket->inode, ", neither bound nor connected, it seems", output);
		return;
	}
	put_socket_state(&listed, view, output);
	put_labelled_number(
		" inode ", socket->inode,
		socket->socket.bound_are_listed ? ", not bound" : ", bound or not: this kernel does not tell", output);
}

static void put_socket_text(const struct descriptor *socket, const struct descriptor_view *view, struct output *output)
{
	const struct socket_end *end = &socket->socket;

	if (end->found)
		put_found_socket(end, view, output);
	else if (end->has_numbers)
		put_family_text(end, view, output);
	else if (end->unlisted)
		put_unlisted_socket(socket, view, output);
	else
		put_labelled_number("inode ", socket->inode, *end->protocol ? "" : ", of a kind that is not known",
				    output);
	for (size_t i = 0; i < socket->other_count; i++) {
		output_text(output, i ? "," : " also held by ");
		put_holder_text(&socket->others[i].owner, 0, output);
	}
}

/* ---- watches, timers, signals ---- */

static void put_watch_text(const struct descriptor *descriptor, const struct watch *watch,
			   const struct descriptor_view *view, struct output *output)
{
	switch (watch->target) {
	case WATCH_DESCRIPTOR:
		output_u64(output, (uint64_t)watch->number);
		break;
	case WATCH_INODE:
		put_labelled_number("inode ", watch->inode, " on ", output);
		put_device_text(watch->major, watch->minor, output);
		break;
	case WATCH_MOUNT:
		put_labelled_number("mount ", watch->object, "", output);
		break;
	case WATCH_FILE_SYSTEM:
		output_text(output, "file system ");
		put_device_text(watch->major, watch->minor, output);
		break;
	case WATCH_NAMESPACE:
		put_labelled_number("mount namespace ", watch->object, "", output);
		break;
	}
	put_watch_events(descriptor->kind, watch->events, output);
	if (watch->stale)
		put_warning_text(" (closed here, open elsewhere)", view, output);
}

static void put_watches_text(const struct descriptor *descriptor, const struct descriptor_view *view,
			     struct output *output)
{
	const char *separator = descriptor->kind == KIND_EPOLL ? "watches " : ": ";

	if (descriptor->kind != KIND_EPOLL)
		put_labelled_number("", descriptor->watch_count, descriptor->watch_count == 1 ? " watch" : " watches",
				    output);
	else if (!descriptor->watch_count)
		output_text(output, "watches nothing");
	for (size_t i = 0; i < descriptor->watch_count; i++) {
		output_text(output, separator);
		put_watch_text(descriptor, &descriptor->watches[i], view, output);
		separator = "; ";
	}
}

static void put_labelled_span(const char *before, uint64_t ns, struct output *output)
{
	char shown[32];

	output_text(output, before);
	output_text(output, span_text((struct span){.us = ns / NS_PER_US, .known = SPAN_EXACT}, shown));
}

static void put_timerfd_text(const struct descriptor *descriptor, struct output *output)
{
	const char *clock = clock_name(descriptor->timerfd.clock);

	if (clock)
		output_text(output, clock);
	else
		put_labelled_number("clock ", (uint64_t)descriptor->timerfd.clock, "", output);
	if (descriptor->timerfd.value_ns)
		put_labelled_span(" fires in ", descriptor->timerfd.value_ns, output);
	else
		output_text(output, " not armed");
	if (descriptor->timerfd.value_ns && descriptor->timerfd.interval_ns)
		put_labelled_span(", then each ", descriptor->timerfd.interval_ns, output);
	if (descriptor->timerfd.ticks)
		put_labelled_number(", fired ", descriptor->timerfd.ticks,
				    descriptor->timerfd.ticks == 1 ? " time and not read" : " times and not read",
				    output);
}

static void put_signals_text(uint64_t signals, struct output *output)
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

static void put_pidfd_text(const struct descriptor *descriptor, struct output *output)
{
	int32_t pid = descriptor->pidfd.pid;

	if (pid <= 0) {
		output_text(output, pid ? "a process that has exited" : "a process of another pid namespace");
		return;
	}
	put_labelled_number("pid ", (uint64_t)pid, " ", output);
	put_quoted_text(descriptor->pidfd.comm, COMM_LEN, output);
}

static void put_bpf_text(const struct descriptor *descriptor, struct output *output)
{
	if (*descriptor->bpf.type_name)
		put_escaped_text(descriptor->bpf.type_name, output);
	else
		put_labelled_number("type ", descriptor->bpf.type, "", output);
	put_labelled_number(" id ", descriptor->bpf.id, "", output);
}

static void put_special_text(const struct descriptor *descriptor, struct output *output)
{
	put_device_text(major(descriptor->special), minor(descriptor->special), output);
	if (descriptor->kind == KIND_CHARACTER && descriptor->detailed) {
		if (descriptor->character.terminal >= 0)
			put_labelled_number(" master of /dev/pts/", (uint64_t)descriptor->character.terminal, "",
					    output);
		if (*descriptor->character.interface) {
			output_text(output, " interface ");
			put_escaped_text(descriptor->character.interface, output);
		}
	}
	output_char(output, ' ');
	put_descriptor_name(descriptor, output);
}

static void put_namespace_text(const struct descriptor *descriptor, const struct descriptor_view *view,
			       struct output *output)
{
	char shown[32];

	put_descriptor_name(descriptor, output);
	if (!descriptor->name || strncmp(descriptor->name, "net:", 4) != 0 || descriptor->inode > UINT32_MAX)
		return;
	output_char(output, ' ');
	output_text(output, netns_inode_text(view->netns, (uint32_t)descriptor->inode, 0, view->now_ns, shown));
}

static void put_dma_buf(const struct descriptor *descriptor, struct output *output)
{
	output_text(output, "exported by ");
	put_escaped_text(descriptor->dma_buf.exporter, output);
	if (!*descriptor->dma_buf.label)
		return;
	output_char(output, ' ');
	put_quoted_text(descriptor->dma_buf.label, TYPE_NAME_MAX, output);
}

static void put_ring_text(const struct descriptor *ring, struct output *output)
{
	if (ring->detailed)
		put_labelled_number("", ring->io_uring.entries, " entries", output);
	else
		put_descriptor_name(ring, output);
	if (ring->io_uring.slots)
		put_labelled_number(", ", ring->io_uring.slots,
				    ring->io_uring.slots == 1 ? " slot for a file" : " slots for files", output);
	if (!ring->io_uring.whole)
		output_text(output, ", whose files this kernel does not tell, or has locked");
}

/* Puts the details of a descriptor of which the kernel has reported more than the name. */
static void put_details_text(const struct descriptor *descriptor, const struct descriptor_view *view,
			     struct output *output)
{
	switch (descriptor->kind) {
	case KIND_EVENTFD:
		put_labelled_number("count ", descriptor->eventfd.count,
				    descriptor->eventfd.semaphore ? ", a semaphore" : "", output);
		break;
	case KIND_TIMERFD:
		put_timerfd_text(descriptor, output);
		break;
	case KIND_SIGNALFD:
		put_signals_text(descriptor->signals, output);
		break;
	case KIND_PIDFD:
		put_pidfd_text(descriptor, output);
		break;
	case KIND_BPF_MAP:
	case KIND_BPF_PROG:
	case KIND_BPF_LINK:
		put_bpf_text(descriptor, output);
		break;
	case KIND_DMA_BUF:
		put_dma_buf(descriptor, output);
		break;
	default:
		put_watches_text(descriptor, view, output);
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
		put_pipe_ends(descriptor, view, output);
		break;
	case KIND_FIFO:
		put_quoted_text(descriptor->name ? descriptor->name : "", PATH_MAX, output);
		put_pipe_ends(descriptor, view, output);
		break;
	case KIND_SOCKET:
		put_socket_text(descriptor, view, output);
		break;
	case KIND_CHARACTER:
	case KIND_BLOCK:
		put_special_text(descriptor, output);
		break;
	case KIND_NAMESPACE:
		put_namespace_text(descriptor, view, output);
		break;
	case KIND_IO_URING:
		put_ring_text(descriptor, output);
		break;
	default:
		if (descriptor->detailed || has_watches(descriptor))
			put_details_text(descriptor, view, output);
		else
			put_descriptor_name(descriptor, output);
		break;
	}
}
