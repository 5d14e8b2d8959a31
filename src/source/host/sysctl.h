/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Settings of the kernel under /proc/sys; those of the network are of the namespace that the calling thread is in.
 */

/* `name` as sysctl(8) spells it: "net.ipv4.tcp_fin_timeout". The value without its end of line, and blanks between
 * numbers as one space; the caller frees it. NULL: it is not there (this kernel has no such setting, or shows it in the
 * first namespace only), or may not be read. */
char *sysctl_read(const char *name);
