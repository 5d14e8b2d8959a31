/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A process: its number, as /proc shows it to the user, and its lineage. A process has a number in its own PID
 * namespace, and one in each namespace above that, up to the first. In a namespace beside or below its own it has none.
 */

#include "kernel.h"
#include "probe.h"
#include "record.h"
#include "ring.h"

/* Inode number of the PID namespace in which processes are numbered; 0: the first. Set before load. */
const volatile __u32 pid_namespace = 0;

/* Returns the number of the process that a thread belongs to: for a process that has none in the user's namespace, its
 * number in the first one and RECORD_FOREIGN_PID. 0: the number cannot be read. The numbers (struct pid) are an array
 * of varying length, so they are read by bpf_probe_read_kernel(). */
static __always_inline __u32 process_number(const struct task_struct *task)
{
	const struct pid *pid;
	unsigned int level;

	if (!pid_namespace)
		return task->tgid;
	if (!may_probe)
		return 0;
	pid = task->group_leader->thread_pid;
	level = BPF_CORE_READ(pid, level);
	for (unsigned int i = 1; i <= MAX_PID_NS_LEVEL && i <= level; i++) {
		struct upid number;

		if (bpf_probe_read_kernel(&number, sizeof(number),
					  (const void *)pid + bpf_core_field_offset(pid->numbers) + i * sizeof(number)))
			return 0;
		if (BPF_CORE_READ(number.ns, ns.inum) == pid_namespace)
			return number.nr;
	}
	return task->tgid | RECORD_FOREIGN_PID;
}

/* Fills the lineage of the process that a thread belongs to. The parent may be a thread: the one that called fork(). */
static __always_inline void fill_lineage(struct record_lineage *lineage, const struct task_struct *task)
{
	const struct task_struct *process = task->group_leader;
	const struct task_struct *parent = process->real_parent;

	lineage->start_ns = process->start_time + clock_offset_ns;
	lineage->cgroup = process->cgroups->dfl_cgrp->kn->id;
	lineage->ppid = process_number(parent);
	lineage->execs = (__u32)process->self_exec_id;
	lineage->forked = (process->flags & PF_FORKNOEXEC) != 0;
	__builtin_memcpy(lineage->pcomm, parent->group_leader->comm, sizeof(lineage->pcomm));
}
