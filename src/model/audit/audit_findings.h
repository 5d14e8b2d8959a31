/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What `audit` says of each listener: whether it is expected, what became of it since the baseline, whether its port
 * should not be public; and which of that is a finding.
 */
#include "exposed_ports.h"
#include "listener.h"

/* Since the baseline. */
enum audit_since { SINCE_UNKNOWN /* there is none */, SINCE_SAME, SINCE_NEW, SINCE_CHANGED, SINCE_GONE };

/* Reasons, a set. */
enum audit_flag {
	FLAG_OUTSIDE = 1 << 0, /* the policy does not expect it, or not for sure */
	FLAG_EXPOSED = 1 << 1, /* its port should not be public, and no policy says otherwise */
	FLAG_NEW = 1 << 2,
	FLAG_FURTHER = 1 << 3, /* it reaches further than it did */
};

struct audit_row {
	struct listener listener;
	struct socket socket; /* as it was found; of one that has gone what is known of it, without owners */
	enum audit_since since;
	struct listener before;             /* where it has changed */
	enum tristate allowed;              /* unknown also where no policy is given */
	const struct exposed_port *exposed; /* NULL: its port is none of those */
	uint32_t flags; /* a set of enum audit_flag; a listener with any is a finding of the audit */
};

struct audit_counts {
	uint64_t listeners; /* that there are */
	uint64_t reach[REACH_COUNT];
	uint64_t findings, outside, exposed; /* listeners with any of them, or with that one */
	uint64_t appeared, changed, gone;
	uint64_t unknown; /* whose process could not be found */
};

/* What there is to judge by. */
struct audit_rules {
	bool policy;
	bool baseline; /* it says what is expected, also while it is not saved yet */
	bool compared; /* with what was saved */
};

/* Says what of `row`, in which all else is known, is a finding, and counts it. */
void audit_judge(struct audit_row *row, const struct audit_rules *rules);
void audit_count(struct audit_counts *counts, const struct audit_row *row);

/* Findings first, what has gone last; among each by what they reach, furthest first, and by port. */
void audit_sort(struct audit_row *rows, size_t count);

enum { AUDIT_NOTE_SIZE = 512 };

/* What is to be said of it in words, hostile text in it; empty: nothing. Returns `out`, of AUDIT_NOTE_SIZE. */
const char *audit_note(const struct audit_row *row, char *out);

/* "new", "changed", "gone", "none"; NULL where there is no baseline. */
const char *audit_since_word(enum audit_since since);
