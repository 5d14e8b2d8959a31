// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose a connection is, as far as its own life tells: listener, accept(), close(). Who holds it, a snapshot tells. */
#include "table_internal.h"

/* Listeners that share an address (SO_REUSEPORT) but not their owner leave it unknown: nothing tells which of them
 * the child belongs to. */
static bool inherit_from(struct table *table, struct connection *child, const struct tuple *listener)
{
	struct link *link = index_find(&table->by_tuple, tuple_hash(&table->by_tuple.secret, listener));
	const struct owner *owner = NULL;
	bool found = false;

	for (; link; link = index_find_next(link)) {
		const struct connection *conn = BY_TUPLE(link);

		if (conn->state != STATE_LISTEN || !tuple_equal(&conn->tuple, listener))
			continue;
		if (found && (!owner || owner->pid != conn->owner.pid))
			owner = NULL;
		else
			owner = conn->owner.pid ? &conn->owner : NULL;
		found = true;
	}
	if (owner) {
		connection_set_owner(child, owner, OWNER_INHERITED);
		child->owner.fd = FD_UNKNOWN;
	}
	return found;
}

/* The listener at the child's own address, or at one of the wildcards that take it. */
void table_inherit(struct table *table, struct connection *child)
{
	static const uint8_t zeros[4];
	const struct address any_ipv4 = address_from_ipv4(zeros), any_ipv6 = {{0}};
	struct tuple listener = child->tuple;

	listener.raddr = listener.family == 4 ? any_ipv4 : any_ipv6;
	listener.rport = 0;
	if (inherit_from(table, child, &listener))
		return;
	listener.laddr = listener.raddr;
	if (inherit_from(table, child, &listener) || listener.family == 4 || !address_is_ipv4(&child->tuple.laddr))
		return;
	listener.laddr = any_ipv4;
	inherit_from(table, child, &listener);
}

int table_accept(struct table *table, const struct event *event, const struct change_target *target)
{
	struct change change = {.kind = CHANGE_OWNER, .ts_ns = event->ts_ns};

	change.conn = table_find_sk(table, event->sk);
	if (!change.conn)
		return 0;
	connection_set_owner(change.conn, event->owners, OWNER_ACCEPT);
	table_tell(target, &change);
	return 0;
}

/* Whoever closes or shuts down a socket holds it; of those that hold it that one is the owner now. But where it is none
 * that is known to, it may also be a program that was just looking at the descriptors (see the BPF side), which is
 * believed where nothing better is known. */
void table_learn_closer(struct connection *conn, const struct event *event)
{
	bool closing = event->newstate == STATE_FIN_WAIT1 || event->newstate == STATE_LAST_ACK;
	bool known = conn->owner.pid && conn->owner_source != OWNER_INHERITED;

	if (!closing || !event->owner_count || (known && event->owners->pid == conn->owner.pid))
		return;
	if (!known || connection_is_held_by(conn, event->owners->pid))
		connection_set_owner(conn, event->owners, OWNER_CLOSE);
}
