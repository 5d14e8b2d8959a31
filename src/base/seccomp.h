/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * System calls that a seccomp filter may forbid. Some filters kill the caller: services under systemd have such ones
 * (SystemCallFilter=), and containers may.
 */
#include <stdbool.h>

/* True where this process has a seccomp filter. */
bool seccomp_is_on(void);

/* Makes a system call to see whether it may be made: in a child process where a seccomp filter is on, else in this one.
 * `call` returns 0 or a negative errno, and so does this function: -ESHUTDOWN, the caller is killed; -EAGAIN, no child
 * could be made, and nothing was called. */
int seccomp_try(int (*call)(void));

/* True where a seccomp filter kills who makes that call. Without a filter nothing is called. */
bool seccomp_kills(int (*call)(void));
