/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The states of a TCP socket, with the kernel's numbers (include/net/tcp_states.h), printed as netstat does.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tcp_state {
	STATE_UNKNOWN = 0,
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT = 2,
	STATE_SYN_RECV = 3,
	STATE_FIN_WAIT1 = 4,
	STATE_FIN_WAIT2 = 5,
	STATE_TIME_WAIT = 6,
	STATE_CLOSE = 7,
	STATE_CLOSE_WAIT = 8,
	STATE_LAST_ACK = 9,
	STATE_LISTEN = 10,
	STATE_CLOSING = 11,
	STATE_COUNT,
};

/* True when no connection goes from state `b` to state `a`, since it must have been in `a` before: SYN_SENT is earlier
 * than ESTABLISHED. False for states that may follow each other either way, and where one is no state of a connection.
 */
bool tcp_state_is_earlier(unsigned int a, unsigned int b);

/* "UNKNOWN" for anything out of range. */
const char *tcp_state_name(unsigned int state);

/* Returns the set of states, as bits (1 << state), that a word of a filter names: a state in any case, with - or _, by
 * netstat's name or ss's (estab, listening, fin-wait-1 …), or one of ss's groups (all, connected, synchronized, bucket,
 * big). 0 when the word names none. */
uint32_t tcp_state_set(const char *word, size_t length);

/* Returns the name of the state that is nearest to a word that names none; NULL: none is near. */
const char *tcp_state_nearest(const char *word);
