/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Reads the identity of one process: from /proc as long as the process is there, and from what the kernel's event told
 * of it.
 */
#include "identity.h"

/* Reads the identity of the process that `owner` names. `lineage`: as the kernel told it; NULL: it is read from /proc
 * too. What cannot be found out is left out; so are the program and the command line where the process now goes by
 * another name than `owner` has: it has called execve() since. `with_cmdline`: the command line is wanted. The caller
 * has the one reference. NULL: memory or descriptors ran out. */
struct identity *identity_read(const struct owner *owner, const struct lineage *lineage, bool with_cmdline);

/* True while `owner` is the process of that identity, and goes by the name that `owner` has. */
bool identity_holds(const struct identity *identity, const struct owner *owner);
