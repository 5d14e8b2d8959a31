/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The filter's answer about a socket of a listing.
 */
#include "filter.h"
#include "socket.h"

enum filter_answer socket_passes(const struct socket *socket, const struct filter *filter);

/* True where the filter asks for the socket's interface, and /proc did not show it. */
bool socket_lacks_interface(const struct socket *socket, const struct filter *filter);
