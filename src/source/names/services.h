/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names of ports: /etc/services and /etc/protocols, or other sources that the host's nsswitch.conf names, read once.
 */
#include "socket.h"

struct services;

/* NULL when memory is short. */
struct services *services_read(void);
void services_free(struct services *services);

/* Returns the name of a port of TCP or UDP, or for a raw socket that of an IP protocol; NULL: there is none. Hostile
 * text, valid as long as `services` is. */
const char *services_name(const struct services *services, enum protocol protocol, uint16_t port);

/* Finds the port of a service of TCP or UDP, or of either (PROTOCOL_COUNT). 0 or -ENOENT. */
int services_port(enum protocol protocol, const char *name, uint16_t *port);

/* Writes the service of TCP or UDP that is nearest to a mistyped name into `out`, of `size` bytes. Hostile text. False:
 * none is near enough to be meant, or memory is short. */
bool services_find_nearest(const char *word, char *out, size_t size);
