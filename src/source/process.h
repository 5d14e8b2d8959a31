/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Whether a process is still there.
 */
#include <stdbool.h>
#include <stdint.h>

/* False also where that cannot be told, as outside the host's pid namespace. */
bool process_is_gone(uint32_t pid);
