// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pipe_end.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "seccomp.h"

/* PIDFD_THREAD of linux/pidfd.h, since Linux 6.9. */
#define OF_A_THREAD O_EXCL

/* Makes the system calls that ask about an end, with descriptors that do not exist. */
static int take_nothing(void)
{
	CLEANUP(cleanup_close) int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	syscall(SYS_pidfd_getfd, self, -1, 0);
	tee(-1, -1, 1, SPLICE_F_NONBLOCK);
	return 0;
}

bool pipe_end_may_be_asked(void)
{
	return seccomp_try(take_nothing) == 0;
}

/* Duplicates the holder's descriptor, with the same open file. -1: refused, or the number is another file's by now. */
static int take_pipe_from_holder(const struct descriptor *pipe)
{
	uint32_t task = pipe->tid ? pipe->tid : pipe->holder;
	unsigned int flags = pipe->tid && pipe->tid != pipe->holder ? OF_A_THREAD : 0;
	CLEANUP(cleanup_close) int holder = (int)syscall(SYS_pidfd_open, (pid_t)task, flags);
	CLEANUP(cleanup_close) int fd = -1;
	struct stat file;

	if (holder >= 0)
		fd = (int)syscall(SYS_pidfd_getfd, holder, pipe->fd, 0);
	if (fd < 0 || fstat(fd, &file) || file.st_ino != pipe->inode || file.st_dev != pipe->device)
		return -1;
	return TAKE_FD(fd);
}

/* Asks by tee(), which takes nothing out, for a writer. poll() reports a hang-up to a reader that opened the FIFO
 * without waiting only once a writer has come and gone (fifo_open(), fs/pipe.c). While data is in the FIFO, tee() gives
 * no answer. */
static enum tristate has_fifo_writer(int fifo)
{
	CLEANUP(cleanup_close) int reader = -1;
	CLEANUP(cleanup_close) int writer = -1;
	int ends[2];
	ssize_t copied;

	if (pipe2(ends, O_CLOEXEC))
		return TRISTATE_UNKNOWN;
	reader = ends[0];
	writer = ends[1];
	copied = tee(fifo, writer, 1, SPLICE_F_NONBLOCK);
	if (copied < 0)
		return errno == EAGAIN ? TRISTATE_YES : TRISTATE_UNKNOWN;
	return copied ? TRISTATE_UNKNOWN : TRISTATE_NO;
}

enum tristate pipe_end_ask(const struct descriptor *pipe)
{
	bool is_end = pipe->access == ACCESS_READ || pipe->access == ACCESS_WRITE;
	CLEANUP(cleanup_close) int fd = is_end ? take_pipe_from_holder(pipe) : -1;
	struct pollfd end = {.fd = fd};

	if (fd < 0 || poll(&end, 1, 0) < 0)
		return TRISTATE_UNKNOWN;
	if (end.revents & (POLLHUP | POLLERR))
		return TRISTATE_NO;
	return pipe->kind == KIND_FIFO && pipe->access == ACCESS_READ ? has_fifo_writer(fd) : TRISTATE_YES;
}
