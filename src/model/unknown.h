/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The values that stand for a number that is not known, where 0 is a number like any other.
 */
#include <stdint.h>

enum { FD_UNKNOWN = -1 };
#define QUEUE_UNKNOWN     UINT32_MAX
#define UID_UNKNOWN       UINT32_MAX
#define COUNT_UNKNOWN     UINT32_MAX
#define INTERFACE_UNKNOWN UINT32_MAX /* no index is as great: they are positive ints */
