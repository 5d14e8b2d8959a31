/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the kernel side writes (include/record.h), as events of the model.
 */
#include <stdbool.h>

#include "event.h"

typedef int event_handler(void *context, const struct event *event);

/* One of those that the kernel side counts. */
bool record_is_transition(const void *record);

/* Hands on the event of one record of the ring, and returns what the handler did. */
int record_hand_on(const void *record, event_handler *handler, void *context);
