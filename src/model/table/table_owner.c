// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Owner as known from the connection's own events: listener, accept(), close(). Holders found by scanning:
 * table_snapshot.c. */
#include <string.h>

#include "table_internal.h"

/* How well a listener's interface fits its child. As in the kernel's lookup (compute_score(), net/ipv4), a listener
 * that is bound to the interface comes before one that is bound to none. A child has an interface where its listener
 * has, its address is link-local, or it came by a VRF. */
enum interface_fit {
	FITS_PERHAPS, /* behind a VRF, the child of a link-local address has the link's interface, and the listener may
			 have the VRF's; or the listener was bound to another interface later */
	FITS_UNBOUND, /* the listener is bound to none, or one of the interfaces is not known */
	FITS_EXACTLY,
};

static enum interface_fit fit_interface(uint32_t listener, uint32_t child)
{
	if (listener == INTERFACE_UNKNOWN || child == INTERFACE_UNKNOWN)
		return FITS_UNBOUND;
	if (listener == child)
		return FITS_EXACTLY;
	return listener == 0 ? FITS_UNBOUND : FITS_PERHAPS;
}

/* Finds the listeners with this tuple that fit the child best, and `least` at least; false when there is none. *owner
 * is theirs; NULL: not known. Listeners that share an address (SO_REUSEPORT) but not their owner leave the owner
 * unknown: nothing shows which of them the child belongs to. */
static bool find_listener(const struct table *table, const struct connection *child, const struct tuple *listener,
			  enum interface_fit least, const struct owner **owner)
{
	struct link *link = index_find(&table->by_tuple, tuple_hash(&table->by_tuple.secret, listener));
	bool found = false;

	*owner = NULL;
	for (; link; link = index_find_next(link)) {
		const struct connection *conn = BY_TUPLE(link);
		enum interface_fit fit = fit_interface(conn->tuple.interface, child->tuple.interface);

		if (conn->state != STATE_LISTEN || fit < least || !tuple_ends_equal(&conn->tuple, listener))
			continue;
		if (fit > least)
			found = false;
		least = fit;
		if (found && (!*owner || (*owner)->pid != conn->owner.pid))
			*owner = NULL;
		else
			*owner = conn->owner.pid ? &conn->owner : NULL;
		found = true;
	}
	return found;
}

/* Looks for the listener at the child's own address, then at the wildcard addresses that include it. */
static bool find_listener_by_address(const struct table *table, const struct connection *child,
				     enum interface_fit least, const struct owner **owner)
{
	static const uint8_t zeros[4];
	const struct address any_ipv4 = address_from_ipv4(zeros), any_ipv6 = {{0}};
	struct tuple listener = child->tuple;

	listener.raddr = listener.family == 4 ? any_ipv4 : any_ipv6;
	listener.rport = 0;
	if (find_listener(table, child, &listener, least, owner))
		return true;
	listener.laddr = listener.raddr;
	if (find_listener(table, child, &listener, least, owner))
		return true;
	if (listener.family == 4 || !address_is_ipv4(&child->tuple.laddr))
		return false;
	listener.laddr = any_ipv4;
	return find_listener(table, child, &listener, least, owner);
}

static bool find_listener_of(const struct table *table, const struct connection *child, const struct owner **owner)
{
	return find_listener_by_address(table, child, FITS_UNBOUND, owner) ||
	       find_listener_by_address(table, child, FITS_PERHAPS, owner);
}

void table_inherit(struct table *table, struct connection *child)
{
	const struct owner *owner;

	if (!find_listener_of(table, child, &owner) || !owner)
		return;
	connection_set_owner(child, owner, OWNER_INHERITED);
	child->owner.fd = FD_UNKNOWN;
}

bool table_has_listener(const struct table *table, const struct connection *conn)
{
	const struct owner *owner;

	return find_listener_of(table, conn, &owner);
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

/* True where the process that makes the call has its descriptor from the owner by fork(): it is younger than the
 * connection, and the owner's child; or, since the owner may have exited, it goes by the owner's name and has called no
 * execve(). A program that just looks at descriptors was started by somebody else, or is another program. */
static bool is_offspring_of_owner(const struct connection *conn, const struct event *call)
{
	const struct lineage *lineage = call->lineage;

	if (!lineage || !conn->born_known || lineage->start_ns <= conn->born_ns)
		return false;
	return lineage->ppid == conn->owner.pid ||
	       (lineage->forked && strcmp(conn->owner.comm, call->owners->comm) == 0);
}

/* The process that closes or shuts down a socket holds it; of the known holders, or of the owner's children, it is the
 * owner now. A process that is neither may also be a program that was just looking at the descriptors (see the BPF
 * side): it becomes the owner only where nothing better is known. Where nobody held the socket at the last scan it was
 * on its way in a unix socket. It is closed by whoever closes that one, or before Linux 6.10 any one (unix_gc()): by a
 * bystander. */
void table_learn_closer(struct connection *conn, const struct event *event)
{
	bool closing = event->newstate == STATE_FIN_WAIT1 || event->newstate == STATE_LAST_ACK;
	bool known = conn->owner.pid && conn->owner_source != OWNER_INHERITED;

	if (!closing || !event->owner_count || (known && event->owners->pid == conn->owner.pid))
		return;
	if ((!known && !conn->unheld) || connection_is_held_by(conn, event->owners->pid) ||
	    (known && is_offspring_of_owner(conn, event)))
		connection_set_owner(conn, event->owners, OWNER_CLOSE);
}
