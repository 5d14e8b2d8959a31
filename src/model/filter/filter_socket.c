// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "filter_socket.h"

static const char *copy_path(const struct socket *socket, char path[SOCKET_PATH_MAX + 1])
{
	path[socket_path(socket, path)] = '\0';
	return path;
}

enum filter_answer socket_passes(const struct socket *socket, const struct filter *filter)
{
	char path[SOCKET_PATH_MAX + 1];
	const struct filter_subject subject = {
		.tuple = &socket->tuple,
		.has_endpoints = socket->protocol != PROTOCOL_UNIX,
		.states = 1u << socket->state,
		.uid = socket->uid,
		.owners = socket->owners,
		.owner_count = socket->owner_count,
		.owner_is_open = socket->owners_hidden && !socket->owner_count,
		.path = socket->path && filter ? copy_path(socket, path) : NULL,
	};

	return filter_ask_about(filter, &subject);
}

bool socket_lacks_interface(const struct socket *socket, const struct filter *filter)
{
	return socket->tuple.interface == INTERFACE_UNKNOWN && filter_topics(filter) & TOPIC_INTERFACE;
}
