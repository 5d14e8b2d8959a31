// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "socket.h"

static const char *const protocol_names[PROTOCOL_COUNT] = {
	[PROTOCOL_TCP] = "tcp",
	[PROTOCOL_UDP] = "udp",
	[PROTOCOL_RAW] = "raw",
	[PROTOCOL_UNIX] = "unix",
};

const char *protocol_name(enum protocol protocol)
{
	return protocol_names[protocol];
}

const char *socket_netid(const struct socket *socket)
{
	if (socket->protocol != PROTOCOL_UNIX)
		return protocol_names[socket->protocol];
	switch (socket->unix_type) {
	case UNIX_STREAM:
		return "u_str";
	case UNIX_SEQPACKET:
		return "u_seq";
	default:
		return "u_dgr";
	}
}

bool unix_type_is_known(unsigned int type)
{
	return type == UNIX_STREAM || type == UNIX_DGRAM || type == UNIX_SEQPACKET;
}

const char *unix_type_name(enum unix_type type)
{
	return type == UNIX_STREAM ? "stream" : type == UNIX_DGRAM ? "dgram" : "seqpacket";
}

const char *socket_state_name(const struct socket *socket)
{
	bool is_unconnected = socket->state == STATE_CLOSE && socket->protocol != PROTOCOL_TCP;

	return is_unconnected ? "UNCONN" : tcp_state_name(socket->state);
}

const char *socket_timer_name(enum socket_timer timer)
{
	static const char *const names[TIMER_COUNT] = {
		[TIMER_RETRANSMIT] = "on",
		[TIMER_KEEPALIVE] = "keepalive",
		[TIMER_TIME_WAIT] = "timewait",
		[TIMER_PROBE] = "persist",
	};

	return timer < TIMER_COUNT ? names[timer] : NULL;
}

uint32_t socket_first_pid(const struct socket *socket)
{
	return socket->owner_count ? socket->owners->pid : 0;
}

size_t socket_path(const struct socket *socket, char *out)
{
	size_t length = socket->path ? socket->path_length : 0;

	if (length && socket->path[0] && !socket->path[length - 1]) /* a name in the file system has its NUL */
		length--;
	if (length > SOCKET_PATH_MAX)
		length = SOCKET_PATH_MAX;
	for (size_t i = 0; i < length; i++)
		out[i] = (char)(socket->path[i] ? socket->path[i] : '@');
	return length;
}
