/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Writes into a record the addresses, which all kinds of sockets have in common.
 */

/* Writes an IPv4 address as ::ffff:a.b.c.d. */
static __always_inline void put_ipv4(__u8 *to, __be32 addr)
{
	__u32 *words = (__u32 *)to;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = addr;
}

static __always_inline void put_ipv6(__u8 *to, const struct in6_addr *addr)
{
	__u32 *words = (__u32 *)to;

	words[0] = addr->in6_u.u6_addr32[0];
	words[1] = addr->in6_u.u6_addr32[1];
	words[2] = addr->in6_u.u6_addr32[2];
	words[3] = addr->in6_u.u6_addr32[3];
}

static __always_inline void put_addresses(struct transition_record *t, const struct sock_common *skc)
{
	if (t->family == 4) {
		put_ipv4(t->laddr, skc->skc_rcv_saddr);
		put_ipv4(t->raddr, skc->skc_daddr);
	} else {
		put_ipv6(t->laddr, &skc->skc_v6_rcv_saddr);
		put_ipv6(t->raddr, &skc->skc_v6_daddr);
	}
}
