/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Files that are registered with an io_uring (io_uring_register(2)): the ring holds them also when the process has
 * closed their descriptors. The fdinfo of the ring lists them, after "UserFiles:" and the number of slots: a row for
 * each slot that holds a file, "    2: socket:[12345]".
 *
 * Before Linux 6.14 a row had the last part of the file's name instead, which is "TCP" for a socket, and which anybody
 * may give to a file. A kernel that does not get the ring's lock leaves out the rows, or (since Linux 6.16) all text.
 */
#include <stdbool.h>
#include <stdint.h>

/* What a link under /proc/PID/fd reads where the descriptor is a ring. */
#define RING_LINK "anon_inode:[io_uring]"

/* `path`: as a link under /proc/PID/fd would read; hostile text, valid until the handler returns. Returns 0, or a
 * negative errno that ends the reading. */
typedef int registered_file_handler(void *context, uint32_t slot, const char *path);

struct registered_files {
	uint32_t slots;  /* how many files may be registered */
	bool told;       /* the kernel has told `slots` */
	bool whole;      /* all that are registered were handed over */
	bool locked_out; /* the kernel did not get the ring's lock: another try may be told more */
};

/* A kernel's version as a number: 6014 is Linux 6.14. */
uint32_t registered_files_release(void);

/* Hands over the files that the text of a ring's fdinfo lists, as a kernel of that release writes it. Changes the text.
 * Returns 0 or what the handler returned. */
int registered_files_parse(char *text, uint32_t release, registered_file_handler *handler, void *context,
			   struct registered_files *out);

/* Hands over the files that are registered with the ring whose fdinfo is at `path` below the open directory `dir`; asks
 * again where the kernel does not get the ring's lock. Returns 0, what the handler returned, or a negative errno of
 * opening or reading. */
int registered_files_each(int dir, const char *path, registered_file_handler *handler, void *context,
			  struct registered_files *out);

/* The same of the descriptor `fd` of a thread. Where the descriptor is no ring, there are none. */
int registered_files_of(uint32_t pid, uint32_t tid, int32_t fd, registered_file_handler *handler, void *context,
			struct registered_files *out);
