/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A socket as it stands at one moment, of any of the kinds that `list` knows: the data that netlink or /proc reports of
 * it, and its holders. Pointers are borrowed: they are valid until the handler that receives the socket returns.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "owner.h"
#include "tcp_state.h"

enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_RAW, PROTOCOL_UNIX, PROTOCOL_COUNT };

/* Sets of protocols, one bit (1 << protocol) for each. */
#define PROTOCOLS_INET (1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP | 1u << PROTOCOL_RAW)
#define PROTOCOLS_ALL  (PROTOCOLS_INET | 1u << PROTOCOL_UNIX)

/* Sets of states, one bit (1 << state) for each. TCP's numbers serve the other protocols too: these have only
 * ESTABLISHED and CLOSE (not connected), and unix sockets also LISTEN and SYN_SENT. */
#define STATES_ALL       ((1u << STATE_COUNT) - 2)
#define STATES_LISTENING (1u << STATE_LISTEN | 1u << STATE_CLOSE)
/* States that a listing without option letters shows, as ss does. */
#define STATES_CONNECTED (STATES_ALL & ~(STATES_LISTENING | 1u << STATE_TIME_WAIT | 1u << STATE_SYN_RECV))

/* As in linux/net.h. */
enum unix_type { UNIX_STREAM = 1, UNIX_DGRAM = 2, UNIX_SEQPACKET = 5 };

enum tristate { TRISTATE_UNKNOWN, TRISTATE_NO, TRISTATE_YES };

/* The timer that runs on a socket, numbered as in /proc/net/tcp and sock_diag. */
enum socket_timer { TIMER_NONE, TIMER_RETRANSMIT, TIMER_KEEPALIVE, TIMER_TIME_WAIT, TIMER_PROBE, TIMER_COUNT };

struct tcp_info;

/* Data that only netlink reports; TCP's internals only where they were asked for. */
struct socket_details {
	const struct tcp_info *info; /* of linux/tcp.h; the kernel may fill less than declared there: `info_size` */
	size_t info_size;
	const char *congestion; /* the name of the algorithm; NULL: not known */
	uint64_t cgroup;        /* id; 0: not known */
};

struct socket {
	enum protocol protocol;
	uint8_t state;        /* enum tcp_state */
	uint8_t unix_type;    /* of a unix socket */
	bool mini;            /* minisocket or request socket; see event.h */
	enum tristate v6only; /* IPv6 socket: takes no IPv4 */
	struct tuple tuple;   /* raw socket: the local port is the IP protocol; unix socket: only netns counts */
	uint32_t recvq;       /* bytes; LISTEN: connections not accepted yet; or QUEUE_UNKNOWN */
	uint32_t sendq;       /* bytes; LISTEN: the most connections that may wait; or QUEUE_UNKNOWN */
	uint32_t uid;         /* or UID_UNKNOWN */
	uint32_t inode;       /* 0: none */
	uint64_t cookie;      /* 0: not known */
	uint8_t timer;        /* enum socket_timer */
	uint8_t retransmits;  /* retransmissions, or probes, that were sent without an answer */
	uint32_t timer_ms;    /* milliseconds until the timer fires */
	uint32_t rto_ms;      /* TCP, from /proc: how long it now waits before it sends again; 0: not known */
	const char *path;     /* unix socket: the name, which may hold NULs; hostile text. NULL: none */
	size_t path_length;
	uint32_t peer_inode; /* unix socket: inode of the socket at its other end; 0: none, or not known */
	const struct owner *owners;
	size_t owner_count; /* 0: no holder is known */
	bool owners_hidden; /* there may be holders that could not be seen */
	struct socket_details details;
	uint64_t in_state_us; /* it has been in its state for that long, or longer; 0: not known, or not asked for */
	uint64_t alive_us;    /* the same of its existence */
};

/* Receives one socket. Returns 0, or a negative errno that ends the listing. */
typedef int socket_handler(void *context, const struct socket *socket);

/* "tcp", "udp", "raw", "unix". */
const char *protocol_name(enum protocol protocol);

/* As in ss's first column: "tcp", "udp", "raw", "u_str", "u_dgr", "u_seq". */
const char *socket_netid(const struct socket *socket);

bool unix_type_is_known(unsigned int type);

/* "stream", "dgram", "seqpacket". */
const char *unix_type_name(enum unix_type type);

/* TCP's names; but "UNCONN" for CLOSE of other protocols: a socket that is not connected, as most of theirs. */
const char *socket_state_name(const struct socket *socket);

/* "on", "keepalive", "timewait", "persist", as ss calls them; NULL for none. */
const char *socket_timer_name(enum socket_timer timer);

/* Returns the pid of the first holder; 0: no holder is known. */
uint32_t socket_first_pid(const struct socket *socket);

enum { SOCKET_PATH_MAX = 108 };

/* Writes the name of a unix socket as it is shown: an abstract name begins with "@", and other NULs in it are "@" too.
 * `out` takes SOCKET_PATH_MAX bytes, and gets no NUL at its end. Returns the length; 0: no name. Still hostile text. */
size_t socket_path(const struct socket *socket, char *out);
