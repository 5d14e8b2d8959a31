/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Asks the kernel for single minisockets, in whichever network namespaces they are. Where there are few, that costs
 * less than reading them all: a reading walks over all sockets of the host.
 */
#include "sock_diag.h"

struct mini_asker;

/* NULL when memory is short. */
struct mini_asker *mini_asker_new(void);
void mini_asker_free(struct mini_asker *asker); /* NULL is fine */

/* Asks the questions, and sorts them. Returns 0 when all are answered; else the last error, a negative errno: -ESRCH, a
 * namespace cannot be found. Then the questions for some namespaces have no answer: their state is STATE_UNKNOWN. Other
 * namespaces are entered, by threads that end there. */
int mini_asker_ask(struct mini_asker *asker, struct mini_question *questions, size_t count);
