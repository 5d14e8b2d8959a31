/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Who a process is, beyond its pid and its name: its parent, its program, and the service or container that it belongs
 * to. Many sockets refer to the identity of one process. Nothing but `json` changes once it is made. It is
 * freed with the last reference. All texts are hostile: other programs choose them.
 */
#include <stdbool.h>

#include "owner.h"

enum { CMDLINE_MAX = 256 }; /* bytes that are kept of a command line */

struct identity {
	unsigned int references;
	struct lineage lineage;
	char *exe;     /* as /proc/PID/exe shows it, " (deleted)" included; NULL: not known */
	char *cmdline; /* the arguments with a space between two, cut at CMDLINE_MAX; NULL: not known, or not wanted */
	char *unit;    /* systemd's, "nginx.service"; NULL: none, or not known */
	char *container; /* as container_name() writes it; NULL: none, or not known */
	char *json;      /* its members as they were printed once, for the next time; NULL: not printed yet */
};

/* Texts to make an identity with; each may be NULL. */
struct identity_texts {
	const char *exe, *cmdline, *unit, *container;
};

/* Makes an identity with one reference, which is the caller's. Copies all that is given. NULL when memory is short. */
struct identity *identity_new(const struct lineage *lineage, const struct identity_texts *texts);

/* Adds or drops a reference. NULL is fine. */
void identity_ref(struct identity *identity);
void identity_unref(struct identity *identity);

/* True when both are of one process, and it has called no execve() in between, as far as both tell. */
bool identity_is_of_same_program(const struct identity *a, const struct identity *b);
