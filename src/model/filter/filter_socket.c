// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "filter_socket.h"

enum filter_answer socket_passes(const struct socket *socket, const struct filter *filter)
{
	const struct filter_subject subject = {
		.tuple = &socket->tuple,
		.has_endpoints = socket->protocol != PROTOCOL_UNIX,
		.states = 1u << socket->state,
		.uid = socket->uid,
		.owners = socket->owners,
		.owner_count = socket->owner_count,
		.owner_is_open = socket->owners_hidden && !socket->owner_count,
	};

	return filter_ask_about(filter, &subject);
}
