// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_text.h"

#include "line.h"

size_t netns_column(size_t characters)
{
	if (characters < NETNS_WIDTH_MIN)
		return NETNS_WIDTH_MIN;
	return characters < NETNS_WIDTH_MAX ? characters : NETNS_WIDTH_MAX;
}

const char *netns_text(const struct netns_view *netns, const struct connection *conn, uint64_t ts_ns, char *out)
{
	uint32_t inode = conn->tuple.netns;

	if (!netns->names)
		return number_text(inode, true, out);
	return netns_names_find(netns->names, inode, conn->owner.pid, ts_ns)->shown;
}
