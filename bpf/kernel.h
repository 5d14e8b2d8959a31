/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Constants of the kernel that the programs use. vmlinux.h has the kernel's types, but none of these constants.
 */

/* include/net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1,
	TCP_FIN_WAIT1 = 4,
	TCP_FIN_WAIT2 = 5,
	TCP_TIME_WAIT = 6,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_CLOSE = 7,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
	TCP_CLOSING = 11,
	TCP_NEW_SYN_RECV = 12, /* a request socket: a handshake that waits for its third packet */
};

enum {
	AF_INET = 2,
	AF_INET6 = 10,
	IPPROTO_TCP = 6,
	IPPROTO_MPTCP = 262, /* include/uapi/linux/in.h */
	SOCK_STREAM = 1,
	PF_KTHREAD = 0x00200000, /* include/linux/sched.h */
	PF_FORKNOEXEC = 0x00000040,
	MAX_PID_NS_LEVEL = 32, /* include/linux/pid_namespace.h */
};
