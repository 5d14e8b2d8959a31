/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The names that a filter may use, looked up on this host: services in /etc/services; users; network namespaces in
 * /run/netns, by the containers that are in them, by a process in them, or by their inodes; interfaces in their
 * namespaces.
 */
#include "filter.h"

extern const struct filter_names host_names;

/* For a filter of what is to come, too. */
extern const struct filter_names host_names_waiting;

/* For a filter of raw and unix sockets, too. */
extern const struct filter_names host_names_of_all;
