/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The members about a socket that JSON lines of several types have under the same names.
 */
#include "json_writer.h"
#include "socket_namer.h"

/* Writes both ends of an Internet socket, their names as far as `namer` has any, the interface, and v6only. */
void socket_json_inet(struct json_writer *json, const struct socket *socket, const struct socket_namer *namer);

/* Writes the name of a unix socket, or null where it has none. The socket may be NULL, or of another kind. */
void socket_json_path(struct json_writer *json, const char *key, const struct socket *socket);

/* Writes pid, comm, uid, owner_src, direction, owners, owners_complete. The second also writes who each of the owners
 * is (identity_json.h). */
void socket_json_owners(struct json_writer *json, const struct socket *socket);
void socket_json_identified(struct json_writer *json, const struct socket *socket);

/* Writes a holder as an item of an array, and who it is. `identity`: NULL: that is not known. */
void socket_json_holder(struct json_writer *json, const struct owner *owner, struct identity *identity);

/* Writes who the first holder is. `container`: what to write where its container is not known; NULL: nothing. */
void socket_json_identity(struct json_writer *json, const struct socket *socket, const char *container);
