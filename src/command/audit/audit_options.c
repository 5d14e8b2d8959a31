// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The options of audit: the policy, the baseline, and the sockets to look at.
 */
#include "audit_options.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "filter_names.h"
#include "options_internal.h"
#include "privileges.h"
#include "text_file.h"

enum { KEY_ALLOW = KEY_OF_COMMAND, KEY_POLICY, KEY_BASELINE, KEY_SAVE, KEY_PORTS };

enum { POLICY_BYTES_MAX = 1 << 20 };

static const struct argp_option audit_options[] = {
	{0, 0, 0, 0, "What is expected:", 1},
	{"allow", KEY_ALLOW, "ENTRIES", 0, "these listeners, with commas between, as told below; may be given again",
	 0},
	{"policy", KEY_POLICY, "FILE", 0, "those of the file: an entry on each line, # begins a comment", 0},
	{"baseline", KEY_BASELINE, "FILE", 0,
	 "say what is new, changed or gone since this file was saved; where there is none yet, save it", 0},
	{"save", KEY_SAVE, 0, 0,
	 "with --baseline: save it again, once the differences are told; what was not looked at stays in it", 0},
	{"ports", KEY_PORTS, 0, 0, "no listeners, but the table of ports that should not be public", 0},
	{0, 0, 0, 0, "Which listeners (of TCP and UDP, if none is named):", 2},
	{"tcp", 't', 0, 0, "TCP", 0},
	{"udp", 'u', 0, 0, "UDP", 0},
	{"ipv4", '4', 0, 0, "IPv4 sockets", 0},
	{"ipv6", '6', 0, 0, "IPv6 sockets", 0},
	OPTION_NETNS('N'),
	OPTION_ALL_NETNS,
	{0, 0, 0, 0, "Output:", 3},
	{"numeric", 'n', 0, 0, "ports as numbers, not as services", 0},
	{"no-header", 'H', 0, 0, "no heading", 0},
	OPTION_JSON,
	OPTION_COLOR,
	OPTION_NO_CMDLINE,
	{0, 0, 0, 0, "Other:", 4},
	OPTION_SOCKET_SOURCE,
	OPTION_HOLDER_SOURCE,
	OPTION_VERBOSE,
	{0},
};

static struct policy *get_policy(struct audit_options *audit)
{
	if (!audit->policy)
		audit->policy = policy_new();
	if (!audit->policy)
		options_fail("out of memory");
	return audit->policy;
}

static void allow_entries(struct audit_options *audit, const char *list)
{
	struct policy_error error = {0};
	int err = policy_add_list(get_policy(audit), list, &host_names, &error);

	if (err == -ENOMEM)
		options_fail("out of memory");
	if (err)
		options_fail("--allow: %s", error.message);
}

static void read_policy_file(struct audit_options *audit, const char *path)
{
	AS_USER;
	CLEANUP(cleanup_free) char *text = NULL;
	struct policy_error error = {0};
	size_t length;
	int err = text_file_read(path, POLICY_BYTES_MAX, &text, &length);

	if (err == -EFBIG)
		options_fail("--policy %s: the file has more than %d bytes", ESCAPED(path), POLICY_BYTES_MAX);
	if (err)
		options_fail("--policy %s: it cannot be read: %s", ESCAPED(path), strerror(-err));
	err = policy_add_text(get_policy(audit), text, length, &host_names, &error);
	if (err == -ENOMEM)
		options_fail("out of memory");
	if (err)
		options_fail("--policy %s, line %zu: %s", ESCAPED(path), error.line, error.message);
}

/* Remembers an option that is about listeners: any but --ports and those for the form of the output. */
static void note_listener_option(int key, struct audit_options *audit)
{
	switch (key) {
	case KEY_PORTS:
	case KEY_JSON:
	case KEY_COLOR:
	case 'n':
	case 'H':
	case 'v':
		return;
	case ARGP_KEY_ARG:
		audit->about_listeners = "FILTER";
		return;
	}
	for (const struct argp_option *option = audit_options; option->name || option->doc; option++)
		if (option->name && option->key == key)
			audit->about_listeners = option->name;
}

static void check_audit_options(const struct audit_options *audit)
{
	const char *other = audit->about_listeners;

	if (audit->ports && other)
		options_fail("--ports and %s%s: the table of ports is the same whatever listens: leave one out",
			     strcmp(other, "FILTER") ? "--" : "", other);
	option_sockets_end(&audit->sockets);
	if (audit->save && !audit->baseline)
		options_fail("--save: where? Give --baseline FILE, too");
}

static error_t read_audit_option(int key, char *value, struct argp_state *state)
{
	struct audit_options *audit = state->input;

	note_listener_option(key, audit);
	switch (key) {
	case KEY_ALLOW:
		allow_entries(audit, value);
		break;
	case KEY_POLICY:
		if (!*value)
			options_fail("--policy: the name of the file is empty: give a FILE with an entry on each line");
		read_policy_file(audit, value);
		break;
	case KEY_BASELINE:
		if (!*value)
			options_fail(
				"--baseline: the name of the file is empty: give a FILE, to compare with or to save");
		audit->baseline = value;
		break;
	case KEY_SAVE:
		audit->save = true;
		break;
	case KEY_PORTS:
		audit->ports = true;
		break;
	case ARGP_KEY_ARG:
		option_filter_word(&audit->sockets.filter, value);
		break;
	case ARGP_KEY_END:
		check_audit_options(audit);
		option_filter_end(&audit->sockets.filter);
		break;
	default:
		return option_sockets(key, value, &audit->sockets);
	}
	return 0;
}

const struct argp audit_argp = {
	.options = audit_options,
	.parser = read_audit_option,
	.args_doc = "[FILTER]",
	.doc = "Print what listens, on TCP and on UDP, and who can reach it: this host only, a private network, one address, all IPv4, all IPv6. With --allow or --policy a finding is what others than this host can reach and no entry allows; with --baseline, what is new or reaches further; without any of them, what others can reach on a port of the table that --ports prints, or by a process that is in it with any port (postgres:*).\vAn ENTRY is a port and mostly who may listen there: ssh (a service, TCP and UDP), 443/tcp, 8000-8100/tcp, nginx:80 (a process's name), nginx:* (whatever its port), 10.0.0.0/8:5432 (an address that it is bound to), [::1]:631.\n\n" FILTER_HELP
	       "\n\nExit status: 0 no findings, 1 failed, 2 wrong use, 3 findings.",
};
