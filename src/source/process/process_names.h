/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The names of the processes that there are, to find the one that was meant by a name that none has.
 */
#include <stddef.h>

#include "owner.h"

struct process_names {
	char (*all)[COMM_LEN];
	size_t count;
	size_t room;
};

/* 0 or -ENOMEM. An empty name is passed over. */
int process_names_add(struct process_names *names, const char comm[COMM_LEN]);
void process_names_free(struct process_names *names);

/* Finds the name nearest to `name`. The kernel keeps 15 bytes of a name: a longer one that begins with all of them is
 * taken for that name. NULL: none is near enough to be meant, or memory is short. */
const char *process_names_nearest(const struct process_names *names, const char *name);
