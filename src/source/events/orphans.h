/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
#include <stdint.h>

/* Returns how many orphans there are: TCP sockets that their process has closed, and that the kernel keeps to send what
 * is left. The kernel counts them for all network namespaces together (net/ipv4/proc.c). Or COUNT_UNKNOWN. */
uint32_t orphans_count(void);
