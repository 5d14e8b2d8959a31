/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The parts of a socket that lines of several types tell under the same names.
 */
#include "json_writer.h"
#include "socket_namer.h"

/* Another program's text, or null. */
void json_name(struct json_writer *json, const char *key, const char *name);

/* Of an Internet socket: both ends, their names as far as `namer` has any, the interface, v6only. */
void socket_json_inet(struct json_writer *json, const struct socket *socket, const struct socket_namer *namer);

/* pid, comm, uid, owner_src, direction, owners. */
void socket_json_owners(struct json_writer *json, const struct socket *socket);
