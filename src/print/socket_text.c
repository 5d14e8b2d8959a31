// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "socket_text.h"

#include <limits.h>
#include <string.h>

#include "container.h"
#include "escape.h"
#include "identity_text.h"
#include "interface_text.h"

enum { CGROUP_TEXT_MAX = 4 * PATH_MAX + 1 };

enum { MS_PER_SECOND = 1000, MS_PER_MINUTE = 60 * MS_PER_SECOND };

/* ---- endpoints ---- */

static char *put_plain_text(char *at, const char *text)
{
	return stpcpy(at, text);
}

static char *put_escaped_name(char *at, const char *text, size_t length)
{
	return at + escape_text(at, HOST_TEXT_MAX, text, length);
}

static char *put_interface_suffix(char *at, const struct socket *socket, const struct socket_namer *namer)
{
	uint32_t index = tuple_known_interface(&socket->tuple);
	const char *name = NULL;

	if (!index)
		return at;
	if (namer->interface)
		name = namer->interface(namer->context, socket->tuple.netns, index);
	return interface_suffix_put(at, &socket->tuple, name);
}

/* True where `address` is any address of IPv6 and of IPv4. The kernel sets v6only on a socket that is bound to a
 * certain IPv6 address (__inet6_bind()). */
static bool is_any_of_both_families(const struct socket *socket, const struct address *address)
{
	return socket->protocol != PROTOCOL_RAW && socket->tuple.family == 6 && socket->v6only == TRISTATE_NO &&
	       address_is_any(address) && !address_is_ipv4(address);
}

static char *put_endpoint_address(char *at, const struct socket *socket, const struct address *address, bool local,
				  const struct socket_namer *namer)
{
	uint8_t family = socket->tuple.family;
	const char *name = NULL;

	if (is_any_of_both_families(socket, address)) {
		*at++ = '*';
		return local ? put_interface_suffix(at, socket, namer) : at;
	}
	if (namer->host && !address_is_any(address))
		name = namer->host(namer->context, address, family);
	if (name)
		return put_escaped_name(at, name, strlen(name));
	if (family == 6)
		*at++ = '[';
	at += address_text(address, family, at);
	if (family == 6)
		*at++ = ']';
	return local ? put_interface_suffix(at, socket, namer) : at;
}

static char *put_endpoint_port(char *at, const struct socket *socket, uint16_t port, const struct socket_namer *namer)
{
	const char *name = NULL;

	if (port == 0)
		return put_plain_text(at, "*");
	if (namer->service)
		name = namer->service(namer->context, socket->protocol, port);
	return name ? at + escape_service(at, HOST_TEXT_MAX, name, strlen(name)) : decimal_put(at, port);
}

static char *put_unix_path(char *at, const struct socket *socket)
{
	char path[SOCKET_PATH_MAX];
	size_t length = socket_path(socket, path);

	return length ? at + escape_word(at, 4 * SOCKET_PATH_MAX + 1, path, length) : put_plain_text(at, "*");
}

static size_t terminate_text(const char *out, char *end)
{
	*end = '\0';
	return (size_t)(end - out);
}

size_t socket_local_text(const struct socket *socket, const struct socket_namer *namer, char *out)
{
	char *end;

	if (socket->protocol == PROTOCOL_UNIX) {
		end = put_plain_text(put_unix_path(out, socket), " ");
		return terminate_text(out, decimal_put(end, socket->inode));
	}
	end = put_endpoint_address(out, socket, &socket->tuple.laddr, true, namer);
	*end++ = ':';
	return terminate_text(out, put_endpoint_port(end, socket, socket->tuple.lport, namer));
}

size_t socket_peer_text(const struct socket *socket, const struct socket_namer *namer, char *out)
{
	char *end;

	if (socket->protocol == PROTOCOL_UNIX)
		return terminate_text(out, decimal_put(put_plain_text(out, "* "), socket->peer_inode));
	end = put_endpoint_address(out, socket, &socket->tuple.raddr, false, namer);
	*end++ = ':';
	return terminate_text(out, put_endpoint_port(end, socket, socket->tuple.rport, namer));
}

/* ---- holders, timer and details ---- */

/* Returns the length of a name that needs no escaping, as most do; 0: it needs escaping, or is empty. */
static size_t measure_plain_comm(const char *comm)
{
	size_t length = 0;

	while (length < COMM_LEN && comm[length] > ' ' && comm[length] < 0x7f && comm[length] != '"' &&
	       comm[length] != '\\')
		length++;
	return length == COMM_LEN || !comm[length] ? length : 0;
}

static void put_comm(const char *comm, struct output *output)
{
	size_t plain = measure_plain_comm(comm);
	char text[4 * COMM_LEN + 1];

	output_char(output, '"');
	if (plain)
		output_bytes(output, comm, plain);
	else
		output_bytes(output, text, escape_quoted(text, sizeof(text), comm, COMM_LEN));
	output_char(output, '"');
}

void holder_fd_put(int32_t fd, struct output *output)
{
	if (fd == FD_UNKNOWN)
		return;
	if (fd_is_registered(fd) && fd_ring(fd) != RING_UNKNOWN) {
		output_text(output, ",ring=");
		output_u64(output, fd_ring(fd));
	}
	output_text(output, fd_is_registered(fd) ? ",slot=" : ",fd=");
	output_u64(output, fd_is_registered(fd) ? fd_slot(fd) : (uint64_t)fd);
}

void socket_owners_put(const struct socket *socket, struct output *output)
{
	if (!socket->owner_count) {
		output_char(output, '-');
		return;
	}
	output_text(output, "users:(");
	for (size_t i = 0; i < socket->owner_count; i++) {
		output_text(output, i ? ",(" : "(");
		put_comm(socket->owners[i].comm, output);
		output_text(output, ",pid=");
		output_u64(output, socket->owners[i].pid);
		holder_fd_put(socket->owners[i].fd, output);
		output_char(output, ')');
	}
	output_char(output, ')');
}

/* Writes "1min2sec", "4.2sec" or "230ms", as ss does. */
static void put_timer_time(uint32_t ms, struct output *output)
{
	uint32_t minutes = ms / MS_PER_MINUTE, seconds = ms / MS_PER_SECOND % 60, rest = ms % MS_PER_SECOND;

	if (minutes) {
		output_u64(output, minutes);
		output_text(output, "min");
		if (!seconds)
			return;
		output_u64(output, seconds);
		output_text(output, "sec");
	} else if (seconds) {
		output_u64(output, seconds);
		if (rest >= 100 && seconds < 10) {
			output_char(output, '.');
			output_u64(output, rest / 100);
		}
		output_text(output, "sec");
	} else {
		output_u64(output, rest);
		output_text(output, "ms");
	}
}

void socket_timer_put(const struct socket *socket, struct output *output)
{
	const char *name = socket_timer_name(socket->timer);

	if (!name)
		return;
	output_text(output, " timer:(");
	output_text(output, name);
	output_char(output, ',');
	put_timer_time(socket->timer_ms, output);
	output_char(output, ',');
	output_u64(output, socket->retransmits);
	output_char(output, ')');
}

static void put_known_number(struct output *output, const char *label, uint64_t value, bool known)
{
	if (!known)
		return;
	output_text(output, label);
	output_u64(output, value);
}

/* Returns who the first holder is; NULL: not known, or not asked for. */
static const struct identity *find_first_identity(const struct socket *socket)
{
	return socket->owner_count ? socket->owners->identity : NULL;
}

/* Puts the container of the control group in which the socket was made, unless that of its holder is known. */
static void put_cgroup_and_container(const struct socket *socket, const struct socket_namer *namer,
				     struct output *output)
{
	const struct identity *holder = find_first_identity(socket);
	uint64_t id = socket->details.cgroup;
	const char *path = id && namer->cgroup ? namer->cgroup(namer->context, id) : NULL;
	char text[CGROUP_TEXT_MAX], name[CONTAINER_NAME_SIZE];
	struct container container;

	if (!id)
		return;
	output_text(output, " cgroup:");
	if (!path) { /* outside of the part of the cgroup tree that is visible here */
		output_text(output, "unreachable:");
		output_u64(output, id);
		return;
	}
	escape_word(text, sizeof(text), path, strlen(path));
	output_text(output, text);
	if ((holder && holder->container) || !container_of_path(path, &container))
		return;
	output_text(output, " container:");
	container_name(&container, name);
	escape_word(text, sizeof(text), name, strlen(name));
	output_text(output, text);
}

void socket_details_put(const struct socket *socket, const struct socket_namer *namer, struct output *output)
{
	char cookie[HEX_MAX + 1];

	put_known_number(output, " uid:", socket->uid, socket->uid != UID_UNKNOWN);
	put_known_number(output, " ino:", socket->inode, socket->inode != 0);
	if (socket->cookie) {
		*hex_put(cookie, socket->cookie) = '\0';
		output_text(output, " sk:");
		output_text(output, cookie);
	}
	put_cgroup_and_container(socket, namer, output);
	put_known_number(output, " v6only:", socket->v6only == TRISTATE_YES, socket->v6only != TRISTATE_UNKNOWN);
	identity_put(find_first_identity(socket), output);
}
