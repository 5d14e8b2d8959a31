/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The identity of a process as text, in the form of ss -e.
 */
#include "identity.h"
#include "output.h"

/* Writes what is known, each with a space before it:
 * ` parent:bash/8302 unit:web.service container:docker:0123456789ab exe:/usr/bin/curl cmd:"curl -s http://[::1]/"`.
 * `identity`: NULL: nothing is known. */
void identity_put(const struct identity *identity, struct output *output);

/* The width of that on the screen. */
size_t identity_width(const struct identity *identity);
