// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "state_color.h"

#include "colors.h"
#include "tcp_state.h"

const char *state_color(uint8_t state)
{
	switch (state) {
	case STATE_ESTABLISHED:
		return COLOR_GREEN;
	case STATE_LISTEN:
		return COLOR_CYAN;
	case STATE_SYN_SENT:
	case STATE_SYN_RECV:
		return COLOR_YELLOW;
	case STATE_CLOSE:
	case STATE_TIME_WAIT:
		return COLOR_GREY;
	default:
		return COLOR_BLUE;
	}
}
