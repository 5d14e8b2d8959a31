/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Trials: the smallest BPF program or map of each kind that tcpledger uses, made, attached and thrown away again. What
 * a kernel can do is asked of the kernel itself: its version tells little (distributions carry features back, and take
 * others away by configuration), and libbpf's own probes (libbpf_probe_bpf_prog_type(), libbpf_probe_bpf_helper())
 * answer wrongly for tracing programs in libbpf 1.1.
 */
#include <stdbool.h>

enum trial_step {
	TRIAL_DONE,   /* it works */
	TRIAL_FIND,   /* no type information, or it does not name what was to be attached to */
	TRIAL_LOAD,   /* the program (or map) was refused */
	TRIAL_ATTACH, /* it was loaded, and could not be attached */
	TRIAL_RUN,    /* an iterator was attached, and could not be opened */
};

struct trial {
	enum trial_step failed_at;
	int err; /* negative errno; 0: it works */
};

struct btf;

/* `btf`: of the kernel, borrowed; NULL when there is none. */
struct trial trial_tracepoint(const struct btf *btf);          /* tp_btf/inet_sock_set_state */
struct trial trial_socket_cookie(const struct btf *btf);       /* bpf_get_socket_cookie() in it; loaded only */
struct trial trial_kernel_read(const struct btf *btf);         /* bpf_probe_read_kernel() in it; loaded only */
struct trial trial_socket_iterator(const struct btf *btf);     /* iter/tcp */
struct trial trial_descriptor_iterator(const struct btf *btf); /* iter/task_file, with bpf_sock_from_file() */
struct trial trial_accept_exit(const struct btf *btf);         /* fexit/inet_csk_accept */
struct trial trial_ring_buffer(void);

/* Whether this kernel (before Linux 5.11) charges maps and programs against RLIMIT_MEMLOCK. False when that cannot be
 * told, for want of privileges. */
bool trial_counts_locked_memory(void);

/* What bpf() itself says to who asks of a map that does not exist: -EBADF when it is there for us, -ENOSYS when the
 * kernel has none, -EPERM or whatever else a filter may say where something forbids it, -ESHUTDOWN where the caller
 * would be killed for it. */
int trial_system_call(void);

/* Whether a filter kills whoever calls bpf(): to be asked before the first call. Costs nothing where no filter is on.
 */
bool trial_bpf_kills(void);

/* What to say of the error of a trial, or of bpf() (a negative errno). */
const char *trial_error_text(int err);
