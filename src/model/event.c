// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "event.h"

#include <stdlib.h>

bool event_is_birth(const struct event *event)
{
	if (event->oldstate == STATE_CLOSE)
		return event->newstate == STATE_SYN_SENT || event->newstate == STATE_LISTEN;
	return event->oldstate == STATE_LISTEN && event->newstate == STATE_SYN_RECV;
}

int event_compare_netns(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_netns_listed(uint32_t netns, const uint32_t *all, size_t count)
{
	return count && bsearch(&netns, all, count, sizeof(*all), event_compare_netns);
}

bool event_covers(const struct event *end, uint32_t netns)
{
	return is_netns_listed(netns, end->netns, end->netns_count);
}

bool event_misses(const struct event *end, uint32_t netns)
{
	return end->there ? !is_netns_listed(netns, end->there, end->there_count)
			  : is_netns_listed(netns, end->gone, end->gone_count);
}
