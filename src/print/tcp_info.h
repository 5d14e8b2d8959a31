/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * TCP's internals: the kernel's struct tcp_info, as far as this kernel fills it.
 */
#include "json_writer.h"
#include "output.h"
#include "socket.h"

/* Writes "cubic rto:204 rtt:0.041/0.02 mss:32768 cwnd:10 …", named as in ss. A value that is zero or was never measured
 * is left out. */
void tcp_info_text(const struct socket *socket, struct output *output);

/* Writes the object "tcp_info": times in us, rates in bytes a second. A value that the kernel omits is null. */
void tcp_info_json(const struct socket *socket, struct json_writer *json);
