// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "socket_json.h"

#include <stdlib.h>

#include "identity_json.h"
#include "json_parts.h"

static void put_service_name(struct json_writer *json, const char *key, const struct socket *socket, uint16_t port,
			     const struct socket_namer *namer)
{
	if (namer->service)
		json_text_or_null(json, key, port ? namer->service(namer->context, socket->protocol, port) : NULL);
}

static void put_host_name(struct json_writer *json, const char *key, const struct socket *socket,
			  const struct address *address, const struct socket_namer *namer)
{
	if (namer->host)
		json_text_or_null(json, key, namer->host(namer->context, address, socket->tuple.family));
}

static void put_json_interface(struct json_writer *json, const struct socket *socket, const struct socket_namer *namer)
{
	uint32_t index = tuple_known_interface(&socket->tuple);
	const char *name = NULL;

	if (index && namer->interface)
		name = namer->interface(namer->context, socket->tuple.netns, index);
	json_interface(json, &socket->tuple, name);
}

void socket_json_inet(struct json_writer *json, const struct socket *socket, const struct socket_namer *namer)
{
	const struct tuple *tuple = &socket->tuple;

	json_tuple(json, tuple, true);
	put_service_name(json, "lservice", socket, tuple->lport, namer);
	put_service_name(json, "rservice", socket, tuple->rport, namer);
	put_host_name(json, "lhost", socket, &tuple->laddr, namer);
	put_host_name(json, "rhost", socket, &tuple->raddr, namer);
	put_json_interface(json, socket, namer);
	json_tristate(json, "v6only", socket->v6only);
}

void socket_json_path(struct json_writer *json, const char *key, const struct socket *socket)
{
	char path[SOCKET_PATH_MAX];
	size_t length = socket ? socket_path(socket, path) : 0;

	if (length)
		json_text(json, key, path, length);
	else
		json_null(json, key);
}

/* Writes the members before "owners". "pid" and "comm" are those of the first holder, as in the live table. */
static void put_first_owner(struct json_writer *json, const struct socket *socket)
{
	bool known = socket->owner_count > 0;

	json_known(json, "pid", socket_first_pid(socket), known);
	if (known)
		json_text(json, "comm", socket->owners->comm, COMM_LEN);
	else
		json_null(json, "comm");
	json_known(json, "uid", socket->uid, socket->uid != UID_UNKNOWN);
	json_word_or_null(json, "owner_src", known ? "scan" : NULL);
	json_null(json, "direction");
}

void socket_json_owners(struct json_writer *json, const struct socket *socket)
{
	put_first_owner(json, socket);
	json_holders(json, "owners", socket->owners, socket->owner_count);
	json_bool(json, "owners_complete", !socket->owners_hidden);
}

void socket_json_identified(struct json_writer *json, const struct socket *socket)
{
	put_first_owner(json, socket);
	json_array_begin(json, "owners");
	for (size_t i = 0; i < socket->owner_count; i++)
		socket_json_holder(json, &socket->owners[i], socket->owners[i].identity);
	json_array_end(json);
	json_bool(json, "owners_complete", !socket->owners_hidden);
}

void socket_json_holder(struct json_writer *json, const struct owner *owner, struct identity *identity)
{
	json_object_begin(json, NULL);
	json_holder_members(json, owner);
	identity_json_put(json, identity);
	json_object_end(json);
}

void socket_json_identity(struct json_writer *json, const struct socket *socket, const char *container)
{
	struct identity *identity = socket->owner_count ? socket->owners->identity : NULL;
	struct identity shown = {0};

	if (!container || (identity && identity->container)) {
		identity_json_put(json, identity);
		return;
	}
	if (identity)
		shown = *identity;
	shown.container = (char *)container;
	shown.json = NULL;
	identity_json_put(json, &shown);
	free(shown.json);
}
