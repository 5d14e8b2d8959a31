// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sock_diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "diag_answer.h"

/* TCP_BOUND_INACTIVE, include/net/tcp_states.h of Linux 6.8: the bit that requests the bound sockets in CLOSE. Older
 * kernels do not know the bit, and ignore it. */
enum { DIAG_STATE_BOUND = 13 };

enum { REQUEST_BYTES = 256, ANSWER_BYTES = 1 << 16 };

/* So many questions are sent at once: the answers find room in the socket. */
enum { QUESTIONS_AT_ONCE = 64 };

struct sock_diag {
	struct mnl_socket *netlink;
	uint32_t netns;
	unsigned int sequence;
	bool answers_tcp; /* this kernel was found to answer for TCP */
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
};

int sock_diag_open(uint32_t netns, struct sock_diag **out)
{
	struct sock_diag *diag = calloc(1, sizeof(*diag));

	if (!diag)
		return -ENOMEM;
	diag->netns = netns;
	diag->netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!diag->netlink || mnl_socket_bind(diag->netlink, 0, MNL_SOCKET_AUTOPID)) {
		int err = -errno;

		sock_diag_close(diag);
		return err;
	}
	*out = diag;
	return 0;
}

void sock_diag_close(struct sock_diag *diag)
{
	if (!diag)
		return;
	if (diag->netlink)
		mnl_socket_close(diag->netlink);
	free(diag);
}

/* ---- requests ---- */

/* Requests TIME_WAIT and FIN_WAIT2 together, so that minisockets in FIN_WAIT2 come whichever of the two a kernel counts
 * them among. Linux 6.18 counts them among FIN_WAIT2. */
static uint32_t choose_request_states(const struct socket_query *query)
{
	uint32_t both = 1u << STATE_TIME_WAIT | 1u << STATE_FIN_WAIT2;
	uint32_t states = query->states & both ? query->states | both : query->states;

	return query->bound ? states | 1u << DIAG_STATE_BOUND : states;
}

static void put_inet_request(struct nlmsghdr *header, enum protocol protocol, uint8_t family,
			     const struct socket_query *query)
{
	static const uint8_t numbers[] = {
		[PROTOCOL_TCP] = IPPROTO_TCP, [PROTOCOL_UDP] = IPPROTO_UDP, [PROTOCOL_RAW] = IPPROTO_RAW};
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	request->sdiag_family = family == 6 ? AF_INET6 : AF_INET;
	request->sdiag_protocol = numbers[protocol];
	request->idiag_states = choose_request_states(query);
	if (query->internals)
		request->idiag_ext = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1);
}

static void put_unix_request(struct nlmsghdr *header, const struct socket_query *query)
{
	struct unix_diag_req *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	request->sdiag_family = AF_UNIX;
	request->udiag_states = query->states;
	request->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID;
}

/* ---- answers ---- */

/* Maps the errors of a kernel that lacks the protocol, or sock_diag as a whole, to -EOPNOTSUPP. */
static int map_refusal(int err)
{
	return err == -ENOENT || err == -EPROTONOSUPPORT || err == -ENOTSUP ? -EOPNOTSUPP : err;
}

/* Receives the kernel's next message. Drops what other processes send: whoever has CAP_NET_ADMIN in the network
 * namespace may write to this socket. */
static ssize_t receive_answer(struct sock_diag *diag, int flags)
{
	struct sockaddr_nl sender = {.nl_family = AF_UNSPEC};
	struct iovec room = {.iov_base = diag->answer, .iov_len = sizeof(diag->answer)};
	struct msghdr message = {.msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &room, .msg_iovlen = 1};
	ssize_t got;

	do
		got = recvmsg(mnl_socket_get_fd(diag->netlink), &message, flags);
	while (got < 0 ? errno == EINTR : sender.nl_pid != 0);
	if (got < 0)
		return -errno;
	return message.msg_flags & MSG_TRUNC ? -ENOSPC : got;
}

/* Takes all answers. An error of the handler ends the dump, and leaves the answers still on their way unread. */
static int take_dump_answers(struct sock_diag *diag, struct diag_dump *dump)
{
	int more = 1;

	while (more > 0) {
		ssize_t got = receive_answer(diag, 0);

		if (got < 0)
			return (int)got;
		more = diag_answer_take(dump, diag->answer, (size_t)got);
	}
	return dump->err ? dump->err : map_refusal(more);
}

int sock_diag_each(struct sock_diag *diag, enum protocol protocol, uint8_t family, const struct socket_query *query,
		   socket_handler *handler, void *context)
{
	struct diag_dump dump = {
		.protocol = protocol,
		.states = query->states,
		.netns = diag->netns,
		.sequence = ++diag->sequence,
		.port = mnl_socket_get_portid(diag->netlink),
		.handler = handler,
		.context = context,
	};
	_Alignas(struct nlmsghdr) char request[REQUEST_BYTES];
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = dump.sequence;
	if (protocol == PROTOCOL_UNIX)
		put_unix_request(header, query);
	else
		put_inet_request(header, protocol, family, query);
	if (mnl_socket_sendto(diag->netlink, header, header->nlmsg_len) < 0)
		return map_refusal(-errno);
	return take_dump_answers(diag, &dump);
}

/* ---- questions ---- */

static void put_question_address(__be32 words[4], const struct address *address, uint8_t family)
{
	memcpy(words, family == 6 ? address->bytes : address->bytes + ADDRESS_LEN - sizeof(*words),
	       family == 6 ? ADDRESS_LEN : sizeof(*words));
}

/* Returns the end of the question. */
static char *put_question(char *at, const struct tuple *tuple, unsigned int sequence)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(at);
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST;
	header->nlmsg_seq = sequence;
	request->sdiag_family = tuple->family == 6 ? AF_INET6 : AF_INET;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = UINT32_MAX;
	request->id = (struct inet_diag_sockid){
		.idiag_sport = htons(tuple->lport),
		.idiag_dport = htons(tuple->rport),
		.idiag_if = tuple->interface,
		.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
	};
	put_question_address(request->id.idiag_src, &tuple->laddr, tuple->family);
	put_question_address(request->id.idiag_dst, &tuple->raddr, tuple->family);
	return at + header->nlmsg_len;
}

/* The kernel has answered when the questions are sent: nothing is waited for. */
static int ask_some(struct sock_diag *diag, struct mini_question *questions, size_t count)
{
	struct diag_questions asked = {
		.all = questions,
		.count = count,
		.sequence = diag->sequence + 1,
		.port = mnl_socket_get_portid(diag->netlink),
	};
	char *end = diag->answer; /* the questions have been sent before the first answer comes */
	int err = 0;

	for (size_t i = 0; i < count; i++)
		end = put_question(end, &questions[i].tuple, ++diag->sequence);
	if (mnl_socket_sendto(diag->netlink, diag->answer, (size_t)(end - diag->answer)) < 0)
		return -errno;
	while (!err && asked.answered < count) {
		ssize_t got = receive_answer(diag, MSG_DONTWAIT);

		err = got < 0 ? (int)got : diag_questions_take(&asked, diag->answer, (size_t)got);
	}
	return err;
}

static int take_no_socket(void *context, const struct socket *socket)
{
	(void)context;
	(void)socket;
	return 0;
}

/* A kernel that does not answer for TCP says ENOENT, as one does that has no such socket. A dump of no state tells them
 * apart. */
static int check_tcp_is_answered(struct sock_diag *diag)
{
	const struct socket_query nothing = {0};
	int err = diag->answers_tcp ? 0 : sock_diag_each(diag, PROTOCOL_TCP, 4, &nothing, take_no_socket, NULL);

	diag->answers_tcp = !err;
	return err;
}

int sock_diag_ask(struct sock_diag *diag, struct mini_question *questions, size_t count)
{
	int err = check_tcp_is_answered(diag);

	for (size_t done = 0; !err && done < count; done += QUESTIONS_AT_ONCE) {
		size_t left = count - done;

		err = ask_some(diag, questions + done, left < QUESTIONS_AT_ONCE ? left : QUESTIONS_AT_ONCE);
	}
	return err;
}
