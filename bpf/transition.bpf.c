// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Writes TCP state transitions from the tracepoint sock:inet_sock_set_state into a ring buffer.
 *
 * The tracepoint fires before the new state is stored; for →CLOSE, after the socket was unhashed. Fields are read by
 * plain loads through BTF-typed pointers. bpf_probe_read_kernel() is slower, and a kernel locked down for
 * confidentiality takes it away. Only the search for a minisocket and the look into an ICMP message need it
 * (minisocket.h, connect_error.h).
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#include "connect_error.h"
#include "drift.h"
#include "kernel.h"
#include "minisocket.h"
#include "probe.h"
#include "process.h"
#include "ring.h"
#include "socket.h"

enum {
	SRTT_SHIFT = 3, /* tcp_sock keeps eight times the smoothed round-trip time */
};

/* Bits of the kernel's that enum closing_flag has in the same order, from bit 0 and from bit 2. */
enum {
	SOCK_DEAD_AND_DONE = CLOSING_ORPHAN | CLOSING_PEER_FIN, /* sk_flags: 1 << SOCK_DEAD, 1 << SOCK_DONE */
	SHUTDOWN_MASK = 3,                                      /* sk_shutdown: RCV_SHUTDOWN, SEND_SHUTDOWN */
	SHUTDOWN_SHIFT = 2,
};

_Static_assert(CLOSING_SHUT_READ == 1 << SHUTDOWN_SHIFT, "RCV_SHUTDOWN is 1");
_Static_assert(CLOSING_SHUT_WRITE == 2 << SHUTDOWN_SHIFT, "SEND_SHUTDOWN is 2");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set before load. */
const volatile struct record_filter filter = {};
const volatile bool make_cookies = true; /* false: bpf_get_socket_cookie() is not available here */
const volatile __u32 own_pid = 0;        /* process id of tcpledger, as process_number() gives it */

struct cpu_counters counters[RECORD_MAX_CPUS] __attribute__((aligned(CACHE_LINE)));

/* True where the kernel makes children without their peer (drift.h). Known from the first such child on. */
bool born_without_peer;

/* Atomic although each CPU has its own: an interrupt on this CPU may count between a load and its store. */
static __always_inline void increment_counter(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline struct cpu_counters *get_this_cpu_counters(void)
{
	return &counters[bpf_get_smp_processor_id() & (RECORD_MAX_CPUS - 1)];
}

static __always_inline bool is_port_in_set(const volatile struct record_port_set *set, __u32 port)
{
	/* Clang 18 drops the mask where it knows that the port has 16 bits; the verifier forgets that after a bswap. */
	barrier_var(port);
	port &= 0xffff;
	return set->words[port / 64] & (1ULL << (port % 64));
}

static __always_inline bool is_v4mapped(const struct in6_addr *addr)
{
	return addr->in6_u.u6_addr32[0] == 0 && addr->in6_u.u6_addr32[1] == 0 &&
	       addr->in6_u.u6_addr32[2] == bpf_htonl(0xffff);
}

static __always_inline bool passes_family_test(struct sock *sk, bool peer_open)
{
	if (sk->__sk_common.skc_family == AF_INET)
		return filter.want_ipv4;
	if (filter.want_ipv6 || peer_open)
		return true;
	return is_v4mapped(&sk->__sk_common.skc_v6_rcv_saddr) || is_v4mapped(&sk->__sk_common.skc_v6_daddr);
}

static __always_inline bool passes_netns_test(__u32 netns)
{
	if (!filter.by_netns)
		return true;
	for (__u32 i = 0; i < RECORD_MAX_NETNS; i++)
		if (i < filter.netns_count && filter.netns[i] == netns)
			return true;
	return false;
}

/* Transitions of listeners always pass: user space takes a child's owner from its listener. Listeners are few. */
static __always_inline bool is_listener_transition(const struct transition_record *key)
{
	return key->newstate == TCP_LISTEN || (key->oldstate == TCP_LISTEN && key->newstate == TCP_CLOSE);
}

/* True while the peer must be taken as unknown. A child that was born without its peer passes because of that, and so
 * does the child's next transition: user space learns what became of the child, and need not keep it in vain. */
static __always_inline bool peer_is_open(const struct transition_record *key)
{
	if (!child_is_still_listener(key->rport, key->newstate))
		return born_without_peer && key->oldstate == TCP_SYN_RECV;
	if (!born_without_peer)
		born_without_peer = true;
	return true;
}

/* A port that is not known yet may turn out to be any port, so it passes: user space decides, from the transition that
 * ends SYN_SENT. */
static __always_inline bool passes_ports_test(const struct transition_record *key, bool rport_open)
{
	bool lport_open = (key->lport == 0 && key->newstate == TCP_SYN_SENT) || key->oldstate == TCP_SYN_SENT;

	if (filter.by_lport && !lport_open && !is_port_in_set(&filter.lports, key->lport))
		return false;
	if (filter.by_rport && !rport_open && !is_port_in_set(&filter.rports, key->rport))
		return false;
	if (filter.by_either && !lport_open && !rport_open && !is_port_in_set(&filter.either, key->lport) &&
	    !is_port_in_set(&filter.either, key->rport))
		return false;
	return true;
}

static __always_inline bool passes_filter(struct sock *sk, const struct transition_record *key)
{
	bool peer_open;

	if (!passes_netns_test(key->netns))
		return false;
	if (is_listener_transition(key))
		return true;
	peer_open = peer_is_open(key);
	if (filter.by_family && !passes_family_test(sk, peer_open))
		return false;
	return passes_ports_test(key, peer_open);
}

/* Reads the fields that the filter tests. The other fields are read once the transition has passed. */
static __always_inline void read_key(struct transition_record *t, struct sock *sk, struct tcp_sock *tp, int oldstate,
				     int newstate)
{
	t->netns = sk->__sk_common.skc_net.net->ns.inum;
	/* At →CLOSE the port was already given back (skc_num is 0 unless bind() fixed it) but
	 * inet_sport still names it; before →CLOSE, inet_sport may be that of an earlier connection. */
	t->lport = newstate == TCP_CLOSE ? bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport) : sk->__sk_common.skc_num;
	t->rport = bpf_ntohs(sk->__sk_common.skc_dport);
	t->oldstate = oldstate;
	t->newstate = newstate;
	t->family = sk->__sk_common.skc_family == AF_INET ? 4 : 6;
}

/* Returns the socket's cookie, which the kernel makes when somebody first asks for it. Returns 0 when the cookie is
 * not known, as for a child that still carries its listener's cookie. */
static __always_inline __u64 get_or_make_cookie(struct sock *sk, const struct transition_record *key)
{
	__u64 cookie = sk->__sk_common.skc_cookie.counter;

	if (child_is_still_listener(key->rport, key->newstate))
		return 0;
	return cookie || !make_cookies ? cookie : bpf_get_socket_cookie(sk);
}

static __always_inline void fill_transition(struct transition_record *t, const struct transition_record *key,
					    struct sock *sk, __u8 kind)
{
	t->ts_ns = record_time_ns();
	t->sk = (__u64)sk;
	t->cookie = get_or_make_cookie(sk, key);
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

/* True for the transitions that run in the task that holds the socket: those of that task's own system calls. */
static __always_inline bool is_call_transition(const struct transition_record *key)
{
	return key->newstate == TCP_SYN_SENT || key->newstate == TCP_LISTEN || key->newstate == TCP_FIN_WAIT1 ||
	       key->newstate == TCP_LAST_ACK;
}

/* A kernel thread (NFS, MPTCP's workers) is nobody's owner, and neither is tcpledger itself. Its iterator over
 * descriptors holds the file being shown: a socket that its process closes at that moment is closed in our thread. */
static __always_inline void fill_caller(struct call_record *c, struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 pid = task->flags & PF_KTHREAD ? 0 : process_number(task);

	c->inode = sock_inode(sk);
	if (!pid || pid == own_pid) {
		c->pid = 0;
		c->comm[0] = 0;
		c->lineage = (struct record_lineage){};
		return;
	}
	c->pid = pid;
	__builtin_memcpy(c->comm, task->group_leader->comm, sizeof(c->comm));
	fill_lineage(&c->lineage, task);
}

/* Returns the payload sent, each byte counted once. bytes_sent counts a segment that the host itself drops on its way
 * out each time it is tried. Such a segment takes no room in the sequence, so the sequence bounds the count. */
static __always_inline __u64 count_payload_sent(struct tcp_sock *tp)
{
	__u64 sent = tp->bytes_sent - tp->bytes_retrans;
	__u64 sequence = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);

	return sent < sequence ? sent : sequence;
}

/* Returns bits of enum closing_flag. tcp_done(), which ends a socket after an error, sets sk_shutdown only after the
 * transition; close() and shutdown() set it before. */
static __always_inline __u8 read_closing_flags(struct sock *sk, struct tcp_sock *tp)
{
	__u8 flags = sk->__sk_common.skc_flags & SOCK_DEAD_AND_DONE;

	flags |= (sk->sk_shutdown & SHUTDOWN_MASK) << SHUTDOWN_SHIFT;
	flags |= tp->segs_out ? CLOSING_SENT : 0;
	return flags | (tp->snd_una == tp->write_seq ? CLOSING_ACKED : 0);
}

/* Returns the state of the minisocket that takes the socket's place; 0 when none does. tcp_time_wait() puts the
 * minisocket into the hash before it closes the socket. Where the hash cannot be read, the state is derived from the
 * socket: after the peer's FIN it is TIME_WAIT; without it, an orphan is in FIN_WAIT2 unless an error ended it. */
static __always_inline __u8 find_heir_state(struct sock *sk, __u8 oldstate, __u8 flags)
{
	if (oldstate != TCP_FIN_WAIT2 && oldstate != TCP_CLOSING)
		return 0;
	if (may_probe)
		return minisocket_in_place_of(sk);
	if (oldstate == TCP_CLOSING)
		return flags & CLOSING_ACKED ? TCP_TIME_WAIT : 0;
	if (flags & CLOSING_PEER_FIN)
		return TCP_TIME_WAIT;
	return flags & CLOSING_ORPHAN && !sk->sk_err ? TCP_FIN_WAIT2 : 0;
}

static __always_inline __u16 find_error(struct sock *sk, struct tcp_sock *tp, const struct closing_record *c)
{
	if (sk->sk_err || c->transition.oldstate != TCP_SYN_SENT || !(c->flags & CLOSING_SENT))
		return sk->sk_err;
	return find_connect_error(sk, tp, may_probe);
}

static __always_inline void fill_balance(struct closing_record *c, struct sock *sk, struct tcp_sock *tp)
{
	__u64 received = tp->bytes_received;

	c->flags = read_closing_flags(sk, tp);
	/* The kernel counts the peer's FIN as a byte received (it takes a sequence number). */
	if (received && c->flags & CLOSING_PEER_FIN)
		received--;
	c->rx_bytes = received;
	c->tx_bytes = count_payload_sent(tp);
	c->srtt_us = tp->srtt_us >> SRTT_SHIFT;
	c->retrans = tp->total_retrans;
	c->inode = sock_inode(sk);
	c->err = find_error(sk, tp, c);
	c->lives_on = find_heir_state(sk, c->transition.oldstate, c->flags);
}

/* Reserves room for a record, and counts the transition: it is seen, and dropped where there is no room. */
static __always_inline void *reserve_counted_record(__u32 size, __u32 interface)
{
	struct cpu_counters *mine = get_this_cpu_counters();
	void *record = reserve_record(size, interface);

	increment_counter(&mine->seen); /* after the reserve: see submit_record() */
	if (!record)
		increment_counter(&mine->dropped);
	return record;
}

static __always_inline void emit_transition(struct sock *sk, struct tcp_sock *tp, const struct transition_record *key)
{
	__u32 interface = sk->__sk_common.skc_bound_dev_if;
	__u8 bound = binding_flag(interface);

	if (key->newstate == TCP_CLOSE) {
		struct closing_record *c = reserve_counted_record(sizeof(*c), interface);

		if (!c)
			return;
		fill_transition(&c->transition, key, sk, RECORD_CLOSING | bound);
		fill_balance(c, sk, tp);
		submit_record(c, sizeof(*c));
	} else if (is_call_transition(key)) {
		struct call_record *c = reserve_counted_record(sizeof(*c), interface);

		if (!c)
			return;
		fill_transition(&c->transition, key, sk, RECORD_CALL | bound);
		fill_caller(c, sk);
		submit_record(c, sizeof(*c));
	} else {
		struct transition_record *t = reserve_counted_record(sizeof(*t), interface);

		if (!t)
			return;
		fill_transition(t, key, sk, RECORD_TRANSITION | bound);
		submit_record(t, sizeof(*t));
	}
}

static __always_inline void handle_transition(struct sock *sk, int oldstate, int newstate, __u8 again)
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
	if (passes_filter(sk, &key))
		emit_transition(sk, tp, &key);
}

static __always_inline __u32 pack_states(int oldstate, int newstate)
{
	return (__u32)oldstate << 8 | (__u32)newstate;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_transition, struct sock *sk, int oldstate, int newstate)
{
	struct cpu_counters *mine = get_this_cpu_counters();

	handle_transition(sk, oldstate, newstate, 0);
	mine->handled_sk = (__u64)sk;
	mine->handled_states = pack_states(oldstate, newstate);
	return 0;
}

/*
 * Since Linux 6.1 a tracing program is skipped when an interrupt fires its tracepoint on a CPU where the program is
 * already running. This second program, attached after the first, catches the transitions for which the first was
 * skipped: while the first is interrupted the second is not running, so the second gets its turn.
 *
 * The first program marks the transition that it has handled last on its CPU; the second compares the mark with its own
 * transition, and clears the mark. An interrupt between the two, or in the second, sets the mark anew: then the
 * interrupted transition is recorded twice, the second time with RECORD_AGAIN. A mark that is not compared, because the
 * second program was skipped, lasts until the first runs on this CPU again. Such a mark cannot be taken for that of a
 * later transition of the same socket, since other transitions lie between the two.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_transition_missed, struct sock *sk, int oldstate, int newstate)
{
	struct cpu_counters *mine = get_this_cpu_counters();

	if (mine->handled_sk == (__u64)sk && mine->handled_states == pack_states(oldstate, newstate)) {
		mine->handled_sk = 0;
		return 0;
	}
	increment_counter(&mine->recovered);
	handle_transition(sk, oldstate, newstate, RECORD_AGAIN);
	return 0;
}
