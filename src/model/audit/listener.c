// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "listener.h"

#include <string.h>

bool socket_is_listener(const struct socket *socket)
{
	if (socket->protocol == PROTOCOL_TCP)
		return socket->state == STATE_LISTEN;
	return socket->protocol == PROTOCOL_UDP && socket->state == STATE_CLOSE && socket->tuple.lport != 0;
}

static enum tristate derive_v6only(enum reach reach)
{
	return reach == REACH_IPV6 ? TRISTATE_YES : reach == REACH_ALL ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

struct socket listener_socket(const struct listener *listener, uint32_t netns, struct owner *owner)
{
	bool named = *listener->interface; /* the name is known, but not the index */
	struct socket socket = {
		.protocol = listener->protocol,
		.state = listener->protocol == PROTOCOL_TCP ? STATE_LISTEN : STATE_CLOSE,
		.v6only = derive_v6only(listener->reach),
		.tuple = {.laddr = listener->address,
			  .lport = listener->port,
			  .netns = netns,
			  .interface = named || listener->interface_unknown ? INTERFACE_UNKNOWN : 0,
			  .family = listener->family},
		.recvq = QUEUE_UNKNOWN,
		.sendq = QUEUE_UNKNOWN,
		.uid = UID_UNKNOWN,
	};

	if (listener->family == 4)
		socket.tuple.raddr = address_from_ipv4(socket.tuple.raddr.bytes);
	if (*listener->process) {
		*owner = (struct owner){.fd = FD_UNKNOWN};
		memcpy(owner->comm, listener->process, sizeof(owner->comm));
		socket.owners = owner;
		socket.owner_count = 1;
	}
	return socket;
}

bool listener_interfaces_may_equal(const struct listener *a, const struct listener *b)
{
	return a->interface_unknown || b->interface_unknown || strcmp(a->interface, b->interface) == 0;
}

/* True if both may be bound to the loopback device. At one and the same address only that device keeps others out, and
 * an interface that is not known may be it. */
static bool may_be_on_loopback(const struct listener *a, const struct listener *b)
{
	return (a->interface_unknown || b->interface_unknown) && (a->reach == REACH_HOST || b->reach == REACH_HOST) &&
	       address_equal(&a->address, &b->address);
}

bool listener_reaches_may_equal(const struct listener *a, const struct listener *b)
{
	return reach_may_equal(a->reach, b->reach) || may_be_on_loopback(a, b);
}

bool listener_goes_further(const struct listener *before, const struct listener *now)
{
	if (reach_goes_further(before->reach, now->reach) && !may_be_on_loopback(before, now))
		return true;
	return *before->interface && !*now->interface && !now->interface_unknown;
}

bool listener_containers_differ(const struct listener *a, const struct listener *b)
{
	return *a->process && *b->process && strcmp(a->container, b->container) != 0;
}
