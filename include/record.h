/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Records that the BPF programs write into the ring buffer and user space reads from it. Both sides include this
 * header and holding.h, and no other. The includer provides the fixed-width types (__u8 … __u64): vmlinux.h in the
 * kernel, linux/types.h in user space.
 *
 * Byte order: everything is in the host's, ports included; addresses are 16 bytes in network order,
 * with IPv4 written as ::ffff:a.b.c.d whatever the socket's family.
 * Clock: CLOCK_MONOTONIC of the time namespace that the reader is in.
 * Alignment: ring-buffer samples are 8-byte aligned, so no record needs more.
 *
 * Records differ in length: the shorter each of them is, the more the ring holds. The first byte of a record is its
 * kind, which gives its struct. All but struct holder_record and struct
 * accept_record begin with a struct transition_record. Few sockets are
 * bound to an interface: only behind the structs of these stands a struct record_binding (RECORD_BOUND).
 */

enum {
	RECORD_ADDR_LEN = 16,
	RECORD_COMM_LEN = 16,
	RECORD_MAX_CPUS = 4096,
	RECORD_MAX_NETNS = 16,
	RECORD_PORT_WORDS = 65536 / 64,
};

/* Added to the pid of a process that has none in the user's PID namespace; the rest is its number in the first one, by
 * which processes can be told apart. No pid is as great. */
#define RECORD_FOREIGN_PID 0x80000000u

enum record_kind {
	RECORD_TRANSITION = 1, /* struct transition_record alone */
	RECORD_CALL = 2,       /* struct call_record: a transition that a system call of the socket's holder made */
	RECORD_CLOSING = 3,    /* struct closing_record: →CLOSE */
	RECORD_SOCKET = 4,     /* struct socket_record: a socket that an iterator has shown */
	RECORD_HOLDER = 5,     /* struct holder_record: a descriptor that an iterator has shown */
	RECORD_ACCEPT = 6,     /* struct accept_record: accept() gave the socket to this process */
	RECORD_BOUND = 0x40,   /* added to 1, 2, 3, 4: a struct record_binding follows the struct */
	RECORD_AGAIN = 0x80,   /* added to 1, 2, 3: written by the second program, may repeat a record of the first */
	RECORD_FLAGS = RECORD_BOUND | RECORD_AGAIN,
};

struct transition_record {
	__u8 kind;   /* first in every record: one of enum record_kind, and RECORD_FLAGS */
	__u8 family; /* 4 or 6 */
	__u8 oldstate;
	__u8 newstate;
	__u32 netns; /* inode number of the network namespace */
	__u64 ts_ns;
	__u64 sk;     /* address of the struct sock: an identity, never to be shown or stored */
	__u64 cookie; /* as "sk:" in ss -e; 0: unknown */
	__u32 uid;    /* of the socket (sk_uid) */
	__u16 lport;  /* 0: not chosen yet */
	__u16 rport;  /* 0: none, or (LISTEN→SYN_RECV before Linux 6.15) not known yet */
	__u8 laddr[RECORD_ADDR_LEN];
	__u8 raddr[RECORD_ADDR_LEN];
};

/* Where a process comes from, and what tells it from another one with the same pid or the same name. */
struct record_lineage {
	__s64 start_ns;              /* when the process began; less than 0: before the reader's clock did */
	__u64 cgroup;                /* id of its control group in the tree of version 2 */
	__u32 ppid;                  /* of its parent, a process; 0: none, or not known */
	__u32 execs : 31;            /* a number that each execve() of the process changes */
	__u32 forked : 1;            /* since fork() the process has called no execve() */
	char pcomm[RECORD_COMM_LEN]; /* of the parent; hostile text */
};

/* Transition by a system call: →SYN_SENT by connect(), →LISTEN by listen(), →FIN_WAIT1 and →LAST_ACK by close(),
 * shutdown() or exit. */
struct call_record {
	struct transition_record transition;
	__u32 pid;                     /* of the process that made the call; 0: a kernel thread did, or not known */
	__u32 inode;                   /* of the socket; 0: none */
	char comm[RECORD_COMM_LEN];    /* of that process (not of its thread); hostile text */
	struct record_lineage lineage; /* of that process; where pid is 0, all of it is 0 */
};

/* Facts about a socket as it was just before →CLOSE. */
enum closing_flag {
	CLOSING_ORPHAN = 1 << 0,     /* no process holds it any more */
	CLOSING_PEER_FIN = 1 << 1,   /* the peer's FIN has come */
	CLOSING_SHUT_READ = 1 << 2,  /* reads no more: shutdown(), close(), or the peer's FIN */
	CLOSING_SHUT_WRITE = 1 << 3, /* sends no more: shutdown() or close() */
	CLOSING_SENT = 1 << 4,       /* at least one segment left this socket */
	CLOSING_ACKED = 1 << 5,      /* all that was to be sent is acknowledged, the FIN included if there was one */
};

struct closing_record {
	struct transition_record transition;
	__u64 rx_bytes; /* payload received in order */
	__u64 tx_bytes; /* payload sent, each byte counted once however often it was sent again */
	__u32 srtt_us;  /* smoothed round-trip time; 0: never measured */
	__u32 retrans;  /* segments sent again, SYNs included */
	__u32 inode;    /* of the socket; 0: already released */
	__u16 err;      /* a positive errno; 0: none. sk_err, or the network's answer to a connect that was given up */
	__u8 flags;     /* bits of enum closing_flag */
	__u8 lives_on;  /* state of the minisocket that takes the socket's place (TIME_WAIT, FIN_WAIT2); 0: none does */
};

/* A socket as it is now: its state is in newstate; oldstate is 0. */
struct socket_record {
	struct transition_record transition;
	__u64 state_since_ns; /* it has been in its state since then, or longer; 0: not known */
	__u64 alive_since_ns; /* the connection has existed since then, or longer; 0: not known */
	__u32 inode;          /* 0: none */
	__u32 recvq;          /* bytes; LISTEN: connections not accepted yet */
	__u32 sendq;          /* bytes; LISTEN: how many connections may wait for accept() */
	__u8 mini; /* 1: a minisocket or a request socket, kept by the kernel for a connection that has no socket */
	__u8 pad[3];
};

/* The interface that a socket is bound to (sk_bound_dev_if): by SO_BINDTODEVICE, a link-local address, or a VRF. */
struct record_binding {
	__u32 interface; /* index in the socket's network namespace; never 0 */
	__u32 pad;
};

struct holder_record {
	__u8 kind;
	__u8 pad[3];
	__u32 netns; /* of the socket */
	__u64 sk;
	__u32 pid;
	__s32 fd;    /* -1: not known */
	__u32 inode; /* of the socket; 0: none yet */
	__u32 uid;   /* of the socket */
	char comm[RECORD_COMM_LEN];
};

/* What accept() returned, without its descriptor, which is not known yet. */
struct accept_record {
	struct holder_record holder;
	struct record_lineage lineage; /* of the process that called accept() */
};

_Static_assert(sizeof(struct transition_record) == 72, "the ring's layout");
_Static_assert(sizeof(struct call_record) == 136, "the ring's layout");
_Static_assert(sizeof(struct closing_record) == 104, "the ring's layout");
_Static_assert(sizeof(struct socket_record) == 104, "the ring's layout");
_Static_assert(sizeof(struct holder_record) == 48, "the ring's layout");
_Static_assert(sizeof(struct accept_record) == 88, "the ring's layout");
_Static_assert(sizeof(struct record_binding) == 8, "the ring's layout");

/* Counters of one CPU, in memory that user space maps: reading them takes no system call. Each struct is written by its
 * own CPU only, and fills a cache line of its own. */
struct cpu_counters {
	__u64 seen;           /* transitions that passed the filters below */
	__u64 dropped;        /* those of `seen` that were lost because the ring was full */
	__u64 recovered;      /* transitions that the second program caught for the first */
	__u64 handled_sk;     /* internal to the programs: socket of the transition that the first has handled last */
	__u32 handled_states; /* the old and the new state of that transition */
	__u32 pad[7];
};

_Static_assert(sizeof(struct cpu_counters) == 64, "a cache line");

/* A set of ports, one bit each. */
struct record_port_set {
	__u64 words[RECORD_PORT_WORDS];
};

/* Filter of the kernel side, set before load: a transition that does not pass may be left out. A transition passes when
 * it passes every test that is switched on. A port that is not known yet passes. */
struct record_filter {
	__u8 by_family;
	__u8 by_netns;
	__u8 by_lport;
	__u8 by_rport;
	__u8 by_either;
	__u8 want_ipv4; /* with by_family: IPv4 and v4-mapped sockets */
	__u8 want_ipv6; /* with by_family: IPv6 sockets, v4-mapped ones included */
	__u8 pad;
	__u32 netns_count;
	__u32 netns[RECORD_MAX_NETNS];
	struct record_port_set lports;
	struct record_port_set rports;
	struct record_port_set either; /* the local or the remote port is in it */
};
