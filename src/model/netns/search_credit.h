/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Bounds the time that searching for names takes: a twentieth of the time that passes, and a certain time at once after
 * a quiet time.
 */
#include <stdbool.h>
#include <stdint.h>

struct search_credit {
	int64_t left_ns; /* time left for searching; less than 0: time that the last searches took too long */
	int64_t most_ns; /* the most that is left after a quiet time */
	uint64_t credited_ns;
};

struct search_credit search_credit_new(uint64_t now_ns, uint64_t most_ns);

/* Adds the credit of the time since the last call. True while there is credit to search. */
bool search_credit_is_left(struct search_credit *credit, uint64_t now_ns);

void search_credit_charge(struct search_credit *credit, uint64_t spent_ns);
