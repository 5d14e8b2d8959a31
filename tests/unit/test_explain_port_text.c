// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the page of `explain` about a port, as people read it.
 */
#include <errno.h>

#include "explain.h"
#include "shown.h"

enum { V4 = 1 << PORT_IPV4, V6 = 1 << PORT_IPV6, TCP = 1 << PROTOCOL_TCP, UDP = 1 << PROTOCOL_UDP };

static const char *find_user(void *users, uint32_t uid)
{
	(void)users;
	return uid == 33 ? "www\033" : uid == 0 ? "root" : NULL;
}

static const char *find_service(void *context, enum protocol protocol, uint16_t port)
{
	(void)context;
	(void)protocol;
	(void)port;
	return "never"; /* a page names the service in its title only */
}

/* A port, and all that is known of it. */
struct known_port {
	struct port_survey survey;
	struct port_facts facts;
	struct port_verdict verdict;
	struct port_page page;
};

static struct known_port *port_new(uint16_t port, uint32_t protocols)
{
	struct known_port *known = test_calloc(1, sizeof(*known));

	assert_int_equal(port_survey_init(&known->survey, port), 0);
	known->facts = (struct port_facts){.unprivileged_start = 1024, .ephemeral_low = 32768, .ephemeral_high = 60999};
	for (unsigned int protocol = 0; protocol < PORT_PROTOCOLS; protocol++)
		for (unsigned int way = 0; way < PORT_WAYS; way++)
			known->facts.trials[protocol][way] = (struct bind_trial){.reuse = BIND_UNTRIED};
	known->page = (struct port_page){
		.survey = &known->survey, .facts = &known->facts, .verdict = &known->verdict, .protocols = protocols};
	return known;
}

static void port_free(struct known_port *known)
{
	port_survey_free(&known->survey);
	test_free(known);
}

static void trial_gives(struct known_port *known, enum protocol protocol, unsigned int way, int plain, int reuse)
{
	known->facts.trials[protocol][way] = (struct bind_trial){plain, reuse};
}

static char *print_port(struct known_port *known, bool color)
{
	static const struct socket_namer namer = {.service = find_service};
	static const struct netns_view view = {.home = SHOWN_NETNS};
	struct capture capture = capture_open();
	const struct explain_style style = {.output = capture.output,
					    .namer = &namer,
					    .user = find_user,
					    .netns = &view,
					    .home = SHOWN_NETNS,
					    .now_ns = 1,
					    .color = color};
	char *text;

	port_verdict_make(&known->survey, &known->facts, known->page.protocols, &known->verdict);
	explain_port_text(&style, &known->page);
	text = capture_take(&capture);
	capture_close(&capture);
	return text;
}

static void assert_page(struct known_port *known, const char *wanted)
{
	char *text = print_port(known, false);

	assert_lines(text, wanted);
	free(text);
}

/* Asserts what the page has from the line `from` up to the line `to` (NULL: up to the end), which are headings. */
static void assert_part(struct known_port *known, const char *from, const char *to, const char *wanted)
{
	char *text = print_port(known, false), *begin = strstr(text, from), *end;

	assert_non_null(begin);
	begin += strlen(from);
	end = to ? strstr(begin, to) : NULL;
	assert_int_equal(end != NULL, to != NULL);
	if (end)
		*end = '\0';
	assert_lines(begin, wanted);
	free(text);
}

#define NATURE  "\nWhat it is\n"
#define USERS   "\nWho has it now, in network namespace 1000\n"
#define ANSWERS "\nCan it be bound now?\n"
#define REASONS "\nWhy not, and what to do\n"

/* ---- whole pages ---- */

static void test_port_0(void **state)
{
	struct known_port *known = port_new(0, TCP | UDP);

	(void)state;
	assert_page(
		known,
		"Port 0\n"
		"  No socket has port 0. bind() to it asks the kernel for a free port within net.ipv4.ip_local_port_range, which is 32768 to 60999.\n");
	port_free(known);
}

static void test_free_port(void **state)
{
	struct known_port *known = port_new(80, TCP | UDP);

	(void)state;
	known->facts.may_bind_privileged = true;
	known->page.names[PROTOCOL_TCP] = "ht tp";
	known->page.names[PROTOCOL_UDP] = "www";
	assert_page(
		known,
		"Port 80: ht\\x20tp (TCP), www (UDP)\n"
		"\nWhat it is\n"
		"  It is privileged: below net.ipv4.ip_unprivileged_port_start, which is 1024, so that bind() takes CAP_NET_BIND_SERVICE. We have it.\n"
		"  It is one of the well-known ports, and outside net.ipv4.ip_local_port_range (32768 to 60999): the kernel does not choose it for a connection.\n"
		"\nWho has it now, in network namespace 1000\n"
		"  No socket listens on it or is bound to it.\n"
		"  TCP connections with this local port: none\n"
		"  TCP connections with this remote port: none\n"
		"\nCan it be bound now?\n"
		"  TCP IPv4  yes\n"
		"  TCP IPv6  yes\n"
		"  TCP dual  yes (one socket on [::] for both, as servers mostly have it)\n"
		"  UDP IPv4  yes\n"
		"  UDP IPv6  yes\n"
		"  UDP dual  yes (one socket on [::] for both, as servers mostly have it)\n");
	port_free(known);
}

/* Of UDP alone, nothing is said about TCP. */
static void test_one_protocol(void **state)
{
	struct known_port *known = port_new(5353, UDP);

	(void)state;
	known->page.names[PROTOCOL_TCP] = "tcp-name";
	known->page.names[PROTOCOL_UDP] = "mdns";
	known->survey.udp_remote = 1;
	assert_page(
		known,
		"Port 5353: mdns (UDP)\n"
		"\nWhat it is\n"
		"  It takes no privilege to bind: net.ipv4.ip_unprivileged_port_start is 1024.\n"
		"  It is one of the ports for servers, and outside net.ipv4.ip_local_port_range (32768 to 60999): the kernel does not choose it for a connection.\n"
		"\nWho has it now, in network namespace 1000\n"
		"  No socket listens on it or is bound to it.\n"
		"  1 UDP socket connected to this remote port\n"
		"\nCan it be bound now?\n"
		"  UDP IPv4  yes\n"
		"  UDP IPv6  yes\n"
		"  UDP dual  yes (one socket on [::] for both, as servers mostly have it)\n");
	known->survey.udp_remote = 2;
	assert_part(known, "bound to it.\n", ANSWERS, "  2 UDP sockets connected to this remote port\n");
	port_free(known);
}

static void test_colors(void **state)
{
	struct known_port *known = port_new(8080, TCP);
	const struct socket socket = inet_socket(PROTOCOL_TCP, STATE_LISTEN, "10.0.0.1", 8080, "0.0.0.0", 0);
	char *text;

	(void)state;
	assert_int_equal(port_survey_add(&known->survey, &socket), 0);
	trial_gives(known, PROTOCOL_TCP, PORT_IPV6, EADDRINUSE, 0);
	trial_gives(known, PROTOCOL_TCP, PORT_DUAL, EAFNOSUPPORT, BIND_UNTRIED);
	text = print_port(known, true);
	assert_non_null(strstr(text, "\033[1mPort 8080\033[0m\n"));
	assert_non_null(strstr(text, "\n  \033[36mTCP\033[0m       listens on 10.0.0.1:8080: no process"));
	assert_non_null(strstr(text, "\n  \033[32mTCP IPv4\033[0m  yes\n"));
	assert_non_null(strstr(text, "\n  \033[33mTCP IPv6\033[0m  only with SO_REUSEADDR;"));
	assert_non_null(strstr(text, "\n  \033[31mTCP dual\033[0m  no, there are no such addresses here"));
	free(text);
	port_free(known);
}

/* ---- the port itself ---- */

#define OUTSIDE  "outside net.ipv4.ip_local_port_range (32768 to 60999): the kernel does not choose it for a connection"
#define RESERVED "  A reserved port can be bound by who asks for it by its number, as ever.\n"

static void test_nature(void **state)
{
	static const struct {
		uint16_t port;
		bool reserved;
		const char *wanted; /* after what is said of privilege */
	} cases[] = {
		{1, false, "  It is one of the well-known ports, and " OUTSIDE ".\n"},
		{1023, false, "  It is one of the well-known ports, and " OUTSIDE ".\n"},
		{1024, false, "  It is one of the ports for servers, and " OUTSIDE ".\n"},
		{32767, true,
		 "  It is one of the ports for servers, and " OUTSIDE
		 ", and net.ipv4.ip_local_reserved_ports, in which it is, forbids it, too.\n" RESERVED},
		{32768, false,
		 "  It is ephemeral: within net.ipv4.ip_local_port_range (32768 to 60999), from which the kernel chooses for connections that begin here. Any of them may have it when a server wants it; a server's port in this range belongs into net.ipv4.ip_local_reserved_ports.\n"},
		{60999, true,
		 "  It is within net.ipv4.ip_local_port_range (32768 to 60999), but in net.ipv4.ip_local_reserved_ports: the kernel does not choose it for a connection.\n" RESERVED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct known_port *known = port_new(cases[i].port, TCP);
		struct expected expected = {0};

		known->facts.reserved = cases[i].reserved;
		if (cases[i].port < 1024)
			expect(&expected,
			       "  It is privileged: below net.ipv4.ip_unprivileged_port_start, which is 1024, so that bind() takes CAP_NET_BIND_SERVICE. We do not have it.\n");
		else
			expect(&expected,
			       "  It takes no privilege to bind: net.ipv4.ip_unprivileged_port_start is 1024.\n");
		expect(&expected, "%s", cases[i].wanted);
		assert_part(known, NATURE, USERS, expected.text);
		port_free(known);
	}
}

/* ---- the sockets that have it ---- */

static void add_socket(struct known_port *known, struct socket socket)
{
	assert_int_equal(port_survey_add(&known->survey, &socket), 0);
}

static struct socket listener_at(const char *address, uint16_t port)
{
	return inet_socket(PROTOCOL_TCP, STATE_LISTEN, address, port, strchr(address, ':') ? "::" : "0.0.0.0", 0);
}

static void test_servers(void **state)
{
	static const struct owner owners[] = {{.pid = 11, .fd = 6, .comm = "ngi nx"},
					      {.pid = 12, .fd = -2, .comm = "b"}, /* slot 0 of its io_uring 0 */
					      {.pid = 13, .fd = 3, .comm = "c"},
					      {.pid = 14, .fd = 3, .comm = "d"},
					      {.pid = 15, .fd = 3, .comm = "e"},
					      {.pid = 16, .fd = 3, .comm = "f"}};
	struct known_port *known = port_new(80, TCP | UDP);
	struct socket sockets[8];

	(void)state;
	sockets[0] = listener_at("10.0.0.1", 80);
	sockets[0].owners = owners;
	sockets[0].owner_count = 4;
	sockets[0].recvq = 1;
	sockets[0].sendq = 511;
	sockets[0].uid = 33;
	sockets[1] = listener_at("2001:db8::1", 80);
	sockets[1].owners = owners;
	sockets[1].owner_count = 6;
	sockets[1].recvq = 6;
	sockets[1].sendq = 5;
	sockets[1].uid = 1234;
	sockets[2] = listener_at("10.0.0.2", 80);
	sockets[2].recvq = QUEUE_UNKNOWN;
	sockets[2].sendq = 5;
	sockets[2].inode = 7;
	sockets[3] = sockets[2];
	sockets[3].recvq = 0;
	sockets[3].sendq = QUEUE_UNKNOWN;
	sockets[3].uid = 0;
	sockets[4] = inet_socket(PROTOCOL_TCP, STATE_CLOSE, "10.0.0.3", 80, "0.0.0.0", 0);
	sockets[5] = inet_socket(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.4", 80, "0.0.0.0", 0);
	sockets[6] = inet_socket(PROTOCOL_UDP, STATE_ESTABLISHED, "10.0.0.4", 80, "10.0.0.9", 53);
	sockets[7] = inet_socket(PROTOCOL_TCP, STATE_CLOSE, "10.0.0.3", 81, "0.0.0.0", 0);
	for (size_t i = 0; i < COUNT_OF(sockets); i++)
		add_socket(known, sockets[i]);
	known->page.gap = HOLDERS_ELSEWHERE;
	assert_part(
		known, USERS, "  TCP connections with this local",
		"  TCP       listens on 10.0.0.1:80: ngi nx (pid 11, fd 6), b (pid 12, slot 0 of an io_uring), c (pid 13, fd 3), d (pid 14, fd 3), user www\\x1b, 1 connection waits for accept() with a backlog of 511\n"
		"  TCP       listens on [2001:db8::1]:80: ngi nx (pid 11, fd 6), b (pid 12, slot 0 of an io_uring), c (pid 13, fd 3), d (pid 14, fd 3) and 2 more, user 1234, 6 connections wait for accept() with a backlog of 5: FULL\n"
		"  TCP       listens on 10.0.0.2:80: no process of this PID namespace (run in the host's to see it)\n"
		"  TCP       listens on 10.0.0.2:80: no process of this PID namespace (run in the host's to see it), user root\n"
		"  TCP       is only bound to 10.0.0.3:80: no process\n"
		"  UDP       is bound to 10.0.0.4:80: no process\n"
		"  UDP       is connected on 10.0.0.4:80 to 10.0.0.9:53: no process\n");
	port_free(known);
}

static void test_unseen_holders(void **state)
{
	static const char *const words[] = {
		[HOLDERS_WHOLE] =
			"nobody that can be found (the kernel itself, a process in another container, or it is on its way through a unix socket)",
		[HOLDERS_DENIED] = "a process that may not be looked into (run as root to see it)",
		[HOLDERS_HIDDEN] = "a process that cannot be seen (/proc hides those of others: run as root)",
		[HOLDERS_ELSEWHERE] = "no process of this PID namespace (run in the host's to see it)",
		[HOLDERS_UNTOLD] =
			"somebody who could not be seen (the kernel does not tell all files that are registered with io_urings)",
	};
	struct known_port *known = port_new(80, UDP);
	struct socket socket = inet_socket(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.4", 80, "0.0.0.0", 0);

	(void)state;
	socket.inode = 7;
	add_socket(known, socket);
	for (size_t gap = 0; gap < COUNT_OF(words); gap++) {
		struct expected expected = {0};

		known->page.gap = (enum holder_gap)gap;
		expect(&expected, "  UDP       is bound to 10.0.0.4:80: %s\n", words[gap]);
		assert_part(known, USERS, ANSWERS, expected.text);
	}
	port_free(known);
}

/* Twenty sockets are named, and the rest is counted. */
static void test_many_servers(void **state)
{
	struct known_port *known = port_new(80, UDP);
	struct expected expected = {0};
	char address[32];

	(void)state;
	for (unsigned int i = 1; i <= 20; i++) {
		snprintf(address, sizeof(address), "10.0.0.%u", i);
		add_socket(known, inet_socket(PROTOCOL_UDP, STATE_CLOSE, address, 80, "0.0.0.0", 0));
		expect(&expected, "  UDP       is bound to 10.0.0.%u:80: no process\n", i);
	}
	assert_part(known, USERS, ANSWERS, expected.text);
	add_socket(known, inet_socket(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.21", 80, "0.0.0.0", 0));
	expect(&expected, "  and 1 more\n");
	assert_part(known, USERS, ANSWERS, expected.text);
	port_free(known);
}

static void add_connection(struct known_port *known, uint8_t state, const char *laddr, uint16_t lport,
			   const char *raddr, uint16_t rport)
{
	add_socket(known, inet_socket(PROTOCOL_TCP, state, laddr, lport, raddr, rport));
}

static void test_connections(void **state)
{
	static const struct owner owner = {.pid = 12, .fd = 6, .comm = "curl"};
	struct known_port *known = port_new(8080, TCP);
	struct socket held = inet_socket(PROTOCOL_TCP, STATE_ESTABLISHED, "10.0.0.1", 8080, "10.0.0.2", 4711);

	(void)state;
	held.owners = &owner;
	held.owner_count = 1;
	add_socket(known, held);
	add_connection(known, STATE_TIME_WAIT, "10.0.0.1", 8080, "10.0.0.2", 8080);
	add_connection(known, STATE_SYN_SENT, "10.0.0.1", 4711, "10.0.0.2", 8080);
	assert_part(known, USERS, ANSWERS,
		    "  No socket listens on it or is bound to it.\n"
		    "  TCP connections with this local port: 1 ESTABLISHED, 1 TIME_WAIT\n"
		    "        1  curl (pid 12)\n"
		    "  TCP connections with this remote port: 1 SYN_SENT, 1 TIME_WAIT\n");
	port_free(known);
}

/* ---- the kernel's answers ---- */

static void test_answers(void **state)
{
	static const struct {
		int plain, reuse;
		const char *wanted;
	} cases[] = {
		{0, BIND_UNTRIED, "yes"},
		{BIND_UNTRIED, BIND_UNTRIED, "not known"},
		{EINVAL, BIND_UNTRIED, "not known; the kernel says: Invalid argument"},
		{EADDRINUSE, 0,
		 "only with SO_REUSEADDR; the kernel says: Address already in use; with SO_REUSEADDR it agrees"},
		{EADDRINUSE, EADDRINUSE,
		 "no, it is in use; the kernel says: Address already in use; also with SO_REUSEADDR"},
		{EADDRINUSE, BIND_UNTRIED, "no, it is in use; the kernel says: Address already in use"},
		{EACCES, 0, "no, not by us; the kernel says: Permission denied"},
		{EADDRNOTAVAIL, 0,
		 "no, there are no such addresses here; the kernel says: Cannot assign requested address"},
	};
	struct known_port *known = port_new(8080, UDP);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct expected expected = {0};

		trial_gives(known, PROTOCOL_UDP, PORT_IPV4, cases[i].plain, cases[i].reuse);
		expect(&expected, "%s\n", cases[i].wanted);
		assert_part(known, "\n  UDP IPv4  ", "  UDP IPv6", expected.text);
	}
	port_free(known);
}

static void test_dual(void **state)
{
	struct known_port *known = port_new(8080, UDP);

	(void)state;
	trial_gives(known, PROTOCOL_UDP, PORT_DUAL, EADDRINUSE, EADDRINUSE);
	assert_part(
		known, "\n  UDP dual  ", NULL,
		"no, it is in use (one socket on [::] for both, as servers mostly have it); the kernel says: Address already in use; also with SO_REUSEADDR\n");
	port_free(known);
}

/* ---- the reasons ---- */

/* The kernel refuses the port in these families; with SO_REUSEADDR it says `reuse`. */
static void refuse_port(struct known_port *known, enum protocol protocol, unsigned int families, int reuse)
{
	for (unsigned int family = 0; family < PORT_FAMILIES; family++)
		if (families & 1u << family)
			trial_gives(known, protocol, family, EADDRINUSE, reuse);
}

static void assert_reasons(struct known_port *known, const char *wanted)
{
	assert_part(known, REASONS, NULL, wanted);
}

static void test_refusals(void **state)
{
	struct known_port *known = port_new(80, TCP | UDP);

	(void)state;
	trial_gives(known, PROTOCOL_TCP, PORT_IPV4, EACCES, BIND_UNTRIED);
	trial_gives(known, PROTOCOL_TCP, PORT_IPV6, EACCES, BIND_UNTRIED);
	trial_gives(known, PROTOCOL_UDP, PORT_IPV6, EACCES, BIND_UNTRIED);
	assert_reasons(
		known,
		"  - TCP, IPv4 and IPv6: the port is privileged, and we lack CAP_NET_BIND_SERVICE: whether it is free was not tried. Run the server as root, give it the capability (`setcap cap_net_bind_service=ep FILE`, or AmbientCapabilities= in its unit), or lower net.ipv4.ip_unprivileged_port_start.\n"
		"  - UDP, IPv6: the port is privileged, and we lack CAP_NET_BIND_SERVICE: whether it is free was not tried. Run the server as root, give it the capability (`setcap cap_net_bind_service=ep FILE`, or AmbientCapabilities= in its unit), or lower net.ipv4.ip_unprivileged_port_start.\n");
	known->facts.may_bind_privileged = true;
	known->page.protocols = UDP;
	assert_reasons(
		known,
		"  - UDP, IPv6: the kernel forbids it, though no privilege lacks: a security module (SELinux, AppArmor), a BPF program of the control group, or this network namespace belongs to a user namespace in which we are nobody. See `dmesg` and the audit log.\n");
	port_free(known);
}

static void test_listeners(void **state)
{
	static const struct owner owner = {.pid = 12, .fd = 6, .comm = "nginx"};
	struct known_port *known = port_new(8080, TCP);
	struct socket socket = listener_at("10.0.0.1", 8080);

	(void)state;
	refuse_port(known, PROTOCOL_TCP, V4, EADDRINUSE);
	socket.owners = &owner;
	socket.owner_count = 1;
	add_socket(known, socket);
	assert_reasons(
		known,
		"  - TCP, IPv4: nginx (pid 12, fd 6) listens on 10.0.0.1:8080. A bind() to all addresses (0.0.0.0, ::) needs that one as well; on any other address alone the port is free.\n");
	add_socket(known, listener_at("10.0.0.2", 8080));
	assert_reasons(
		known,
		"  - TCP, IPv4: 2 sockets listen on it (see above). A bind() to all addresses (0.0.0.0, ::) needs those as well; on any other address alone the port is free.\n");
	add_socket(known, listener_at("0.0.0.0", 8080));
	assert_reasons(
		known,
		"  - TCP, IPv4: 3 sockets listen on it (see above), on all addresses, so that none is left. Stop it first; SO_REUSEADDR does not help against a listener. Two share a port only where both set SO_REUSEPORT before bind() and belong to the same user.\n");
	port_free(known);
}

static void test_listener_on_a_device(void **state)
{
	struct known_port *known = port_new(8080, TCP);
	struct socket socket = listener_at("0.0.0.0", 8080);

	(void)state;
	refuse_port(known, PROTOCOL_TCP, V4, EADDRINUSE);
	socket.tuple.interface = 2;
	add_socket(known, socket);
	assert_reasons(
		known,
		"  - TCP, IPv4: no process listens on 0.0.0.0%2:8080, on all addresses; only a socket that is bound to another device (SO_BINDTODEVICE) can have it too. Stop it first; SO_REUSEADDR does not help against a listener. Two share a port only where both set SO_REUSEPORT before bind() and belong to the same user.\n");
	port_free(known);
}

#define SHARE_UDP " first; two share a port only where both set SO_REUSEPORT, or both SO_REUSEADDR, before bind()."

static void test_udp_sockets(void **state)
{
	struct known_port *known = port_new(5353, UDP);

	(void)state;
	refuse_port(known, PROTOCOL_UDP, V4, EADDRINUSE);
	add_socket(known, inet_socket(PROTOCOL_UDP, STATE_CLOSE, "10.0.0.4", 5353, "0.0.0.0", 0));
	assert_reasons(
		known,
		"  - UDP, IPv4: no process has bound 10.0.0.4:5353; on other addresses it is free. Close it" SHARE_UDP
		"\n");
	refuse_port(known, PROTOCOL_UDP, V4, 0);
	assert_reasons(
		known,
		"  - UDP, IPv4: no process has bound 10.0.0.4:5353; on other addresses it is free. Close it" SHARE_UDP
		" This one has set SO_REUSEADDR: who sets that, too, can bind the port, and may then get the packets in its place.\n");
	add_socket(known, inet_socket(PROTOCOL_UDP, STATE_CLOSE, "0.0.0.0", 5353, "0.0.0.0", 0));
	assert_reasons(
		known,
		"  - UDP, IPv4: 2 sockets are bound to it (see above). Close them" SHARE_UDP
		" These have set SO_REUSEADDR: who sets that, too, can bind the port, and may then get the packets in their place.\n");
	port_free(known);
}

static void test_bound_sockets(void **state)
{
	struct known_port *known = port_new(8080, TCP);

	(void)state;
	refuse_port(known, PROTOCOL_TCP, V6, EADDRINUSE);
	add_socket(known, inet_socket(PROTOCOL_TCP, STATE_CLOSE, "2001:db8::1", 8080, "::", 0));
	assert_reasons(
		known,
		"  - TCP, IPv6: no process has bound, without listening on it, [2001:db8::1]:8080. The port stays taken until that socket is closed; on other addresses it is free.\n");
	refuse_port(known, PROTOCOL_TCP, V6, 0);
	assert_reasons(
		known,
		"  - TCP, IPv6: no process has bound, without listening on it, [2001:db8::1]:8080. The port stays taken until that socket is closed; on other addresses it is free. It has set SO_REUSEADDR: who sets that, too, can bind the port.\n");
	add_socket(known, inet_socket(PROTOCOL_TCP, STATE_CLOSE, "::", 8080, "::", 0));
	assert_reasons(
		known,
		"  - TCP, IPv6: 2 sockets are bound to it (see above), without listening. The port stays taken until they are closed. They have set SO_REUSEADDR: who sets that, too, can bind the port.\n");
	port_free(known);
}

#define REUSE_HELPS_TIME_WAIT " A server that sets SO_REUSEADDR before bind(), as nearly all do, gets it at once."
#define REUSE_HELPS_NOT_TIME_WAIT                                                                                      \
	" SO_REUSEADDR does not help: it has to be set by the sockets that these were, too, and it was not, as on a client's. Wait, or take another port."

static void test_time_wait(void **state)
{
	struct known_port *known = port_new(8080, TCP);
	struct socket waiting = inet_socket(PROTOCOL_TCP, STATE_TIME_WAIT, "10.0.0.1", 8080, "10.0.0.2", 4711);

	(void)state;
	waiting.timer_ms = 41001;
	refuse_port(known, PROTOCOL_TCP, V4, 0);
	add_socket(known, waiting);
	assert_reasons(
		known,
		"  - TCP, IPv4: 1 connection in TIME_WAIT keeps it without a listener; the last of them ends within 42 s." REUSE_HELPS_TIME_WAIT
		"\n");
	add_socket(known, waiting);
	refuse_port(known, PROTOCOL_TCP, V4, EADDRINUSE);
	assert_reasons(
		known,
		"  - TCP, IPv4: 2 connections in TIME_WAIT keep it without a listener; the last of them ends within 42 s." REUSE_HELPS_NOT_TIME_WAIT
		"\n");
	refuse_port(known, PROTOCOL_TCP, V4, BIND_UNTRIED);
	assert_reasons(
		known,
		"  - TCP, IPv4: 2 connections in TIME_WAIT keep it without a listener; the last of them ends within 42 s.\n");
	port_free(known);
}

/* SO_REUSEADDR helps only where it helps in all families of the reason; and it is said not to help only where no other
 * reason of the same protocol may be why. */
static void test_reuse_in_one_family(void **state)
{
	static const char both[] =
		"  - TCP, IPv4 and IPv6: 2 connections in TIME_WAIT keep it without a listener; the last of them ends within 0 s.";
	struct known_port *known = port_new(8080, TCP);
	struct expected expected = {0};

	(void)state;
	add_connection(known, STATE_TIME_WAIT, "10.0.0.1", 8080, "10.0.0.2", 4711);
	add_connection(known, STATE_TIME_WAIT, "2001:db8::1", 8080, "2001:db8::2", 4711);
	refuse_port(known, PROTOCOL_TCP, V4, 0);
	refuse_port(known, PROTOCOL_TCP, V6, EADDRINUSE);
	expect(&expected, "%s\n", both);
	assert_reasons(known, expected.text);
	refuse_port(known, PROTOCOL_TCP, V6, 0);
	expected = (struct expected){0};
	expect(&expected, "%s" REUSE_HELPS_TIME_WAIT "\n", both);
	assert_reasons(known, expected.text);
	refuse_port(known, PROTOCOL_TCP, V4 | V6, EADDRINUSE);
	expected = (struct expected){0};
	expect(&expected, "%s" REUSE_HELPS_NOT_TIME_WAIT "\n", both);
	assert_reasons(known, expected.text);
	add_connection(known, STATE_CLOSE_WAIT, "10.0.0.1", 8080, "10.0.0.3", 4711);
	expected = (struct expected){0};
	expect(&expected,
	       "  - TCP, IPv4: 1 connection keeps it, accepted by a listener that is gone, or begun here by a client that has bound this port (see above whose they are).\n%s\n",
	       both);
	assert_reasons(known, expected.text);
	port_free(known);
}

#define RESERVE                                                                                                        \
	", most likely of a client for which the kernel has chosen it: it is an ephemeral port (see above whose they are). End the client, or take another port; `sysctl -w net.ipv4.ip_local_reserved_ports=40000` (with what is in it already) keeps it from clients from now on."

static void test_outgoing(void **state)
{
	struct known_port *known = port_new(40000, TCP | UDP);

	(void)state;
	refuse_port(known, PROTOCOL_TCP, V4, BIND_UNTRIED);
	add_connection(known, STATE_ESTABLISHED, "10.0.0.1", 40000, "10.0.0.2", 443);
	assert_reasons(known, "  - TCP, IPv4: 1 connection has it" RESERVE "\n");
	add_connection(known, STATE_ESTABLISHED, "10.0.0.1", 40000, "10.0.0.2", 444);
	refuse_port(known, PROTOCOL_TCP, V4, EADDRINUSE);
	refuse_port(known, PROTOCOL_UDP, V6, EADDRINUSE); /* a reason of the other protocol */
	assert_reasons(
		known,
		"  - TCP, IPv4: 2 connections have it" RESERVE
		" SO_REUSEADDR does not help: the client has not set it.\n"
		"  - UDP, IPv6: a socket has it that the kernel does not show: bound, but neither listening nor connected (before Linux 6.8 such are in no list), or one that has just gone.\n");
	port_free(known);
}

static void test_accepted(void **state)
{
	struct known_port *known = port_new(8080, TCP);

	(void)state;
	add_connection(known, STATE_ESTABLISHED, "10.0.0.1", 8080, "10.0.0.2", 4711);
	refuse_port(known, PROTOCOL_TCP, V4, 0);
	assert_reasons(
		known,
		"  - TCP, IPv4: 1 connection keeps it, most likely accepted by a listener that is gone (see above whose they are). A server that sets SO_REUSEADDR before bind() gets it all the same.\n");
	add_connection(known, STATE_ESTABLISHED, "10.0.0.1", 8080, "10.0.0.2", 4712);
	refuse_port(known, PROTOCOL_TCP, V4, EADDRINUSE);
	assert_reasons(
		known,
		"  - TCP, IPv4: 2 connections keep it, accepted by a listener that is gone, or begun here by a client that has bound this port (see above whose they are). SO_REUSEADDR does not help: they have not set it. They have to end first.\n");
	port_free(known);
}

/* The range was changed: the kernel may have chosen the port before that. */
static void test_range_was_changed(void **state)
{
	struct known_port *known = port_new(40000, TCP);

	(void)state;
	known->facts.ephemeral_low = 50000;
	add_connection(known, STATE_ESTABLISHED, "10.0.0.1", 40000, "10.0.0.2", 4711);
	refuse_port(known, PROTOCOL_TCP, V4, BIND_UNTRIED);
	assert_reasons(
		known,
		"  - TCP, IPv4: 1 connection keeps it, accepted by a listener that is gone, or begun here by a client that has bound this port (see above whose they are). Or the kernel had chosen it for a client, before the range was changed.\n");
	refuse_port(known, PROTOCOL_TCP, V4, 0);
	assert_reasons(
		known,
		"  - TCP, IPv4: 1 connection keeps it, most likely accepted by a listener that is gone (see above whose they are). A server that sets SO_REUSEADDR before bind() gets it all the same.\n");
	port_free(known);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_0),
		cmocka_unit_test(test_free_port),
		cmocka_unit_test(test_one_protocol),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_nature),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_unseen_holders),
		cmocka_unit_test(test_many_servers),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_dual),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_listener_on_a_device),
		cmocka_unit_test(test_udp_sockets),
		cmocka_unit_test(test_bound_sockets),
		cmocka_unit_test(test_time_wait),
		cmocka_unit_test(test_reuse_in_one_family),
		cmocka_unit_test(test_outgoing),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_range_was_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
