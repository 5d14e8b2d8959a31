// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fds_options.h"

#include "escape.h"
#include "options_internal.h"

static const struct argp_option fds_options[] = {
	OPTION_JSON, OPTION_COLOR, OPTION_NO_CMDLINE, OPTION_VERBOSE, {0},
};

static error_t read_fds_option(int key, char *value, struct argp_state *state)
{
	struct fds_options *options = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (options->process)
			options_fail(
				"fds '%s' '%s': give one process, by its PID or its name (* and ? match any text, any character)",
				TYPED(options->process), TYPED(value));
		options->process = value;
		return 0;
	case ARGP_KEY_END:
		if (!options->process || !*options->process)
			options_fail("fds: of which process? Give its PID, or its name (see tcpledger fds --help)");
		return 0;
	default:
		return option_output(key, value, &options->output);
	}
}

const struct argp fds_argp = {
	.options = fds_options,
	.parser = read_fds_option,
	.args_doc = "PID|NAME",
	.doc = "Print the open descriptors of a process: what each is, what the kernel tells of it, and who holds the other end. NAME is that of all processes which are called so, as in /proc/PID/comm; * and ? match any text, any character. The PID may be a thread's.\vExit status: 0 done, 1 failed, or nothing may be looked at, 2 wrong use, or there is no such process.",
};
