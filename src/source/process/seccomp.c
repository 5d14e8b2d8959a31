// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "seccomp.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ERRNO_BITS = 0xff }; /* an exit status has eight bits */

int seccomp_try(int (*call)(void))
{
	int status;
	pid_t child;

	if (prctl(PR_GET_SECCOMP) <= 0)
		return call();
	child = fork();
	if (child < 0)
		return -EAGAIN;
	if (child == 0)
		_exit(-call() & ERRNO_BITS);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ESHUTDOWN;
}
