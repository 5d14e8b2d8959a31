// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that poll() calls writable takes PIPE_BUF bytes without blocking; a file takes anything. */
static size_t chunk_of(int fd)
{
	struct stat file;

	return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) ? SIZE_MAX : PIPE_BUF;
}

struct output *output_new(int fd, int cancel_fd)
{
	struct output *output = malloc(sizeof(*output));

	if (output) {
		output->fd = fd;
		output->cancel_fd = cancel_fd;
		output->chunk = chunk_of(fd);
		output->error = 0;
		output->used = 0;
	}
	return output;
}

void output_free(struct output *output)
{
	free(output);
}

static int wait_writable(const struct output *output)
{
	struct pollfd wait[] = {
		{.fd = output->fd, .events = POLLOUT},
		{.fd = output->cancel_fd, .events = POLLIN},
	};

	if (poll(wait, 2, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	return wait[0].revents == 0 && wait[1].revents ? -ECANCELED : 0;
}

static int write_all(const struct output *output, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written;
		int err = output->chunk == SIZE_MAX ? 0 : wait_writable(output);

		if (err)
			return err;
		written = write(output->fd, bytes, length < output->chunk ? length : output->chunk);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (written > 0) {
			bytes += written;
			length -= written;
		}
	}
	return 0;
}

int output_flush(struct output *output)
{
	if (!output->error)
		output->error = write_all(output, output->buffer, output->used);
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

/* Two digits a division, which is what this costs. */
char *decimal_put(char *at, uint64_t value)
{
	static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334"
				    "3536373839404142434445464748495051525354555657585960616263646566676869"
				    "707172737475767778798081828384858687888990919293949596979899";
	char digits[DECIMAL_MAX];
	size_t first = sizeof(digits);

	while (value >= 100) {
		first -= 2;
		memcpy(digits + first, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		first -= 2;
		memcpy(digits + first, pairs + value * 2, 2);
	} else {
		digits[--first] = (char)('0' + value);
	}
	memcpy(at, digits + first, sizeof(digits) - first);
	return at + sizeof(digits) - first;
}

char *hex_put(char *at, uint64_t value)
{
	int shift = value ? 60 - __builtin_clzll(value) / 4 * 4 : 0;

	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}

void output_u64(struct output *output, uint64_t value)
{
	output_used(output, decimal_put(output_room(output, DECIMAL_MAX), value));
}
