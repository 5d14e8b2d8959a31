/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Sends libbpf's own messages through our log.
 */
void libbpf_log_take_over(void);
