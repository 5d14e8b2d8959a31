/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * How many TCP sockets there are, as /proc/net/sockstat and sockstat6 count them. Half-open connections are not among
 * them.
 */
#include <stdbool.h>
#include <stdint.h>

#include "netns.h"

/* Returns how many minisockets in TIME_WAIT, or FIN_WAIT2, the network namespace has, of both families; a negative
 * errno where the file cannot be read. */
long sockstat_minis(const struct netns *netns);

/* True when the network namespace has no minisocket and, with `sockets`, no socket either. */
bool sockstat_is_empty(const struct netns *netns, bool sockets);

/* Returns how many orphans there are: TCP sockets that their process has closed, and that the kernel keeps to send what
 * is left. The kernel counts them for all network namespaces together (net/ipv4/proc.c). Or COUNT_UNKNOWN. */
uint32_t sockstat_orphans(void);
