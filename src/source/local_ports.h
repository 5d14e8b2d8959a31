/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The ports that the kernel gives to sockets that ask for none.
 */
#include "baseline.h"

/* Those of the network namespace that we are in; the kernel's default where they cannot be read. */
struct port_range local_ports(void);
