// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns the most bytes for one write(). A pipe that poll() calls writable takes PIPE_BUF bytes without blocking; a
 * regular file takes any number. Without a `cancel_fd` nothing could end a wait for the reader: write() may block. */
static size_t choose_write_chunk(int fd, int cancel_fd)
{
	struct stat file;

	return cancel_fd < 0 || (fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) ? SIZE_MAX : PIPE_BUF;
}

struct output *output_new(int fd, int cancel_fd)
{
	struct output *output = malloc(sizeof(*output));

	if (output) {
		output->fd = fd;
		output->cancel_fd = cancel_fd;
		output->chunk = choose_write_chunk(fd, cancel_fd);
		output->error = 0;
		output->used = 0;
		output->meanwhile = NULL;
	}
	return output;
}

void output_free(struct output *output)
{
	free(output);
}

void output_set_meanwhile(struct output *output, output_meanwhile *meanwhile, void *context)
{
	output->meanwhile = meanwhile;
	output->meanwhile_context = context;
}

/* A slow reader gets its time, also at the end. A reader that takes nothing for PATIENCE_MS stands still. */
enum { PATIENCE_MS = 2000, TICK_MS = 10, FOR_EVER = -1 };

static void call_meanwhile(const struct output *output)
{
	if (output->meanwhile)
		output->meanwhile(output->meanwhile_context);
}

/* Polls in steps of TICK_MS, and calls `meanwhile` between them. */
static int poll_with_meanwhile(const struct output *output, struct pollfd *wait, nfds_t count, int patience_ms)
{
	int ready = poll(wait, count, TICK_MS);

	for (int waited_ms = TICK_MS; ready == 0 && (patience_ms == FOR_EVER || waited_ms < patience_ms);
	     waited_ms += TICK_MS) {
		call_meanwhile(output);
		ready = poll(wait, count, TICK_MS);
	}
	return ready;
}

static int wait_writable(const struct output *output)
{
	struct pollfd wait[] = {
		{.fd = output->fd, .events = POLLOUT},
		{.fd = output->cancel_fd, .events = POLLIN},
	};
	int ready = poll_with_meanwhile(output, wait, 2, FOR_EVER);

	if (ready > 0 && !wait[0].revents)
		ready = poll_with_meanwhile(output, wait, 1, PATIENCE_MS);
	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	return ready == 0 ? -ECANCELED : 0;
}

static int write_chunks(const struct output *output, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written;
		int err = output->chunk == SIZE_MAX ? 0 : wait_writable(output);

		if (err)
			return err;
		written = write(output->fd, bytes, length < output->chunk ? length : output->chunk);
		if (written < 0 && errno == EAGAIN)
			err = wait_writable(output);
		else if (written < 0 && errno != EINTR)
			err = -errno;
		if (err)
			return err;
		call_meanwhile(output);
		if (written > 0) {
			bytes += written;
			length -= written;
		}
	}
	return 0;
}

/* True when the reader has closed its end: a pipe reports that without being written to. */
static bool reader_is_gone(const struct output *output)
{
	struct pollfd watched = {.fd = output->fd};

	return poll(&watched, 1, 0) > 0 && watched.revents & POLLERR;
}

int output_flush(struct output *output)
{
	if (!output->error && output->used)
		output->error = write_chunks(output, output->buffer, output->used);
	else if (!output->error && reader_is_gone(output))
		output->error = -EPIPE;
	output->used = 0;
	return output->error;
}

void output_bytes(struct output *output, const char *bytes, size_t length)
{
	while (length) {
		size_t now = length < OUTPUT_ROOM_MAX ? length : OUTPUT_ROOM_MAX;

		memcpy(output_room(output, now), bytes, now);
		output->used += now;
		bytes += now;
		length -= now;
	}
}

void output_text(struct output *output, const char *text)
{
	output_bytes(output, text, strlen(text));
}

void output_u64(struct output *output, uint64_t value)
{
	output_used(output, decimal_put(output_room(output, DECIMAL_MAX), value));
}
