// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command.h"
#include "log.h"
#include "privileges.h"
#include "standard_output.h"

/* Who starts us without a standard output has no use for one of our descriptors in its place. (Where the file gave
 * rights, the C library has put something there already that can only be read.) */
static bool has_standard_files(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	bool has_output = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return has_output;
}

/* Each network namespace takes a descriptor while it is read, and so does each process and each thread. */
static void take_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* A write tells that its reader has gone, or that the file has reached its limit. */
static void ignore_write_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
	static int (*const run[])(const struct options *options) = {
		[COMMAND_TRACE] = trace_run,   [COMMAND_TOP] = top_run,     [COMMAND_LIST] = list_run,
		[COMMAND_FDS] = fds_run,       [COMMAND_AUDIT] = audit_run, [COMMAND_EXPLAIN] = explain_run,
		[COMMAND_DOCTOR] = doctor_run,
	};
	struct options options;
	int err = privileges_begin(), status;

	if (err) {
		log_error("privileges cannot be laid aside: %s", strerror(-err));
		return STATUS_FAILED;
	}
	ignore_write_signals();
	if (!has_standard_files()) {
		log_error("standard output is closed, or open only to read: there is nowhere to print to");
		return STATUS_FAILED;
	}
	standard_output_check_at_exit();
	take_descriptors();
	options_read(&options, argc, argv);
	status = run[options.command](&options);
	options_free(&options);
	return status;
}
