/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who accepts connections, from the end of the kernel's accept function: where the kernel lets programs attach there.
 */
#include "bpf_source.h"

struct accept_hook;

/* From its return on, accepts are told in the ring. 0 or a negative errno: this kernel does not have it, or does not
 * allow it. */
int accept_hook_open(const struct bpf_ring *ring, struct accept_hook **out);

/* Detaches. NULL is fine. */
void accept_hook_free(struct accept_hook *hook);
