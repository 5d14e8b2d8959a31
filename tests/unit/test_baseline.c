// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tests baselines, the listeners of an earlier day: written, read again, compared; and files that somebody has edited.
 */
#include <errno.h>
#include <stdlib.h>

#include "baseline.h"
#include "listeners.h"

static const struct port_range ephemeral = {32768, 60999};

static struct listener listener_at(enum protocol protocol, const char *address, uint16_t port, const char *process)
{
	struct socket socket = socket_at(protocol, address, port);
	struct listener listener = {
		.protocol = protocol,
		.address = socket.tuple.laddr,
		.family = socket.tuple.family,
		.port = port,
		.user = "root",
		.netns = "host",
	};

	socket.v6only = TRISTATE_NO;
	listener.reach = reach_of(&socket);
	strcpy(listener.process, process);
	return listener;
}

/* ---- the file's format ---- */

static struct baseline *baseline_of(const struct listener *listeners, size_t count)
{
	size_t used = strlen(BASELINE_HEADER), room = used + count * BASELINE_LINE_SIZE;
	struct baseline *baseline = NULL;
	struct baseline_error error;
	char *text = malloc(room);

	assert_non_null(text);
	memcpy(text, BASELINE_HEADER, used);
	for (size_t i = 0; i < count; i++)
		used += baseline_line(&listeners[i], text + used);
	if (baseline_read(text, used, &baseline, &error))
		fail_msg("line %zu: %s", error.line, error.message);
	free(text);
	return baseline;
}

static void test_line(void **state)
{
	struct listener listener = listener_at(PROTOCOL_TCP, "0.0.0.0", 6379, "redis-server");
	char line[BASELINE_LINE_SIZE];

	(void)state;
	strcpy(listener.container, "docker:0123456789ab");
	line[baseline_line(&listener, line)] = '\0';
	assert_string_equal(line, "tcp 0.0.0.0 6379 ipv4 - redis-server root docker:0123456789ab host\n");
	listener = listener_at(PROTOCOL_UDP, "::ffff:10.0.0.1", 53, "");
	strcpy(listener.interface, "eth0");
	strcpy(listener.process, "a b%\n\xff");
	strcpy(listener.user, "-");
	*listener.netns = '\0';
	line[baseline_line(&listener, line)] = '\0';
	assert_string_equal(line, "udp ::ffff:10.0.0.1 53 private eth0 a%20b%25%0a%ff %2d - -\n");
	strcpy(listener.interface, "?");
	line[baseline_line(&listener, line)] = '\0';
	assert_string_equal(line, "udp ::ffff:10.0.0.1 53 private %3f a%20b%25%0a%ff %2d - -\n");
	*listener.interface = '\0';
	listener.interface_unknown = true;
	line[baseline_line(&listener, line)] = '\0';
	assert_string_equal(line, "udp ::ffff:10.0.0.1 53 private ? a%20b%25%0a%ff %2d - -\n");
}

static void fill_with_noise(char *out, size_t size, unsigned int seed)
{
	size_t length = seed % size;

	for (size_t i = 0; i < length; i++) {
		seed = seed * 1103515245u + 12345u;
		out[i] = (char)(1 + (seed >> 16) % 255);
	}
	out[length] = '\0';
}

/* Any name is read as it was written, and fits. */
static void test_there_and_back(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		struct listener listener = listener_at(round & 1 ? PROTOCOL_UDP : PROTOCOL_TCP,
						       round & 2 ? "2001:db8::1" : "192.0.2.1", 1 + round % 65535, "");
		const struct listener *read;
		struct baseline *baseline;
		size_t at = 0;

		listener.interface_unknown = round % 5 == 0;
		if (!listener.interface_unknown)
			fill_with_noise(listener.interface, sizeof(listener.interface), round);
		fill_with_noise(listener.process, sizeof(listener.process), round * 3 + 15);
		fill_with_noise(listener.user, sizeof(listener.user), round * 5 + 63);
		fill_with_noise(listener.container, sizeof(listener.container), round * 7 + 95);
		fill_with_noise(listener.netns, sizeof(listener.netns), round * 11 + 255);
		baseline = baseline_of(&listener, 1);
		read = baseline_next_gone(baseline, &at);
		assert_non_null(read);
		assert_int_equal(read->protocol, listener.protocol);
		assert_true(address_equal(&read->address, &listener.address));
		assert_int_equal(read->family, listener.family);
		assert_int_equal(read->port, listener.port);
		assert_int_equal(read->reach, listener.reach);
		assert_string_equal(read->interface, listener.interface);
		assert_int_equal(read->interface_unknown, listener.interface_unknown);
		assert_string_equal(read->process, listener.process);
		assert_string_equal(read->user, listener.user);
		assert_string_equal(read->container, listener.container);
		assert_string_equal(read->netns, listener.netns);
		assert_null(baseline_next_gone(baseline, &at));
		baseline_free(baseline);
	}
}

static int read_exact(const char *text, size_t length, struct baseline_error *error)
{
	struct baseline *baseline = NULL;
	char *exact =
		malloc(length ? length : 1); /* of the exact size, so that a sanitizer sees a read beyond the end */
	int err;

	assert_non_null(exact);
	memcpy(exact, text, length);
	err = baseline_read(exact, length, &baseline, error);
	baseline_free(baseline);
	free(exact);
	return err;
}

struct bad {
	const char *lines; /* after the first line */
	size_t line;
	const char *message;
};

static const struct bad bad[] = {
	{"sctp 0.0.0.0 80 ipv4 - - - - -\n", 2, "'sctp' is no protocol: tcp or udp is right"},
	{"\n#\ntcp 0.0.0.300 80 ipv4 - - - - -\n", 4, "'0.0.0.300' is no address"},
	{"tcp 0.0.0.0 0 ipv4 - - - - -\n", 2, "'0' is no port: 1 to 65535 is right"},
	{"tcp 0.0.0.0 65536 ipv4 - - - - -\n", 2, "'65536' is no port: 1 to 65535 is right"},
	{"tcp 0.0.0.0 80 moon - - - - -\n", 2,
	 "'moon' is no reach: host, private, address, ipv4, ipv6, ipv6_perhaps_ipv4 or all is right"},
	{"tcp 0.0.0.0 80 ipv4 - - - -\n", 2, "there are 8 words, and must be 9"},
	{"tcp 0.0.0.0 80 ipv4 - - - - - -\n", 2, "there must be 9 words with one space between them"},
	{"tcp 0.0.0.0  80 ipv4 - - - - -\n", 2, "there must be 9 words with one space between them"},
	{"tcp 0.0.0.0 80 ipv4 - 1234567890123456 - - -\n", 2, "the process is too long: at most 15 bytes"},
	{"tcp 0.0.0.0 80 ipv4 - a%2 - - -\n", 2,
	 "the process 'a%2' is not spelled right: after % come two of 0-9 and a-f, and not 00"},
	{"tcp 0.0.0.0 80 ipv4 - % - - -\n", 2,
	 "the process '%' is not spelled right: after % come two of 0-9 and a-f, and not 00"},
	{"tcp 0.0.0.0 80 ipv4 - - %00 - -\n", 2,
	 "the user '%00' is not spelled right: after % come two of 0-9 and a-f, and not 00"},
	{"tcp 0.0.0.0 80 ipv4 - - \033[2J%g0 - -\n", 2,
	 "the user '\\x1b[2J%g0' is not spelled right: after % come two of 0-9 and a-f, and not 00"},
	{"tcp 0.0.0.0 80 ipv4 - - - - -", 2, "the line has no end: the file was cut"},
};

static void test_bad_lines(void **state)
{
	struct baseline_error error;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char text[512];
		int length = snprintf(text, sizeof(text), "%s%s", BASELINE_HEADER, bad[i].lines);

		assert_int_equal(read_exact(text, (size_t)length, &error), -EINVAL);
		assert_string_equal(error.message, bad[i].message);
		assert_int_equal(error.line, bad[i].line);
	}
}

static void test_bad_files(void **state)
{
	static const char nul[] = BASELINE_HEADER "tcp\0 0.0.0.0 80 ipv4 - - - - -\n";
	static const char windows[] = "# tcpledger audit baseline 1\r\n\r\n# x\r\ntcp 0.0.0.0 80 ipv4 - - - - host\r\n";
	char endless[3000] = BASELINE_HEADER;
	struct baseline_error error;

	(void)state;
	assert_int_equal(read_exact("", 0, &error), -EINVAL);
	assert_string_equal(error.message,
			    "this is no baseline: the first line of one is \"# tcpledger audit baseline 1\"");
	assert_int_equal(read_exact("root:x:0:0\n", 11, &error), -EINVAL);
	assert_int_equal(error.line, 1);
	assert_int_equal(read_exact(BASELINE_HEADER, strlen(BASELINE_HEADER) - 1, &error), -EINVAL);
	assert_int_equal(read_exact(BASELINE_HEADER, strlen(BASELINE_HEADER), &error), 0);
	assert_int_equal(read_exact(windows, strlen(windows), &error), 0);
	assert_int_equal(read_exact(windows, strlen(windows) - 1, &error), -EINVAL);
	assert_int_equal(read_exact(windows, strlen(BASELINE_HEADER), &error), -EINVAL);
	assert_int_equal(error.line, 1);
	assert_int_equal(read_exact(nul, sizeof(nul) - 1, &error), -EINVAL);
	assert_string_equal(error.message, "it holds a NUL: this is no text");
	memset(endless + strlen(BASELINE_HEADER), 'x', sizeof(endless) - strlen(BASELINE_HEADER));
	endless[sizeof(endless) - 1] = '\n';
	assert_int_equal(read_exact(endless, sizeof(endless), &error), -EINVAL);
	assert_string_equal(error.message, "the line is too long: at most 2047 bytes");
}

/* ---- the comparison ---- */

struct compared {
	struct audit_row rows[4];
	size_t gone;
};

static struct compared compare_listeners(const struct listener *before, size_t before_count, const struct listener *now,
					 size_t now_count)
{
	struct baseline *baseline = baseline_of(before, before_count);
	struct compared compared = {.gone = 0};
	size_t at = 0;

	assert_true(now_count <= COUNT_OF(compared.rows));
	for (size_t i = 0; i < now_count; i++)
		compared.rows[i].listener = now[i];
	baseline_compare(baseline, &ephemeral, compared.rows, now_count);
	while (baseline_next_gone(baseline, &at))
		compared.gone++;
	baseline_free(baseline);
	for (size_t i = 0; i < now_count; i++)
		audit_judge(&compared.rows[i], &(struct audit_rules){.baseline = true, .compared = true});
	return compared;
}

static void test_same_new_gone(void **state)
{
	struct listener before[] = {listener_at(PROTOCOL_TCP, "0.0.0.0", 22, "sshd"),
				    listener_at(PROTOCOL_TCP, "::", 22, "sshd"),
				    listener_at(PROTOCOL_UDP, "0.0.0.0", 22, "sshd")};
	struct listener now[] = {before[1], listener_at(PROTOCOL_TCP, "127.0.0.1", 80, "nginx"), before[0]};
	struct compared compared = compare_listeners(before, 3, now, 3);

	(void)state;
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	assert_int_equal(compared.rows[1].since, SINCE_NEW);
	assert_int_equal(compared.rows[1].flags, FLAG_NEW);
	assert_int_equal(compared.rows[2].since, SINCE_SAME);
	assert_int_equal(compared.gone, 1);
}

static void test_reaches_further(void **state)
{
	struct listener before = listener_at(PROTOCOL_TCP, "127.0.0.1", 6379, "redis-server");
	struct listener now = listener_at(PROTOCOL_TCP, "0.0.0.0", 6379, "redis-server");
	struct compared compared = compare_listeners(&before, 1, &now, 1);
	char note[AUDIT_NOTE_SIZE];

	(void)state;
	assert_int_equal(compared.rows[0].since, SINCE_CHANGED);
	assert_int_equal(compared.rows[0].flags, FLAG_FURTHER);
	assert_string_equal(audit_note(&compared.rows[0], note), "was at 127.0.0.1 (this host only)");
	compared = compare_listeners(&now, 1, &before, 1);
	assert_int_equal(compared.rows[0].since, SINCE_CHANGED);
	assert_int_equal(compared.rows[0].flags, 0);
	assert_int_equal(compared.gone, 0);
	/* another program at another address is another listener */
	strcpy(now.process, "nc");
	compared = compare_listeners(&before, 1, &now, 1);
	assert_int_equal(compared.rows[0].since, SINCE_NEW);
	assert_int_equal(compared.gone, 1);
}

static void test_interface_lost(void **state)
{
	struct listener before = listener_at(PROTOCOL_UDP, "0.0.0.0", 68, "dhcp"), now = before;
	struct compared compared;

	(void)state;
	strcpy(before.interface, "eth0");
	compared = compare_listeners(&before, 1, &now, 1);
	assert_int_equal(compared.rows[0].since, SINCE_CHANGED);
	assert_int_equal(compared.rows[0].flags, FLAG_FURTHER);
	compared = compare_listeners(&now, 1, &before, 1);
	assert_int_equal(compared.rows[0].since, SINCE_CHANGED);
	assert_int_equal(compared.rows[0].flags, 0);
}

/* /proc does not show interfaces. An unknown interface has not changed, and 0.0.0.0 may be bound to the loopback
 * device. */
static void test_interface_unknown(void **state)
{
	struct listener known = listener_at(PROTOCOL_UDP, "0.0.0.0", 68, "dhcp"), unknown = known;
	struct compared compared;
	char note[AUDIT_NOTE_SIZE];

	(void)state;
	unknown.interface_unknown = true;
	strcpy(known.interface, "eth0");
	compared = compare_listeners(&known, 1, &unknown, 1);
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	compared = compare_listeners(&unknown, 1, &known, 1);
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	strcpy(known.interface, "lo");
	known.reach = REACH_HOST;
	compared = compare_listeners(&known, 1, &unknown, 1);
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	compared = compare_listeners(&unknown, 1, &known, 1);
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	strcpy(unknown.process, "other");
	compared = compare_listeners(&known, 1, &unknown, 1);
	assert_int_equal(compared.rows[0].since, SINCE_CHANGED);
	assert_int_equal(compared.rows[0].flags, 0);
	assert_string_equal(audit_note(&compared.rows[0], note), "process was dhcp");
	/* the reach from another address does change */
	known = listener_at(PROTOCOL_UDP, "127.0.0.1", 68, "dhcp");
	strcpy(unknown.process, "dhcp");
	compared = compare_listeners(&known, 1, &unknown, 1);
	assert_int_equal(compared.rows[0].flags, FLAG_FURTHER);
}

static void test_changed_names(void **state)
{
	struct listener before = listener_at(PROTOCOL_TCP, "0.0.0.0", 80, "nginx"), now = before;
	char note[AUDIT_NOTE_SIZE];
	struct compared compared;

	(void)state;
	strcpy(now.process, "apache2");
	strcpy(now.user, "www-data");
	strcpy(now.container, "docker:0123456789ab");
	compared = compare_listeners(&before, 1, &now, 1);
	assert_int_equal(compared.rows[0].since, SINCE_CHANGED);
	assert_int_equal(compared.rows[0].flags, 0);
	assert_string_equal(audit_note(&compared.rows[0], note),
			    "process was nginx; user was root; container was none");
	/* unknown names have not changed */
	*now.process = *now.user = *now.container = '\0';
	compared = compare_listeners(&before, 1, &now, 1);
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	/* a listener in another network namespace is a new one, not a changed one */
	strcpy(now.netns, "blue");
	compared = compare_listeners(&before, 1, &now, 1);
	assert_int_equal(compared.rows[0].since, SINCE_NEW);
	assert_int_equal(compared.gone, 1);
}

/* Several listeners may share a port: workers of one program, and different programs. */
static void test_shared_port(void **state)
{
	struct listener avahi = listener_at(PROTOCOL_UDP, "0.0.0.0", 5353, "avahi-daemon");
	struct listener other = listener_at(PROTOCOL_UDP, "0.0.0.0", 5353, "chrome");
	struct listener now[] = {other, avahi, avahi, avahi};
	struct compared compared = compare_listeners(&avahi, 1, now, 4);

	(void)state;
	assert_int_equal(compared.rows[0].since, SINCE_NEW);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(compared.rows[i].since, SINCE_SAME);
	assert_int_equal(compared.gone, 0);
}

static void test_v6only_unknown(void **state)
{
	struct listener before = listener_at(PROTOCOL_TCP, "::", 80, "nginx"), now = before;
	struct compared compared;

	(void)state;
	now.reach = REACH_IPV6_OR_ALL;
	compared = compare_listeners(&before, 1, &now, 1);
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	before.reach = REACH_IPV6;
	now.reach = REACH_ALL;
	compared = compare_listeners(&before, 1, &now, 1);
	assert_int_equal(compared.rows[0].flags, FLAG_FURTHER);
}

static void test_ephemeral_ports(void **state)
{
	struct listener before = listener_at(PROTOCOL_UDP, "0.0.0.0", 40000, "avahi-daemon");
	struct listener now[] = {listener_at(PROTOCOL_UDP, "0.0.0.0", 50000, "avahi-daemon"),
				 listener_at(PROTOCOL_UDP, "0.0.0.0", 50001, "other"),
				 listener_at(PROTOCOL_TCP, "0.0.0.0", 50002, "avahi-daemon"),
				 listener_at(PROTOCOL_UDP, "0.0.0.0", 1000, "avahi-daemon")};
	struct compared compared = compare_listeners(&before, 1, now, 4);

	(void)state;
	assert_int_equal(compared.rows[0].since, SINCE_SAME);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(compared.rows[i].since, SINCE_NEW);
	assert_int_equal(compared.gone, 0);
}

/* ---- saving again ---- */

struct saved {
	char lines[8 * BASELINE_LINE_SIZE];
	size_t used;
};

static int save_line(void *context, const struct listener *listener)
{
	struct saved *saved = context;

	saved->used += baseline_line(listener, saved->lines + saved->used);
	saved->lines[saved->used] = '\0';
	return 0;
}

static struct saved renew_baseline(const struct listener *before, size_t count, const struct listener *now)
{
	struct baseline *baseline = baseline_of(before, count);
	struct audit_row row = {.listener = *now};
	struct saved saved = {.used = 0};

	baseline_compare(baseline, &ephemeral, &row, 1);
	assert_int_equal(baseline_renew(baseline, &row, save_line, &saved), 0);
	baseline_free(baseline);
	return saved;
}

static void test_known_stays_known(void **state)
{
	struct listener before[] = {listener_at(PROTOCOL_TCP, "::", 80, "nginx"),
				    listener_at(PROTOCOL_TCP, "::", 80, "apache2")};
	struct listener now = before[0];
	struct saved saved;

	(void)state;
	strcpy(before[0].container, "docker:0123456789ab");
	now.reach = REACH_IPV6_OR_ALL;
	*now.process = *now.user = *now.netns = '\0';
	saved = renew_baseline(before, 1, &now);
	assert_string_equal(saved.lines, "tcp :: 80 all - nginx root docker:0123456789ab host\n");
	/* nothing shows which of two listeners this one is */
	saved = renew_baseline(before, 2, &now);
	assert_non_null(strstr(saved.lines, " nginx "));
	assert_non_null(strstr(saved.lines, " apache2 "));
	/* /proc does not show the interface either */
	now.interface_unknown = true;
	strcpy(before[0].interface, "lo");
	before[0].reach = REACH_HOST;
	saved = renew_baseline(before, 1, &now);
	assert_string_equal(saved.lines, "tcp :: 80 host lo nginx root docker:0123456789ab host\n");
	now.interface_unknown = false;
	*before[0].interface = '\0';
	before[0].reach = REACH_ALL;
	/* facts known now replace those of the baseline */
	strcpy(now.process, "nginx");
	strcpy(now.user, "www-data");
	saved = renew_baseline(before, 1, &now);
	assert_string_equal(saved.lines, "tcp :: 80 all - nginx www-data - host\n");
	/* facts known now replace unknown ones, too */
	*before[0].process = *before[0].container = '\0';
	saved = renew_baseline(before, 1, &now);
	assert_string_equal(saved.lines, "tcp :: 80 all - nginx www-data - host\n");
}

static void test_new_is_saved_as_it_is(void **state)
{
	struct listener before = listener_at(PROTOCOL_TCP, "0.0.0.0", 22, "sshd");
	struct listener now = listener_at(PROTOCOL_UDP, "0.0.0.0", 22, "");
	struct audit_row first = {.listener = now};
	struct saved saved = renew_baseline(&before, 1, &now);

	(void)state;
	assert_string_equal(saved.lines, "udp 0.0.0.0 22 ipv4 - - root - host\n");
	saved.used = 0;
	assert_int_equal(baseline_renew(NULL, &first, save_line, &saved), 0);
	assert_string_equal(saved.lines, "udp 0.0.0.0 22 ipv4 - - root - host\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_same_new_gone),
		cmocka_unit_test(test_reaches_further),
		cmocka_unit_test(test_interface_lost),
		cmocka_unit_test(test_interface_unknown),
		cmocka_unit_test(test_changed_names),
		cmocka_unit_test(test_shared_port),
		cmocka_unit_test(test_v6only_unknown),
		cmocka_unit_test(test_ephemeral_ports),
		cmocka_unit_test(test_known_stays_known),
		cmocka_unit_test(test_new_is_saved_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
