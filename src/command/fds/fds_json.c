// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fds_json.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "count_of.h"
#include "identity_json.h"
#include "json_parts.h"
#include "socket_json.h"

/* Puts a device as text: "254:0". */
static void put_device_json(struct json_writer *json, const char *key, uint32_t major_number, uint32_t minor_number)
{
	char text[2 * DECIMAL_MAX];

	snprintf(text, sizeof(text), "%u:%u", major_number, minor_number);
	json_word(json, key, text);
}

static void put_word_array(struct json_writer *json, const char *key, const char *const *words, size_t count)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < count; i++)
		json_word(json, NULL, words[i]);
	json_array_end(json);
}

/* ---- fields of all kinds ---- */

static void put_flags_json(struct json_writer *json, const struct descriptor *descriptor)
{
	const char *names[FLAG_NAMES_MAX];

	if (descriptor->flags_known)
		put_word_array(json, "flags", names, descriptor_flag_names(descriptor->flags, names));
	else
		json_null(json, "flags");
}

/* Puts the path. That of a unix socket is the name that the socket is bound to. */
static void put_path_json(struct json_writer *json, const struct descriptor *descriptor)
{
	if (descriptor_has_path(descriptor))
		json_text(json, "path", descriptor->name, PATH_MAX);
	else
		socket_json_path(json, "path", descriptor->kind == KIND_SOCKET ? descriptor->socket.found : NULL);
}

static void put_number_json(struct json_writer *json, const struct descriptor *descriptor)
{
	json_known(json, "fd", (uint64_t)descriptor->fd, !descriptor->ring);
	if (!descriptor->ring)
		return;
	json_u64(json, "ring", descriptor->ring - 1);
	json_u64(json, "slot", (uint64_t)descriptor->fd);
}

static void put_common_fields(struct json_writer *json, const struct process_facts *process, struct identity *identity,
			      const struct descriptor *descriptor)
{
	json_word(json, "type", "descriptor");
	json_u64(json, "pid", process->pid);
	json_known(json, "tid", process->tid, process->own_table);
	json_text(json, "comm", process->comm, COMM_LEN);
	identity_json_put(json, identity);
	put_number_json(json, descriptor);
	json_word(json, "kind", descriptor_kind_name(descriptor->kind));
	json_word_or_null(json, "access", access_mode_name(descriptor->access));
	put_flags_json(json, descriptor);
	put_path_json(json, descriptor);
	if (descriptor_has_path(descriptor) && !descriptor->ring)
		json_bool(json, "deleted", descriptor->deleted);
	else
		json_null(json, "deleted");
	json_known(json, "inode", descriptor->inode, descriptor->inode != 0);
	if (descriptor->ring)
		json_null(json, "dev");
	else
		put_device_json(json, "dev", major(descriptor->device), minor(descriptor->device));
	json_known(json, "size", descriptor->size, descriptor->has_size);
	json_known(json, "pos", (uint64_t)descriptor->position, descriptor_has_position(descriptor));
	json_known(json, "locks", descriptor->locks, !descriptor->ring);
}

static void put_other_holders(struct json_writer *json, const struct descriptor *descriptor)
{
	json_array_begin(json, "others");
	for (size_t i = 0; i < descriptor->other_count; i++) {
		const struct other_holder *other = &descriptor->others[i];

		json_object_begin(json, NULL);
		json_u64(json, "pid", other->owner.pid);
		if (other->tid)
			json_u64(json, "tid", other->tid);
		json_text(json, "comm", other->owner.comm, COMM_LEN);
		json_holder_fd(json, other->owner.fd);
		json_word_or_null(json, "access", access_mode_name(other->access));
		json_object_end(json);
	}
	json_array_end(json);
	json_bool(json, "others_complete", descriptor->others_complete);
}

static void put_pipe_json(struct json_writer *json, const struct descriptor *pipe)
{
	enum tristate held = descriptor_other_end(pipe);

	json_word_or_null(json, "other_end", held == TRISTATE_YES ? "open" : held == TRISTATE_NO ? "closed" : NULL);
	put_other_holders(json, pipe);
}

/* ---- sockets ---- */

static const char *name_end_protocol(const struct socket_end *end)
{
	static const struct {
		const char *kernels, *ours;
	} known[] = {{"tcpv6", "tcp"}, {"udpv6", "udp"}, {"rawv6", "raw"}, {"unix-stream", "unix"}};

	if (end->found)
		return protocol_name(end->found->protocol);
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (!strcmp(end->protocol, known[i].kernels))
			return known[i].ours;
	return *end->protocol ? end->protocol : NULL;
}

static void put_unix_peers(struct json_writer *json, const struct socket_end *end)
{
	json_word(json, "unix_type", unix_type_name(end->found->unix_type));
	json_known(json, "peer_inode", end->found->peer_inode, end->found->peer_inode != 0);
	socket_json_path(json, "peer_path", end->peer);
	json_holders(json, "peers", end->peer_owners, end->peer_owner_count);
}

static bool is_inet_end(const struct socket_end *end)
{
	return end->found && end->found->protocol != PROTOCOL_UNIX;
}

static bool is_packet_end(const struct socket_end *end)
{
	return end->has_numbers && strcmp(end->protocol, "packet") == 0;
}

/* Puts the endpoints, or nulls. A packet socket is bound to an interface, and has no endpoints. */
static void put_endpoints_json(struct json_writer *json, const struct socket_end *end,
			       const struct descriptor_view *view)
{
	if (is_inet_end(end)) {
		socket_json_inet(json, end->found, view->namer);
		return;
	}
	json_no_tuple(json);
	if (is_packet_end(end))
		return;
	json_null(json, "interface");
	json_null(json, "ifindex");
	json_null(json, "v6only");
}

static void put_netns_of_end(struct json_writer *json, const struct descriptor *socket,
			     const struct descriptor_view *view)
{
	const struct socket_end *end = &socket->socket;

	if (end->found || end->has_numbers) {
		json_netns(json, view->netns, end->found ? end->found->tuple.netns : end->family_netns, socket->holder,
			   view->now_ns);
		return;
	}
	json_null(json, "netns");
	json_null(json, "netns_name");
}

static void put_family_json(struct json_writer *json, const struct socket_end *end, const struct descriptor_view *view)
{
	if (is_packet_end(end)) {
		json_u64(json, "ethertype", (uint64_t)end->family_protocol);
		json_text_or_null(json, "interface", descriptor_interface(end, view));
		json_known(json, "ifindex", end->family_port, end->family_port != 0);
		return;
	}
	json_u64(json, "netlink_protocol", (uint64_t)end->family_protocol);
	json_word_or_null(json, "netlink_name", netlink_name(end->family_protocol));
	json_u64(json, "netlink_port", end->family_port);
	json_u64(json, "netlink_groups", end->family_groups);
}

/* A TCP socket that is in no table is in CLOSE. */
static const char *name_end_state(const struct socket_end *end)
{
	if (end->found)
		return socket_state_name(end->found);
	return end->unlisted && socket_end_is_tcp(end) ? tcp_state_name(STATE_CLOSE) : NULL;
}

static void put_socket_end_json(struct json_writer *json, const struct descriptor *descriptor,
				const struct descriptor_view *view)
{
	const struct socket_end *end = &descriptor->socket;
	const struct socket *socket = end->found;

	json_text_or_null(json, "proto", name_end_protocol(end));
	put_netns_of_end(json, descriptor, view);
	put_endpoints_json(json, end, view);
	json_word_or_null(json, "state", name_end_state(end));
	json_queues(json, socket ? socket->recvq : QUEUE_UNKNOWN, socket ? socket->sendq : QUEUE_UNKNOWN);
	json_known(json, "uid", socket ? socket->uid : 0, socket && socket->uid != UID_UNKNOWN);
	if (socket && socket->cookie)
		json_hex_word(json, "cookie", socket->cookie);
	else
		json_null(json, "cookie");
	if (socket && socket->protocol == PROTOCOL_UNIX)
		put_unix_peers(json, end);
	if (end->has_numbers)
		put_family_json(json, end, view);
	put_other_holders(json, descriptor);
}

/* ---- watches, timers, signals ---- */

static void put_watch_json(struct json_writer *json, const struct descriptor *descriptor, const struct watch *watch)
{
	static const char *const keys[] = {
		[WATCH_MOUNT] = "mount",
		[WATCH_NAMESPACE] = "mount_namespace",
	};
	const char *names[FLAG_NAMES_MAX];

	json_object_begin(json, NULL);
	if (descriptor->kind == KIND_EPOLL)
		json_u64(json, "fd", (uint64_t)watch->number);
	if (descriptor->kind == KIND_INOTIFY)
		json_u64(json, "wd", (uint64_t)watch->number);
	if (watch->target == WATCH_MOUNT || watch->target == WATCH_NAMESPACE)
		json_u64(json, keys[watch->target], watch->object);
	else
		put_device_json(json, "dev", watch->major, watch->minor);
	if (watch->target == WATCH_INODE || watch->target == WATCH_DESCRIPTOR)
		json_known(json, "inode", watch->inode, watch->inode != 0);
	put_word_array(json, "events", names, watch_event_names(descriptor->kind, watch->events, names));
	if (descriptor->kind == KIND_EPOLL)
		json_bool(json, "stale", watch->stale);
	json_object_end(json);
}

static void put_watches_json(struct json_writer *json, const struct descriptor *descriptor)
{
	json_array_begin(json, "watches");
	for (size_t i = 0; i < descriptor->watch_count; i++)
		put_watch_json(json, descriptor, &descriptor->watches[i]);
	json_array_end(json);
}

static void put_timerfd_json(struct json_writer *json, const struct descriptor *timer)
{
	bool known = timer->detailed;

	json_word_or_null(json, "clock", known ? clock_name(timer->timerfd.clock) : NULL);
	json_known(json, "fires_in_ns", timer->timerfd.value_ns, known && timer->timerfd.value_ns);
	json_known(json, "interval_ns", timer->timerfd.interval_ns, known && timer->timerfd.interval_ns);
	json_known(json, "ticks", timer->timerfd.ticks, known);
}

static void put_signals_json(struct json_writer *json, const struct descriptor *descriptor)
{
	char name[SIGNAL_NAME_MAX];

	json_array_begin(json, "signals");
	for (unsigned int i = 0; i < 64; i++)
		if (descriptor->signals & 1ULL << i)
			json_word(json, NULL, signal_name(i + 1, name));
	json_array_end(json);
}

/* ---- other kinds ---- */

static void put_pidfd_json(struct json_writer *json, const struct descriptor *descriptor)
{
	int32_t pid = descriptor->detailed ? descriptor->pidfd.pid : 0;

	json_known(json, "target_pid", (uint64_t)pid, pid > 0);
	json_text_or_null(json, "target_comm", pid > 0 ? descriptor->pidfd.comm : NULL);
	if (pid)
		json_bool(json, "target_exited", pid < 0);
	else
		json_null(json, "target_exited");
}

static void put_bpf_json(struct json_writer *json, const struct descriptor *descriptor)
{
	json_known(json, "bpf_id", descriptor->bpf.id, descriptor->detailed);
	json_text_or_null(json, "bpf_type", descriptor->bpf.type_name);
}

static void put_special_json(struct json_writer *json, const struct descriptor *descriptor)
{
	bool reported = descriptor->kind == KIND_CHARACTER && descriptor->detailed;

	put_device_json(json, "device", major(descriptor->special), minor(descriptor->special));
	json_known(json, "terminal", (uint64_t)descriptor->character.terminal,
		   reported && descriptor->character.terminal >= 0);
	json_text_or_null(json, "interface", reported ? descriptor->character.interface : NULL);
}

static void put_namespace_json(struct json_writer *json, const struct descriptor *descriptor,
			       const struct descriptor_view *view)
{
	size_t length = descriptor->name ? strcspn(descriptor->name, ":") : 0;

	if (!length) {
		json_null(json, "namespace");
		return;
	}
	json_text(json, "namespace", descriptor->name, length);
	if (length == 3 && strncmp(descriptor->name, "net", 3) == 0 && descriptor->inode <= UINT32_MAX)
		json_netns(json, view->netns, (uint32_t)descriptor->inode, 0, view->now_ns);
}

static void put_details_json(struct json_writer *json, const struct descriptor *descriptor,
			     const struct descriptor_view *view)
{
	bool known = descriptor->detailed;

	switch (descriptor->kind) {
	case KIND_CHARACTER:
	case KIND_BLOCK:
		put_special_json(json, descriptor);
		break;
	case KIND_PIPE:
	case KIND_FIFO:
		put_pipe_json(json, descriptor);
		break;
	case KIND_SOCKET:
		put_socket_end_json(json, descriptor, view);
		break;
	case KIND_EVENTFD:
		json_known(json, "count", descriptor->eventfd.count, known);
		json_bool(json, "semaphore", descriptor->eventfd.semaphore);
		break;
	case KIND_EPOLL:
	case KIND_INOTIFY:
	case KIND_FANOTIFY:
		put_watches_json(json, descriptor);
		break;
	case KIND_TIMERFD:
		put_timerfd_json(json, descriptor);
		break;
	case KIND_SIGNALFD:
		put_signals_json(json, descriptor);
		break;
	case KIND_PIDFD:
		put_pidfd_json(json, descriptor);
		break;
	case KIND_BPF_MAP:
	case KIND_BPF_PROG:
	case KIND_BPF_LINK:
		put_bpf_json(json, descriptor);
		break;
	case KIND_IO_URING:
		json_known(json, "entries", descriptor->io_uring.entries, known);
		json_known(json, "slots", descriptor->io_uring.slots, descriptor->io_uring.slots_told);
		json_bool(json, "files_complete", descriptor->io_uring.whole);
		break;
	case KIND_NAMESPACE:
		put_namespace_json(json, descriptor, view);
		break;
	case KIND_DMA_BUF:
		json_text_or_null(json, "exporter", descriptor->dma_buf.exporter);
		json_text_or_null(json, "name", descriptor->dma_buf.label);
		break;
	default:
		if (!descriptor_has_path(descriptor))
			json_text_or_null(json, "name", descriptor->name);
		break;
	}
}

void fds_json_put(const struct process_facts *process, struct identity *identity, const struct descriptors *descriptors,
		  const struct descriptor_view *view, struct output *output)
{
	struct json_writer json;

	for (size_t i = 0; i < descriptors->count; i++) {
		json_line_begin(&json, output);
		put_common_fields(&json, process, identity, &descriptors->all[i]);
		put_details_json(&json, &descriptors->all[i], view);
		json_line_end(&json);
	}
}
