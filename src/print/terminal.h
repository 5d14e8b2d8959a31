/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The terminal that a descriptor may be of.
 */
#include <stddef.h>

/* Returns the columns of the terminal. 0: the descriptor is of no terminal, or the terminal does not tell. */
size_t terminal_width(int fd);
