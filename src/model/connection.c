// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "count_of.h"
#include "identity.h"

const char *owner_source_name(enum owner_source source)
{
	static const char *const names[] = {
		[OWNER_UNKNOWN] = NULL,    [OWNER_CONNECT] = "connect", [OWNER_LISTEN] = "listen",
		[OWNER_ACCEPT] = "accept", [OWNER_CLOSE] = "close",     [OWNER_INHERITED] = "inherited",
		[OWNER_SCAN] = "scan",
	};

	return source < COUNT_OF(names) ? names[source] : NULL;
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

struct span span_between(uint64_t from_ns, uint64_t to_ns, bool exact)
{
	struct span span = {.known = SPAN_UNKNOWN};

	if (from_ns == 0 || to_ns < from_ns || (to_ns == from_ns && !exact))
		return span;
	span.us = to_ns / 1000 - from_ns / 1000;
	span.known = exact ? SPAN_EXACT : SPAN_AT_LEAST;
	return span;
}

struct span span_at_least(uint64_t us)
{
	return (struct span){.us = us, .known = us ? SPAN_AT_LEAST : SPAN_UNKNOWN};
}

struct span connection_in_state(const struct connection *conn, uint64_t now_ns)
{
	return span_between(conn->since_ns, now_ns, conn->since_known);
}

struct span connection_age(const struct connection *conn, uint64_t now_ns)
{
	return span_between(conn->born_ns, now_ns, conn->born_known);
}

/* Copies the only holder that a scan found into `owners`, when another process turns out to be the owner. */
static int keep_lone_holder(struct connection *conn)
{
	conn->owners = malloc(sizeof(*conn->owners));
	if (!conn->owners)
		return -ENOMEM;
	conn->owners[0] = conn->owner;
	identity_ref(conn->owner.identity);
	return 0;
}

/* True where the identity of `known` is that of `owner` too. A process that has called execve() goes mostly by another
 * name. Its identity may have been learned anew, perhaps under another parent, since the first has exited. */
static bool keeps_identity(const struct owner *known, const struct owner *owner)
{
	return known->identity && known->pid == owner->pid && strcmp(known->comm, owner->comm) == 0 &&
	       (!owner->identity || identity_is_of_same_program(known->identity, owner->identity));
}

static void replace_owner(struct owner *known, const struct owner *owner)
{
	struct identity *first = known->identity;
	bool keep = keeps_identity(known, owner);

	*known = *owner;
	if (keep) {
		known->identity = first;
		return;
	}
	identity_ref(known->identity);
	identity_unref(first);
}

void connection_set_owner(struct connection *conn, const struct owner *owner, enum owner_source source)
{
	if (!owner->pid)
		return;
	if (conn->owner_count && !conn->owners && conn->owner.pid != owner->pid && keep_lone_holder(conn))
		conn->owner_count = 0;
	conn->owner_source = source;
	replace_owner(&conn->owner, owner);
}

bool connection_owner_is_open(const struct connection *conn)
{
	bool settled = conn->owner_source != OWNER_UNKNOWN && conn->owner_source != OWNER_INHERITED;

	return conn->direction == DIRECTION_IN && !settled && !conn->mini && conn->state != STATE_CLOSE;
}

bool connection_is_held_by(const struct connection *conn, uint32_t pid)
{
	const struct owner *owners = conn->owners ? conn->owners : &conn->owner;

	for (unsigned int i = 0; i < conn->owner_count; i++)
		if (owners[i].pid == pid)
			return true;
	return false;
}

static bool is_holder_listed(const struct connection *conn, const struct owner *holder)
{
	const struct owner *owners = conn->owners ? conn->owners : &conn->owner;

	for (unsigned int i = 0; i < conn->owner_count; i++)
		if (owners[i].pid == holder->pid && owners[i].fd == holder->fd)
			return true;
	return false;
}

static void free_holders(struct connection *conn)
{
	for (unsigned int i = 0; conn->owners && i < conn->owner_count; i++)
		identity_unref(conn->owners[i].identity);
	free(conn->owners);
	conn->owners = NULL;
}

static void forget_holders(struct connection *conn)
{
	free_holders(conn);
	conn->owner_count = 0;
}

static int append_holder(struct connection *conn, const struct owner *holder)
{
	struct owner *grown = realloc(conn->owners, (conn->owner_count + 1u) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	if (!conn->owners && conn->owner_count) {
		grown[0] = conn->owner;
		identity_ref(conn->owner.identity);
	}
	grown[conn->owner_count++] = *holder;
	identity_ref(holder->identity);
	conn->owners = grown;
	return 0;
}

int connection_add_holder(struct connection *conn, const struct owner *holder, uint32_t snapshot)
{
	bool is_owner = holder->pid == conn->owner.pid;

	if (conn->scanned != snapshot)
		forget_holders(conn);
	conn->scanned = snapshot;
	if (is_holder_listed(conn, holder) || conn->owner_count == UINT16_MAX)
		return 0;
	/* This holder is not the known owner. The owner may hold the socket too, and be reported later. */
	if (conn->owner_count || (conn->owner.pid && !is_owner))
		return append_holder(conn, holder);
	connection_set_owner(conn, holder,
			     is_owner && conn->owner_source != OWNER_INHERITED ? conn->owner_source : OWNER_SCAN);
	conn->owner_count = 1;
	return 0;
}

int connection_add_holders_of(struct connection *conn, const struct connection *from)
{
	const struct owner *owners = from->owners ? from->owners : &from->owner;
	int err = 0;

	for (unsigned int i = 0; i < from->owner_count && !err; i++)
		err = connection_add_holder(conn, &owners[i], from->scanned);
	if (!err && from->owner_count)
		connection_settle_holders(conn, from->scanned);
	return err;
}

void connection_settle_holders(struct connection *conn, uint32_t snapshot)
{
	const struct owner *first = conn->owners;
	enum owner_source source = OWNER_SCAN;

	if (conn->scanned != snapshot)
		forget_holders(conn);
	if (!conn->owners)
		return;
	qsort(conn->owners, conn->owner_count, sizeof(*conn->owners), owner_compare);
	for (unsigned int i = conn->owner_count; i-- > 0;)
		if (conn->owners[i].pid == conn->owner.pid)
			first = &conn->owners[i];
	if (first->pid == conn->owner.pid && conn->owner_source != OWNER_INHERITED)
		source = conn->owner_source;
	connection_set_owner(conn, first, source);
	if (conn->owner_count == 1)
		free_holders(conn);
}

void connection_free(struct connection *conn)
{
	free_holders(conn);
	identity_unref(conn->owner.identity);
	if (conn->mini)
		free(conn->closing);
	free(conn);
}
