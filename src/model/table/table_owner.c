// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Owner as known from the connection's own events: listener, accept(), close(). Holders found by scanning:
 * table_snapshot.c. */
#include "table_internal.h"

/* Gives the child the owner of the listeners with this tuple; false when there is none. Listeners that share an address
 * (SO_REUSEPORT) but not their owner leave the owner unknown: nothing shows which of them the child belongs to. */
static bool inherit_from_listener(struct table *table, struct connection *child, const struct tuple *listener)
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

/* Looks for the listener at the child's own address, then at the wildcard addresses that include it. */
void table_inherit(struct table *table, struct connection *child)
{
	static const uint8_t zeros[4];
	const struct address any_ipv4 = address_from_ipv4(zeros), any_ipv6 = {{0}};
	struct tuple listener = child->tuple;

	listener.raddr = listener.family == 4 ? any_ipv4 : any_ipv6;
	listener.rport = 0;
	if (inherit_from_listener(table, child, &listener))
		return;
	listener.laddr = listener.raddr;
	if (inherit_from_listener(table, child, &listener) || listener.family == 4 ||
	    !address_is_ipv4(&child->tuple.laddr))
		return;
	listener.laddr = any_ipv4;
	inherit_from_listener(table, child, &listener);
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

/* The process that closes or shuts down a socket holds it; of the known holders it is the owner now. A process that is
 * no known holder may also be a program that was just looking at the descriptors (see the BPF side): it becomes the
 * owner only where nothing better is known. Where nobody held the socket at the last scan it was on its way in a unix
 * socket. It is closed by whoever closes that one, or before Linux 6.10 any one (unix_gc()): by a bystander. */
void table_learn_closer(struct connection *conn, const struct event *event)
{
	bool closing = event->newstate == STATE_FIN_WAIT1 || event->newstate == STATE_LAST_ACK;
	bool known = conn->owner.pid && conn->owner_source != OWNER_INHERITED;

	if (!closing || !event->owner_count || (known && event->owners->pid == conn->owner.pid))
		return;
	if ((!known && !conn->unheld) || connection_is_held_by(conn, event->owners->pid))
		connection_set_owner(conn, event->owners, OWNER_CLOSE);
}
