// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests which listeners a policy expects, and the messages about a policy that is not understood.
 */
#include <errno.h>
#include <stdlib.h>

#include "listeners.h"
#include "policy.h"

static int look_up(void *context, const char *name, struct service_ports *ports)
{
	static const struct {
		const char *name;
		uint16_t port;
		uint32_t protocols;
	} services[] = {{"ssh", 22, 1u << PROTOCOL_TCP},        {"http", 80, 1u << PROTOCOL_TCP},
			{"http-alt", 8080, 1u << PROTOCOL_TCP}, {"914c/g", 211, 1u << PROTOCOL_TCP},
			{"9pfs", 564, 1u << PROTOCOL_TCP},      {"4-tier", 7033, 1u << PROTOCOL_TCP},
			{"two", 100, 1u << PROTOCOL_TCP},       {"two", 200, 1u << PROTOCOL_UDP},
			{"three", 100, 1u << PROTOCOL_TCP},     {"three", 200, 1u << PROTOCOL_TCP}};

	(void)context;
	ports->count = 0;
	for (size_t i = 0; i < COUNT_OF(services); i++) {
		if (strcmp(name, services[i].name) != 0)
			continue;
		ports->all[ports->count].port = services[i].port;
		ports->all[ports->count++].protocols = services[i].protocols;
	}
	return ports->count ? 0 : -ENOENT;
}

static const struct filter_names names = {.service = look_up};

struct policy_case {
	const char *list;
	enum protocol protocol;
	const char *address;
	uint16_t port;
	const char *process;
	enum tristate answer;
};

static const struct policy_case policy_cases[] = {
	{"ssh", PROTOCOL_TCP, "0.0.0.0", 22, "sshd", TRISTATE_YES},
	{"ssh", PROTOCOL_UDP, "::", 22, "other", TRISTATE_YES},
	{"ssh", PROTOCOL_TCP, "0.0.0.0", 23, "sshd", TRISTATE_NO},
	{"ssh/tcp", PROTOCOL_UDP, "0.0.0.0", 22, "sshd", TRISTATE_NO},
	{"443", PROTOCOL_UDP, "::", 443, "x", TRISTATE_YES},
	{"443/tcp", PROTOCOL_TCP, "::", 443, "x", TRISTATE_YES},
	{"443/tcp", PROTOCOL_UDP, "::", 443, "x", TRISTATE_NO},
	{"53/udp", PROTOCOL_UDP, "0.0.0.0", 53, "x", TRISTATE_YES},
	{"8000-8100/tcp", PROTOCOL_TCP, "0.0.0.0", 8000, "x", TRISTATE_YES},
	{"8000-8100/tcp", PROTOCOL_TCP, "0.0.0.0", 8100, "x", TRISTATE_YES},
	{"8000-8100/tcp", PROTOCOL_TCP, "0.0.0.0", 7999, "x", TRISTATE_NO},
	{"8000-8100/tcp", PROTOCOL_TCP, "0.0.0.0", 8101, "x", TRISTATE_NO},
	{"8000-8100/tcp", PROTOCOL_UDP, "0.0.0.0", 8050, "x", TRISTATE_NO},
	{"http-alt", PROTOCOL_TCP, "0.0.0.0", 8080, "x", TRISTATE_YES},
	{"1-65535", PROTOCOL_UDP, "0.0.0.0", 65535, "x", TRISTATE_YES},
	{"*/udp", PROTOCOL_UDP, "0.0.0.0", 65535, "x", TRISTATE_YES},
	{"*/udp", PROTOCOL_TCP, "0.0.0.0", 65535, "x", TRISTATE_NO},
	/* services whose names look like something else, or have several ports */
	{"914c/g", PROTOCOL_TCP, "0.0.0.0", 211, "x", TRISTATE_YES},
	{"914c/g/udp", PROTOCOL_TCP, "0.0.0.0", 211, "x", TRISTATE_NO},
	{"nginx:914c/g/tcp", PROTOCOL_TCP, "0.0.0.0", 211, "nginx", TRISTATE_YES},
	{"9pfs", PROTOCOL_TCP, "0.0.0.0", 564, "x", TRISTATE_YES},
	{"4-tier/tcp", PROTOCOL_TCP, "0.0.0.0", 7033, "x", TRISTATE_YES},
	{"two", PROTOCOL_TCP, "0.0.0.0", 100, "x", TRISTATE_YES},
	{"two", PROTOCOL_UDP, "0.0.0.0", 200, "x", TRISTATE_YES},
	{"two", PROTOCOL_TCP, "0.0.0.0", 200, "x", TRISTATE_NO},
	{"two", PROTOCOL_UDP, "0.0.0.0", 100, "x", TRISTATE_NO},
	{"two/tcp", PROTOCOL_UDP, "0.0.0.0", 200, "x", TRISTATE_NO},
	{"three/udp", PROTOCOL_UDP, "0.0.0.0", 200, "x", TRISTATE_YES},
	/* names in quotes */
	{"\"a,b:80\":443", PROTOCOL_TCP, "0.0.0.0", 443, "a,b:80", TRISTATE_YES},
	{" \"a,b\" : 443 , ssh", PROTOCOL_TCP, "0.0.0.0", 443, "a,b", TRISTATE_YES},
	{"\"a,b\":443,ssh", PROTOCOL_TCP, "0.0.0.0", 22, "x", TRISTATE_YES},
	{"\"10.0.0.1\":*", PROTOCOL_TCP, "0.0.0.0", 443, "10.0.0.1", TRISTATE_YES},
	{"\"*\":443", PROTOCOL_TCP, "0.0.0.0", 443, "*", TRISTATE_YES},
	{"\"*\":443", PROTOCOL_TCP, "0.0.0.0", 443, "x", TRISTATE_NO},
	{"\"\":443", PROTOCOL_TCP, "0.0.0.0", 443, "", TRISTATE_YES},
	{"\"\":443", PROTOCOL_TCP, "0.0.0.0", 443, "x", TRISTATE_NO},
	{"\"a\\x22b\":443/tcp", PROTOCOL_TCP, "0.0.0.0", 443, "a\"b", TRISTATE_YES},
	{"nginx:80", PROTOCOL_TCP, "0.0.0.0", 80, "nginx", TRISTATE_YES},
	{"nginx:80", PROTOCOL_TCP, "0.0.0.0", 81, "nginx", TRISTATE_NO},
	{"nginx:80", PROTOCOL_TCP, "0.0.0.0", 80, "nginx2", TRISTATE_NO},
	{"nginx:80", PROTOCOL_TCP, "0.0.0.0", 80, "ngin", TRISTATE_NO},
	{"nginx:http/tcp", PROTOCOL_UDP, "0.0.0.0", 80, "nginx", TRISTATE_NO},
	{"nginx:*", PROTOCOL_UDP, "1.2.3.4", 9999, "nginx", TRISTATE_YES},
	{"nginx:*/tcp", PROTOCOL_UDP, "1.2.3.4", 9999, "nginx", TRISTATE_NO},
	{"nginx:8000-8100", PROTOCOL_TCP, "1.2.3.4", 8001, "nginx", TRISTATE_YES},
	{"a b:c:80", PROTOCOL_TCP, "0.0.0.0", 80, "a b:c", TRISTATE_YES},
	{"*:80", PROTOCOL_TCP, "0.0.0.0", 80, "x", TRISTATE_YES},
	{"*:80", PROTOCOL_TCP, "0.0.0.0", 81, "x", TRISTATE_NO},
	{"systemd-networkd:68", PROTOCOL_UDP, "0.0.0.0", 68, "systemd-network", TRISTATE_YES},
	{"systemd-network:68", PROTOCOL_UDP, "0.0.0.0", 68, "systemd-network", TRISTATE_YES},
	{"10.0.0.0/8:5432", PROTOCOL_TCP, "10.1.2.3", 5432, "x", TRISTATE_YES},
	{"10.0.0.0/8:5432", PROTOCOL_TCP, "::ffff:10.1.2.3", 5432, "x", TRISTATE_YES},
	{"10.0.0.0/8:5432", PROTOCOL_TCP, "11.1.2.3", 5432, "x", TRISTATE_NO},
	{"10.0.0.0/8:5432", PROTOCOL_TCP, "0.0.0.0", 5432, "x", TRISTATE_NO},
	{"10.0.0.0/8:5432", PROTOCOL_TCP, "10.1.2.3", 5433, "x", TRISTATE_NO},
	{"0.0.0.0/0:80", PROTOCOL_TCP, "9.9.9.9", 80, "x", TRISTATE_YES},
	{"0.0.0.0/0:80", PROTOCOL_TCP, "::", 80, "x", TRISTATE_NO},
	{"0.0.0.0:80", PROTOCOL_TCP, "0.0.0.0", 80, "x", TRISTATE_YES},
	{"0.0.0.0:80", PROTOCOL_TCP, "9.9.9.9", 80, "x", TRISTATE_NO},
	{"192.168.1.5:*", PROTOCOL_UDP, "192.168.1.5", 1, "x", TRISTATE_YES},
	{"192.168.1.5:*", PROTOCOL_UDP, "192.168.1.6", 1, "x", TRISTATE_NO},
	{"[::1]:631", PROTOCOL_TCP, "::1", 631, "x", TRISTATE_YES},
	{"[::1]:631", PROTOCOL_TCP, "::2", 631, "x", TRISTATE_NO},
	{"[fc00::]/7:80", PROTOCOL_TCP, "fd00::1", 80, "x", TRISTATE_YES},
	{"[fc00::/7]:80/tcp", PROTOCOL_TCP, "fd00::1", 80, "x", TRISTATE_YES},
	{"[fc00::/7]:80", PROTOCOL_TCP, "fe00::1", 80, "x", TRISTATE_NO},
	{"[::]/0:80", PROTOCOL_TCP, "::", 80, "x", TRISTATE_YES},
	{"[::]/0:80", PROTOCOL_TCP, "0.0.0.0", 80, "x", TRISTATE_NO},
	{" ssh , nginx:80 ", PROTOCOL_TCP, "0.0.0.0", 80, "nginx", TRISTATE_YES},
	{"ssh,nginx:80,443/tcp", PROTOCOL_TCP, "0.0.0.0", 443, "x", TRISTATE_YES},
	{"python3 :*", PROTOCOL_TCP, "0.0.0.0", 80, "python3", TRISTATE_YES},
	{"python3 : * / TCP", PROTOCOL_TCP, "0.0.0.0", 80, "python3", TRISTATE_YES},
	{"python3:\t80", PROTOCOL_TCP, "0.0.0.0", 80, "python3", TRISTATE_YES},
	{"10.0.0.0/8 : 80", PROTOCOL_TCP, "10.0.0.1", 80, "x", TRISTATE_YES},
	{"[ ::1 ] : 631", PROTOCOL_TCP, "::1", 631, "x", TRISTATE_YES},
	{"[fc00::] /7 :80", PROTOCOL_TCP, "fd00::1", 80, "x", TRISTATE_YES},
	{"7000 - 8000", PROTOCOL_TCP, "::1", 7500, "x", TRISTATE_YES},
	{"nginx:7000 -8000", PROTOCOL_TCP, "::1", 7500, "nginx", TRISTATE_YES},
	{"80 /UDP", PROTOCOL_UDP, "::1", 80, "x", TRISTATE_YES},
	{"80/Tcp", PROTOCOL_UDP, "::1", 80, "x", TRISTATE_NO},
	{"Web Content:80", PROTOCOL_TCP, "::1", 80, "Web Content", TRISTATE_YES},
	{"ssh,nginx:80,443/tcp", PROTOCOL_TCP, "0.0.0.0", 80, "x", TRISTATE_NO},
	/* names as they are printed, with characters that would have a meaning in a policy */
	{"ng\\x69nx:80", PROTOCOL_TCP, "::1", 80, "nginx", TRISTATE_YES},
	{"\\xe2\\x80\\x8b\\x5cxff:80", PROTOCOL_TCP, "::1", 80, "\342\200\213\\xff", TRISTATE_YES},
	{"\\xff:80", PROTOCOL_TCP, "::1", 80, "\xff", TRISTATE_YES},
	{"\\xff:80", PROTOCOL_TCP, "::1", 80, "\\xff", TRISTATE_NO},
	{"a\\x20:80", PROTOCOL_TCP, "::1", 80, "a ", TRISTATE_YES},
	{"a\\x2cb:80", PROTOCOL_TCP, "::1", 80, "a,b", TRISTATE_YES},
	{"a\\x0ab:80", PROTOCOL_TCP, "::1", 80, "a\nb", TRISTATE_YES},
	{"x\\x3a80:443", PROTOCOL_TCP, "::1", 443, "x:80", TRISTATE_YES},
	{"\\x5b::1]:80", PROTOCOL_TCP, "::2", 80, "[::1]", TRISTATE_YES},
	{"\\x2a:80", PROTOCOL_TCP, "::1", 80, "*", TRISTATE_YES},
	{"\\x2a:80", PROTOCOL_TCP, "::1", 80, "x", TRISTATE_NO},
	{"\\x00:80", PROTOCOL_TCP, "::1", 80, "x", TRISTATE_NO}, /* no name, and not any name either */
	{"\\x73ystemd-networkd:68", PROTOCOL_UDP, "0.0.0.0", 68, "systemd-network", TRISTATE_YES},
};

static void test_entries(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(policy_cases); i++) {
		const struct policy_case *one = &policy_cases[i];
		struct socket socket = socket_at(one->protocol, one->address, one->port);
		struct owner owner = owner_named(one->process);
		struct policy *policy = policy_new();
		struct policy_error error = {0};

		socket.owners = &owner;
		socket.owner_count = 1;
		if (policy_add_list(policy, one->list, &names, &error))
			fail_msg("%s: %s", one->list, error.message);
		if (policy_expects(policy, &socket, true) != one->answer)
			fail_msg("%s: %s port %u of %s", one->list, one->address, one->port, one->process);
		policy_free(policy);
	}
}

static void test_holders(void **state)
{
	struct socket socket = socket_at(PROTOCOL_TCP, "0.0.0.0", 80);
	struct owner owners[] = {owner_named("systemd"), owner_named("nginx")};
	struct policy *policy = policy_new();
	struct policy_error error;

	(void)state;
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_NO);
	assert_int_equal(policy_add_list(policy, "nginx:80", &names, &error), 0);
	/* no holder: for sure, or as far as is known */
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_NO);
	assert_int_equal(policy_expects(policy, &socket, false), TRISTATE_UNKNOWN);
	socket.tuple.lport = 81;
	assert_int_equal(policy_expects(policy, &socket, false), TRISTATE_NO);
	socket.tuple.lport = 80;
	/* any of the holders counts */
	socket.owners = owners;
	socket.owner_count = 2;
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_YES);
	socket.owner_count = 1;
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_NO);
	/* a sure answer goes before a possible one */
	socket.owner_count = 0;
	assert_int_equal(policy_add_list(policy, "80/tcp", &names, &error), 0);
	assert_int_equal(policy_expects(policy, &socket, false), TRISTATE_YES);
	policy_free(policy);
}

struct mistake {
	const char *list;
	const char *message;
};

#define ALL_INTERFACES                                                                                                 \
	"an entry is for all interfaces: leave out what stands from the % to the colon. (A process of that name is given in double quotes)"

static const struct mistake mistakes[] = {
	{"", "'': there is no entry: give a port, or who may have which, as nginx:80"},
	{" ", "' ': there is no entry: give a port, or who may have which, as nginx:80"},
	{"ssh,", "'ssh,': an entry of the list is empty: leave out the comma beside it"},
	{"ssh,,http", "'ssh,,http': an entry of the list is empty: leave out the comma beside it"},
	{"80 443", "'80 443': these are several entries: separate them with commas"},
	{"ssh http", "'ssh http': these are several entries: separate them with commas"},
	{"ssh nginx:80", "'ssh nginx:80': these are several entries: separate them with commas"},
	{"nginx:80 nginx:443", "'nginx:80 nginx:443': these are several entries: separate them with commas"},
	{"nginx:* 443", "'nginx:* 443': these are several entries: separate them with commas"},
	{"443/tcp 80", "'443/tcp 80': these are several entries: separate them with commas"},
	{"nginx:80/tcp 443", "'nginx:80/tcp 443': these are several entries: separate them with commas"},
	{"127.0.0.1:80:90", "'127.0.0.1:80:90': there are two ports in it: give 127.0.0.1:80, or another one"},
	{"nginx:http:90", "'nginx:http:90': there are two ports in it: give nginx:http, or another one"},
	{"\"a b:80", "'\"a b:80': the quote does not end: give \"NAME\":80"},
	{"\"a b\"", "'\"a b\"': after the name come a colon and the port: give \"a b\":80"},
	{"\"a b\" 80", "'\"a b\" 80': after the name come a colon and the port: give \"a b\":80"},
	{"\"a\tb\":80", "'\"a\\x09b\":80': a control character has no place in it"},
	{"a\nb:80", "'a\\x0ab:80': a control character has no place in it"},
	{"a\tb:80", "'a\\x09b:80': a control character has no place in it"},
	{"a\x7f", "'a\\x7f': a control character has no place in it"},
	{"-80", "'-80': the range has no beginning: give 1-80"},
	{"--80", "'--80': '' is no port: give a number, a range as 8000-8100, a service, or *"},
	{"nginx",
	 "'nginx': there is no such service; for a process of that name give nginx:80, or nginx:* for all its ports"},
	{"a\\x2cb",
	 "'a\\x2cb': there is no such service; for a process of that name give a\\x2cb:80, or a\\x2cb:* for all its ports"},
	{"ssh,nginx/tcp",
	 "'nginx/tcp': there is no such service; for a process of that name give nginx:80, or nginx:* for all its ports"},
	{"nginx:", "'nginx:': a port is missing: give a number, a range, a service, or *"},
	{"nginx:/tcp", "'nginx:/tcp': a port is missing: give a number, a range, a service, or *"},
	{"nginx:web", "'nginx:web': 'web' is no service: give the number of a port, a range, or *"},
	{":80", "':80': a process or an address is missing before the colon: for the port alone leave the colon out"},
	{"*", "'*': this would expect everything: name a port, a process or an address"},
	{"0", "'0': port 0 is out of range: give 1 to 65535"},
	{"65536", "'65536': port 65536 is out of range: give 1 to 65535"},
	{"99999999999999999999/udp",
	 "'99999999999999999999/udp': port 99999999999999999999 is out of range: give 1 to 65535"},
	{"8100-8000", "'8100-8000': the range ends before it begins: give 8000-8100"},
	{"80-", "'80-': the range has no end: give 80-65535"},
	{"1-2-3", "'1-2-3': '2-3' is no port: give a number, a range as 8000-8100, a service, or *"},
	{"443/tpc", "'443/tpc': '/tpc' is no protocol; the nearest is /tcp"},
	{"443/sctp", "'443/sctp': '/sctp' is no protocol: give /tcp, /udp, or neither for both"},
	{"443/", "'443/': '/' is no protocol: give /tcp, /udp, or neither for both"},
	{"10.0.0.1", "'10.0.0.1': an address needs a port: give 10.0.0.1:80, or 10.0.0.1:* for all ports"},
	{"10.0.0.0/8", "'10.0.0.0/8': an address needs a port: give 10.0.0.0/8:80, or 10.0.0.0/8:* for all ports"},
	{"10.0.0.0/33:80", "'10.0.0.0/33:80': '/33' is no prefix length: give 0 to 32"},
	{"10.0.0.300:80", "'10.0.0.300:80': '10.0.0.300' is no IPv4 address"},
	{"::1", "'::1': an IPv6 address stands in brackets, and needs a port: give [::1]:80, or [::1]:*"},
	{"::1:631",
	 "'::1:631': an IPv6 address stands in brackets: give [::1]:631, or if the address is ::1:631, [::1:631]:80"},
	{"[::1]631", "'[::1]631': after the bracket comes a colon and the port: give [::1]:631"},
	{"2001:db8::1:2:99999", "'2001:db8::1:2:99999': an IPv6 address stands in brackets: give [2001:db8::1:2]:80"},
	{"[::1]", "'[::1]': an address needs a port: give [::1]:80, or [::1]:* for all ports"},
	{"[::1", "'[::1': the bracket does not end: give [::1]:80"},
	{"[::1]80:80", "'[::1]80:80': after the bracket comes a colon and the port: give [::1]:80"},
	{"[fe80::1]%eth0:80", "'[fe80::1]%eth0:80': " ALL_INTERFACES},
	{"[fe80::1%eth0]:80", "'[fe80::1%eth0]:80': " ALL_INTERFACES},
	{"10.0.0.1%eth0:80", "'10.0.0.1%eth0:80': " ALL_INTERFACES},
	{"*%eth0:80", "'*%eth0:80': " ALL_INTERFACES},
	{"[1.2.3.4]:80", "'[1.2.3.4]:80': '1.2.3.4' is no IPv6 address"},
	{"[fc00::]/129:80", "'[fc00::]/129:80': '/129' is no prefix length: give 0 to 128"},
	{"\033[2J", "'\\x1b[2J': a control character has no place in it"},
	{"\xff",
	 "'\\xff': there is no such service; for a process of that name give \\xff:80, or \\xff:* for all its ports"},
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		struct policy *policy = policy_new();
		struct policy_error error = {0};

		assert_int_equal(policy_add_list(policy, mistakes[i].list, &names, &error), -EINVAL);
		assert_string_equal(error.message, mistakes[i].message);
		policy_free(policy);
	}
}

/* An entry as long as may be, each byte of it escaped, does not push out what is wrong. */
static void test_mistake_in_a_long_entry(void **state)
{
	static const char end[] = ":* for all its ports";
	struct policy *policy = policy_new();
	struct policy_error error = {0};
	char entry[POLICY_ENTRY_MAX + 1] = {0};

	(void)state;
	memset(entry, 0xd4, POLICY_ENTRY_MAX);
	assert_int_equal(policy_add_list(policy, entry, &names, &error), -EINVAL);
	assert_string_equal(error.message + strlen(error.message) - strlen(end), end);
	policy_free(policy);
}

static int add_text(struct policy *policy, const char *text, size_t length, struct policy_error *error)
{
	char *exact =
		malloc(length ? length : 1); /* of the exact size, so that a sanitizer sees a read beyond the end */
	int err;

	assert_non_null(exact);
	memcpy(exact, text, length);
	err = policy_add_text(policy, exact, length, &names, error);
	free(exact);
	return err;
}

static void test_files(void **state)
{
	static const char good[] = "# what we run\n\n  ssh\t# by key\r\nnginx:80\n#nginx:81\nx#y:443\n\t\n 53/udp";
	struct socket socket = socket_at(PROTOCOL_TCP, "0.0.0.0", 80);
	struct owner owner = owner_named("nginx");
	struct policy *policy = policy_new();
	struct policy_error error;

	(void)state;
	assert_int_equal(add_text(policy, "", 0, &error), 0);
	assert_int_equal(add_text(policy, good, sizeof(good) - 1, &error), 0);
	socket.owners = &owner;
	socket.owner_count = 1;
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_YES);
	socket.tuple.lport = 81;
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_NO);
	socket.tuple.lport = 443;
	owner = owner_named("x#y");
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_YES);
	socket = socket_at(PROTOCOL_UDP, "0.0.0.0", 53);
	assert_int_equal(policy_expects(policy, &socket, true), TRISTATE_YES);
	policy_free(policy);
}

static void assert_bad_file(const char *text, size_t length, size_t line, const char *message)
{
	struct policy *policy = policy_new();
	struct policy_error error = {0};

	assert_int_equal(add_text(policy, text, length, &error), -EINVAL);
	assert_int_equal(error.line, line);
	assert_string_equal(error.message, message);
	policy_free(policy);
}

static void test_bad_files(void **state)
{
	char endless[1000] = "ssh\n";

	(void)state;
	assert_bad_file("ssh\n\n70000\n", 11, 3, "'70000': port 70000 is out of range: give 1 to 65535");
	assert_bad_file("ssh\nht\0tp\n", 10, 2, "it holds a NUL: this is no text");
	assert_bad_file("ssh, http\n", 10, 1, "a comma has no place here: give each entry a line of its own");
	memset(endless + 4, 'x', sizeof(endless) - 4);
	assert_bad_file(
		endless, sizeof(endless), 2,
		"'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…': an entry has at most 255 characters, and this has 996");
	assert_bad_file("80 443\n", 7, 1, "'80 443': these are several entries: give each a line of its own");
}

/* Random texts, made of pieces that matter to the parser: none may be read beyond its end. */
static void test_random_text(void **state)
{
	static const char *const pieces[] = {"[",   "]",  "::1", ":",   "/",     "*", "80",   "-",  "10.0.0.0", "tcp",
					     "ssh", "\n", "#",   "\\0", "nginx", " ", "\xff", "33", "\t",       "udp"};
	uint64_t seed = 20260101;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct policy *policy = policy_new();
		struct policy_error error = {0};
		char text[256];
		size_t used = 0;
		int err;

		for (int piece = 0; piece < 7; piece++) {
			const char *chosen;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			chosen = pieces[(seed >> 33) % COUNT_OF(pieces)];
			memcpy(text + used, chosen, strlen(chosen) + 1);
			used += strlen(chosen);
		}
		err = add_text(policy, text, used, &error);
		assert_true(err == 0 || (err == -EINVAL && *error.message && error.line > 0));
		policy_free(policy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),     cmocka_unit_test(test_holders),
		cmocka_unit_test(test_mistakes),    cmocka_unit_test(test_mistake_in_a_long_entry),
		cmocka_unit_test(test_files),       cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_random_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
