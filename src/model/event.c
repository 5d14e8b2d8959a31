// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "event.h"

bool event_is_birth(const struct event *event)
{
	if (event->oldstate == STATE_CLOSE)
		return event->newstate == STATE_SYN_SENT || event->newstate == STATE_LISTEN;
	return event->oldstate == STATE_LISTEN && event->newstate == STATE_SYN_RECV;
}

bool event_covers(const struct event *end, uint32_t netns)
{
	for (size_t i = 0; i < end->netns_count; i++)
		if (end->netns[i] == netns)
			return true;
	return false;
}
