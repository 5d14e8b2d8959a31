// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Lists the holders of sockets: writes a record for each descriptor of a socket, and of an io_uring, for the reader of
 * the iterator's file. The descriptors are those of all processes in the reader's PID namespace, whatever network
 * namespace their sockets are in. A socket is named by its inode, as in /proc and netlink. Used in the first PID
 * namespace only, where the kernel's numbers of processes are the user's.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "holding.h"

#include "drift.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("iter/task_file")
int on_descriptor(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct holding_record holding = {0};

	if (!file || !task)
		return 0;
	if (bpf_sock_from_file(file) && file->f_inode)
		holding.inode = file->f_inode->i_ino;
	else if (!is_ring(file))
		return 0;
	holding.tid = task->pid;
	holding.pid = task->tgid;
	holding.fd = ctx->fd;
	__builtin_memcpy(holding.comm, task->group_leader->comm, sizeof(holding.comm));
	bpf_seq_write(ctx->meta->seq, &holding, sizeof(holding));
	return 0;
}
