/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names of addresses, asked for in the background. The time to wait for them is limited: a name server that does not
 * answer does not hold up the rest.
 */
#include "address.h"

struct resolver;

/* NULL when index_init() fails, or memory is short. From `patience_ns` after its first question on, the resolver waits
 * for no answer any more. */
struct resolver *resolver_new(uint64_t patience_ns);

/* Does not wait for questions that are still being asked. NULL is fine. */
void resolver_free(struct resolver *resolver);

/* Asks for the name of an address, once for each address. */
void resolver_ask(struct resolver *resolver, const struct address *address, uint8_t family);

/* Returns the name of an address that was asked for, and waits for the answer if need be. NULL: the address has no
 * name, or none is known in time. Hostile text, valid as long as `resolver` is. */
const char *resolver_name(struct resolver *resolver, const struct address *address, uint8_t family);

/* Returns how many questions were not answered in time. */
size_t resolver_unanswered(struct resolver *resolver);
