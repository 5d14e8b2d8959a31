/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The answers of sock_diag(7): to the request for a dump, read into sockets; and to questions for single minisockets.
 */
#include "sock_diag.h"

/* What reading the answers of one dump needs. */
struct diag_dump {
	enum protocol protocol;
	uint32_t states; /* a set (socket.h) */
	uint32_t netns;
	unsigned int sequence, port; /* netlink's: messages that carry others are refused */
	socket_handler *handler;
	void *context;
	int err; /* what the handler returned */
};

/* Hands the sockets of one answer, which is aligned to 4 bytes, to the handler. Passes over messages that are too short
 * to be sockets, or have another state, family or type. Returns 1 when more answers follow, 0 after the last one, what
 * the handler returned, or a negative errno: the one with which the dump ended, or -EBADMSG, before the first socket,
 * where the bytes are no messages of this dump. */
int diag_answer_take(struct diag_dump *dump, const void *answer, size_t length);

/* What reading the answers to some questions needs. */
struct diag_questions {
	struct mini_question *all;
	size_t count;
	size_t answered;
	unsigned int sequence; /* of the first question; each next one has the next number */
	unsigned int port;     /* netlink's */
};

/* Takes the answers in one message of the kernel's, which is aligned to 4 bytes. Returns 0; -EBADMSG where the bytes
 * are no answers to these questions; or the kernel's error. */
int diag_questions_take(struct diag_questions *questions, const void *answer, size_t length);
