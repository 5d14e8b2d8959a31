/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The descriptors of a process as lines of JSON of the type "descriptor". The fields of a socket have the same names as
 * in `list`.
 */
#include "descriptor_text.h"
#include "identity.h"

/* `identity`: NULL: who the process is is not known. */
void fds_json_put(const struct process_facts *process, struct identity *identity, const struct descriptors *descriptors,
		  const struct descriptor_view *view, struct output *output);
