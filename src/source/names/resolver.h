/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The names of addresses, asked for in the background, and not waited for without end: a name server that does not
 * answer keeps nobody from the rest.
 */
#include "address.h"

struct resolver;

/* NULL when index_init() fails, or memory is short. After `patience_ns` from its first question it waits for no answer
 * any more. */
struct resolver *resolver_new(uint64_t patience_ns);

/* Leaves behind what is still being asked. */
void resolver_free(struct resolver *resolver);

/* Asks for a name; once for each address. */
void resolver_ask(struct resolver *resolver, const struct address *address, uint8_t family);

/* The name of an address that was asked for, waiting for it if need be; NULL: it has none, or none is known in time.
 * Hostile text; it holds as long as `resolver` does. */
const char *resolver_name(struct resolver *resolver, const struct address *address, uint8_t family);

/* How many questions were not answered in time. */
size_t resolver_unanswered(struct resolver *resolver);
