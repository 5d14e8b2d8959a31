/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Which container a process is in, as far as its control group tells: who runs containers names the groups that
 * they are in after them. Whoever may make a group may name it so, too: what is read here is a name to show, no proof.
 */
#include <stdbool.h>
#include <stddef.h>

enum {
	CONTAINER_ID_MAX = 64,
	CONTAINER_SHORT_ID = 12, /* hex digits, as docker ps shows them */
	CONTAINER_NAME_SIZE = 96,
};

struct container {
	const char *runtime;           /* a literal: "docker", "podman" …; "container": nobody knows whose */
	char id[CONTAINER_ID_MAX + 1]; /* 64 hex digits; or a name that somebody gave it, which is hostile text */
};

/* `text` is /proc/PID/cgroup, of either version; a last line without its end is left out. The innermost container of
 * the first line that tells of one. False: none does, and *out is left alone. */
bool container_of_cgroup(const char *text, size_t length, struct container *out);

/* The same of one control group's path, "/system.slice/docker-….scope". */
bool container_of_path(const char *path, struct container *out);

/* Whether it is known by 64 hex digits, and not by a name. */
bool container_has_hex_id(const struct container *container);

/* As people know it: "docker:0123456789ab", "lxc:web". Returns `out`, of CONTAINER_NAME_SIZE. */
const char *container_name(const struct container *container, char *out);
