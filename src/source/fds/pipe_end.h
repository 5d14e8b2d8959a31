/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Whether the other end of a pipe or FIFO is open, as the kernel counts: also where nobody was found who holds it, as
 * while it is on its way through a socket.
 */
#include "descriptor.h"

/* Takes the descriptor from its holder for a moment (pidfd_getfd(), which asks for the right to trace it) and neither
 * reads nor writes. Unknown where that is refused, where the descriptor is another by now, and of one that is not at
 * one end. */
enum tristate pipe_end_ask(const struct descriptor *pipe);
