/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What an output lacks because it may not be, or could not be, looked at. In JSON a line of its own says so.
 */
#include <stdint.h>

#include "output.h"

/* Puts the line. `what`: sockets, processes; `count`: how many are left out; `why`: for people. */
void incomplete_json(struct output *output, const char *what, uint64_t count, const char *why);
