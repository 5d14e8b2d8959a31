/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Records that the iterators over descriptors write into their files, in native byte order. The includer provides the
 * fixed-width types, as for record.h.
 */

enum { HOLDING_COMM_LEN = 16 };

/* A descriptor of a socket, or of an io_uring: a ring may hold sockets that have no descriptor. holders.bpf.c writes
 * both, snapshot.bpf.c only the rings. */
struct holding_record {
	__u32 inode; /* of the socket; 0: the descriptor is one of an io_uring */
	__u32 tid;   /* a thread that has the descriptor */
	__u32 pid;   /* the process (tgid) */
	__s32 fd;
	char comm[HOLDING_COMM_LEN]; /* the process's name; hostile text */
};

_Static_assert(sizeof(struct holding_record) == 32, "the file's layout");
