// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "seccomp.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ERRNO_BITS = 0xff }; /* an exit status has eight bits */

bool seccomp_is_on(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0;
}

int seccomp_try(int (*call)(void))
{
	int status;
	pid_t child;

	if (!seccomp_is_on())
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

bool seccomp_kills(int (*call)(void))
{
	return seccomp_is_on() && seccomp_try(call) == -ESHUTDOWN;
}
