/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Finds the names of interfaces inside their network namespaces.
 */
#include "interface_names.h"
#include "netns.h"

/* Reads the name of an interface of a namespace. 0 or a negative errno: -ENXIO, there is no such interface. */
int interface_read_name(const struct netns *netns, uint32_t index, char name[INTERFACE_NAME_SIZE]);

/* True where an interface of some namespace has that name, or namespaces could not be looked into. */
bool interface_may_exist(const char *name);

extern const struct interface_finder host_interface_finder;
