// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command.h"

int main(int argc, char **argv)
{
	static int (*const run[])(const struct options *options) = {
		[COMMAND_TRACE] = trace_run,
		[COMMAND_TOP] = top_run,
	};
	struct options options;
	int status;

	options_read(&options, argc, argv);
	status = run[options.command](&options);
	options_free(&options);
	return status;
}
