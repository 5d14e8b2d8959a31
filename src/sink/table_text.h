/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * One printing of the live table as text: totals, a heading, and a line for each socket. Columns are as wide as the
 * data.
 */
#include "sink.h"

void table_text_put(struct output *output, const struct wall_clock *clock, const struct netns_view *netns,
		    const struct table_view *view);
