/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Arrays that grow while they are filled.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Makes room for one more element of `array`, which has `count` elements and room for `room`. A full array doubles; an
 * empty one gets room for `first`. `array` and `room` are variables, and change together. False when memory is short:
 * then neither has changed. */
#define GROW(array, count, room, first)                                                                                \
	({                                                                                                             \
		bool has_room_ = (count) < (room);                                                                     \
		size_t more_ = (room) ? 2 * (size_t)(room) : (first);                                                  \
		void *grown_ = has_room_ ? NULL : reallocarray(array, more_, sizeof(*(array)));                        \
                                                                                                                       \
		if (grown_) {                                                                                          \
			(array) = grown_;                                                                              \
			(room) = more_;                                                                                \
			has_room_ = true;                                                                              \
		}                                                                                                      \
		has_room_;                                                                                             \
	})
