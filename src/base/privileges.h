/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Capabilities that this process has beyond its user's, and the blocks that use them.
 *
 * Capabilities that a file, a set-uid bit or root gives stay permitted, and are effective only in a block that asks for
 * them: everything else is done with no capability at all. Capabilities belong to threads (capabilities(7)): a block
 * raises those of the thread that runs it, and a new thread begins with those that its creator had at that moment.
 * Blocks may be nested.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

/* To be called first of all, before there are threads. Leaves no capability effective. A set-uid or set-gid program
 * becomes its real user, but keeps its permitted capabilities. Returns 0 or a negative errno. */
int privileges_begin(void);

/* Makes effective, from here to the end of the block, the permitted ones of these capabilities: those needed for bpf(),
 * for other processes in /proc and for entering namespaces, and CAP_SYS_NICE, to run before others. No path that a user
 * names, or an environment variable gives, is opened in such a block. */
#define WITH_PRIVILEGES                                                                                                \
	CLEANUP(privileges_restore) __attribute__((unused)) uint64_t privileges_were = privileges_raise()

/* Gives this thread, from here to the end of the block, only the rights of any program that its user starts: for root
 * all permitted capabilities, and nothing that this file's capabilities or set-uid bit gave. For paths that a user
 * names. */
#define AS_USER CLEANUP(privileges_restore) __attribute__((unused)) uint64_t privileges_were = privileges_become_user()

/* Parts of the two blocks. The first two functions make other capabilities effective, and return those that were
 * effective before, for privileges_restore(). */
uint64_t privileges_raise(void);
uint64_t privileges_become_user(void);
void privileges_restore(const uint64_t *before);

/* Return the permitted capabilities, one bit each; and those of them that the user has without this program's file. */
uint64_t privileges_permitted(void);
uint64_t privileges_of_user(void);

/* Gives up every capability but those that later snapshots need: CAP_BPF (to open iterators), CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH (to read /proc), and where `enters_namespaces` CAP_SYS_ADMIN (setns()). Sets no_new_privs.
 * Applies to the calling thread and the threads that it starts. Returns 0 or a negative errno. */
int privileges_drop(bool enters_namespaces);
