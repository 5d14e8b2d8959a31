/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Errors that say nothing of what was to be opened, only of ourselves.
 */
#include <errno.h>
#include <stdbool.h>

/* `err`: a negative errno. Whether descriptors or memory ran out. */
static inline bool errno_is_resource(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}
