/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What ports are called: /etc/services and /etc/protocols, or whatever the host's nsswitch.conf names, read once.
 */
#include "socket.h"

struct services;

/* NULL when memory is short. */
struct services *services_read(void);
void services_free(struct services *services);

/* Of a port of TCP or UDP, or for a raw socket of an IP protocol; NULL: it has no name. Hostile text; it holds as long
 * as `services` does. */
const char *services_name(const struct services *services, enum protocol protocol, uint16_t port);

/* The port of a service of TCP or UDP, or of either (PROTOCOL_COUNT). 0 or -ENOENT. */
int services_port(enum protocol protocol, const char *name, uint16_t *port);

/* The name that is nearest to a mistyped one, if it is near enough to be meant; else NULL. It holds as long as
 * `services` does. */
const char *services_nearest(const struct services *services, const char *word);
