/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Small files that people keep: read whole, and replaced whole. A reader finds the old text or the new one.
 */
#include <stddef.h>

/* Reads all of `path`, which may be a pipe but no file of /proc, into *out, without a byte order mark and with a NUL
 * behind the text; the caller frees *out. Returns 0, -EACCES (also for a file of /proc), -EFBIG when there are more
 * than `most` bytes, or another negative errno. */
int text_file_read(const char *path, size_t most, char **out, size_t *length);

/* Creates a new file beside the old one, of the same mode and, where that is allowed, owner and group. Where there is
 * no old file, only the owner may read and write the new one. Returns a descriptor to write to, or a negative errno.
 * -ELOOP: `path` is a symbolic link, which is not followed, since in a folder that all may write to the link may be
 * somebody else's. *name, which the caller frees, is the new file's name until text_file_end(). */
int text_file_begin(const char *path, char **name);

/* Puts the new file into the place of `path`; removes it where `err` is not 0, or where this fails. Closes the
 * descriptor. Returns 0 once the file and its name would outlast a crash of the host, or a negative errno (`err`, if
 * that is one). */
int text_file_end(const char *path, const char *name, int fd, int err);
