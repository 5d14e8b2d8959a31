/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The systemd unit that a process belongs to, as its control group shows it: systemd makes a group for each unit, and
 * names it after the unit (systemd.unit(5)). Anybody who may make a group may name it so, too: the result is a name to
 * show, no proof, and hostile text.
 */
#include <stdbool.h>
#include <stddef.h>

enum { UNIT_NAME_SIZE = 256 }; /* UNIT_NAME_MAX of systemd, the NUL included */

/* Finds the innermost service, scope, socket, mount or swap: of "/user.slice/user@1000.service/app.slice/web.service"
 * that is "web.service". False: the path names none, and *out is left alone. */
bool unit_of_path(const char *path, char out[UNIT_NAME_SIZE]);

/* Does the same for the first line that names one of `text`, which is /proc/PID/cgroup. Only the tree of version 2 and
 * systemd's own tree of version 1 count. A last line without its newline is left out. */
bool unit_of_cgroup(const char *text, size_t length, char out[UNIT_NAME_SIZE]);
