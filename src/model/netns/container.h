/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The container that a process is in, as far as its control group shows it: container runtimes name the control groups
 * of containers after them. Anybody who may make a group may name it so, too: the result is a name to show, no proof.
 */
#include <stdbool.h>
#include <stddef.h>

enum {
	CONTAINER_ID_MAX = 64,
	CONTAINER_SHORT_ID = 12, /* hex digits, as docker ps shows them */
	CONTAINER_NAME_SIZE = 96,
};

struct container {
	const char *runtime;           /* a literal: "docker", "podman" …; "container": runtime not known */
	char id[CONTAINER_ID_MAX + 1]; /* 64 hex digits; or a name that somebody gave it, which is hostile text */
};

/* Finds the innermost container of the first line that names one. `text` is /proc/PID/cgroup, of either version; a last
 * line without its newline is left out. False: no line names a container, and *out is left alone. */
bool container_of_cgroup(const char *text, size_t length, struct container *out);

/* Does the same for the path of one control group, "/system.slice/docker-….scope". */
bool container_of_path(const char *path, struct container *out);

/* True when the id is 64 hex digits, and not a name. */
bool container_has_hex_id(const struct container *container);

/* Writes the container as people know it: "docker:0123456789ab", "lxc:web". Returns `out`, of CONTAINER_NAME_SIZE. */
const char *container_name(const struct container *container, char *out);
