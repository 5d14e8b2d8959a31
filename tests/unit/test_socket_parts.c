// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests the parts of a socket that several commands show, as text and as JSON: its ends, holders, timer and details.
 */
#include <linux/tcp.h>

#include "capture.h"
#include "events.h"
#include "identity.h"
#include "socket_json.h"
#include "socket_text.h"

static const char *find_service(void *context, enum protocol protocol, uint16_t port)
{
	(void)context;
	return protocol == PROTOCOL_TCP && port == 80 ? "http" : NULL;
}

static const char *find_host(void *context, const struct address *address, uint8_t family)
{
	(void)context;
	assert_int_equal(family, 4);
	return address->bytes[ADDRESS_LEN - 1] == 2 ? "two.example" : NULL;
}

static const char *find_interface(void *context, uint32_t netns, uint32_t index)
{
	(void)context;
	assert_int_equal(netns, NETNS_HERE);
	return index == 2 ? "eth0" : NULL;
}

static const char *find_cgroup(void *context, uint64_t id)
{
	static const char container[] = "/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

	(void)context;
	return id == 1 ? "/system.slice/a b.service" : id == 2 ? container : NULL;
}

static const struct socket_namer no_names;
static const struct socket_namer names = {
	.service = find_service, .host = find_host, .interface = find_interface, .cgroup = find_cgroup};

static struct socket tcp_socket(void)
{
	return (struct socket){
		.protocol = PROTOCOL_TCP,
		.state = STATE_ESTABLISHED,
		.tuple = tuple_of(4, "10.0.0.1", 80, "10.0.0.2", 40000),
		.uid = UID_UNKNOWN,
	};
}

static void assert_put(void (*put)(const struct socket *socket, struct output *output), const struct socket *socket,
		       const char *wanted)
{
	struct capture capture = capture_open();
	char *text;

	put(socket, capture.output);
	text = capture_take(&capture);
	assert_string_equal(text, wanted);
	free(text);
	capture_close(&capture);
}

/* ---- ends ---- */

static void assert_local(const struct socket *socket, const char *wanted)
{
	char text[SOCKET_ENDPOINT_MAX];

	assert_int_equal(socket_local_text(socket, &names, text), strlen(wanted));
	assert_string_equal(text, wanted);
}

/* "*" stands for any address of both families, which a raw socket of IPv6 never takes. */
static void test_any_address(void **state)
{
	struct socket socket = {.tuple = tuple_of(6, "::", 80, "::", 0), .v6only = TRISTATE_NO};

	(void)state;
	socket.protocol = PROTOCOL_UDP;
	assert_local(&socket, "*:80");
	socket.tuple.interface = 2;
	assert_local(&socket, "*%eth0:80");
	socket.tuple.interface = 0;
	socket.protocol = PROTOCOL_RAW;
	assert_local(&socket, "[::]:80");
	socket.protocol = PROTOCOL_UDP;
	socket.tuple = tuple_of(6, "::ffff:0.0.0.0", 80, "::", 0); /* any of IPv4 alone */
	assert_local(&socket, "[::ffff:0.0.0.0]:80");
	socket.tuple = tuple_of(4, "0.0.0.0", 80, "0.0.0.0", 0);
	assert_local(&socket, "0.0.0.0:80");
}

/* Every byte of the longest name finds room, though each is escaped. */
static void test_longest_unix_name(void **state)
{
	char path[SOCKET_PATH_MAX], wanted[4 * SOCKET_PATH_MAX + 16] = "";
	struct socket socket = {
		.protocol = PROTOCOL_UNIX, .path = path, .path_length = sizeof(path), .inode = UINT32_MAX};

	(void)state;
	memset(path, '\1', sizeof(path));
	for (size_t i = 0; i < sizeof(path); i++)
		strcat(wanted, "\\x01");
	strcat(wanted, " 4294967295");
	assert_local(&socket, wanted);
}

/* ---- holders ---- */

static void test_names_of_holders(void **state)
{
	static const struct {
		const char *comm, *wanted;
	} cases[] = {
		{"nginx", "users:((\"nginx\",pid=5))"},
		{"a b", "users:((\"a b\",pid=5))"},
		{" ", "users:((\" \",pid=5))"},
		{"!~", "users:((\"!~\",pid=5))"},
		{"a\"b", "users:((\"a\\x22b\",pid=5))"},
		{"a\\b", "users:((\"a\\x5cb\",pid=5))"},
		{"a\177b", "users:((\"a\\x7fb\",pid=5))"},
		{"a\nb", "users:((\"a\\x0ab\",pid=5))"},
		{"caf\303\251", "users:((\"caf\303\251\",pid=5))"},
		{"", "users:((\"\",pid=5))"},
		{"123456789012345", "users:((\"123456789012345\",pid=5))"},
		{"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1",
		 "users:((\"\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\",pid=5))"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct owner owner = owner_of(5, FD_UNKNOWN, cases[i].comm);
		struct socket socket = {.owners = &owner, .owner_count = 1};

		assert_put(socket_owners_put, &socket, cases[i].wanted);
	}
	assert_put(socket_owners_put, &(struct socket){0}, "-");
}

/* A name that fills its field has no NUL: what lies behind it is none of it. */
static void test_name_without_its_nul(void **state)
{
	struct owner owners[] = {{.pid = 5, .fd = 3}, {.pid = 'A', .fd = 4}};
	struct socket socket = {.owners = owners, .owner_count = 2};

	(void)state;
	memcpy(owners[0].comm, "0123456789abcdef", COMM_LEN);
	memset(owners[1].comm, '\2', COMM_LEN);
	assert_put(
		socket_owners_put, &socket,
		"users:((\"0123456789abcdef\",pid=5,fd=3),(\"\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\\x02\",pid=65,fd=4))");
}

static void test_descriptors_of_holders(void **state)
{
	static const struct {
		uint32_t ring, slot;
		const char *wanted;
	} rings[] = {
		{3, 0, ",ring=3,slot=0"},
		{2045, 7, ",ring=2045,slot=7"},
		{2046, 7, ",slot=7"}, /* the ring's number was lost */
		{9999, 7, ",slot=7"},
	};
	static const struct {
		int32_t fd;
		const char *wanted;
	} plain[] = {{0, ",fd=0"}, {INT32_MAX, ",fd=2147483647"}, {FD_UNKNOWN, ""}};
	struct capture capture = capture_open();
	char *text;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rings); i++) {
		holder_fd_put(registered_fd(rings[i].ring, rings[i].slot), capture.output);
		text = capture_take(&capture);
		assert_string_equal(text, rings[i].wanted);
		free(text);
	}
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		holder_fd_put(plain[i].fd, capture.output);
		text = capture_take(&capture);
		assert_string_equal(text, plain[i].wanted);
		free(text);
	}
	capture_close(&capture);
}

/* ---- timer ---- */

static void test_times_of_timers(void **state)
{
	static const struct {
		uint32_t ms;
		const char *wanted;
	} cases[] = {
		{999, " timer:(on,999ms,0)"},   {1000, " timer:(on,1sec,0)"},      {1099, " timer:(on,1sec,0)"},
		{1100, " timer:(on,1.1sec,0)"}, {9999, " timer:(on,9.9sec,0)"},    {10000, " timer:(on,10sec,0)"},
		{10900, " timer:(on,10sec,0)"}, {59999, " timer:(on,59sec,0)"},    {60000, " timer:(on,1min,0)"},
		{60999, " timer:(on,1min,0)"},  {61000, " timer:(on,1min1sec,0)"}, {120000, " timer:(on,2min,0)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct socket socket = {.timer = TIMER_RETRANSMIT, .timer_ms = cases[i].ms};

		assert_put(socket_timer_put, &socket, cases[i].wanted);
	}
	assert_put(socket_timer_put, &(struct socket){.timer = TIMER_COUNT}, "");
}

/* ---- details ---- */

static void put_named_details(const struct socket *socket, struct output *output)
{
	socket_details_put(socket, &names, output);
}

static void put_plain_details(const struct socket *socket, struct output *output)
{
	socket_details_put(socket, &no_names, output);
}

static void test_details(void **state)
{
	struct socket socket = {.uid = UID_UNKNOWN, .v6only = TRISTATE_UNKNOWN};

	(void)state;
	assert_put(put_named_details, &socket, "");
	socket.uid = 0;
	socket.inode = 1;
	socket.cookie = 0xabc;
	socket.v6only = TRISTATE_NO;
	assert_put(put_named_details, &socket, " uid:0 ino:1 sk:abc v6only:0");
	socket.v6only = TRISTATE_YES;
	socket.details.cgroup = 1;
	assert_put(put_named_details, &socket, " uid:0 ino:1 sk:abc cgroup:/system.slice/a\\x20b.service v6only:1");
	assert_put(put_plain_details, &socket, " uid:0 ino:1 sk:abc cgroup:unreachable:1 v6only:1");
	socket = (struct socket){.uid = UID_UNKNOWN, .details.cgroup = 2};
	assert_put(
		put_named_details, &socket,
		" cgroup:/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef container:docker:0123456789ab");
	socket = (struct socket){.uid = UINT32_MAX - 1, .inode = UINT32_MAX, .cookie = UINT64_MAX};
	assert_put(put_named_details, &socket, " uid:4294967294 ino:4294967295 sk:ffffffffffffffff");
	socket = (struct socket){.uid = UID_UNKNOWN};
	socket.details.cgroup = 3; /* has no path here */
	assert_put(put_named_details, &socket, " cgroup:unreachable:3");
}

/* Who holds it stands after the details. Its container takes the place of that of the control group. */
static void test_details_of_holder(void **state)
{
	static char exe[] = "/usr/bin/a b", unit[] = "x.service", container[] = "lxc:\x1b[31m";
	struct identity identity = {.lineage = {.ppid = 7, .pcomm = "sh"}, .exe = exe, .unit = unit};
	struct owner owner = owner_of(5, 3, "one");
	struct socket socket = {.uid = 0, .details.cgroup = 2, .owners = &owner};

	(void)state;
	owner.identity = &identity;
#define CGROUP " cgroup:/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	assert_put(put_named_details, &socket, " uid:0" CGROUP " container:docker:0123456789ab");
	socket.owner_count = 1;
	assert_put(put_named_details, &socket,
		   " uid:0" CGROUP " container:docker:0123456789ab parent:sh/7 unit:x.service exe:/usr/bin/a\\x20b");
	identity.container = container;
	assert_put(put_named_details, &socket,
		   " uid:0" CGROUP " parent:sh/7 unit:x.service container:lxc:\\x1b[31m exe:/usr/bin/a\\x20b");
	owner.identity = NULL;
	assert_put(put_named_details, &socket, " uid:0" CGROUP " container:docker:0123456789ab");
}

/* ---- JSON ---- */

static void assert_json(const struct socket *socket, void (*put)(struct json_writer *json, const struct socket *socket),
			const char *wanted)
{
	struct capture capture = capture_open();
	struct json_writer json;
	char *text;

	json_line_begin(&json, capture.output);
	put(&json, socket);
	json_line_end(&json);
	text = capture_take(&capture);
	assert_string_equal(text, wanted);
	free(text);
	capture_close(&capture);
}

static void put_named_ends(struct json_writer *json, const struct socket *socket)
{
	socket_json_inet(json, socket, &names);
}

static void put_plain_ends(struct json_writer *json, const struct socket *socket)
{
	socket_json_inet(json, socket, &no_names);
}

static void put_path(struct json_writer *json, const struct socket *socket)
{
	socket_json_path(json, "path", socket);
}

static void test_json_of_ends(void **state)
{
	struct socket socket = tcp_socket();

	(void)state;
	assert_json(
		&socket, put_plain_ends,
		"{\"family\":4,\"laddr\":\"10.0.0.1\",\"lport\":80,\"raddr\":\"10.0.0.2\",\"rport\":40000,\"interface\":null,\"ifindex\":null,\"interface_known\":true,\"v6only\":null}\n");
	socket.tuple.interface = 2;
	socket.v6only = TRISTATE_YES;
	assert_json(
		&socket, put_named_ends,
		"{\"family\":4,\"laddr\":\"10.0.0.1\",\"lport\":80,\"raddr\":\"10.0.0.2\",\"rport\":40000,\"lservice\":\"http\",\"rservice\":null,\"lhost\":null,\"rhost\":\"two.example\",\"interface\":\"eth0\",\"ifindex\":2,\"interface_known\":true,\"v6only\":true}\n");
	socket.tuple.interface = 3;
	socket.tuple.lport = 0;
	socket.v6only = TRISTATE_NO;
	assert_json(
		&socket, put_plain_ends,
		"{\"family\":4,\"laddr\":\"10.0.0.1\",\"lport\":null,\"raddr\":\"10.0.0.2\",\"rport\":40000,\"interface\":null,\"ifindex\":3,\"interface_known\":true,\"v6only\":false}\n");
	socket.tuple.interface = INTERFACE_UNKNOWN;
	assert_json(
		&socket, put_named_ends,
		"{\"family\":4,\"laddr\":\"10.0.0.1\",\"lport\":null,\"raddr\":\"10.0.0.2\",\"rport\":40000,\"lservice\":null,\"rservice\":null,\"lhost\":null,\"rhost\":\"two.example\",\"interface\":null,\"ifindex\":null,\"interface_known\":false,\"v6only\":false}\n");
}

static void test_json_of_names(void **state)
{
	struct socket socket = {.protocol = PROTOCOL_UNIX, .path = "\0abc", .path_length = 4};

	(void)state;
	assert_json(&socket, put_path, "{\"path\":\"@abc\"}\n");
	socket.path = NULL;
	assert_json(&socket, put_path, "{\"path\":null}\n");
	assert_json(NULL, put_path, "{\"path\":null}\n");
}

static void test_json_of_owners(void **state)
{
	struct owner owners[] = {owner_of(5, 3, "one"), owner_of(6, registered_fd(4, 2), "two")};
	struct socket socket = tcp_socket();

	(void)state;
	assert_json(
		&socket, socket_json_owners,
		"{\"pid\":null,\"comm\":null,\"uid\":null,\"owner_src\":null,\"direction\":null,\"owners\":[],\"owners_complete\":true}\n");
	socket.uid = 0;
	socket.owners = owners;
	socket.owner_count = 2;
	socket.owners_hidden = true;
	assert_json(
		&socket, socket_json_owners,
		"{\"pid\":5,\"comm\":\"one\",\"uid\":0,\"owner_src\":\"scan\",\"direction\":null,\"owners\":[{\"pid\":5,\"comm\":\"one\",\"fd\":3},{\"pid\":6,\"comm\":\"two\",\"fd\":null,\"ring\":4,\"slot\":2}],\"owners_complete\":false}\n");
}

static void put_identity_with(struct json_writer *json, const struct socket *socket)
{
	socket_json_identity(json, socket, "docker:x");
}

static void put_identity_alone(struct json_writer *json, const struct socket *socket)
{
	socket_json_identity(json, socket, NULL);
}

#define UNKNOWN_TO_UNIT "\"ppid\":null,\"pcomm\":null,\"exe\":null,\"cmdline\":null,\"unit\":null,"
#define KNOWN_TO_UNIT   "\"ppid\":7,\"pcomm\":\"sh\",\"exe\":\"/a\",\"cmdline\":null,\"unit\":null,"

static void test_json_of_identities(void **state)
{
	static char exe[] = "/a", container[] = "lxc:web";
	struct identity identity = {.lineage = {.ppid = 7, .pcomm = "sh"}, .exe = exe};
	struct owner owners[] = {owner_of(5, 3, "one"), owner_of(6, 4, "two")};
	struct socket socket = tcp_socket();

	(void)state;
	assert_json(&socket, put_identity_alone, "{" UNKNOWN_TO_UNIT "\"container\":null}\n");
	assert_json(&socket, put_identity_with, "{" UNKNOWN_TO_UNIT "\"container\":\"docker:x\"}\n");
	socket.owners = owners;
	socket.owner_count = 2;
	owners[0].identity = &identity;
	for (int i = 0; i < 2; i++) { /* the same again: what is written for another container is not kept */
		assert_json(&socket, put_identity_with, "{" KNOWN_TO_UNIT "\"container\":\"docker:x\"}\n");
		assert_json(&socket, put_identity_alone, "{" KNOWN_TO_UNIT "\"container\":null}\n");
		assert_json(
			&socket, socket_json_identified,
			"{\"pid\":5,\"comm\":\"one\",\"uid\":null,\"owner_src\":\"scan\",\"direction\":null,\"owners\":[{\"pid\":5,\"comm\":\"one\",\"fd\":3," KNOWN_TO_UNIT
			"\"container\":null},{\"pid\":6,\"comm\":\"two\",\"fd\":4," UNKNOWN_TO_UNIT
			"\"container\":null}],\"owners_complete\":true}\n");
	}
	free(identity.json);
	identity.json = NULL;
	identity.container = container;
	assert_json(&socket, put_identity_with, "{" KNOWN_TO_UNIT "\"container\":\"lxc:web\"}\n");
	free(identity.json);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_address),
		cmocka_unit_test(test_longest_unix_name),
		cmocka_unit_test(test_names_of_holders),
		cmocka_unit_test(test_name_without_its_nul),
		cmocka_unit_test(test_descriptors_of_holders),
		cmocka_unit_test(test_times_of_timers),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_details_of_holder),
		cmocka_unit_test(test_json_of_ends),
		cmocka_unit_test(test_json_of_names),
		cmocka_unit_test(test_json_of_owners),
		cmocka_unit_test(test_json_of_identities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
