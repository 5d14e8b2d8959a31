// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "errno_kind.h"
#include "log.h"
#include "proc_net.h"
#include "proc_unix.h"
#include "process.h"

/* One pass over the sockets of a namespace. */
struct sockets_walk {
	const struct netns *netns;
	const struct socket_query *query;
	socket_handler *handler;
	void *context;
	enum protocol protocol;
	int refused; /* what the handler returned */
};

struct netns sockets_here(void)
{
	return (struct netns){
		.inode = netns_home(), .witnesses = {(int)process_this_thread()}, .witness_count = 1, .fd = -1};
}

/* ---- from /proc ---- */

static int pass_on_socket(void *context, const struct socket *socket)
{
	struct sockets_walk *walk = context;

	if (walk->query->states & 1u << socket->state)
		walk->refused = walk->handler(walk->context, socket);
	return walk->refused;
}

static int pass_on_proc_row(void *context, const struct proc_row *row)
{
	const struct sockets_walk *walk = context;
	const struct socket socket = proc_row_socket(row, walk->protocol);

	return pass_on_socket(context, &socket);
}

static int read_inet_table(struct sockets_walk *walk, const char *name, uint8_t family)
{
	const struct proc_table table = {
		.netns = walk->netns->inode, .family = family, .unconnected = walk->protocol != PROTOCOL_TCP};
	CLEANUP(cleanup_close) int fd = netns_open_table(walk->netns, name);
	size_t odd = 0;
	int err;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd; /* this kernel lacks the protocol */
	err = proc_net_each(fd, &table, pass_on_proc_row, walk, &odd);
	if (odd)
		log_warning("%zu %s not understood in /proc/net/%s", odd, odd == 1 ? "line is" : "lines are", name);
	return err;
}

static int read_unix_table(struct sockets_walk *walk)
{
	CLEANUP(cleanup_close) int fd = netns_open_table(walk->netns, "unix");

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return proc_unix_each(fd, walk->netns->inode, pass_on_socket, walk);
}

static int read_proc_net_family(struct sockets_walk *walk, uint8_t family)
{
	static const char *const tables[][2] = {
		[PROTOCOL_TCP] = {"tcp", "tcp6"}, [PROTOCOL_UDP] = {"udp", "udp6"}, [PROTOCOL_RAW] = {"raw", "raw6"}};

	if (walk->protocol == PROTOCOL_UNIX)
		return read_unix_table(walk);
	return read_inet_table(walk, tables[walk->protocol][family == 6], family);
}

/* ---- both ---- */

/* A netlink socket that is to be opened in a namespace. */
struct diag_order {
	uint32_t netns;
	struct sock_diag *diag;
};

static int open_ordered_diag(void *order)
{
	struct diag_order *diag = order;

	return sock_diag_open(diag->netns, &diag->diag);
}

/* Opens a netlink socket in `netns`. The socket stays in the namespace where it was opened. */
static int open_diag_in_netns(const struct netns *netns, struct sock_diag **out)
{
	struct diag_order order = {.netns = netns->inode};
	int err = netns_run_inside(netns, open_ordered_diag, &order);

	*out = order.diag;
	return err;
}

static int read_family_sockets(struct sockets_walk *walk, struct sock_diag *diag, enum socket_source source,
			       uint8_t family)
{
	int err = -EOPNOTSUPP;

	if (diag)
		err = sock_diag_each(diag, walk->protocol, family, walk->query, pass_on_socket, walk);
	if (err == -EOPNOTSUPP && source != SOCKETS_BY_DIAG)
		err = read_proc_net_family(walk, family);
	return err;
}

static int read_protocol_sockets(struct sockets_walk *walk, struct sock_diag *diag, enum socket_source source)
{
	int err = 0, second = 0;

	if (walk->protocol == PROTOCOL_UNIX)
		return read_family_sockets(walk, diag, source, 0);
	if (walk->query->ipv4)
		err = read_family_sockets(walk, diag, source, 4);
	if (!walk->refused && walk->query->ipv6)
		second = read_family_sockets(walk, diag, source, 6);
	return err ? err : second;
}

static int read_all_protocols(struct sockets_walk *walk, struct sock_diag *diag, enum socket_source source,
			      enum protocol *failed)
{
	int first = 0;

	for (unsigned int protocol = 0; protocol < PROTOCOL_COUNT && !walk->refused; protocol++) {
		int err = 0;

		walk->protocol = protocol;
		if (walk->query->protocols & 1u << protocol)
			err = read_protocol_sockets(walk, diag, source);
		if (err && !first && failed)
			*failed = protocol;
		first = first ? first : err;
	}
	return first;
}

static int is_same_socket(void *context, const struct socket *socket)
{
	return socket->inode == *(const uint32_t *)context;
}

bool sockets_bound_are_listed(void)
{
	const struct socket_query query = {
		.protocols = 1u << PROTOCOL_TCP, .states = 1u << STATE_CLOSE, .ipv4 = true, .bound = true};
	const struct sockaddr_in any = {.sin_family = AF_INET};
	CLEANUP(cleanup_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct netns here = sockets_here();
	struct stat file;
	uint32_t inode;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) || fstat(fd, &file))
		return false;
	inode = (uint32_t)file.st_ino;
	return sockets_each(&here, SOCKETS_BY_AUTO, &query, is_same_socket, &inode, NULL) == 1;
}

int sockets_each(const struct netns *netns, enum socket_source source, const struct socket_query *query,
		 socket_handler *handler, void *context, enum protocol *failed)
{
	struct sockets_walk walk = {.netns = netns, .query = query, .handler = handler, .context = context};
	struct sock_diag *diag = NULL;
	int err = 0;

	if (failed)
		*failed = PROTOCOL_COUNT;
	if (source != SOCKETS_BY_PROC)
		err = open_diag_in_netns(netns, &diag);
	if (errno_is_resource(err) || (err && source == SOCKETS_BY_DIAG))
		return err;
	if (err)
		log_info("network namespace %u is read from /proc: %s", netns->inode, strerror(-err));
	err = read_all_protocols(&walk, diag, source, failed);
	sock_diag_close(diag);
	return walk.refused ? walk.refused : err;
}
