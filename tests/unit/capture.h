/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * An output that keeps its bytes in memory, for a test to read.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "output.h"

struct capture {
	int fd;
	struct output *output;
};

static inline struct capture capture_open(void)
{
	struct capture capture = {.fd = memfd_create("capture", MFD_CLOEXEC)};

	assert_true(capture.fd >= 0);
	capture.output = output_new(capture.fd, -1);
	assert_non_null(capture.output);
	return capture;
}

/* Returns all output since the last take, as text; the caller frees it. */
static inline char *capture_take(struct capture *capture)
{
	off_t size;
	char *text;

	assert_int_equal(output_flush(capture->output), 0);
	size = lseek(capture->fd, 0, SEEK_END);
	assert_true(size >= 0);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(pread(capture->fd, text, (size_t)size, 0), size);
	assert_int_equal(strlen(text), size); /* no NUL in the output */
	assert_int_equal(ftruncate(capture->fd, 0), 0);
	assert_int_equal(lseek(capture->fd, 0, SEEK_SET), 0);
	return text;
}

static inline void capture_close(struct capture *capture)
{
	output_free(capture->output);
	close(capture->fd);
}
