/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Record that bpf/holders.bpf.c writes into its iterator's file, one for each descriptor of a socket, in native byte
 * order. The includer provides the fixed-width types, as for record.h.
 */

enum { HOLDING_COMM_LEN = 16 };

struct holding_record {
	__u32 inode; /* of the socket */
	__u32 pid;   /* the process (tgid) */
	__s32 fd;
	char comm[HOLDING_COMM_LEN]; /* the process's name; hostile text */
};

_Static_assert(sizeof(struct holding_record) == 28, "the file's layout");
