// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "local_ports.h"

#include <stdio.h>

#include "cleanup.h"

struct port_range local_ports(void)
{
	CLEANUP(cleanup_fclose) FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned int first, last;

	if (!file || fscanf(file, "%5u %5u", &first, &last) != 2 || first > UINT16_MAX || last > UINT16_MAX)
		return (struct port_range){32768, 60999};
	return (struct port_range){(uint16_t)first, (uint16_t)last};
}
