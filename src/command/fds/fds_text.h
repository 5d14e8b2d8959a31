/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The descriptors of a process as a table, whose columns are as wide as their contents.
 */
#include "descriptor_text.h"
#include "identity.h"

/* Puts a heading line for the process, one that says who it is, one for the columns, and a line for each descriptor.
 * `identity`: NULL: who it is is not known. */
void fds_text_put(const struct process_facts *process, const struct identity *identity,
		  const struct descriptors *descriptors, const struct descriptor_view *view, struct output *output);
