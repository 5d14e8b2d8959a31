/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What users are called: /etc/passwd, or whatever the host's nsswitch.conf names, each asked for once.
 */
#include <stdint.h>

struct users;

/* NULL when index_init() fails, or memory is short. */
struct users *users_new(void);
void users_free(struct users *users);

/* NULL: it has no name, or none is to be had. Hostile text; it holds as long as `users` does. */
const char *users_name(struct users *users, uint32_t uid);
