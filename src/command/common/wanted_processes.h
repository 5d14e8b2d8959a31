/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The processes that a filter asks for, where there are none.
 */
#include "filter.h"

/* Warns of each process that the filter asks for and that does not exist now, and says what may have been meant.
 * `waits`: one may come yet. */
void wanted_processes_warn(const struct filter *filter, bool waits);
