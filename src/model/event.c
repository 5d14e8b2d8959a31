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

int event_compare_held(const void *a, const void *b)
{
	const struct held_socket *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

const struct held_socket *event_held(const struct event *end, uint32_t inode, size_t *count)
{
	size_t low = 0, high = end->held_count, first;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (end->held[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	first = low;
	while (low < end->held_count && end->held[low].inode == inode)
		low++;
	*count = low - first;
	return *count ? &end->held[first] : NULL;
}
