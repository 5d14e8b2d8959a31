/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Names of ports: /etc/services and /etc/protocols, or other sources that the host's nsswitch.conf names, read once.
 */
#include "filter.h"
#include "socket.h"

struct services;

/* NULL when memory is short. */
struct services *services_read(void);
void services_free(struct services *services);

/* Returns the name of a port of TCP or UDP, or for a raw socket that of an IP protocol; NULL: there is none, or none
 * but one that reads as another port would (a number, a range, a star), or is longer than SERVICE_NAME_SIZE - 1 bytes.
 * Hostile text, valid as long as `services` is. */
const char *services_name(const struct services *services, enum protocol protocol, uint16_t port);

/* Finds the ports of TCP and UDP that are called by a name, as it was typed (escape.h); where none is, those that have
 * it as an alias. 0; -ENOENT: there is no such service; -E2BIG: there are more than SERVICE_PORTS_MAX. */
int services_find(const char *typed, struct service_ports *ports);

/* Adds the number of an IP protocol by its name, as it was typed. Returns the same. */
int services_find_protocol(const char *typed, struct service_ports *ports);

/* Writes the service of TCP or UDP that is nearest to a mistyped name into `out`, of `size` bytes. Hostile text. False:
 * none is near enough to be meant, or memory is short. */
bool services_find_nearest(const char *word, char *out, size_t size);
