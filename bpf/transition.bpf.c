// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP state transitions, from the tracepoint sock:inet_sock_set_state into a ring buffer.
 *
 * The tracepoint fires before the new state is stored; for →CLOSE, after the socket was unhashed.
 * Everything on the way is a plain load through BTF-typed pointers: no bpf_probe_read_kernel(), which
 * is slower and which a kernel locked down for confidentiality takes away.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#include "drift.h"
#include "kernel.h"
#include "minisocket.h"
#include "ring.h"
#include "socket.h"

enum {
	SOCK_DONE_BIT = 1, /* enum sock_flags: the peer's FIN has come */
	SRTT_SHIFT = 3,    /* tcp_sock keeps eight times the smoothed round-trip time */
};

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set before load. */
const volatile struct record_filter filter = {};
const volatile bool make_cookies = true; /* false: bpf_get_socket_cookie() is not to be had here */
const volatile int own_pid = 0;          /* ours */
const volatile bool may_probe = true;    /* false: bpf_probe_read_kernel() is not to be had here */

struct cpu_counters counters[RECORD_MAX_CPUS];

/* Whether children are born without their peer here (drift.h): known from the first of them on. */
bool born_without_peer;

/* Atomic all the same: an interrupt on this CPU may count between a load and its store. */
static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline struct cpu_counters *this_cpu_counters(void)
{
	return &counters[bpf_get_smp_processor_id() & (RECORD_MAX_CPUS - 1)];
}

static __always_inline bool port_in(const volatile struct record_port_set *set, __u32 port)
{
	/* Clang 18 leaves this out where it knows the port to be of 16 bits; the verifier forgets that over a bswap. */
	barrier_var(port);
	port &= 0xffff;
	return set->words[port / 64] & (1ULL << (port % 64));
}

static __always_inline bool is_v4mapped(const struct in6_addr *addr)
{
	return addr->in6_u.u6_addr32[0] == 0 && addr->in6_u.u6_addr32[1] == 0 &&
	       addr->in6_u.u6_addr32[2] == bpf_htonl(0xffff);
}

static __always_inline bool passes_family(struct sock *sk, bool peer_open)
{
	if (sk->__sk_common.skc_family == AF_INET)
		return filter.want_ipv4;
	if (filter.want_ipv6 || peer_open)
		return true;
	return is_v4mapped(&sk->__sk_common.skc_v6_rcv_saddr) || is_v4mapped(&sk->__sk_common.skc_v6_daddr);
}

static __always_inline bool passes_netns(__u32 netns)
{
	if (!filter.by_netns)
		return true;
	for (__u32 i = 0; i < RECORD_MAX_NETNS; i++)
		if (i < filter.netns_count && filter.netns[i] == netns)
			return true;
	return false;
}

/* Listeners always pass: user space takes their children's owner from them. They are few. */
static __always_inline bool is_of_listener(const struct transition_record *key)
{
	return key->newstate == TCP_LISTEN || (key->oldstate == TCP_LISTEN && key->newstate == TCP_CLOSE);
}

/* What became of a child that was born without its peer passes like its birth: user space need not keep it in vain. */
static __always_inline bool peer_is_open(const struct transition_record *key)
{
	if (!child_is_still_listener(key->rport, key->newstate))
		return born_without_peer && key->oldstate == TCP_SYN_RECV;
	if (!born_without_peer)
		born_without_peer = true;
	return true;
}

/* A port that is not known yet may turn out to be any; user space decides, from what it hears when SYN_SENT ends. */
static __always_inline bool passes_ports(const struct transition_record *key, bool rport_open)
{
	bool lport_open = (key->lport == 0 && key->newstate == TCP_SYN_SENT) || key->oldstate == TCP_SYN_SENT;

	if (filter.by_lport && !lport_open && !port_in(&filter.lports, key->lport))
		return false;
	if (filter.by_rport && !rport_open && !port_in(&filter.rports, key->rport))
		return false;
	if (filter.by_either && !lport_open && !rport_open && !port_in(&filter.either, key->lport) &&
	    !port_in(&filter.either, key->rport))
		return false;
	return true;
}

static __always_inline bool passes(struct sock *sk, const struct transition_record *key)
{
	bool peer_open;

	if (!passes_netns(key->netns))
		return false;
	if (is_of_listener(key))
		return true;
	peer_open = peer_is_open(key);
	if (filter.by_family && !passes_family(sk, peer_open))
		return false;
	return passes_ports(key, peer_open);
}

/* What the filters ask for; the rest is read once the transition has passed them. */
static __always_inline void read_key(struct transition_record *t, struct sock *sk, struct tcp_sock *tp, int oldstate,
				     int newstate)
{
	t->netns = sk->__sk_common.skc_net.net->ns.inum;
	/* At →CLOSE the port was already given back (skc_num is 0 unless bind() fixed it) but
	 * inet_sport still names it; before, inet_sport may be that of an earlier connection. */
	t->lport = newstate == TCP_CLOSE ? bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport) : sk->__sk_common.skc_num;
	t->rport = bpf_ntohs(sk->__sk_common.skc_dport);
	t->oldstate = oldstate;
	t->newstate = newstate;
	t->family = sk->__sk_common.skc_family == AF_INET ? 4 : 6;
}

/* A socket gets its cookie when somebody first asks for it. */
static __always_inline __u64 cookie_of(struct sock *sk, const struct transition_record *key)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;

	if (child_is_still_listener(key->rport, key->newstate))
		return 0;
	return cookie || !make_cookies ? cookie : bpf_get_socket_cookie(sk);
}

static __always_inline void fill(struct transition_record *t, const struct transition_record *key, struct sock *sk,
				 enum record_kind kind)
{
	t->ts_ns = bpf_ktime_get_ns();
	t->sk = (__u64)sk;
	t->cookie = cookie_of(sk, key);
	t->netns = key->netns;
	t->uid = sk->sk_uid.val;
	t->lport = key->lport;
	t->rport = key->rport;
	t->oldstate = key->oldstate;
	t->newstate = key->newstate;
	t->family = key->family;
	t->kind = key->kind | kind;
	put_addresses(t, &sk->__sk_common);
}

/* The transitions that run in the task that holds the socket: those of its own system calls. A kernel thread (NFS,
 * MPTCP's workers) is nobody's owner. */
static __always_inline bool is_of_call(const struct transition_record *key)
{
	return key->newstate == TCP_SYN_SENT || key->newstate == TCP_LISTEN || key->newstate == TCP_FIN_WAIT1 ||
	       key->newstate == TCP_LAST_ACK;
}

/* Nor are we: an iterator over descriptors holds the file that it shows, so that a socket which its process closes at
 * that moment is closed in our thread. */
static __always_inline void fill_caller(struct call_record *c, struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();

	c->inode = sock_inode(sk);
	if (task->flags & PF_KTHREAD || task->tgid == own_pid) {
		c->pid = 0;
		c->comm[0] = 0;
		return;
	}
	c->pid = task->tgid;
	__builtin_memcpy(c->comm, task->group_leader->comm, sizeof(c->comm));
}

/* Each byte once. A segment that the host itself drops on its way out is counted as sent each time it is tried, but
 * takes no room in the sequence: that bounds it. */
static __always_inline __u64 payload_sent(struct tcp_sock *tp)
{
	__u64 sent = tp->bytes_sent - tp->bytes_retrans;
	__u64 sequence = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);

	return sent < sequence ? sent : sequence;
}

/* tcp_time_wait() puts a minisocket into the hash in the socket's place before it closes that. */
static __always_inline __u8 heir_of(struct sock *sk, __u8 oldstate)
{
	if (oldstate != TCP_FIN_WAIT2 && oldstate != TCP_CLOSING)
		return 0;
	if (may_probe)
		return minisocket_in_place_of(sk);
	if (sk->sk_err)
		return 0;
	return oldstate == TCP_CLOSING || (sk->__sk_common.skc_flags & (1UL << SOCK_DONE_BIT)) ? TCP_TIME_WAIT
											       : TCP_FIN_WAIT2;
}

static __always_inline void fill_balance(struct closing_record *c, struct sock *sk, struct tcp_sock *tp)
{
	__u64 received = tp->bytes_received;

	/* The kernel counts the peer's FIN as a byte received (it takes a sequence number). */
	if (received && (sk->__sk_common.skc_flags & (1UL << SOCK_DONE_BIT)))
		received--;
	c->rx_bytes = received;
	c->tx_bytes = payload_sent(tp);
	c->srtt_us = tp->srtt_us >> SRTT_SHIFT;
	c->retrans = tp->total_retrans;
	c->inode = sock_inode(sk);
	c->err = sk->sk_err;
	c->sent = tp->segs_out != 0;
	c->lives_on = heir_of(sk, c->transition.oldstate);
}

static __always_inline void emit(struct sock *sk, struct tcp_sock *tp, const struct transition_record *key)
{
	struct cpu_counters *mine = this_cpu_counters();

	count(&mine->seen);
	if (key->newstate == TCP_CLOSE) {
		struct closing_record *c = bpf_ringbuf_reserve(&ring, sizeof(*c), 0);

		if (!c)
			goto dropped;
		fill(&c->transition, key, sk, RECORD_CLOSING);
		fill_balance(c, sk, tp);
		submit(c, sizeof(*c));
	} else if (is_of_call(key)) {
		struct call_record *c = bpf_ringbuf_reserve(&ring, sizeof(*c), 0);

		if (!c)
			goto dropped;
		fill(&c->transition, key, sk, RECORD_CALL);
		fill_caller(c, sk);
		submit(c, sizeof(*c));
	} else {
		struct transition_record *t = bpf_ringbuf_reserve(&ring, sizeof(*t), 0);

		if (!t)
			goto dropped;
		fill(t, key, sk, RECORD_TRANSITION);
		submit(t, sizeof(*t));
	}
	return;
dropped:
	count(&mine->dropped);
}

static __always_inline void observe(struct sock *sk, int oldstate, int newstate, __u8 again)
{
	struct transition_record key = {.kind = again};
	struct tcp_sock *tp;

	/* SCTP, DCCP and MPTCP (protocol 262) pass this tracepoint too, with states of their own. */
	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return;
	read_key(&key, sk, tp, oldstate, newstate);
	if (passes(sk, &key))
		emit(sk, tp, &key);
}

static __always_inline __u32 states_key(int oldstate, int newstate)
{
	return (__u32)oldstate << 8 | (__u32)newstate;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_transition, struct sock *sk, int oldstate, int newstate)
{
	struct cpu_counters *mine = this_cpu_counters();

	observe(sk, oldstate, newstate, 0);
	mine->handled_sk = (__u64)sk;
	mine->handled_states = states_key(oldstate, newstate);
	return 0;
}

/*
 * Since Linux 6.1 a tracing program is skipped when an interrupt fires its tracepoint on a CPU where it
 * is already running. This second program, attached after the first, catches what the first was
 * skipped for; while the first is interrupted this one is not running, so it gets its turn.
 *
 * The first leaves a mark of the transition that it has dealt with last on its CPU; the second asks for it, and clears
 * it. An interrupt between the two, or in the second, sets the mark anew: then the interrupted transition is told
 * twice, and marked so. A mark that nobody asks for, because the second was skipped, lasts until the first runs on this
 * CPU again: so it cannot be taken for that of a later transition of the same socket, between which and it others have
 * been.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_transition_missed, struct sock *sk, int oldstate, int newstate)
{
	struct cpu_counters *mine = this_cpu_counters();

	if (mine->handled_sk == (__u64)sk && mine->handled_states == states_key(oldstate, newstate)) {
		mine->handled_sk = 0;
		return 0;
	}
	count(&mine->recovered);
	observe(sk, oldstate, newstate, RECORD_AGAIN);
	return 0;
}
