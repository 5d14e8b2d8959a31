/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The state of a pipe's or FIFO's other end, open or not, as the kernel counts: known also where no holder of that end
 * was found, as while it is on its way through a socket.
 */
#include "descriptor.h"

/* False where a seccomp filter kills who asks. To be called once, before pipe_end_ask(). */
bool pipe_end_may_be_asked(void);

/* Duplicates the descriptor from its holder for a moment (pidfd_getfd(), which takes the right to trace the holder),
 * and neither reads nor writes. Unknown where that is refused, where the number is another file's by now, and for a
 * descriptor that is not at exactly one end. */
enum tristate pipe_end_ask(const struct descriptor *pipe);
