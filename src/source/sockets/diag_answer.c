// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "diag_answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "count_of.h"

enum { ERRNO_MAX = 4095 }; /* MAX_ERRNO, include/linux/err.h */

/* ---- Internet sockets ---- */

enum { INFO_MAX = 512 }; /* bytes; Linux 6.18 fills 280 */

struct inet_socket {
	struct socket socket;
	_Alignas(struct tcp_info) char info[INFO_MAX]; /* netlink aligns attributes to 4 bytes, which is not enough */
};

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

static void take_tcp_info(struct inet_socket *inet, const struct nlattr *attribute)
{
	size_t size = mnl_attr_get_payload_len(attribute);
	struct socket_details *details = &inet->socket.details;

	details->info_size = size < INFO_MAX ? size : INFO_MAX;
	details->info = memcpy(inet->info, mnl_attr_get_payload(attribute), details->info_size);
}

static int take_inet_attribute(const struct nlattr *attribute, void *data)
{
	struct inet_socket *inet = data;
	struct socket *socket = &inet->socket;
	struct socket_details *details = &socket->details;

	switch (mnl_attr_get_type(attribute)) {
	case INET_DIAG_INFO:
		take_tcp_info(inet, attribute);
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

static struct socket make_inet_socket(const struct diag_dump *dump, const struct inet_diag_msg *msg)
{
	uint8_t family = msg->idiag_family == AF_INET6 ? 6 : 4;
	struct socket socket = {
		.protocol = dump->protocol,
		.state = msg->idiag_state,
		.tuple = {.laddr = read_diag_address(msg->id.idiag_src, family),
			  .raddr = read_diag_address(msg->id.idiag_dst, family),
			  .lport = ntohs(msg->id.idiag_sport),
			  .rport = ntohs(msg->id.idiag_dport),
			  .netns = dump->netns,
			  .interface = msg->id.idiag_if,
			  .family = family},
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
	struct diag_dump *dump = data;
	struct inet_socket inet;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*msg))
		return MNL_CB_OK;
	if (!(msg->idiag_state < STATE_COUNT && dump->states & 1u << msg->idiag_state) ||
	    !(msg->idiag_family == AF_INET || msg->idiag_family == AF_INET6))
		return MNL_CB_OK;
	inet.socket = make_inet_socket(dump, msg);
	mnl_attr_parse(header, sizeof(*msg), take_inet_attribute, &inet);
	dump->err = dump->handler(dump->context, &inet.socket);
	return dump->err ? MNL_CB_ERROR : MNL_CB_OK;
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
	struct diag_dump *dump = data;
	struct socket socket = {
		.protocol = PROTOCOL_UNIX,
		.tuple = {.netns = dump->netns},
		.recvq = QUEUE_UNKNOWN,
		.sendq = QUEUE_UNKNOWN,
		.uid = UID_UNKNOWN,
	};

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*msg))
		return MNL_CB_OK;
	if (!(msg->udiag_state < STATE_COUNT && dump->states & 1u << msg->udiag_state) ||
	    !unix_type_is_known(msg->udiag_type))
		return MNL_CB_OK;
	socket.state = msg->udiag_state;
	socket.unix_type = msg->udiag_type;
	socket.inode = msg->udiag_ino;
	socket.cookie = (uint64_t)msg->udiag_cookie[1] << 32 | msg->udiag_cookie[0];
	mnl_attr_parse(header, sizeof(*msg), take_unix_attribute, &socket);
	dump->err = dump->handler(dump->context, &socket);
	return dump->err ? MNL_CB_ERROR : MNL_CB_OK;
}

/* ---- both ---- */

/* Reads the last message of a dump: it carries the error of a dump that failed. */
static int take_dump_end(const struct nlmsghdr *header, void *data)
{
	int err = header->nlmsg_type == NLMSG_ERROR ? -EBADMSG : 0;

	(void)data;
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(header), sizeof(err));
	if (err >= 0)
		return MNL_CB_STOP;
	errno = err < -ERRNO_MAX ? EBADMSG : -err;
	return MNL_CB_ERROR;
}

/* True if each message ends within the answer, with its padding, and has that port and one of `count` sequence numbers
 * from `sequence` on. libmnl takes a message of 2 GiB or more for one that fits, reads padding that is not there, and
 * takes a message without a sequence or port for one of any dump. */
static bool is_answer_to(unsigned int sequence, size_t count, unsigned int port, const void *answer, size_t length)
{
	const char *at = answer, *end = at + length;

	while (at < end) {
		const struct nlmsghdr *header = (const void *)at;
		size_t left = (size_t)(end - at);

		if (left < sizeof(*header) || header->nlmsg_len < sizeof(*header) || header->nlmsg_len > left ||
		    NLMSG_ALIGN(header->nlmsg_len) > left || header->nlmsg_seq - sequence >= count ||
		    header->nlmsg_pid != port)
			return false;
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
	return true;
}

int diag_answer_take(struct diag_dump *dump, const void *answer, size_t length)
{
	mnl_cb_t control[] = {[NLMSG_ERROR] = take_dump_end, [NLMSG_DONE] = take_dump_end};
	mnl_cb_t take = dump->protocol == PROTOCOL_UNIX ? take_unix_socket : take_inet_socket;
	int more;

	if (!is_answer_to(dump->sequence, 1, dump->port, answer, length))
		return -EBADMSG;
	more = mnl_cb_run2(answer, length, dump->sequence, dump->port, take, dump, control, COUNT_OF(control));
	if (more >= MNL_CB_STOP)
		return more == MNL_CB_STOP ? 0 : 1;
	return dump->err ? dump->err : -errno;
}

/* ---- single minisockets ---- */

/* A socket in FIN_WAIT2 is no minisocket: it has another timer, or none. */
static bool is_mini_answer(const struct inet_diag_msg *msg)
{
	return msg->idiag_timer == TIMER_TIME_WAIT &&
	       (msg->idiag_state == STATE_TIME_WAIT || msg->idiag_state == STATE_FIN_WAIT2);
}

static int take_found_socket(struct mini_question *question, const struct inet_diag_msg *msg)
{
	question->state = is_mini_answer(msg) ? msg->idiag_state : STATE_CLOSE;
	return question->state != STATE_CLOSE && msg->id.idiag_if != question->tuple.interface ? -ENOTUNIQ : 0;
}

/* The kernel finds the socket that has the tuple, or a listener on its port. Where there is neither, its error is
 * ENOENT.
 */
static int take_one_answer(struct mini_question *question, const struct nlmsghdr *header)
{
	const void *payload = mnl_nlmsg_get_payload(header);
	size_t length = mnl_nlmsg_get_payload_len(header);
	int err = 0;

	if (header->nlmsg_type == NLMSG_ERROR && length >= sizeof(err)) {
		memcpy(&err, payload, sizeof(err));
		question->state = STATE_CLOSE;
		return err == -ENOENT ? 0 : err >= 0 || err < -ERRNO_MAX ? -EBADMSG : err;
	}
	if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || length < sizeof(struct inet_diag_msg))
		return -EBADMSG;
	return take_found_socket(question, payload);
}

int diag_questions_take(struct diag_questions *questions, const void *answer, size_t length)
{
	const struct nlmsghdr *header = answer;
	int left = (int)length, err = 0;

	if (!is_answer_to(questions->sequence, questions->count, questions->port, answer, length))
		return -EBADMSG;
	for (; left > 0 && !err; header = mnl_nlmsg_next(header, &left)) {
		err = take_one_answer(&questions->all[header->nlmsg_seq - questions->sequence], header);
		questions->answered++;
	}
	return err;
}
