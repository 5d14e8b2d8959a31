/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The identity of a process as members of a JSON object.
 */
#include "identity.h"
#include "json_writer.h"

/* Writes "ppid", "pcomm", "exe", "cmdline", "unit" and "container". `identity`: NULL: nothing is known. */
void identity_json_put(struct json_writer *json, struct identity *identity);
