/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Finds the error with which the network answered a connect that its program then gave up.
 *
 * An ICMP error that comes while connect() is still running ends nothing: the socket stays in SYN_SENT. The kernel
 * keeps the error in sk_err_soft until getsockopt(SO_ERROR) takes it. Since Linux 5.15 the ICMP message is also put
 * into the error queue (which wakes poll() with POLLERR), and stays there after SO_ERROR.
 */

#include "kernel.h"

/* SO_EE_ORIGIN_… of linux/errqueue.h */
enum { ERROR_FROM_ICMP = 2, ERROR_FROM_ICMP6 = 3 };

enum { TCP_SEQ_OFFSET = 4 }; /* of the sequence number in the TCP header */

/* True when the ICMP message is about this socket's SYN. A socket that connects once more keeps the queue of its
 * earlier attempts. The message's data is the TCP header that the network sent back. */
static __always_inline bool is_about_this_syn(const struct sk_buff *skb, struct sock *sk, struct tcp_sock *tp,
					      bool may_probe)
{
	const struct sock_exterr_skb *error = (const void *)skb->cb;
	__u32 seq;

	if (error->port != sk->__sk_common.skc_dport)
		return false;
	if (!may_probe)
		return true;
	return !bpf_probe_read_kernel(&seq, sizeof(seq), skb->data + TCP_SEQ_OFFSET) && bpf_ntohl(seq) == tp->snd_una;
}

static __always_inline __u16 find_queued_error(struct sock *sk, struct tcp_sock *tp, bool may_probe)
{
	const struct sk_buff *newest = sk->sk_error_queue.prev;
	const struct sock_exterr_skb *error = (const void *)newest->cb;

	if (error->ee.ee_origin != ERROR_FROM_ICMP && error->ee.ee_origin != ERROR_FROM_ICMP6)
		return 0;
	return is_about_this_syn(newest, sk, tp, may_probe) ? error->ee.ee_errno : 0;
}

/* Returns a positive errno; 0 when no error is known. The queue comes first: it tells to which attempt an error
 * belongs. sk_err_soft may be left from an earlier one. */
static __always_inline __u16 find_connect_error(struct sock *sk, struct tcp_sock *tp, bool may_probe)
{
	return sk->sk_error_queue.qlen ? find_queued_error(sk, tp, may_probe) : sk->sk_err_soft;
}
