// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "host.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "capability.h"
#include "checkup.h"
#include "escape.h"
#include "log.h"
#include "process.h"

bool host_check_proc(void)
{
	if (access("/proc/self/net", F_OK) == 0)
		return true;
	host_explain_failure(-ENOENT);
	return false;
}

void host_log_failure(const char *what, int err)
{
	const char *remedy = checkup_remedy_of_errno(err);

	log_error("%s: %s%s%s", what, strerror(-err), remedy ? ". " : "", remedy ? remedy : "");
}

void host_explain_failure(int err)
{
	char found[4 * CHECK_TEXT + 1], remedy[4 * CHECK_TEXT + 1];
	const struct check *obstacle;
	struct host_facts facts;
	struct checkup checkup;

	host_facts_gather(&facts);
	checkup_judge(&facts, &checkup);
	checkup_add_program(&checkup, &facts, err);
	obstacle = checkup_obstacle(&checkup);
	if (!obstacle)
		return;
	escape_text(found, sizeof(found), obstacle->found, CHECK_TEXT);
	escape_text(remedy, sizeof(remedy), obstacle->remedy, CHECK_TEXT);
	log_error("cannot trace: %s: %s. %s. ('tcpledger doctor' tells more)", obstacle->name, found, remedy);
}

void host_check_owners(bool holders_from_proc)
{
	char missing[CAPABILITIES_TEXT];

	if (*capabilities_missing(capabilities_held(), CAPABILITY_OWNERS, missing))
		log_warning("%s missing: %s", missing,
			    holders_from_proc ? COST_OF_HIDDEN_OWNERS : COST_OF_HIDDEN_NETNS);
	if (!process_is_in_first_namespace())
		log_warning("this is not the host's PID namespace: " COST_OF_PID_NAMESPACE);
}
