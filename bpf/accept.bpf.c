// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reports the process that has accepted a connection, where the kernel lets programs attach to the ends of its
 * functions (fexit).
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

#include "kernel.h"
#include "process.h"
#include "ring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Accepts, and those of them for which the ring had no room. Counting keeps the order that submit_record() needs. */
__u64 seen __attribute__((aligned(CACHE_LINE)));
__u64 lost;

static __always_inline void fill_holder(struct holder_record *h, struct sock *sk, const struct task_struct *task,
					__u32 pid)
{
	h->kind = RECORD_ACCEPT;
	h->netns = sk->__sk_common.skc_net.net->ns.inum;
	h->sk = (__u64)sk;
	h->pid = pid;
	h->fd = -1;
	h->inode = 0;
	h->uid = sk->sk_uid.val;
	__builtin_memcpy(h->comm, task->group_leader->comm, sizeof(h->comm));
}

static __always_inline int emit_accept(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct accept_record *a;
	__u32 pid;

	if (!sk || task->flags & PF_KTHREAD || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	pid = process_number(task);
	if (!pid)
		return 0;
	a = bpf_ringbuf_reserve(&ring, sizeof(*a), 0);
	__sync_fetch_and_add(&seen, 1);
	if (!a) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	fill_holder(&a->holder, sk, task, pid);
	fill_lineage(&a->lineage, task);
	submit_record(a, sizeof(*a));
	return 0;
}

/* A program at a function's end receives the function's arguments, and behind them its return value. inet_csk_accept()
 * has two arguments since Linux 6.10 and had four before: each kernel takes the one of the two programs that fits. */
SEC("fexit/inet_csk_accept")
int BPF_PROG(on_accept, struct sock *listener, void *arg, struct sock *accepted)
{
	return emit_accept(accepted);
}

SEC("fexit/inet_csk_accept")
int BPF_PROG(on_accept_before_6_10, struct sock *listener, int flags, int *err, bool kern, struct sock *accepted)
{
	return emit_accept(accepted);
}
