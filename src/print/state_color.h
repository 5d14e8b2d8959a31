/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The colour of a TCP state on a terminal, wherever one is shown.
 */
#include <stdint.h>

/* Returns an escape sequence; COLOR_END (colors.h) ends the colour. */
const char *state_color(uint8_t state);
