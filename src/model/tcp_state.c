// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp_state.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "count_of.h"
#include "nearest.h"

static const char *const names[] = {
	[STATE_UNKNOWN] = "UNKNOWN",       [STATE_ESTABLISHED] = "ESTABLISHED",
	[STATE_SYN_SENT] = "SYN_SENT",     [STATE_SYN_RECV] = "SYN_RECV",
	[STATE_FIN_WAIT1] = "FIN_WAIT1",   [STATE_FIN_WAIT2] = "FIN_WAIT2",
	[STATE_TIME_WAIT] = "TIME_WAIT",   [STATE_CLOSE] = "CLOSE",
	[STATE_CLOSE_WAIT] = "CLOSE_WAIT", [STATE_LAST_ACK] = "LAST_ACK",
	[STATE_LISTEN] = "LISTEN",         [STATE_CLOSING] = "CLOSING",
};

_Static_assert(COUNT_OF(names) == STATE_COUNT, "a name for each state");

const char *tcp_state_name(unsigned int state)
{
	return names[state < STATE_COUNT ? state : STATE_UNKNOWN];
}

bool tcp_state_is_earlier(unsigned int a, unsigned int b)
{
	static const uint8_t steps[STATE_COUNT] = {
		[STATE_SYN_SENT] = 1,  [STATE_SYN_RECV] = 2,   [STATE_ESTABLISHED] = 3,
		[STATE_FIN_WAIT1] = 4, [STATE_CLOSE_WAIT] = 4, [STATE_FIN_WAIT2] = 5,
		[STATE_CLOSING] = 5,   [STATE_LAST_ACK] = 5,   [STATE_TIME_WAIT] = 6,
	};

	return a < STATE_COUNT && b < STATE_COUNT && steps[a] && steps[a] < steps[b];
}

#define BIT(state) (1u << (state))
#define ALL_STATES (BIT(STATE_COUNT) - 2)

static const struct {
	const char *word;
	uint32_t set;
} words[] = {
	{"estab", BIT(STATE_ESTABLISHED)},
	{"listening", BIT(STATE_LISTEN)},
	{"syn_rcvd", BIT(STATE_SYN_RECV)},
	{"fin_wait_1", BIT(STATE_FIN_WAIT1)},
	{"fin_wait_2", BIT(STATE_FIN_WAIT2)},
	{"timewait", BIT(STATE_TIME_WAIT)},
	{"closed", BIT(STATE_CLOSE)},
	{"unconn", BIT(STATE_CLOSE)},
	{"unconnected", BIT(STATE_CLOSE)},
	{"all", ALL_STATES},
	{"connected", ALL_STATES & ~(BIT(STATE_LISTEN) | BIT(STATE_CLOSE))},
	{"synchronized", ALL_STATES & ~(BIT(STATE_LISTEN) | BIT(STATE_CLOSE) | BIT(STATE_SYN_SENT))},
	{"bucket", BIT(STATE_SYN_RECV) | BIT(STATE_TIME_WAIT)},
	{"big", ALL_STATES & ~(BIT(STATE_SYN_RECV) | BIT(STATE_TIME_WAIT))},
};

static bool matches_state_word(const char *typed, size_t length, const char *word)
{
	if (strlen(word) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		int c = typed[i] == '-' ? '_' : tolower((unsigned char)typed[i]);

		if (c != tolower((unsigned char)word[i]))
			return false;
	}
	return true;
}

uint32_t tcp_state_set(const char *word, size_t length)
{
	for (unsigned int state = 1; state < STATE_COUNT; state++)
		if (matches_state_word(word, length, names[state]))
			return BIT(state);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (matches_state_word(word, length, words[i].word))
			return words[i].set;
	return 0;
}

const char *tcp_state_nearest(const char *word)
{
	char spelled[64];

	snprintf(spelled, sizeof(spelled), "%s", word);
	for (char *at = spelled; *at; at++)
		if (*at == '-' || *at == ' ')
			*at = '_';
	return nearest_word(spelled, names + 1, STATE_COUNT - 1); /* names[0] is no state */
}
