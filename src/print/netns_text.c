// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_text.h"

#include "line.h"

size_t netns_column(size_t characters)
{
	if (characters < NETNS_WIDTH_MIN)
		return NETNS_WIDTH_MIN;
	return characters < NETNS_WIDTH_MAX ? characters : NETNS_WIDTH_MAX;
}

const char *netns_inode_text(const struct netns_view *netns, uint32_t inode, uint32_t pid, uint64_t ts_ns, char *out)
{
	if (!netns->names)
		return number_text(inode, true, out);
	return netns_names_find(netns->names, inode, pid, ts_ns)->shown;
}

const char *netns_text(const struct netns_view *netns, const struct connection *conn, uint64_t ts_ns, char *out)
{
	return netns_inode_text(netns, conn->tuple.netns, conn->owner.pid, ts_ns, out);
}
