// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "connection.h"

#include <errno.h>
#include <stdlib.h>

const char *owner_source_name(enum owner_source source)
{
	static const char *const names[] = {
		[OWNER_UNKNOWN] = NULL,          [OWNER_CONNECT] = "connect", [OWNER_LISTEN] = "listen",
		[OWNER_INHERITED] = "inherited", [OWNER_SCAN] = "scan",
	};

	return source < sizeof(names) / sizeof(names[0]) ? names[source] : NULL;
}

const char *direction_name(enum direction direction)
{
	return direction == DIRECTION_OUT ? "out" : direction == DIRECTION_IN ? "in" : NULL;
}

bool connection_lacks_lport(const struct connection *conn)
{
	return conn->tuple.lport == 0 && (conn->state == STATE_SYN_SENT || conn->state == STATE_LISTEN);
}

bool connection_lacks_peer(const struct connection *conn)
{
	return conn->direction == DIRECTION_IN && conn->tuple.rport == 0;
}

static struct span span_between(uint64_t from_ns, uint64_t to_ns, bool exact)
{
	struct span span = {.known = SPAN_UNKNOWN};

	if (from_ns == 0 || to_ns < from_ns || (to_ns == from_ns && !exact))
		return span;
	span.ns = to_ns - from_ns;
	span.known = exact ? SPAN_EXACT : SPAN_AT_LEAST;
	return span;
}

struct span connection_in_state(const struct connection *conn, uint64_t now_ns)
{
	return span_between(conn->since_ns, now_ns, conn->since_known);
}

struct span connection_age(const struct connection *conn, uint64_t now_ns)
{
	return span_between(conn->born_ns, now_ns, conn->born_known);
}

void connection_set_owner(struct connection *conn, const struct owner *owner, enum owner_source source)
{
	if (!owner->pid)
		return;
	conn->owner = *owner;
	conn->owner_source = source;
}

int connection_set_holders(struct connection *conn, const struct owner *holders, size_t count)
{
	const struct owner *first = holders;
	enum owner_source source = OWNER_SCAN;
	struct owner *copy;

	if (count == 0) { /* nobody holds it, or nobody that may be looked at */
		free(conn->owners);
		conn->owners = NULL;
		conn->owner_count = 0;
		return 0;
	}
	if (count > UINT16_MAX)
		count = UINT16_MAX;
	copy = count > 1 ? malloc(count * sizeof(*copy)) : NULL;
	if (count > 1 && !copy)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (copy)
			copy[i] = holders[i];
		if (holders[i].pid == conn->owner.pid && first->pid != conn->owner.pid)
			first = &holders[i];
	}
	if (first->pid == conn->owner.pid && conn->owner_source != OWNER_INHERITED)
		source = conn->owner_source;
	connection_set_owner(conn, first, source);
	free(conn->owners);
	conn->owners = copy;
	conn->owner_count = (uint16_t)count;
	return 0;
}

void connection_free(struct connection *conn)
{
	free(conn->owners);
	free(conn);
}
