// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "port_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Reads the port at *at, and moves *at behind it. False when there is none. */
static bool parse_port_at(const char **at, unsigned long *port)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	*port = strtoul(*at, &end, 10);
	*at = end;
	return *port <= UINT16_MAX;
}

int port_set_parse(struct port_set *set, const char *list)
{
	const char *at = list + strspn(list, " \t\n");

	while (*at) {
		unsigned long low, high;

		if (!parse_port_at(&at, &low))
			return -EINVAL;
		high = low;
		if (*at == '-' && (at++, !parse_port_at(&at, &high)))
			return -EINVAL;
		for (unsigned long port = low; port <= high; port++)
			port_set_add(set, (uint16_t)port);
		at += strspn(at, " \t\n");
		if (*at && *at++ != ',')
			return -EINVAL;
	}
	return 0;
}
