/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The records that the kernel side writes (include/record.h), turned into events of the model.
 */
#include <stdbool.h>

#include "event.h"

typedef int event_handler(void *context, const struct event *event);

/* True for a transition, which the kernel side counts; false for the other kinds of record. */
bool record_is_transition(const void *record);

/* Hands on the event of one record of the ring. Returns what the handler returned. */
int record_hand_on(const void *record, event_handler *handler, void *context);
