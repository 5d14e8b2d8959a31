// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state_color.h"

#include "tcp_state.h"

const char *state_color(uint8_t state)
{
	switch (state) {
	case STATE_ESTABLISHED:
		return "\033[32m";
	case STATE_LISTEN:
		return "\033[36m";
	case STATE_SYN_SENT:
	case STATE_SYN_RECV:
		return "\033[33m";
	case STATE_CLOSE:
	case STATE_TIME_WAIT:
		return "\033[90m";
	default:
		return "\033[34m";
	}
}
