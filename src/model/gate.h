/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The filter in the stream of changes. A connect begins without a local port, and on kernels before 6.15 an accepted
 * connection without its peer: where the filter cannot tell yet, the birth is held back, and let
 * through before the next change of that connection if it passes by then.
 */
#include "filter.h"

struct gate {
	const struct filter *filter; /* borrowed; NULL: everything passes */
	change_handler *next;
	void *context; /* of next */
	uint64_t held; /* births held back so far */
};

/* A change_handler; its context is a struct gate. */
void gate_handle(void *gate, const struct change *change);

/* Lets the birth of a connection through, if it is held and what was not known is now. */
void gate_release(const struct gate *gate, struct connection *conn);
