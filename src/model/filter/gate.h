/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The filter in the stream of changes. Some things become known after the transition that they belong to: the local
 * port of a connect, on kernels before 6.15 the peer of an accepted connection, which of a listener's processes
 * accepts. Where the filter cannot tell yet, the changes of that connection are held back, and let through in their
 * order, or dropped, as soon as it can.
 */
#include "filter.h"

struct gate {
	const struct filter *filter; /* borrowed; NULL: everything passes */
	change_handler *next;
	void *context;    /* of next */
	bool shut;        /* hold everything: what is there already is still being found */
	uint64_t waiting; /* changes held back for want of an answer, so far */
	struct held_change *first, *last;
};

/* A change_handler; its context is a struct gate. A change that cannot be held, because memory is short, is let
 * through. */
void gate_handle(void *gate, const struct change *change);

/* Opens it, if it was shut, and lets through in their order what is held and can be answered by now. */
void gate_release(struct gate *gate);

/* Drops all that is held. */
void gate_free(struct gate *gate);
