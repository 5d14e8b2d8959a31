/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Accessors for what changed between kernels, one for each change: the rest of the BPF side need not know the changes.
 * A type whose name ends in ___something describes another kernel's form of the type named before the three
 * underscores; libbpf compares only the name before them.
 */

#include "kernel.h"

struct sock___ino {
	unsigned long sk_ino;
} __attribute__((preserve_access_index));

/* Returns the inode number of the socket as /proc/net/tcp shows it; 0 when the socket has none (a child before
 * accept(), an orphan). struct sock keeps a copy of the number since Linux 6.18 ("net: lockless sock_i_ino()"). Before,
 * the number is that of the open file's inode. */
static __always_inline __u32 sock_inode(struct sock *sk)
{
	struct sock___ino *with_ino = (void *)sk;
	struct socket *socket;

	if (bpf_core_field_exists(with_ino->sk_ino))
		return with_ino->sk_ino;
	socket = sk->sk_socket;
	if (!socket || !socket->file || !socket->file->f_inode)
		return 0;
	return socket->file->f_inode->i_ino;
}

struct dentry___inline {
	unsigned char d_iname[32];
} __attribute__((preserve_access_index));

union shortname_store {
	unsigned char string[32];
};

struct dentry___shortname {
	union shortname_store d_shortname;
} __attribute__((preserve_access_index));

/* True when the file is named as an io_uring is. So may other files be: the link in /proc tells them apart. A short
 * name stands in the dentry itself, since Linux 6.14 in a union ("dcache: back inline names with a struct-wrapped array
 * of unsigned long"). Its room there differs between kernels: only its offset is relocated. */
static __always_inline bool is_ring(const struct file *file)
{
	static const char name[] = "[io_uring]";
	struct dentry___shortname *with_union = (void *)file->f_path.dentry;
	struct dentry___inline *dentry = (void *)file->f_path.dentry;
	const unsigned char *shortname = (void *)dentry;

	shortname += bpf_core_field_exists(with_union->d_shortname) ? bpf_core_field_offset(with_union->d_shortname)
								    : bpf_core_field_offset(dentry->d_iname);
	for (unsigned int i = 0; i < sizeof(name); i++)
		if (shortname[i] != (unsigned char)name[i])
			return false;
	return true;
}

/* True at LISTEN→SYN_RECV for a child that still carries the tuple and the cookie of its listener. Before Linux 6.15
 * inet_csk_clone_lock() set the state before it copied the request's addresses. The port of the peer then reads 0,
 * which no true peer has. */
static __always_inline bool child_is_still_listener(__u16 rport, int newstate)
{
	return newstate == TCP_SYN_RECV && rport == 0;
}

struct netns_ipv4___pointer {
	struct inet_timewait_death_row *tcp_death_row;
} __attribute__((preserve_access_index));

/* Returns the hash of the TCP sockets of a network namespace. Linux 5.18 to 6.0 keep the structure that refers to it
 * outside of the namespace's, which has a pointer ("tcp: allocate tcp_death_row outside of struct netns_ipv4", undone
 * by "tcp: Don't allocate tcp_death_row outside of struct netns_ipv4"). A member of another kind is another member. */
static __always_inline struct inet_hashinfo *tcp_hashinfo_of(struct net *net)
{
	struct netns_ipv4___pointer *with_pointer = (void *)&net->ipv4;

	if (bpf_core_field_exists(with_pointer->tcp_death_row))
		return with_pointer->tcp_death_row->hashinfo;
	return net->ipv4.tcp_death_row.hashinfo;
}

struct tcp_sock___usec_ts {
	__u8 tcp_usec_ts : 1;
} __attribute__((preserve_access_index));

/* Unit of the socket's 32-bit time stamps: a millisecond, or since Linux 6.7 ("tcp: add support for usec resolution in
 * TCP TS values") a microsecond for routes that are set so. */
static __always_inline __u32 stamp_unit_ns(struct tcp_sock *tp)
{
	struct tcp_sock___usec_ts *with_bit = (void *)tp;

	if (bpf_core_field_exists(with_bit->tcp_usec_ts) && BPF_CORE_READ_BITFIELD(with_bit, tcp_usec_ts))
		return 1000;
	return 1000000;
}
