/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The number of elements of an array. Not for a pointer: gcc warns there (-Wsizeof-pointer-div).
 */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
