// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A policy: any text is refused with a message, or gives a policy whose answers are the same each time, in whatever
 * order the entries are, and whether they are lines of a file or a list with commas. Input: the text of a file.
 */
#include <errno.h>

#include "fuzz.h"
#include "policy.h"

enum { SOCKETS = 24 };

static int find_service(void *context, const char *name, struct service_ports *ports)
{
	static const struct {
		const char *name;
		uint16_t port;
	} services[] = {{"ssh", 22},        {"http", 80}, {"domain", 53}, {"9pfs", 564},
			{"http-alt", 8080}, {"two", 53},  {"two", 5353}};

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

static const struct filter_names names = {.service = find_service};

static struct policy *make_policy(void)
{
	struct policy *policy = policy_new();

	MUST(policy);
	return policy;
}

/* ---- the same entries in other forms ---- */

/* Adds the lines one by one, the last one first. */
static struct policy *read_backwards(const char *text, size_t size)
{
	struct policy *policy = make_policy();

	for (size_t end = size, at = size;; end = at) {
		struct policy_error error = {.message = ""};

		while (at && text[at - 1] != '\n')
			at--;
		MUST(policy_add_text(policy, text + at, end - at, &names, &error) == 0);
		if (at-- == 0)
			return policy;
	}
}

/* A text without comments, empty lines and NULs is a list, when commas stand between the lines. NULL: it is none. */
static struct policy *read_as_list(const char *text, size_t size)
{
	struct policy_error error = {.message = ""};
	struct policy *policy = make_policy();
	char *list = copy_text((const uint8_t *)text, size);

	for (char *at = list; *at; at++)
		*at = *at == '\n' ? ',' : *at;
	if (memchr(text, '#', size) || policy_add_list(policy, list, &names, &error)) {
		MUST(memchr(text, '#', size) || strstr(error.message, "there is no entry") ||
		     strstr(error.message, "is empty"));
		policy_free(policy);
		policy = NULL;
	}
	free(list);
	return policy;
}

/* ---- sockets that the policy may mean ---- */

static struct socket roll_socket(struct dice *dice, const char *text, size_t size, struct owner *owner)
{
	static const char *const addresses[] = {"0.0.0.0", "127.0.0.1", "10.0.0.1", "192.168.1.5",
						"::",      "::1",       "fc00::1",  "::ffff:10.0.0.1"};
	static const uint16_t ports[] = {1, 22, 53, 80, 443, 8000, 8080, 65535};
	uint32_t at = size ? roll(dice, (uint32_t)size) : 0;
	struct socket socket = {
		.protocol = roll(dice, 2) ? PROTOCOL_TCP : PROTOCOL_UDP,
		.state = STATE_LISTEN,
		.tuple = {.lport = roll(dice, 2) ? ROLL(dice, ports) : (uint16_t)strtoul(text + at, NULL, 10)},
		.owners = owner,
		.owner_count = roll(dice, 2),
	};

	*owner = (struct owner){.pid = 1, .comm = "nginx"};
	if (roll(dice, 2)) {
		snprintf(owner->comm, sizeof(owner->comm), "%s", text + at);
		owner->comm[strcspn(owner->comm, ":\n")] = '\0';
	}
	socket.tuple.family = address_parse(ROLL(dice, addresses), &socket.tuple.laddr);
	return socket;
}

static void check_answers(const struct policy *policy, const struct policy *other, const char *text, size_t size)
{
	struct dice dice = make_dice(text, size);

	for (int i = 0; i < SOCKETS; i++) {
		struct owner owner;
		struct socket socket = roll_socket(&dice, text, size, &owner);
		enum tristate whole = policy_expects(policy, &socket, true);
		enum tristate part = policy_expects(policy, &socket, false);

		MUST(whole == TRISTATE_YES || whole == TRISTATE_NO);
		MUST(part == whole || (part == TRISTATE_UNKNOWN && whole == TRISTATE_NO));
		MUST(policy_expects(other, &socket, true) == whole && policy_expects(other, &socket, false) == part);
	}
}

static void check_policy(const struct policy *policy, const char *text, size_t size)
{
	struct policy *backwards = read_backwards(text, size), *list = read_as_list(text, size);

	check_answers(policy, backwards, text, size);
	if (list)
		check_answers(policy, list, text, size);
	policy_free(list);
	policy_free(backwards);
}

static void check_refusal(const char *text, size_t size, const struct policy_error *error)
{
	struct policy_error again = {.message = ""};
	struct policy *policy = make_policy();
	size_t lines = 1;

	for (size_t i = 0; i + 1 < size; i++)
		lines += text[i] == '\n';
	MUST(error->line >= 1 && error->line <= lines);
	must_be_message(error->message, sizeof(error->message));
	MUST(policy_add_text(policy, text, size, &names, &again) == -EINVAL);
	MUST(again.line == error->line && !strcmp(again.message, error->message));
	policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_text(data, size);
	struct policy_error error = {.message = ""};
	struct policy *policy = make_policy();
	int err = policy_add_text(policy, text, size, &names, &error);

	MUST(err == 0 || err == -EINVAL);
	if (err)
		check_refusal(text, size, &error);
	else
		check_policy(policy, text, size);
	policy_free(policy);
	free(text);
	return 0;
}
