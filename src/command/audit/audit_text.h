/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The report of an audit as text: the listeners and the notes about them in columns, the sum, and the table of ports
 * that should not be public.
 */
#include "audit_findings.h"
#include "output.h"
#include "socket_namer.h"

struct audit_style {
	bool color;
	bool heading;
	bool netns; /* the column NETNS */
};

/* Puts the listeners in columns. There is a column for containers where a listener is in one. */
void audit_text_put(const struct audit_row *rows, size_t count, const struct audit_style *style,
		    const struct socket_namer *namer, struct output *output);

enum { AUDIT_SUM_SIZE = 512 };

/* Spells the sum: "3 listeners: 2 this host only, 1 all IPv4; 1 outside the policy". Returns `out`, of
 * AUDIT_SUM_SIZE. */
const char *audit_sum_text(const struct audit_counts *counts, const struct audit_rules *rules, char *out);

void exposed_ports_text(bool heading, struct output *output);
