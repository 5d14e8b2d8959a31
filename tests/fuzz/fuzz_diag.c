// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The answers of sock_diag: whatever bytes come, a socket that is handed on has what it says, and nothing else of the
 * memory is read. Input: a byte for the protocol, a byte that chooses the states, and the messages.
 */
#include <errno.h>
#include <linux/netlink.h>

#include "diag_answer.h"
#include "fuzz.h"

enum { NETNS = 4026531840u };

/* What the answer may refer to, and when the handler ends the dump. */
struct taken {
	const struct diag_dump *dump;
	size_t count, most;
};

static void check_inet_socket(const struct socket *socket)
{
	const struct socket_details *details = &socket->details;

	MUST(socket->tuple.family == 4 || socket->tuple.family == 6);
	MUST(socket->tuple.family == 6 ||
	     (address_is_ipv4(&socket->tuple.laddr) && address_is_ipv4(&socket->tuple.raddr)));
	MUST(socket->timer < TIMER_COUNT && socket->v6only <= TRISTATE_YES);
	MUST(!socket->mini || socket->protocol == PROTOCOL_TCP);
	MUST(!socket->path && !socket->path_length);
	must_be_readable(details->info, details->info_size);
	if (details->congestion)
		must_be_readable(details->congestion, strlen(details->congestion) + 1);
}

static void check_unix_socket(const struct socket *socket)
{
	char path[SOCKET_PATH_MAX];

	MUST(socket->unix_type == UNIX_STREAM || socket->unix_type == UNIX_DGRAM ||
	     socket->unix_type == UNIX_SEQPACKET);
	MUST(!socket->mini && !socket->details.info && !socket->details.congestion);
	must_be_readable(socket->path, socket->path_length);
	MUST(socket_path(socket, path) <= SOCKET_PATH_MAX);
}

static int take_socket(void *context, const struct socket *socket)
{
	struct taken *taken = context;

	MUST(socket->protocol == taken->dump->protocol && socket->tuple.netns == NETNS);
	MUST(socket->state > STATE_UNKNOWN && socket->state < STATE_COUNT);
	MUST(taken->dump->states & 1u << socket->state);
	if (socket->protocol == PROTOCOL_UNIX)
		check_unix_socket(socket);
	else
		check_inet_socket(socket);
	MUST(taken->count < taken->most);
	return ++taken->count == taken->most ? -ECANCELED : 0;
}

/* Messages with any sequence and port are taken where these are 0. */
static int take_answer(enum protocol protocol, uint32_t states, const char *answer, size_t size, struct taken *taken)
{
	struct diag_dump dump = {
		.protocol = protocol, .states = states, .netns = NETNS, .handler = take_socket, .context = taken};
	int more;

	taken->dump = &dump;
	more = diag_answer_take(&dump, answer, size);
	MUST(more <= 1 && (dump.err == 0 || dump.err == more));
	return more;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum protocol protocol = take_byte(&data, &size) % PROTOCOL_COUNT;
	uint32_t states = take_byte(&data, &size) % 4 ? STATES_ALL : STATES_LISTENING;
	struct taken whole = {.most = SIZE_MAX}, first = {.most = 1};
	char *answer = copy_bytes(data, size);
	int more = take_answer(protocol, states, answer, size, &whole);

	if (whole.count)
		MUST(take_answer(protocol, states, answer, size, &first) == -ECANCELED && first.count == 1);
	else
		MUST(take_answer(protocol, states, answer, size, &first) == more);
	free(answer);
	return 0;
}
