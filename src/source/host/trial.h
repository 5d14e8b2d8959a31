/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Trials: the smallest BPF program or map of each kind that tcpledger uses, made, attached and thrown away again. They
 * ask the kernel itself for what it can do. Its version says little: distributions carry features back, and take others
 * away by configuration. libbpf's own probes (libbpf_probe_bpf_prog_type(), libbpf_probe_bpf_helper()) answer wrongly
 * for tracing programs in libbpf 1.1.
 */
#include <stdbool.h>

enum trial_step {
	TRIAL_DONE,   /* it works */
	TRIAL_FIND,   /* no type information, or the place to attach to is not in it */
	TRIAL_LOAD,   /* the program (or map) was refused */
	TRIAL_ATTACH, /* the program was loaded, and could not be attached */
	TRIAL_RUN,    /* an iterator was attached, and could not be opened */
};

struct trial {
	enum trial_step failed_at;
	int err; /* negative errno; 0: it works */
};

struct btf;

/* `btf`: the kernel's type information, borrowed; NULL when there is none. */
struct trial trial_tracepoint(const struct btf *btf);          /* tp_btf/inet_sock_set_state */
struct trial trial_socket_cookie(const struct btf *btf);       /* bpf_get_socket_cookie() in it; loaded only */
struct trial trial_kernel_read(const struct btf *btf);         /* bpf_probe_read_kernel() in it; loaded only */
struct trial trial_socket_iterator(const struct btf *btf);     /* iter/tcp */
struct trial trial_descriptor_iterator(const struct btf *btf); /* iter/task_file, with bpf_sock_from_file() */
struct trial trial_accept_exit(const struct btf *btf);         /* fexit/inet_csk_accept */
struct trial trial_ring_buffer(void);

/* True when this kernel (before Linux 5.11) charges maps and programs against RLIMIT_MEMLOCK. False also when that
 * cannot be found out, for want of privileges. */
bool trial_counts_locked_memory(void);

/* Asks bpf() itself for a map that does not exist. Returns -EBADF when bpf() is there for us, -ENOSYS when the kernel
 * has none, -EPERM or any other error of a filter where something forbids bpf(), -ESHUTDOWN where the caller would be
 * killed for it. */
int trial_system_call(void);

/* True when a seccomp filter kills the callers of bpf(). To be called before the first bpf(). */
bool trial_bpf_kills(void);

/* Describes the error of a trial, or of bpf() (a negative errno). */
const char *trial_error_text(int err);
