/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What this process may do beyond what its user may, and where it does.
 *
 * Capabilities that a file, a set-uid bit or root gives stay permitted, and are effective only in a block that asks for
 * them: everything else is done with no capability at all. They belong to threads (capabilities(7)): a block raises
 * those of the thread that runs it, and a new thread begins with what its maker had at that moment. Blocks may be
 * nested.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

/* To be called first of all, before there are threads: makes no capability effective, and a set-uid or set-gid program
 * becomes its user, but for the capabilities. 0 or a negative errno. */
int privileges_begin(void);

/* From here to the end of the block, what is permitted of these is effective: what bpf(), other processes in /proc and
 * entering namespaces ask for, and CAP_SYS_NICE, to run before others. No path that a user names, or a variable gives,
 * is opened in such a block. */
#define WITH_PRIVILEGES                                                                                                \
	CLEANUP(privileges_restore) __attribute__((unused)) uint64_t privileges_were = privileges_raise()

/* From here to the end of the block, this thread may do what any program may that its user starts: for root all that is
 * permitted; nothing of what this file's capabilities or set-uid bit gave. For paths that a user names. */
#define AS_USER CLEANUP(privileges_restore) __attribute__((unused)) uint64_t privileges_were = privileges_become_user()

/* What the two blocks are made of. Each makes other capabilities effective, and returns those that were, for
 * privileges_restore(). */
uint64_t privileges_raise(void);
uint64_t privileges_become_user(void);
void privileges_restore(const uint64_t *before);

/* The capabilities that are permitted, a bit each; and those of them that the user has without this program's file. */
uint64_t privileges_permitted(void);
uint64_t privileges_of_user(void);

/* Gives up every capability but those that later snapshots need: CAP_BPF (to open iterators), CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH (to look into /proc), and where `enters_namespaces` CAP_SYS_ADMIN (setns()). Sets
 * no_new_privs. For the calling thread and those that it starts. 0 or a negative errno. */
int privileges_drop(bool enters_namespaces);
