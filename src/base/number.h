/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Numbers as text, for the hot paths: each function writes at `at`, without a NUL, and returns the end.
 */
#include <stdint.h>

enum { DECIMAL_MAX = 20, HEX_MAX = 16 }; /* digits of a uint64_t */

char *decimal_put(char *at, uint64_t value);
char *hex_put(char *at, uint64_t value); /* lower case, no 0x */
