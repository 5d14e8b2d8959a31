/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * /proc/net/tcp, udp, raw, tcp6, udp6 and raw6: the sockets of one network namespace. The kernel walks its tables
 * bucket by bucket while they change, so a row may come twice or, when rows before it vanish, not at all.
 */
#include <stdbool.h>

#include "address.h"
#include "index.h"
#include "socket.h"

struct proc_row {
	struct link by_inode; /* for proc_fd.h */
	struct tuple tuple;
	uint32_t inode; /* 0: no descriptor holds the socket */
	uint32_t uid;
	uint32_t recvq;       /* bytes; LISTEN: connections not accepted yet */
	uint32_t sendq;       /* bytes; LISTEN: QUEUE_UNKNOWN (/proc does not show the limit) */
	uint32_t timer_ticks; /* until the timer fires, in clock ticks */
	uint32_t rto_ticks;   /* TCP: how long it now waits before it sends again, in clock ticks; 0: not known */
	uint32_t first_owner; /* set by proc_fd.h: index into its owners */
	uint32_t owner_count;
	uint8_t state;
	uint8_t timer;       /* enum socket_timer */
	uint8_t retransmits; /* retransmits or probes sent without an answer */
	bool mini; /* kept by the kernel without a socket: TIME_WAIT, FIN_WAIT2 after close(), SYN_RECV before the
		      third packet. Has no inode and no owner; only SYN_RECV has a uid */
};

struct proc_rows {
	struct proc_row *rows;
	size_t count;
	size_t room;
};

void proc_rows_free(struct proc_rows *rows);

/* One of these files. */
struct proc_table {
	uint32_t netns;
	uint8_t family;   /* 4 or 6 */
	bool unconnected; /* include sockets in CLOSE; false for TCP's tables, true for the others' */
};

/* Reads one line, without its newline, of the table for `family` (4 or 6). Returns 1: *row is a socket; 0: the line is
 * the heading, or its state is unknown; -EINVAL: the line has another form. Index and owners of *row are not set. */
int proc_net_parse(const char *line, uint8_t family, uint32_t netns, struct proc_row *row);

/* The row as a socket of that protocol, in milliseconds where the row has clock ticks. */
struct socket proc_row_socket(const struct proc_row *row, enum protocol protocol);

/* Returns 0, or a negative errno that ends the reading. */
typedef int proc_row_handler(void *context, const struct proc_row *row);

/* Hands the sockets in the open file `fd` to the handler. Returns 0, what the handler returned, or a negative errno of
 * reading. Adds the number of lines that are not understood to *odd. */
int proc_net_each(int fd, const struct proc_table *table, proc_row_handler *handler, void *context, size_t *odd);

/* Appends the TCP sockets in the open file `fd` to `rows`. Returns and counts like proc_net_each(). */
int proc_net_read(int fd, uint8_t family, uint32_t netns, struct proc_rows *rows, size_t *odd);
