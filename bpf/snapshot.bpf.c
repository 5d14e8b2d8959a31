// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Writes the sockets that exist now, and the descriptors that hold them, from the kernel's iterators into the ring of
 * the transitions. So each row stands in one order with the transitions before and after it.
 *
 * iter/tcp holds a socket's lock while showing the socket, and passes over sockets that left the hash (Linux 5.15): a
 * row shows the result of the events before it. iter/tcp covers the network namespace of its opener; iter/task_file
 * covers all network namespaces. Into the iterators' own files only the descriptors of io_urings are written: what a
 * ring holds is not read here.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "holding.h"
#include "record.h"

#include "drift.h"
#include "kernel.h"
#include "least_age.h"
#include "process.h"
#include "ring.h"
#include "socket.h"
#include "subflows.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Return values. ONCE_MORE asks for the same socket or descriptor again: read() then fails with EAGAIN. */
enum { GO_ON = 0, ONCE_MORE = 1 };

__u64 queue_max; /* bytes that may wait in the ring where a row is added: events behind them wait as long as they do */
__u64 passed;    /* sockets and descriptors that were not put off because more was waiting */
__u64 put_off;   /* how often one was */
__u64 lost;      /* rows and holders that found no room in the ring all the same */
bool minis_only; /* of the sockets, report only minisockets and request sockets */
__u32 last_slot; /* hash slot of the socket shown before */

static __always_inline bool queue_is_long(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > queue_max;
}

/* True where the iterator may stop and wait. An iterator that stopped in the middle of a hash chain may skip
 * or repeat some of the chain (before Linux 6.17); one that stopped at the start of a chain goes on exactly. Listeners
 * are in another hash and come and go rarely: among listeners the iterator may wait anywhere. */
static __always_inline bool may_wait_here(const struct sock_common *skc)
{
	struct inet_hashinfo *hashinfo = tcp_hashinfo_of(skc->skc_net.net);
	__u32 slot;

	if (skc->skc_state == TCP_LISTEN)
		return true;
	slot = skc->skc_hash & hashinfo->ehash_mask;
	if (slot == last_slot)
		return false;
	last_slot = slot;
	return true;
}

static __always_inline void fill_row_header(struct transition_record *t, struct sock_common *skc, __u32 uid, __u8 bound)
{
	t->kind = RECORD_SOCKET | bound;
	t->family = skc->skc_family == AF_INET ? 4 : 6;
	t->oldstate = 0;
	t->newstate = skc->skc_state;
	t->netns = skc->skc_net.net->ns.inum;
	t->ts_ns = record_time_ns();
	t->sk = (__u64)skc;
	t->cookie = skc->skc_cookie.counter;
	t->uid = uid;
	t->lport = skc->skc_num;
	t->rport = bpf_ntohs(skc->skc_dport);
	put_addresses(t, skc);
}

static __always_inline void put_beginnings(struct socket_record *s, struct beginnings beginnings)
{
	s->state_since_ns = beginnings.state_since_ns;
	s->alive_since_ns = beginnings.alive_since_ns;
}

static __always_inline void fill_socket(struct socket_record *s, struct tcp_sock *tp)
{
	struct sock *sk = &tp->inet_conn.icsk_inet.sk;
	__s32 unread = tp->rcv_nxt - tp->copied_seq;

	s->mini = 0;
	put_beginnings(s, socket_beginnings(tp, s->transition.newstate));
	s->inode = sock_inode(sk);
	if (s->transition.newstate == TCP_LISTEN) {
		s->recvq = sk->sk_ack_backlog;
		s->sendq = sk->sk_max_ack_backlog;
	} else {
		s->recvq = unread > 0 ? unread : 0;
		s->sendq = tp->write_seq - tp->snd_una;
	}
}

static __always_inline void fill_mini(struct socket_record *s, struct sock_common *skc)
{
	struct beginnings beginnings = {0};

	s->mini = 1;
	s->inode = 0;
	s->recvq = 0;
	s->sendq = 0;
	if (s->transition.newstate == TCP_NEW_SYN_RECV) {
		struct tcp_request_sock *request = bpf_skc_to_tcp_request_sock(skc);

		s->transition.newstate = TCP_SYN_RECV;
		if (request)
			beginnings = request_beginnings(request);
	} else {
		struct tcp_timewait_sock *tw = bpf_skc_to_tcp_timewait_sock(skc);

		if (tw) {
			s->transition.newstate = tw->tw_sk.tw_substate;
			beginnings = time_wait_beginnings(&tw->tw_sk);
		}
	}
	put_beginnings(s, beginnings);
}

/* True when the socket has left the hash. The iterator takes the sockets of a chain together and locks only full
 * sockets: by the time a minisocket or a request socket is shown, another socket may have taken its place. To be asked
 * once the row has its place in the ring: the record of a later successor then comes after the row. */
static __always_inline bool is_unhashed(const struct sock_common *skc)
{
	return !skc->skc_nulls_node.pprev;
}

SEC("iter/tcp")
int on_socket(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;
	struct socket_record *s;
	struct tcp_sock *tp;
	__u32 interface;
	bool mini;

	if (!skc)
		return GO_ON;
	mini = skc->skc_state == TCP_TIME_WAIT || skc->skc_state == TCP_NEW_SYN_RECV;
	if (may_wait_here(skc) && queue_is_long()) {
		last_slot = -1;
		put_off++;
		return ONCE_MORE;
	}
	passed++;
	if (minis_only && !mini)
		return GO_ON;
	tp = bpf_skc_to_tcp_sock(skc);
	if (!mini && !tp)
		return GO_ON;
	interface = skc->skc_bound_dev_if; /* a minisocket has its socket's, a request its child's (ir_iif) */
	s = reserve_record(sizeof(*s), interface);
	if (!s) {
		lost++;
		return GO_ON;
	}
	fill_row_header(&s->transition, skc, ctx->uid, binding_flag(interface));
	if (tp)
		fill_socket(s, tp);
	else
		fill_mini(s, skc);
	if (mini && is_unhashed(skc))
		bpf_ringbuf_discard(s, BPF_RB_NO_WAKEUP);
	else
		submit_record(s, sizeof(*s));
	return GO_ON;
}

/* Reports a holder, the process `pid`. `held` is the socket of the descriptor; `sk` is the TCP socket that the table
 * knows. */
static __always_inline void emit_holder(const struct task_struct *task, __u32 pid, __u32 fd, struct sock *held,
					const struct sock *sk)
{
	struct holder_record *h = bpf_ringbuf_reserve(&ring, sizeof(*h), 0);

	if (!h) {
		lost++;
		return;
	}
	h->kind = RECORD_HOLDER;
	h->netns = held->__sk_common.skc_net.net->ns.inum;
	h->sk = (__u64)sk;
	h->pid = pid;
	h->fd = fd;
	h->inode = sock_inode(held);
	h->uid = held->sk_uid.val;
	__builtin_memcpy(h->comm, task->group_leader->comm, sizeof(h->comm));
	submit_record(h, sizeof(*h));
}

static __always_inline void emit_subflow_holders(const struct task_struct *task, __u32 pid, __u32 fd, struct sock *held)
{
	struct list_head *list = subflow_list(held), *at = list;

	for (int i = 0; i < SUBFLOWS_MAX; i++) {
		at = subflow_after(list, at);
		if (!at)
			break;
		emit_holder(task, pid, fd, held, subflow_sock(at));
	}
}

static __always_inline void write_ring(struct bpf_iter__task_file *ctx, const struct task_struct *task)
{
	struct holding_record ring = {.tid = task->pid, .pid = task->tgid, .fd = ctx->fd};

	__builtin_memcpy(ring.comm, task->group_leader->comm, sizeof(ring.comm));
	bpf_seq_write(ctx->meta->seq, &ring, sizeof(ring));
}

SEC("iter/task_file")
int on_descriptor(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;
	__u32 pid;

	if (!file || !task)
		return GO_ON;
	socket = bpf_sock_from_file(file);
	if (!socket) {
		if (is_ring(file))
			write_ring(ctx, task);
		return GO_ON;
	}
	sk = socket->sk;
	if (!sk || sk->sk_type != SOCK_STREAM || (sk->sk_protocol != IPPROTO_TCP && !has_subflows(sk)))
		return GO_ON;
	if (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6)
		return GO_ON;
	if (queue_is_long()) {
		put_off++;
		return ONCE_MORE;
	}
	passed++;
	pid = process_number(task);
	if (!pid)
		return GO_ON;
	if (sk->sk_protocol == IPPROTO_TCP)
		emit_holder(task, pid, ctx->fd, sk, sk);
	else
		emit_subflow_holders(task, pid, ctx->fd, sk);
	return GO_ON;
}
