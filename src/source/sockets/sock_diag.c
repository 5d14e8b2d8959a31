// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sock_diag.h"

#include <arpa/inet.h>
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

#include "count_of.h"

/* TCP_BOUND_INACTIVE, include/net/tcp_states.h of Linux 6.8: the bit that requests the bound sockets in CLOSE. Older
 * kernels do not know the bit, and ignore it. */
enum { DIAG_STATE_BOUND = 13 };

enum { REQUEST_BYTES = 256, ANSWER_BYTES = 1 << 16 };

struct sock_diag {
	struct mnl_socket *netlink;
	uint32_t netns;
	unsigned int sequence;
	char answer[ANSWER_BYTES];
};

/* One dump: a request, and what its answers need. */
struct dump {
	const struct sock_diag *diag;
	enum protocol protocol;
	const struct socket_query *query;
	socket_handler *handler;
	void *context;
	int err; /* what the handler returned */
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

/* ---- Internet sockets ---- */

static struct address read_diag_address(const __be32 words[4], uint8_t family)
{
	struct address address;

	if (family == 4) {
		uint8_t bytes[4];

		memcpy(bytes, words, sizeof(bytes));
		return address_from_ipv4(bytes);
	}
	memcpy(address.bytes, words, sizeof(address.bytes));
	return address;
}

static int take_inet_attribute(const struct nlattr *attribute, void *data)
{
	struct socket *socket = data;
	struct socket_details *details = &socket->details;

	switch (mnl_attr_get_type(attribute)) {
	case INET_DIAG_INFO:
		details->info = mnl_attr_get_payload(attribute);
		details->info_size = mnl_attr_get_payload_len(attribute);
		break;
	case INET_DIAG_CONG:
		if (!mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING))
			details->congestion = mnl_attr_get_str(attribute);
		break;
	case INET_DIAG_SKV6ONLY:
		if (!mnl_attr_validate(attribute, MNL_TYPE_U8))
			socket->v6only = mnl_attr_get_u8(attribute) ? TRISTATE_YES : TRISTATE_NO;
		break;
	case INET_DIAG_CGROUP_ID:
		if (!mnl_attr_validate(attribute, MNL_TYPE_U64))
			details->cgroup = mnl_attr_get_u64(attribute);
		break;
	}
	return MNL_CB_OK;
}

/* True for a minisocket: TIME_WAIT; FIN_WAIT2 with the timer of TIME_WAIT; SYN_RECV without an inode. A missing inode
 * alone is no sign: a full socket that no process holds lacks it too. */
static bool is_minisocket_msg(const struct inet_diag_msg *msg)
{
	return msg->idiag_state == STATE_TIME_WAIT ||
	       (msg->idiag_state == STATE_FIN_WAIT2 && msg->idiag_timer == TIMER_TIME_WAIT) ||
	       (msg->idiag_state == STATE_SYN_RECV && !msg->idiag_inode);
}

static struct socket make_inet_socket(const struct dump *dump, const struct inet_diag_msg *msg)
{
	uint8_t family = msg->idiag_family == AF_INET6 ? 6 : 4;
	struct socket socket = {
		.protocol = dump->protocol,
		.state = msg->idiag_state,
		.tuple = {.laddr = read_diag_address(msg->id.idiag_src, family),
			  .raddr = read_diag_address(msg->id.idiag_dst, family),
			  .lport = ntohs(msg->id.idiag_sport),
			  .rport = ntohs(msg->id.idiag_dport),
			  .netns = dump->diag->netns,
			  .family = family},
		.interface = msg->id.idiag_if,
		.recvq = msg->idiag_rqueue,
		.sendq = msg->idiag_wqueue,
		.uid = msg->idiag_uid,
		.inode = msg->idiag_inode,
		.cookie = (uint64_t)msg->id.idiag_cookie[1] << 32 | msg->id.idiag_cookie[0],
		.timer = msg->idiag_timer < TIMER_COUNT ? msg->idiag_timer : TIMER_NONE,
		.retransmits = msg->idiag_retrans,
		.timer_ms = msg->idiag_expires,
	};

	socket.mini = dump->protocol == PROTOCOL_TCP && is_minisocket_msg(msg);
	if (socket.mini && socket.state != STATE_SYN_RECV)
		socket.uid = UID_UNKNOWN;
	return socket;
}

static int take_inet_socket(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(header);
	struct dump *dump = data;
	struct socket socket;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*msg))
		return MNL_CB_OK;
	if (!(msg->idiag_state < STATE_COUNT && dump->query->states & 1u << msg->idiag_state))
		return MNL_CB_OK;
	socket = make_inet_socket(dump, msg);
	mnl_attr_parse(header, sizeof(*msg), take_inet_attribute, &socket);
	dump->err = dump->handler(dump->context, &socket);
	return dump->err ? MNL_CB_ERROR : MNL_CB_OK;
}

/* Requests TIME_WAIT and FIN_WAIT2 together, so that minisockets in FIN_WAIT2 come whichever of the two a kernel counts
 * them among. Linux 6.18 counts them among FIN_WAIT2. */
static uint32_t choose_request_states(const struct socket_query *query)
{
	uint32_t both = 1u << STATE_TIME_WAIT | 1u << STATE_FIN_WAIT2;
	uint32_t states = query->states & both ? query->states | both : query->states;

	return query->bound ? states | 1u << DIAG_STATE_BOUND : states;
}

static void put_inet_request(struct nlmsghdr *header, const struct dump *dump, uint8_t family)
{
	static const uint8_t numbers[] = {
		[PROTOCOL_TCP] = IPPROTO_TCP, [PROTOCOL_UDP] = IPPROTO_UDP, [PROTOCOL_RAW] = IPPROTO_RAW};
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	request->sdiag_family = family == 6 ? AF_INET6 : AF_INET;
	request->sdiag_protocol = numbers[dump->protocol];
	request->idiag_states = choose_request_states(dump->query);
	if (dump->query->internals)
		request->idiag_ext = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1);
}

/* ---- unix sockets ---- */

static int take_unix_attribute(const struct nlattr *attribute, void *data)
{
	struct socket *socket = data;
	const struct unix_diag_rqlen *queues;

	switch (mnl_attr_get_type(attribute)) {
	case UNIX_DIAG_NAME:
		socket->path = mnl_attr_get_payload(attribute);
		socket->path_length = mnl_attr_get_payload_len(attribute);
		break;
	case UNIX_DIAG_PEER:
		if (!mnl_attr_validate(attribute, MNL_TYPE_U32))
			socket->peer_inode = mnl_attr_get_u32(attribute);
		break;
	case UNIX_DIAG_RQLEN:
		queues = mnl_attr_get_payload(attribute);
		if (mnl_attr_get_payload_len(attribute) < sizeof(*queues))
			break;
		socket->recvq = queues->udiag_rqueue;
		socket->sendq = queues->udiag_wqueue;
		break;
	case UNIX_DIAG_UID:
		if (!mnl_attr_validate(attribute, MNL_TYPE_U32))
			socket->uid = mnl_attr_get_u32(attribute);
		break;
	}
	return MNL_CB_OK;
}

static int take_unix_socket(const struct nlmsghdr *header, void *data)
{
	const struct unix_diag_msg *msg = mnl_nlmsg_get_payload(header);
	struct dump *dump = data;
	struct socket socket = {
		.protocol = PROTOCOL_UNIX,
		.tuple = {.netns = dump->diag->netns},
		.recvq = QUEUE_UNKNOWN,
		.sendq = QUEUE_UNKNOWN,
		.uid = UID_UNKNOWN,
	};

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*msg))
		return MNL_CB_OK;
	if (!(msg->udiag_state < STATE_COUNT && dump->query->states & 1u << msg->udiag_state))
		return MNL_CB_OK;
	socket.state = msg->udiag_state;
	socket.unix_type = msg->udiag_type;
	socket.inode = msg->udiag_ino;
	socket.cookie = (uint64_t)msg->udiag_cookie[1] << 32 | msg->udiag_cookie[0];
	mnl_attr_parse(header, sizeof(*msg), take_unix_attribute, &socket);
	dump->err = dump->handler(dump->context, &socket);
	return dump->err ? MNL_CB_ERROR : MNL_CB_OK;
}

static void put_unix_request(struct nlmsghdr *header, const struct dump *dump)
{
	struct unix_diag_req *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	request->sdiag_family = AF_UNIX;
	request->udiag_states = dump->query->states;
	request->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID;
}

/* ---- both ---- */

/* Maps the errors of a kernel that lacks the protocol, or sock_diag as a whole, to -EOPNOTSUPP. */
static int map_refusal(int err)
{
	return err == -ENOENT || err == -EPROTONOSUPPORT || err == -ENOTSUP ? -EOPNOTSUPP : err;
}

/* Reads the last message of a dump: it carries the error of a dump that failed. */
static int take_dump_end(const struct nlmsghdr *header, void *data)
{
	int err = 0;

	(void)data;
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(header), sizeof(err));
	if (err >= 0)
		return MNL_CB_STOP;
	errno = -err;
	return MNL_CB_ERROR;
}

/* Takes all answers. An error of the handler ends the dump, and leaves the answers still on their way unread. */
static int take_dump_answers(struct sock_diag *diag, struct dump *dump)
{
	mnl_cb_t control[] = {[NLMSG_DONE] = take_dump_end};
	unsigned int port = mnl_socket_get_portid(diag->netlink);
	mnl_cb_t take = dump->protocol == PROTOCOL_UNIX ? take_unix_socket : take_inet_socket;
	int more = MNL_CB_OK;

	while (more > MNL_CB_STOP) {
		ssize_t got = mnl_socket_recvfrom(diag->netlink, diag->answer, sizeof(diag->answer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		more = mnl_cb_run2(diag->answer, (size_t)got, diag->sequence, port, take, dump, control,
				   COUNT_OF(control));
	}
	if (more == MNL_CB_STOP)
		return 0;
	return dump->err ? dump->err : map_refusal(-errno);
}

int sock_diag_each(struct sock_diag *diag, enum protocol protocol, uint8_t family, const struct socket_query *query,
		   socket_handler *handler, void *context)
{
	struct dump dump = {.diag = diag, .protocol = protocol, .query = query, .handler = handler, .context = context};
	char request[REQUEST_BYTES];
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++diag->sequence;
	if (protocol == PROTOCOL_UNIX)
		put_unix_request(header, &dump);
	else
		put_inet_request(header, &dump, family);
	if (mnl_socket_sendto(diag->netlink, header, header->nlmsg_len) < 0)
		return map_refusal(-errno);
	return take_dump_answers(diag, &dump);
}
