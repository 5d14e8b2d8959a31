/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * How long a TCP socket has at least been in its state, and has existed, as its timers and tcp_info tell: the kernel
 * keeps no time of birth.
 */
#include "socket.h"

/* Lower bounds, in microseconds; 0: nothing is known. */
struct least_age {
	uint64_t in_state_us;
	uint64_t alive_us;
};

/* Uses details.info where it is there, else the timer alone. */
struct least_age least_age_of(const struct socket *socket);
