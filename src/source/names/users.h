/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names of users: /etc/passwd, or other sources that the host's nsswitch.conf names, each asked for once.
 */
#include <stdint.h>

struct users;

/* NULL when index_init() fails, or memory is short. */
struct users *users_new(void);
void users_free(struct users *users);

/* Returns the name of a user; NULL: there is none, none but digits, or
 * none can be found out. Hostile text, valid as long as `users` is.
 */
const char *users_name(struct users *users, uint32_t uid);

/* Finds the user of a name, as it was typed (escape.h). 0 or -ENOENT. */
int users_find(const char *typed, uint32_t *uid);
