/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The records that the kernel side writes (include/record.h), turned into events of the model.
 */
#include <stdbool.h>

#include "event.h"

typedef int event_handler(void *context, const struct event *event);

/* True if these bytes are a record: of a known kind and as long as one of that kind, of a known family, and →CLOSE
 * where the kind says so. The functions below take nothing else. */
bool record_is_whole(const void *record, size_t size);

/* True for a transition, which the kernel side counts; false for the other kinds of record. */
bool record_is_transition(const void *record);

/* Hands on the event of one record of the ring. Returns what the handler returned. */
int record_hand_on(const void *record, event_handler *handler, void *context);
