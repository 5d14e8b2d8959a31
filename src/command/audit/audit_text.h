/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Listeners and what there is to say of them, in columns; the sum of it; the table of ports that should not be public.
 */
#include "audit_findings.h"
#include "output.h"
#include "socket_namer.h"

struct audit_style {
	bool color;
	bool heading;
	bool netns; /* the column NETNS */
};

/* A column for containers is there where one of them is in one. */
void audit_text_put(const struct audit_row *rows, size_t count, const struct audit_style *style,
		    const struct socket_namer *namer, struct output *output);

enum { AUDIT_SUM_SIZE = 512 };

/* "3 listeners: 2 this host only, 1 all IPv4; 1 outside the policy". Returns `out`, of AUDIT_SUM_SIZE. */
const char *audit_sum_text(const struct audit_counts *counts, const struct audit_rules *rules, char *out);

void exposed_ports_text(bool heading, struct output *output);
