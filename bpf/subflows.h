/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Subflows of MPTCP. A descriptor of MPTCP refers to a socket above TCP; the TCP sockets below it, its subflows, have
 * no descriptors. The list of subflows (struct mptcp_sock, net/mptcp/protocol.h) is walked without its lock, by
 * bpf_probe_read_kernel(): a subflow that comes or goes meanwhile may be passed over until the next walk.
 */

#include "kernel.h"
#include "probe.h"

enum { SUBFLOWS_MAX = 8 };

/* These types exist only in kernels with CONFIG_MPTCP. */
struct mptcp_sock___mptcp {
	struct list_head conn_list;
} __attribute__((preserve_access_index));

struct mptcp_subflow_context___mptcp {
	struct list_head node;
	struct sock *tcp_sock;
} __attribute__((preserve_access_index));

static __always_inline bool has_subflows(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_MPTCP && may_probe && bpf_core_type_exists(struct mptcp_sock___mptcp);
}

static __always_inline struct list_head *subflow_list(struct sock *sk)
{
	return (void *)sk + bpf_core_field_offset(struct mptcp_sock___mptcp, conn_list);
}

/* Returns the entry behind `at`, which is the list itself or one of its entries; NULL at the end. */
static __always_inline struct list_head *subflow_after(struct list_head *list, struct list_head *at)
{
	struct list_head *next = BPF_CORE_READ(at, next);

	return next == list ? NULL : next;
}

static __always_inline struct sock *subflow_sock(struct list_head *at)
{
	struct mptcp_subflow_context___mptcp *context =
		(void *)at - bpf_core_field_offset(struct mptcp_subflow_context___mptcp, node);

	return BPF_CORE_READ(context, tcp_sock);
}
