/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The members that JSON lines of different types have in common. Inline, as the steps of json_writer.h are: the line of
 * a transition uses most of them.
 */
#include <time.h>

#include "clock.h"
#include "connection.h"
#include "json_writer.h"
#include "netns_view.h"
#include "socket.h"

enum {
	STAMP_SECONDS = 20, /* "2026-01-31T12:00:00." */
	STAMP_DIGITS = 9,
	STAMP_LENGTH = STAMP_SECONDS + STAMP_DIGITS + 1, /* and "Z" */
};

/* The text of the last time written: lines of the same second reuse it. */
struct json_stamp {
	time_t second;
	char text[STAMP_LENGTH + 1];
};

JSON_INLINE void json_known(struct json_writer *json, const char *key, uint64_t value, bool known)
{
	if (known)
		json_u64(json, key, value);
	else
		json_null(json, key);
}

JSON_INLINE void json_span(struct json_writer *json, const char *key, const char *known_key, struct span span)
{
	json_known(json, key, span.us, span.known != SPAN_UNKNOWN);
	json_bool(json, known_key, span.known == SPAN_EXACT);
}

JSON_INLINE void json_tristate(struct json_writer *json, const char *key, enum tristate value)
{
	if (value == TRISTATE_UNKNOWN)
		json_null(json, key);
	else
		json_bool(json, key, value == TRISTATE_YES);
}

JSON_INLINE void json_word_or_null(struct json_writer *json, const char *key, const char *word)
{
	if (word)
		json_word(json, key, word);
	else
		json_null(json, key);
}

/* Puts text that another program chose, or null where it is NULL or empty. */
JSON_INLINE void json_text_or_null(struct json_writer *json, const char *key, const char *text)
{
	if (text && *text)
		json_text(json, key, text, strlen(text));
	else
		json_null(json, key);
}

/* Writes "ts", as "2026-01-31T12:00:00.123456789Z", and "ts_ns", in nanoseconds of Unix time. */
JSON_INLINE void json_time(struct json_writer *json, struct json_stamp *stamp, const struct wall_clock *clock,
			   uint64_t monotonic_ns)
{
	uint64_t wall_ns = wall_clock_at(clock, monotonic_ns);
	uint64_t fraction = wall_ns % NS_PER_SEC;
	time_t second = (time_t)(wall_ns / NS_PER_SEC);
	struct tm utc;

	if (second != stamp->second || !stamp->text[0]) {
		gmtime_r(&second, &utc);
		strftime(stamp->text, sizeof(stamp->text), "%Y-%m-%dT%H:%M:%S.000000000Z", &utc);
		stamp->second = second;
	}
	for (int i = STAMP_SECONDS + STAMP_DIGITS - 1; i >= STAMP_SECONDS; i--) {
		stamp->text[i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	json_word_of(json, "ts", stamp->text, STAMP_LENGTH);
	json_u64(json, "ts_ns", wall_ns);
}

/* Writes "id" and "cookie". The cookie is written as ss -e writes it after "sk:". */
JSON_INLINE void json_identity(struct json_writer *json, uint64_t id, uint64_t cookie)
{
	json_decimal_word(json, "id", id);
	if (cookie)
		json_hex_word(json, "cookie", cookie);
	else
		json_null(json, "cookie");
}

/* Writes "netns" and "netns_name". `pid`: a process that may be in the namespace; 0: none is known. */
JSON_INLINE void json_netns(struct json_writer *json, const struct netns_view *netns, uint32_t inode, uint32_t pid,
			    uint64_t ts_ns)
{
	const struct netns_label *label = netns->names ? netns_names_find(netns->names, inode, pid, ts_ns) : NULL;

	if (label)
		json_digits(json, "netns", label->number, label->number_length);
	else
		json_u64(json, "netns", inode);
	if (!label || !label->name)
		json_null(json, "netns_name");
	else if (label->plain && label->length <= JSON_WORD_MAX - 2)
		json_word_of(json, "netns_name", label->name, label->length);
	else
		json_text(json, "netns_name", label->name, label->length);
}

JSON_INLINE void json_address(struct json_writer *json, const char *key, const struct address *address, uint8_t family)
{
	char text[ADDRESS_TEXT_MAX];
	size_t length = address_text(address, family, text);

	json_word_of(json, key, text, length);
}

JSON_INLINE void json_tuple(struct json_writer *json, const struct tuple *tuple, bool peer_known)
{
	json_u64(json, "family", tuple->family);
	json_address(json, "laddr", &tuple->laddr, tuple->family);
	json_known(json, "lport", tuple->lport, tuple->lport != 0);
	if (peer_known)
		json_address(json, "raddr", &tuple->raddr, tuple->family);
	else
		json_null(json, "raddr");
	json_known(json, "rport", tuple->rport, peer_known);
}

/* Writes "interface", "ifindex" and "interface_known". `name`: of the interface; NULL: none is known. */
JSON_INLINE void json_interface(struct json_writer *json, const struct tuple *tuple, const char *name)
{
	uint32_t index = tuple_known_interface(tuple);

	if (tuple->interface == 0) { /* as nearly always */
		json_members(json, "\"interface\":null,\"ifindex\":null,\"interface_known\":true");
		return;
	}
	json_text_or_null(json, "interface", name);
	json_known(json, "ifindex", index, index != 0);
	json_bool(json, "interface_known", tuple->interface != INTERFACE_UNKNOWN);
}

/* Writes the members of json_tuple() for a socket that has no endpoints. */
JSON_INLINE void json_no_tuple(struct json_writer *json)
{
	json_null(json, "family");
	json_null(json, "laddr");
	json_null(json, "lport");
	json_null(json, "raddr");
	json_null(json, "rport");
}

/* Writes "recvq" and "sendq"; each may be QUEUE_UNKNOWN. */
JSON_INLINE void json_queues(struct json_writer *json, uint32_t recvq, uint32_t sendq)
{
	json_known(json, "recvq", recvq, recvq != QUEUE_UNKNOWN);
	json_known(json, "sendq", sendq, sendq != QUEUE_UNKNOWN);
}

/* Writes "fd"; of a file that is registered with an io_uring null, and after it "ring" and "slot" (owner.h). */
JSON_INLINE void json_holder_fd(struct json_writer *json, int32_t fd)
{
	json_known(json, "fd", (uint64_t)fd, fd >= 0);
	if (!fd_is_registered(fd))
		return;
	json_known(json, "ring", fd_ring(fd), fd_ring(fd) != RING_UNKNOWN);
	json_u64(json, "slot", fd_slot(fd));
}

JSON_INLINE void json_holder_members(struct json_writer *json, const struct owner *owner)
{
	json_known(json, "pid", owner->pid, owner_has_number(owner));
	json_text(json, "comm", owner->comm, COMM_LEN);
	json_holder_fd(json, owner->fd);
}

JSON_INLINE void json_holder(struct json_writer *json, const struct owner *owner)
{
	json_object_begin(json, NULL);
	json_holder_members(json, owner);
	json_object_end(json);
}

JSON_INLINE void json_holders(struct json_writer *json, const char *key, const struct owner *owners, size_t count)
{
	json_array_begin(json, key);
	for (size_t i = 0; i < count; i++)
		json_holder(json, &owners[i]);
	json_array_end(json);
}
