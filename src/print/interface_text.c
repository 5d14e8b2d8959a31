// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interface_text.h"

#include <string.h>

#include "escape.h"
#include "number.h"

const char *interface_name_of(const struct netns_view *view, const struct connection *conn, uint64_t ts_ns)
{
	uint32_t index = tuple_known_interface(&conn->tuple);

	if (!index || !view->interfaces)
		return NULL;
	return interface_names_find(view->interfaces, conn->tuple.netns, index, conn->owner.pid, ts_ns);
}

char *interface_suffix_put(char *at, const struct tuple *tuple, const char *name)
{
	uint32_t index = tuple_known_interface(tuple);

	if (!index)
		return at;
	*at++ = '%';
	return name ? at + escape_service(at, INTERFACE_TEXT_MAX - 1, name, strlen(name)) : decimal_put(at, index);
}
