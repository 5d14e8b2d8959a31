// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sockets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "errno_kind.h"
#include "log.h"
#include "proc_net.h"
#include "proc_unix.h"

/* One reading. */
struct reading {
	const struct netns *netns;
	const struct socket_query *query;
	socket_handler *handler;
	void *context;
	enum protocol protocol;
	uint64_t tick_ms;
	int refused; /* what the handler returned */
};

struct netns sockets_here(void)
{
	return (struct netns){.inode = netns_home(), .witnesses = {getpid()}, .witness_count = 1, .fd = -1};
}

/* ---- from /proc ---- */

static int take_socket(void *context, const struct socket *socket)
{
	struct reading *reading = context;

	if (reading->query->states & 1u << socket->state)
		reading->refused = reading->handler(reading->context, socket);
	return reading->refused;
}

static int take_row(void *context, const struct proc_row *row)
{
	const struct reading *reading = context;
	const struct socket socket = {
		.protocol = reading->protocol,
		.state = row->state,
		.mini = row->mini,
		.tuple = row->tuple,
		.interface_unknown = true,
		.recvq = row->recvq,
		.sendq = row->sendq,
		.uid = row->mini && row->state != STATE_SYN_RECV ? UID_UNKNOWN : row->uid,
		.inode = row->inode,
		.timer = row->timer < TIMER_COUNT ? row->timer : TIMER_NONE,
		.retransmits = row->retransmits,
		.timer_ms = (uint32_t)(row->timer_ticks * reading->tick_ms),
	};

	return take_socket(context, &socket);
}

static int read_inet_table(struct reading *reading, const char *name, uint8_t family)
{
	const struct proc_table table = {
		.netns = reading->netns->inode, .family = family, .unconnected = reading->protocol != PROTOCOL_TCP};
	CLEANUP(cleanup_close) int fd = netns_open_table(reading->netns, name);
	size_t odd = 0;
	int err;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd; /* no such protocol here */
	err = proc_net_each(fd, &table, take_row, reading, &odd);
	if (odd)
		log_warning("%zu lines of /proc/net/%s are not understood", odd, name);
	return err;
}

static int read_unix_table(struct reading *reading)
{
	CLEANUP(cleanup_close) int fd = netns_open_table(reading->netns, "unix");

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return proc_unix_each(fd, reading->netns->inode, take_socket, reading);
}

static int read_proc(struct reading *reading, uint8_t family)
{
	static const char *const tables[][2] = {
		[PROTOCOL_TCP] = {"tcp", "tcp6"}, [PROTOCOL_UDP] = {"udp", "udp6"}, [PROTOCOL_RAW] = {"raw", "raw6"}};

	if (reading->protocol == PROTOCOL_UNIX)
		return read_unix_table(reading);
	return read_inet_table(reading, tables[reading->protocol][family == 6], family);
}

/* ---- both ---- */

/* The netlink socket stays where it was opened. */
static int open_diag(const struct netns *netns, struct sock_diag **out)
{
	CLEANUP(cleanup_close) int home = -1;
	bool here = netns->inode == netns_home(); /* without /proc both are 0 */
	int err = here ? 0 : netns_enter(netns, &home);

	if (err)
		return err;
	err = sock_diag_open(netns->inode, out);
	netns_return(home);
	return err;
}

static int read_family(struct reading *reading, struct sock_diag *diag, enum socket_source source, uint8_t family)
{
	int err = -EOPNOTSUPP;

	if (diag)
		err = sock_diag_each(diag, reading->protocol, family, reading->query, take_socket, reading);
	if (err == -EOPNOTSUPP && source != SOCKETS_BY_DIAG)
		err = read_proc(reading, family);
	return err;
}

static int read_protocol(struct reading *reading, struct sock_diag *diag, enum socket_source source)
{
	int err = 0, second = 0;

	if (reading->protocol == PROTOCOL_UNIX)
		return read_family(reading, diag, source, 0);
	if (reading->query->ipv4)
		err = read_family(reading, diag, source, 4);
	if (!reading->refused && reading->query->ipv6)
		second = read_family(reading, diag, source, 6);
	return err ? err : second;
}

static int read_protocols(struct reading *reading, struct sock_diag *diag, enum socket_source source,
			  enum protocol *failed)
{
	int first = 0;

	for (unsigned int protocol = 0; protocol < PROTOCOL_COUNT && !reading->refused; protocol++) {
		int err = 0;

		reading->protocol = protocol;
		if (reading->query->protocols & 1u << protocol)
			err = read_protocol(reading, diag, source);
		if (err && !first && failed)
			*failed = protocol;
		first = first ? first : err;
	}
	return first;
}

int sockets_each(const struct netns *netns, enum socket_source source, const struct socket_query *query,
		 socket_handler *handler, void *context, enum protocol *failed)
{
	struct reading reading = {.netns = netns, .query = query, .handler = handler, .context = context};
	struct sock_diag *diag = NULL;
	int err = 0;

	if (failed)
		*failed = PROTOCOL_COUNT;
	reading.tick_ms = 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	if (source != SOCKETS_BY_PROC)
		err = open_diag(netns, &diag);
	if (errno_is_resource(err) || (err && source == SOCKETS_BY_DIAG))
		return err;
	if (err)
		log_info("network namespace %u is read from /proc: %s", netns->inode, strerror(-err));
	err = read_protocols(&reading, diag, source, failed);
	sock_diag_close(diag);
	return reading.refused ? reading.refused : err;
}
