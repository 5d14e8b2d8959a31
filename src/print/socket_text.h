/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The parts of a socket as text for people.
 */
#include "output.h"
#include "socket_namer.h"

enum { SOCKET_ENDPOINT_MAX = 640, HOST_TEXT_MAX = 256 };

/* "127.0.0.1:80", "[::1]:http", "*:80" for an IPv6 socket that takes IPv4 too, "0.0.0.0:*", "/run/x 12345". `out` has
 * room for SOCKET_ENDPOINT_MAX bytes. Returns the length. */
size_t socket_local_text(const struct socket *socket, const struct socket_namer *namer, char *out);
size_t socket_peer_text(const struct socket *socket, const struct socket_namer *namer, char *out);

/* ",fd=3"; of a file that is registered with an io_uring ",ring=3,slot=0" (owner.h); nothing for FD_UNKNOWN. */
void holder_fd_put(int32_t fd, struct output *output);

/* users:(("nginx",pid=12,fd=3),("nginx",pid=13,fd=3)), or "-". */
void socket_owners_put(const struct socket *socket, struct output *output);

/* timer:(keepalive,1min2sec,0); nothing when no timer runs. */
void socket_timer_put(const struct socket *socket, struct output *output);

/* uid:33 ino:12345 sk:1f cgroup:/system.slice/nginx.service v6only:0; after the cgroup of a container also
 * container:docker:0123456789ab. Then who the first holder is (identity_text.h), with the container that it is in. */
void socket_details_put(const struct socket *socket, const struct socket_namer *namer, struct output *output);
