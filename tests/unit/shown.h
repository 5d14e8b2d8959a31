/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Compares all that a command shows with what it has to show, and builds sockets to be shown.
 */
#include <stdio.h>

#include "capture.h"
#include "socket.h"

/* In JSON, of a process of which it is not known who it is: up to the container, and all of it. */
#define NOT_KNOWN_TO_UNIT "'ppid':null,'pcomm':null,'exe':null,'cmdline':null,'unit':null,"
#define NOT_IDENTIFIED    NOT_KNOWN_TO_UNIT "'container':null"

/* Fails the test at the first line that differs. */
static inline void assert_lines(const char *got, const char *wanted)
{
	for (size_t line = 1; *got || *wanted; line++) {
		int length = (int)strcspn(got, "\n"), wanted_length = (int)strcspn(wanted, "\n");

		length += got[length] == '\n';
		wanted_length += wanted[wanted_length] == '\n';
		if (length != wanted_length || memcmp(got, wanted, (size_t)length) != 0)
			fail_msg("line %zu is\n%.*s\nand not\n%.*s", line, length, got, wanted_length, wanted);
		got += length;
		wanted += wanted_length;
	}
}

/* Takes the output since the last take, which must be exactly `wanted`. */
static inline void assert_shown(struct capture *capture, const char *wanted)
{
	char *got = capture_take(capture);

	assert_lines(got, wanted);
	free(got);
}

/* The same for lines of JSON, in which ' stands for ". */
static inline void assert_shown_json(struct capture *capture, const char *wanted)
{
	char *quoted = strdup(wanted);

	assert_non_null(quoted);
	for (char *at = quoted; (at = strchr(at, '\''));)
		*at = '"';
	assert_shown(capture, quoted);
	free(quoted);
}

/* A text that is put together. */
struct expected {
	char text[1 << 15];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static inline void expect(struct expected *expected, const char *format, ...)
{
	size_t room = sizeof(expected->text) - expected->used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(expected->text + expected->used, room, format, args);
	va_end(args);
	assert_true(length >= 0 && (size_t)length < room);
	expected->used += (size_t)length;
}

/* ---- sockets ---- */

enum { SHOWN_NETNS = 1000 }; /* the inode of the network namespace that they are in */

static inline struct address address_of(const char *text)
{
	struct address address;

	assert_int_not_equal(address_parse(text, &address), 0);
	return address;
}

/* Both addresses are of one family, which becomes the socket's. */
static inline struct socket inet_socket(enum protocol protocol, uint8_t state, const char *laddr, uint16_t lport,
					const char *raddr, uint16_t rport)
{
	struct socket socket = {
		.protocol = protocol,
		.state = state,
		.tuple = {.raddr = address_of(raddr), .lport = lport, .rport = rport, .netns = SHOWN_NETNS},
		.uid = UID_UNKNOWN,
	};

	socket.tuple.family = address_parse(laddr, &socket.tuple.laddr);
	assert_int_not_equal(socket.tuple.family, 0);
	return socket;
}
