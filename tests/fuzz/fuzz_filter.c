// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * FILTER: any text is refused with a message, or gives a filter whose answers are the same each time. The kernel filter
 * passes what the filter passes. Input: the text.
 */
#include <ctype.h>
#include <errno.h>

#include "filter.h"
#include "filter_parser.h"
#include "filter_socket.h"
#include "fuzz.h"
#include "identity.h"
#include "kernel_filter.h"

enum { SUBJECTS = 24, NUMBERS_MAX = 16, NETNS_HERE = 4026531840u, NETNS_COUNT = 4 };

/* ---- names ---- */

static int find_service(void *context, const char *name, struct service_ports *ports)
{
	static const struct {
		const char *name;
		uint16_t port;
	} services[] = {{"ssh", 22},        {"http", 80},    {"https", 443}, {"9pfs", 564},
			{"http-alt", 8080}, {"914c/g", 211}, {"two", 53},    {"two", 5353}};

	(void)context;
	ports->count = 0;
	for (size_t i = 0; i < COUNT_OF(services); i++) {
		if (strcmp(name, services[i].name) != 0)
			continue;
		ports->all[ports->count].port = services[i].port;
		ports->all[ports->count++].protocols = 1u << PROTOCOL_TCP | 1u << PROTOCOL_UDP;
	}
	return ports->count ? 0 : -ENOENT;
}

static bool find_near_service(void *context, const char *name, char out[SERVICE_NAME_SIZE])
{
	(void)context;
	snprintf(out, SERVICE_NAME_SIZE, "%s", "\x1b[31m");
	return name[0] == 'h';
}

static int find_user(void *context, const char *name, uint32_t *uid)
{
	(void)context;
	*uid = 33;
	return strcmp(name, "www") != 0 && strcmp(name, "web data") != 0 ? -ENOENT : 0;
}

/* Namespaces are named by a letter: 'a' is NETNS_HERE, 'b' the next one. 'z' stands for two of them. */
static int find_netns(void *context, const char *name, struct netns_choice *choice)
{
	(void)context;
	if (!strcmp(name, "z")) {
		choice->inodes[choice->count++] = NETNS_HERE;
		choice->inodes[choice->count++] = NETNS_HERE + 1;
		return 0;
	}
	if (name[0] < 'a' || name[0] >= 'a' + NETNS_COUNT || name[1])
		return -ENOENT;
	choice->inodes[choice->count++] = NETNS_HERE + (uint32_t)(name[0] - 'a');
	return 0;
}

static const struct filter_names names = {.service = find_service,
					  .near_service = find_near_service,
					  .user = find_user,
					  .has_unix_sockets = true,
					  .netns = find_netns};

/* ---- connections that the filter may mean ---- */

/* The numbers in the text, and those beside them. */
struct numbers {
	uint32_t all[3 * NUMBERS_MAX + 1];
	uint32_t count;
};

static struct numbers find_numbers(const char *text)
{
	struct numbers numbers = {.all = {0}, .count = 1};

	while (*text && numbers.count + 3 <= COUNT_OF(numbers.all)) {
		char *end = (char *)text + 1;

		if (isdigit((unsigned char)*text)) {
			uint32_t number = (uint32_t)strtoul(text, &end, 10);

			numbers.all[numbers.count++] = number;
			numbers.all[numbers.count++] = number - 1;
			numbers.all[numbers.count++] = number + 1;
		}
		text = end;
	}
	return numbers;
}

static struct address roll_address(struct dice *dice, uint8_t family)
{
	static const char *const ipv4s[] = {"10.0.0.1", "127.0.0.1", "0.0.0.0", "192.168.1.5"};
	static const char *const ipv6s[] = {"::1", "fd00::1", "::", "::ffff:10.0.0.1", "fe80::1"};
	struct address address = {{0}};

	MUST(address_parse(family == 4 ? ROLL(dice, ipv4s) : ROLL(dice, ipv6s), &address) == family);
	return address;
}

static struct identity *roll_identity(struct dice *dice)
{
	static char exe[] = "/usr/sbin/nginx (deleted)", unit[] = "nginx.service", container[] = "docker:0123456789ab";
	static struct identity identities[] = {
		{.lineage = {.ppid = 1, .pcomm = "systemd"}, .exe = exe, .unit = unit},
		{.lineage = {.ppid = 7, .pcomm = "a b"}, .exe = exe + 10, .container = container},
		{.exe = NULL},
	};
	uint32_t index = roll(dice, COUNT_OF(identities) + 1);

	return index < COUNT_OF(identities) ? &identities[index] : NULL;
}

static struct change roll_change(struct dice *dice, const struct numbers *numbers, struct connection *conn)
{
	static const uint8_t transitions[][2] = {
		{STATE_CLOSE, STATE_SYN_SENT},       {STATE_SYN_SENT, STATE_ESTABLISHED},
		{STATE_SYN_SENT, STATE_CLOSE},       {STATE_LISTEN, STATE_SYN_RECV},
		{STATE_SYN_RECV, STATE_ESTABLISHED}, {STATE_ESTABLISHED, STATE_CLOSE_WAIT},
		{STATE_CLOSE, STATE_LISTEN},         {STATE_LISTEN, STATE_CLOSE},
		{STATE_ESTABLISHED, STATE_CLOSE},    {STATE_FIN_WAIT2, STATE_TIME_WAIT},
	};
	const uint8_t *states = transitions[roll(dice, COUNT_OF(transitions))];
	uint8_t family = roll(dice, 2) ? 4 : 6;
	bool incoming = states[0] == STATE_LISTEN || states[0] == STATE_SYN_RECV;

	*conn = (struct connection){
		.tuple = {.laddr = roll_address(dice, family),
			  .raddr = roll_address(dice, family),
			  .lport = (uint16_t)numbers->all[roll(dice, numbers->count)],
			  .rport = (uint16_t)numbers->all[roll(dice, numbers->count)],
			  .netns = NETNS_HERE + roll(dice, NETNS_COUNT),
			  .family = family},
		.owner = {.pid = numbers->all[roll(dice, numbers->count)] & INT32_MAX,
			  .comm = "nginx",
			  .identity = roll_identity(dice)},
		.uid = numbers->all[roll(dice, numbers->count)],
		.state = states[1],
		.oldstate = states[0],
		.direction = (uint8_t)(incoming ? DIRECTION_IN : roll(dice, 2)),
	};
	return (struct change){.kind = roll(dice, 8) ? CHANGE_TRANSITION : CHANGE_SOCKET,
			       .conn = conn,
			       .oldstate = states[0],
			       .newstate = states[1]};
}

static struct socket make_socket_of(const struct connection *conn)
{
	return (struct socket){
		.protocol = PROTOCOL_TCP,
		.state = conn->state,
		.tuple = conn->tuple,
		.uid = conn->uid,
		.owners = &conn->owner,
		.owner_count = 1,
	};
}

/* ---- what must hold ---- */

/* The kernel side may report more than passes, never less. While a port is not known yet, MAYBE passes too. */
static void check_kernel_filter(const struct filter *filter, const struct kernel_filter *kernel_filter,
				const struct change *change)
{
	enum filter_answer answer = filter_ask(filter, change);
	bool birth = change->newstate == STATE_SYN_SENT || change->newstate == STATE_SYN_RECV;

	if (answer == FILTER_YES || (answer == FILTER_MAYBE && birth))
		MUST(kernel_filter_passes(kernel_filter, &change->conn->tuple, change->newstate));
	if (kernel_filter_passes(kernel_filter, &change->conn->tuple, change->newstate))
		return;
	MUST(kernel_filter_leaves_out(kernel_filter));
	MUST(answer != FILTER_YES);
}

/* What is asked of the kernel for a listing, or read at all, may be too much, never too little. */
static void check_socket(const struct filter *filter, const struct kernel_filter *kernel_filter,
			 const struct connection *conn)
{
	struct socket socket = make_socket_of(conn), other = socket;
	struct owner stranger = conn->owner;
	enum filter_answer answer = socket_passes(&socket, filter);
	uint32_t topics = filter_topics(filter);

	if (answer != FILTER_NO) {
		MUST(filter_may_pass_in(filter, socket.tuple.netns));
		MUST(filter_states(filter) & 1u << socket.state);
		MUST(!kernel_filter_fixes_netns(kernel_filter) || socket.tuple.netns == kernel_filter->netns[0]);
	}
	stranger.identity = NULL;
	if (!(topics & TOPIC_IDENTITY))
		other.owners = &stranger;
	MUST(!(topics & TOPIC_IDENTITY) || topics & TOPIC_OWNER);
	if (!(topics & TOPIC_OWNER))
		other.owner_count = 0;
	if (!(topics & TOPIC_USER))
		other.uid = UID_UNKNOWN;
	if (!(topics & TOPIC_NETNS))
		other.tuple.netns++;
	if (!(topics & TOPIC_STATE))
		other.state = socket.state == STATE_LISTEN ? STATE_CLOSE : STATE_LISTEN;
	MUST(socket_passes(&other, filter) == answer);
}

/* A name with spaces and a path are taken whole only while they stand alone. */
static bool may_be_whole_word(const char *text)
{
	return strpbrk(text, " \t\n") || (is_path_word(text) && strpbrk(text, "()=!<>&|\"'"));
}

/* Parses the text within another text. Nothing is compared where the whole is too long, or nested too deep, or where
 * the text means something else alone. */
static struct filter *parse_within(const char *before, const char *text, const char *after)
{
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;
	char *whole;

	if (*before && may_be_whole_word(text))
		return NULL;
	if (asprintf(&whole, "%s%s%s", before, text, after) < 0)
		abort();
	if (filter_parse(whole, &names, &filter, &error))
		MUST(strlen(whole) > FILTER_TEXT_MAX || strstr(error.message, "nested more than"));
	free(whole);
	return filter;
}

static void check_filter(const char *text, const struct filter *filter)
{
	struct filter *again = parse_within("", text, ""), *inside = parse_within(" ( ", text, " ) "),
		      *contrary = parse_within("not (", text, ")");
	struct kernel_filter *kernel_filter = kernel_filter_of(filter);
	struct dice dice = make_dice(text, strlen(text));
	struct numbers numbers = find_numbers(text);

	MUST(again && kernel_filter);
	for (int i = 0; i < SUBJECTS; i++) {
		struct connection conn;
		struct change change = roll_change(&dice, &numbers, &conn);
		enum filter_answer answer = filter_ask(filter, &change);

		MUST(filter_ask(again, &change) == answer);
		MUST(!inside || filter_ask(inside, &change) == answer);
		MUST(!contrary || filter_ask(contrary, &change) == FILTER_YES - answer);
		check_kernel_filter(filter, kernel_filter, &change);
		check_socket(filter, kernel_filter, &conn);
	}
	free(kernel_filter);
	filter_free(contrary);
	filter_free(inside);
	filter_free(again);
}

static void check_refusal(const char *text, const struct filter_error *error)
{
	struct filter_error again = {.message = ""};
	struct filter *filter = NULL;

	MUST(error->at <= strlen(text));
	must_be_message(error->message, sizeof(error->message));
	MUST(filter_parse(text, &names, &filter, &again) == -EINVAL && !filter);
	MUST(again.at == error->at && !strcmp(again.message, error->message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_text(data, size);
	struct filter_error error = {.message = ""};
	struct filter *filter = NULL;
	int err = filter_parse(text, &names, &filter, &error);

	MUST(err == 0 || err == -EINVAL);
	if (err)
		check_refusal(text, &error);
	else if (filter)
		check_filter(text, filter);
	filter_free(filter);
	free(text);
	return 0;
}
