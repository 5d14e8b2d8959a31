/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Once everything is attached, most of what root may do is not needed any more.
 */
#include <stdbool.h>

/* Gives up every capability but those that later snapshots need: CAP_BPF (to open iterators), CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH (to look into /proc), and where `enters_namespaces` CAP_SYS_ADMIN (setns()). Sets
 * no_new_privs. For the calling thread and those that it starts. 0 or a negative errno. */
int privileges_drop(bool enters_namespaces);
