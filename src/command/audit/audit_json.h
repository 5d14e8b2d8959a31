/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The report of an audit as lines of JSON: of the type "listener" for each listener, with the names that `list` has,
 * "audit" for the sum, and "exposed_port" for each row of the table of ports.
 */
#include "audit_findings.h"
#include "clock.h"
#include "netns_view.h"
#include "output.h"
#include "socket_namer.h"

struct audit_json {
	struct output *output;
	const struct wall_clock *clock;
	const struct socket_namer *namer;
	const struct netns_view *netns;
	uint64_t now_ns; /* CLOCK_MONOTONIC */
};

void audit_json_put(const struct audit_json *self, const struct audit_row *rows, size_t count);
void audit_json_sum(const struct audit_json *self, const struct audit_counts *counts, const struct audit_rules *rules);
void exposed_ports_json(struct output *output);
