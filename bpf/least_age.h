/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * How long a socket has at least been in its state, and has existed. The kernel keeps no time of birth, but the times
 * of some packets, and how long a timer has been running.
 */

#include "drift.h"
#include "kernel.h"
#include "ring.h"

const volatile __u32 tick_ns = 0; /* length of a jiffy */

/* TCP_TIMEWAIT_LEN, include/net/tcp.h */
#define TIME_WAIT_NS 60000000000ULL

/* Longest time from the arrival of a packet, which gives the stamp, to the state into which it brings the socket. */
#define ARRIVAL_NS 1000000

/* Beginnings by the clock of the records, at the latest; 0: not known. */
struct beginnings {
	__u64 state_since_ns;
	__u64 alive_since_ns;
};

/* A time at which all was done that belongs to the packet of a stamp; 0: the stamp was never set. */
static __always_inline __u64 stamp_time_ns(__u64 stamp_us)
{
	return stamp_us ? stamp_us * 1000 + ARRIVAL_NS + clock_offset_ns : 0;
}

static __always_inline __u64 take_earlier(__u64 a, __u64 b)
{
	return a && (!b || a < b) ? a : b;
}

/* When the first SYN was sent. The stamp holds the low 32 bits of a time in TCP's units. */
static __always_inline __u64 connect_time_ns(struct tcp_sock *tp)
{
	__u32 unit_ns = stamp_unit_ns(tp);
	__u64 now = bpf_ktime_get_ns() / unit_ns;
	__u32 passed = (__u32)now - tp->retrans_stamp;

	return tp->retrans_stamp ? (now - passed + 1) * unit_ns + clock_offset_ns : 0;
}

/* A time at which the connection existed. One stamp is set when it is established, and moves on as data is read. The
 * other is set as data is sent, and moves on as that is acknowledged; before, it may be of another connection (of the
 * listener, when that was connected once). */
static __always_inline __u64 alive_time_ns(struct tcp_sock *tp)
{
	return take_earlier(stamp_time_ns(tp->rcvq_space.time),
			    tp->bytes_sent ? stamp_time_ns(tp->delivered_mstamp) : 0);
}

/* When the connection was established, or later. Where data came with the SYN (TCP Fast Open), the stamps may be older.
 */
static __always_inline __u64 connected_time_ns(struct tcp_sock *tp)
{
	return BPF_CORE_READ_BITFIELD(tp, syn_data_acked) ? 0 : alive_time_ns(tp);
}

/* When the last packet was received or sent. */
static __always_inline __u64 last_packet_time_ns(struct tcp_sock *tp)
{
	return stamp_time_ns(tp->tcp_mstamp);
}

/* Returns how long the FIN has been sent again and again when the last packet came or went: each wait was twice the one
 * before. 0 where data lacks its acknowledgement too, or where the waits are those of data before: the kernel keeps the
 * long waits until it can measure the round-trip time again. */
static __always_inline __u64 fin_waits_ns(struct tcp_sock *tp)
{
	struct inet_connection_sock *icsk = &tp->inet_conn;

	if (tp->write_seq - tp->snd_una != 1 || icsk->icsk_backoff > icsk->icsk_retransmits)
		return 0;
	return (icsk->icsk_rto - (icsk->icsk_rto >> (icsk->icsk_backoff & 31))) * (__u64)tick_ns;
}

/* When the FIN was sent, or later. */
static __always_inline __u64 fin_time_ns(struct tcp_sock *tp)
{
	__u64 waits_ns = fin_waits_ns(tp), last_ns = last_packet_time_ns(tp);

	if (tp->write_seq != tp->snd_nxt)
		return 0;
	return waits_ns < last_ns ? last_ns - waits_ns : last_ns;
}

static __always_inline struct beginnings socket_beginnings(struct tcp_sock *tp, __u8 state)
{
	struct beginnings b = {0};

	switch (state) {
	case TCP_LISTEN:
	case TCP_CLOSE:
	case TCP_SYN_RECV:
		return b;
	case TCP_SYN_SENT:
		b.state_since_ns = connect_time_ns(tp);
		break;
	case TCP_ESTABLISHED:
		b.state_since_ns = connected_time_ns(tp);
		break;
	case TCP_FIN_WAIT1:
	case TCP_LAST_ACK:
		b.state_since_ns = fin_time_ns(tp);
		break;
	default: /* a packet has brought the socket into its state: the last one, or one before */
		b.state_since_ns = last_packet_time_ns(tp);
		break;
	}
	b.alive_since_ns = state == TCP_SYN_SENT ? b.state_since_ns : take_earlier(b.state_since_ns, alive_time_ns(tp));
	return b;
}

/* What is left of its minute tells how much of it is over. In FIN_WAIT2 the time is not the same for all sockets. */
static __always_inline struct beginnings time_wait_beginnings(const struct inet_timewait_sock *tw)
{
	__s64 left = tw->tw_timer.expires - bpf_jiffies64();
	__u64 left_ns = left > 0 ? (__u64)left * tick_ns : 0;
	struct beginnings b = {0};

	if (tw->tw_substate == TCP_TIME_WAIT && tick_ns && left_ns + tick_ns < TIME_WAIT_NS)
		b.state_since_ns = record_time_ns() - (TIME_WAIT_NS - left_ns - tick_ns);
	b.alive_since_ns = b.state_since_ns;
	return b;
}

/* When the first SYN-ACK was sent. */
static __always_inline struct beginnings request_beginnings(const struct tcp_request_sock *request)
{
	__u64 since_ns = stamp_time_ns(request->snt_synack);

	return (struct beginnings){.state_since_ns = since_ns, .alive_since_ns = since_ns};
}
