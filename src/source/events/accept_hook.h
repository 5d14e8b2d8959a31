/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The accept hook: the owners of accepted connections, taken at the end of the kernel's accept function, where the
 * kernel lets programs attach there.
 */
#include "bpf_source.h"

struct accept_hook;

/* Attaches the hook: once this has returned, each accept() is recorded in the ring. Returns 0, or a negative errno
 * where this kernel has no such hook, or does not allow it. */
int accept_hook_open(const struct bpf_ring *ring, struct accept_hook **out);

/* `sleeps`: until this is called again with false, the next accept() makes the ring's descriptor readable. NULL is
 * fine.
 */
void accept_hook_set_sleep(struct accept_hook *hook, bool sleeps);

/* Detaches. NULL is fine. */
void accept_hook_free(struct accept_hook *hook);
