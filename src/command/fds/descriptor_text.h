/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What there is to say of a descriptor, as people read it.
 */
#include "clock.h"
#include "descriptor.h"
#include "netns_view.h"
#include "output.h"
#include "socket_namer.h"

struct descriptor_view {
	const struct socket_namer *namer;
	const struct netns_view *netns;
	uint32_t home;   /* the network namespace of the process: of another one it is said */
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	bool color;
};

/* "/etc/passwd", `4711 written by ("cat",pid=7,fd=1)`, "watches 3 IN,ET". Never cut. */
void descriptor_text_put(const struct descriptor *descriptor, const struct descriptor_view *view,
			 struct output *output);
