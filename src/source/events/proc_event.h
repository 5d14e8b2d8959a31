/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A row of /proc/net/tcp as an event of a snapshot.
 */
#include "event.h"
#include "proc_net.h"

/* `began_ns`, `read_ns`: when the reading of the snapshot's rows began, and when it had ended. */
struct event proc_event_of(const struct proc_row *row, uint64_t began_ns, uint64_t read_ns);
