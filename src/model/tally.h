/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Counts how often each of many things was seen (processes, ports, addresses), and finds those seen most.
 */
#include "event.h"
#include "index.h"

/* A thing that is counted; members that do not apply are 0. */
struct tally_key {
	uint32_t number; /* a pid, a port */
	uint8_t family;  /* of the address */
	struct address address;
	char name[COMM_LEN]; /* of a process; hostile text */
};

struct tally_count {
	struct tally_key key;
	uint64_t count;
};

struct tally {
	struct index index; /* its count: how many different things */
	uint64_t total;
};

/* 0, or the error of index_init(). A tally of zeros may be freed. */
int tally_init(struct tally *tally);
void tally_free(struct tally *tally);

/* Counts `key` once more. 0 or -ENOMEM. */
int tally_add(struct tally *tally, const struct tally_key *key);

/* Counts the processes among the holders of a socket; `owners` is in the order of pids. Each process counts once,
 * however many descriptors of the socket it has. 0 or -ENOMEM. */
int tally_add_owners(struct tally *tally, const struct owner *owners, size_t count);

/* Makes the process that a key of tally_add_owners() stands for. */
struct owner tally_owner(const struct tally_key *key);

/* Writes the things that were seen most often to `out`, at most `most`, the most frequent first; equally frequent ones
 * in the order of their keys. Returns how many. */
size_t tally_top(const struct tally *tally, struct tally_count *out, size_t most);
