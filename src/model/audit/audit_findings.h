/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The judgement of `audit`. It says of each listener if it is expected, how it differs from the baseline, if its port
 * should not be public, and which of these is a finding.
 */
#include "exposed_ports.h"
#include "listener.h"

/* How a listener compares with the baseline. */
enum audit_since { SINCE_UNKNOWN /* no baseline */, SINCE_SAME, SINCE_NEW, SINCE_CHANGED, SINCE_GONE };

/* Reasons for a finding; a set of bits. */
enum audit_flag {
	FLAG_OUTSIDE = 1 << 0, /* the policy does not expect the listener, or not for sure */
	FLAG_EXPOSED = 1 << 1, /* its port should not be public but is reachable, and no policy or baseline is given */
	FLAG_NEW = 1 << 2,
	FLAG_FURTHER = 1 << 3, /* it reaches further than in the baseline */
};

struct audit_row {
	struct listener listener;
	struct socket socket; /* as it was found; of a listener that has gone, as in the baseline, without owners */
	enum audit_since since;
	struct listener before;             /* as in the baseline: where SINCE_SAME or SINCE_CHANGED */
	enum tristate allowed;              /* by the policy; unknown also where none is given */
	const struct exposed_port *exposed; /* the entry for its port; NULL: there is none */
	uint32_t flags; /* a set of enum audit_flag; a listener with any is a finding of the audit */
};

struct audit_counts {
	uint64_t listeners; /* without those that have gone */
	uint64_t reach[REACH_COUNT];
	uint64_t findings, outside, exposed; /* listeners with any flag, with FLAG_OUTSIDE, with FLAG_EXPOSED */
	uint64_t appeared, changed, gone;
	uint64_t unknown;  /* listeners whose process could not be found */
	uint64_t left_out; /* listeners left out: the filter asks for what could not be seen */
};

/* Criteria of the judgement. */
struct audit_rules {
	bool policy;   /* one is given */
	bool baseline; /* one is given: it says what is expected, also while it is not saved yet */
	bool compared; /* the listeners were compared with a saved baseline */
};

/* Sets the flags of `row`, in which all else is filled in. Sets `allowed`, too, if nothing outside the host reaches the
 * listener and a policy is given. */
void audit_judge(struct audit_row *row, const struct audit_rules *rules);

/* Adds a row that was judged to the counts. */
void audit_count(struct audit_counts *counts, const struct audit_row *row);

/* Sorts rows: findings first, listeners that have gone last; among each by namespace, by reach (furthest first) and by
 * port. */
void audit_sort(struct audit_row *rows, size_t count);

enum { AUDIT_NOTE_SIZE = 512 };

/* Writes the remark on a row, in words, into `out`, of AUDIT_NOTE_SIZE bytes. It has hostile text in it; empty: there
 * is nothing to remark. Returns `out`. */
const char *audit_note(const struct audit_row *row, char *out);

/* "new", "changed", "gone", "none"; NULL where there is no baseline. */
const char *audit_since_word(enum audit_since since);
