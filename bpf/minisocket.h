/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Finds the minisocket that takes the place of a socket in FIN_WAIT2 or CLOSING. No tracepoint names minisockets. But
 * by the time the socket goes to CLOSE, tcp_time_wait() has put the minisocket into the hash of connections, at the
 * head of the socket's own chain. Where the chain shows none (tcp_max_tw_buckets), there is none.
 *
 * The links of a chain are no BTF-typed pointers, so they are read by bpf_probe_read_kernel().
 */

#include "drift.h"
#include "kernel.h"

enum { CHAIN_LOOK = 8 }; /* entries searched: others may have been put before the minisocket since */

/* True for the socket's minisocket. The hash leaves out the interface, in which alone connections may differ. */
static __always_inline bool is_minisocket_of(const struct sock *sk, const struct inet_timewait_sock *tw)
{
	return BPF_CORE_READ(tw, __tw_common.skc_state) == TCP_TIME_WAIT &&
	       BPF_CORE_READ(tw, __tw_common.skc_hash) == sk->__sk_common.skc_hash &&
	       BPF_CORE_READ(tw, __tw_common.skc_bound_dev_if) == sk->__sk_common.skc_bound_dev_if;
}

/* Returns the minisocket's state (FIN_WAIT2 or TIME_WAIT); 0 when there is none. */
static __always_inline __u8 minisocket_in_place_of(struct sock *sk)
{
	struct inet_hashinfo *hashinfo = tcp_hashinfo_of(sk->__sk_common.skc_net.net);
	__u32 slot = sk->__sk_common.skc_hash & hashinfo->ehash_mask;
	struct hlist_nulls_node *node = NULL;

	bpf_core_read(&node, sizeof(node), &hashinfo->ehash[slot].chain.first);
	for (int i = 0; i < CHAIN_LOOK && node && !((unsigned long)node & 1); i++) { /* odd: the end of the chain */
		struct inet_timewait_sock *tw =
			(void *)node - bpf_core_field_offset(struct sock_common, skc_nulls_node);

		if (is_minisocket_of(sk, tw))
			return BPF_CORE_READ(tw, tw_substate);
		if (bpf_core_read(&node, sizeof(node), &node->next))
			break;
	}
	return 0;
}
