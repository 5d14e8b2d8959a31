/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The description of a descriptor as text: the last column of the table of fds.
 */
#include "clock.h"
#include "descriptor.h"
#include "netns_view.h"
#include "output.h"
#include "socket_namer.h"

struct descriptor_view {
	const struct socket_namer *namer;
	const struct netns_view *netns;
	uint32_t home;   /* the network namespace of the process: a socket in another one is shown with its namespace */
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	bool color;
};

/* Returns the name of the interface of a packet socket, which is hostile text; NULL: it is of all, or none is known. */
const char *descriptor_interface(const struct socket_end *packet, const struct descriptor_view *view);

/* Puts "/etc/passwd", `4711 written by ("cat",pid=7,fd=1)`, "watches 3 IN,ET" and the like. The text is never cut. */
void descriptor_text_put(const struct descriptor *descriptor, const struct descriptor_view *view,
			 struct output *output);
