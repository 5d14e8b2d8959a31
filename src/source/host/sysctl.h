/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Settings of the kernel under /proc/sys; those of the network are of the namespace that the calling thread is in.
 */

/* Reads a setting. `name` as sysctl(8) spells it: "net.ipv4.tcp_fin_timeout". Returns the value without its end of
 * line, with one space for the blanks between numbers; the caller frees it. NULL: the setting is not there (this kernel
 * does not have it, or shows it in the first namespace only), or may not be read. */
char *sysctl_read(const char *name);
