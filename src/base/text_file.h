/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Small files that people keep: read whole, and replaced whole. Whoever reads one finds the old or the new text.
 */
#include <stddef.h>

/* The whole of it, which may also be a pipe but no file of /proc, without a byte order mark and with a NUL behind it;
 * the caller frees *out. 0, -EACCES also for a file of /proc, -EFBIG when there are more than `most` bytes, or another
 * negative errno. */
int text_file_read(const char *path, size_t most, char **out, size_t *length);

/* A new file beside the old one, of the same mode and, where that is allowed, owner and group; where there is none, one
 * that only its owner may read and write. A descriptor to write to, or a negative errno: -ELOOP, `path` is a symbolic
 * link, which is not followed: in a folder that all may write to it may be somebody else's. *name, which the caller
 * frees, is what it is called until it is kept. */
int text_file_begin(const char *path, char **name);

/* Puts it into the place of `path`, or where `err` is not 0, or this fails, takes it away. Closes the descriptor. 0, or
 * a negative errno (`err`, if that is one). */
int text_file_end(const char *path, const char *name, int fd, int err);
