/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The gate applies the filter to the stream of changes. Some facts become known only after the transition that they
 * belong to: the local port of a connect(), on kernels before 6.15 the peer of an accepted connection, the process that
 * accepts among those that hold a listener. While the filter cannot answer, the changes of that connection are held
 * back. As soon as it can, they are let through in their order, or dropped.
 */
#include "filter.h"

struct gate {
	const struct filter *filter; /* borrowed; NULL: everything passes */
	change_handler *next;
	void *context;    /* passed to next */
	bool shut;        /* every transition is held: the sockets that are already there are still being found */
	uint64_t waiting; /* how many changes were held back, so far, for want of an answer */
	struct held_change *first, *last;
};

/* A change_handler; its context is a struct gate. Lets a change through that cannot be held because memory is short. */
void gate_handle(void *gate, const struct change *change);

/* Opens the gate if it was shut. Lets through or drops, in their order, the held changes that the filter can answer by
 * now. */
void gate_release(struct gate *gate);

/* Drops all held changes. */
void gate_free(struct gate *gate);
