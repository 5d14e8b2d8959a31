/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Errors that concern the program's own resources, not the file that was to be opened.
 */
#include <errno.h>
#include <stdbool.h>

/* True when descriptors, memory or threads (pthread_create()) ran out. `err` is a negative errno. */
static inline bool errno_is_resource(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -EAGAIN;
}
