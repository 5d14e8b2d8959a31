// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "doctor_options.h"

#include "escape.h"
#include "options_internal.h"

static const struct argp_option doctor_options[] = {
	OPTION_JSON,
	OPTION_COLOR,
	{"verbose", 'v', 0, 0, "say why the kernel refuses a program, on stderr", 0},
	{0},
};

static error_t read_doctor_option(int key, char *value, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_ARG:
		options_fail("doctor '%s': it takes no FILTER (see tcpledger doctor --help)", ESCAPED(value));
	default:
		return option_output(key, value, state->input);
	}
}

const struct argp doctor_argp = {
	.options = doctor_options,
	.parser = read_doctor_option,
	.doc = "Say whether this host can run tcpledger: for each thing that it needs or can use whether it is there (yes, partly, no), what its lack costs, and what to do about it. Tries the kernel out with BPF programs that do nothing.\vExit status: 0 tcpledger can trace here, 1 it cannot, 2 wrong use.",
};
