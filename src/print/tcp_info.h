/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * TCP's internals: what the kernel's struct tcp_info says, as far as this kernel fills it.
 */
#include "json_writer.h"
#include "output.h"
#include "socket.h"

/* "cubic rto:204 rtt:0.041/0.02 mss:32768 cwnd:10 …" as ss calls them; what is zero or was never measured is left out.
 */
void tcp_info_text(const struct socket *socket, struct output *output);

/* The object "tcp_info": times in us, rates in bytes a second. What the kernel does not tell is left out. */
void tcp_info_json(const struct socket *socket, struct json_writer *json);
